import json
from pathlib import Path

import pytest

from engine.models.diff import compare
from engine.models.diff.model import Change, FileDiff
from tests import tiny_models as m

BPMN = Path(__file__).parents[3] / "bpmn"
QUOTE = {path.name: path.read_bytes() for path in (BPMN / "quote-to-order").iterdir()}


BROKEN = [b"", b"<a/>", b"{", b"\xff\xfe", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"[1]", b"null", b'{"components": 3}']


def told(change: Change) -> tuple[str | None, ...]:
    return change.kind, change.id, change.setting, change.old, change.new


def compare_files(old: bytes, new: bytes, path: str) -> FileDiff:
    (found,) = compare({path: old}, {path: new}).files
    return found


def changes(path: str, old: bytes, new: bytes) -> list[tuple[str | None, ...]]:
    found = compare_files(old, new, path)
    return [told(change) for change in found.changes]


def edited(path: str, *edits: tuple[str, str]) -> list[tuple[str | None, ...]]:
    text = QUOTE[path].decode()
    for before, after in edits:
        assert before in text, before
        text = text.replace(before, after)
    return changes(path, QUOTE[path], text.encode())


def test_a_version_compared_with_itself_differs_in_nothing():
    found = compare(QUOTE, dict(QUOTE))
    assert (found.same, found.files, found.touched) == (True, (), {})


@pytest.mark.parametrize("folder", sorted(path.name for path in BPMN.iterdir() if path.is_dir() and not path.name.startswith("__")))
def test_every_file_added_and_every_file_removed_is_told_and_nothing_breaks(folder):
    files = {path.name: path.read_bytes() for path in (BPMN / folder).iterdir()}
    assert {file.change for file in compare({}, files).files} == {"added"}
    gone = compare(files, {})
    assert {file.change for file in gone.files} == {"removed"}
    assert {touch.reason for touch in gone.touched.values()} == {"removed"}


def test_a_setting_of_a_step_is_told_by_its_name_with_its_old_and_its_new_value():
    assert edited("quote-to-order.bpmn", ('name="dueIn" value="PT4H"', 'name="dueIn" value="PT8H"')) == [
        ("changed", "approve_quote", "Due in", "PT4H", "PT8H")
    ]


def test_a_condition_a_timer_and_a_parameter_are_told_where_they_stand():
    assert edited("quote-to-order.bpmn", ("count(approver_groups) &gt; 0", "count(approver_groups) &gt; 1")) == [
        ("changed", "is_approval_needed_to_approve_quote", "condition", "count(approver_groups) > 0", "count(approver_groups) > 1")
    ]
    assert edited("quote-to-order.bpmn", ('value="revision.discount_pct"', 'value="revision.discount_pct + 1"')) == [
        ("changed", "apply_revision", "parameter discount_pct", "revision.discount_pct", "revision.discount_pct + 1")
    ]


def flow(*elements: str, way: str, outside: str = "") -> bytes:
    return m.bundle("pick", "".join((m.start(), *elements, m.end())), way, outside=outside).files["pick.bpmn"]


def test_a_step_between_two_others_is_added_with_its_flows_and_the_old_flow_is_gone():
    found = changes("pick.bpmn", flow(way="start -> done"), flow(m.user("check"), way="start -> check -> done"))
    assert found == [
        ("removed", "flow_start_done", "", None, None),
        ("added", "check", "", None, None),
        ("added", "flow_start_check", "", None, None),
        ("added", "flow_check_done", "", None, None),
    ]


def test_a_step_of_another_kind_and_another_service_task_are_told():
    old = flow(m.service("act", "stock.pick", order_no="order_no"), way="start -> act -> done")
    assert changes("pick.bpmn", old, flow(m.service("act", "stock.count", "found", order_no="order_no"), way="start -> act -> done")) == [
        ("changed", "act", "service task", "stock.pick", "stock.count"),
        ("changed", "act", "result", None, "found"),
    ]
    assert changes("pick.bpmn", old, flow(m.user("act", formKey="pick"), way="start -> act -> done"))[0] == (
        "changed", "act", "kind", "Service task", "User task",
    )  # fmt: skip


def test_a_timer_and_a_message_are_told_by_what_they_wait_for():
    catch = m.catch("wait", "goods_in", "={po_no: po_no}")
    old = flow(m.timer("pause", "PT1H"), catch, way="start -> pause -> wait -> done", outside=m.message("goods.in"))
    new = flow(
        m.timer("pause", "PT2H"), catch, way="start -> pause -> wait -> done", outside=m.message("goods.in").replace("s.in", "s.out")
    )
    assert changes("pick.bpmn", old, new) == [
        ("changed", "pause", "after", "PT1H", "PT2H"),
        ("changed", "wait", "message", "goods.in", "goods.out"),
        ("changed", "goods_in", "name", "goods.in", "goods.out"),
    ]


def test_another_name_of_a_step_is_told_once_and_not_for_its_flows():
    assert edited("quote-to-order.bpmn", ('name="Check availability"', 'name="Look at stock"')) == [
        ("changed", "check_availability", "name", "Check availability", "Look at stock")
    ]


def test_what_only_moved_on_the_canvas_is_layout_and_touches_nothing():
    moved = QUOTE["quote-to-order.bpmn"].replace(b'<dc:Bounds x="', b'<dc:Bounds x="1')
    found = compare(QUOTE, {**QUOTE, "quote-to-order.bpmn": moved})
    assert {(change.kind, change.setting, change.layout) for change in found.files[0].changes} == {("moved", "", True)}
    assert found.touched == {}


def test_another_lane_is_a_move_that_counts():
    assert edited(
        "quote-to-order.bpmn",
        ("<bpmn:flowNodeRef>set_missing_price</bpmn:flowNodeRef>", ""),
    ) == [("moved", "set_missing_price", "lane", "Finance", "")]


def test_a_step_is_touched_when_it_its_form_or_its_decision_changed_or_it_went_away():
    form = QUOTE["approve-quote.form"].replace(b"Do you approve this quote?", b"May it go out?")
    rules = QUOTE["approvers.dmn"].replace(b"&lt; -35", b"&lt; -30")
    diagram = QUOTE["quote-to-order.bpmn"].replace(b'id="revise_quote"', b'id="revise_it"')
    found = compare(QUOTE, {**QUOTE, "approve-quote.form": form, "approvers.dmn": rules, "quote-to-order.bpmn": diagram})
    assert found.touched["approve_quote"].reason == "its form approve-quote changed"
    assert found.touched["find_approvers"].reason == "its decision Approvers changed"
    assert found.touched["revise_quote"].reason == "removed"
    assert "send_quote" not in found.touched


def test_a_cell_of_a_decision_table_is_told_with_its_row_and_column():
    found = compare_files(QUOTE["approvers.dmn"], QUOTE["approvers.dmn"].replace(b"&lt; -35", b"&lt; -30"), "approvers.dmn")
    (table,) = found.tables
    (row,) = table.rows
    assert (table.decision_id, row.kind, row.old_number, row.new_number, table.unchanged) == ("margin_level", "changed", 2, 2, 4)
    assert [(cell.column, cell.old, cell.new) for cell in row.cells if cell.differs] == [
        ("Worst line against its floor (points)", "< -35", "< -30")
    ]


def table(*rules: tuple[str, str, str], policy: str = "FIRST", second: bool = False) -> bytes:
    inputs = '<input id="in" label="Weight"><inputExpression><text>weight</text></inputExpression></input>'
    inputs += '<input id="in2" label="Class"><inputExpression><text>class</text></inputExpression></input>' if second else ""
    told = ""
    for key, when, then in rules:
        cells = f"<inputEntry><text>{when}</text></inputEntry>" + ("<inputEntry><text/></inputEntry>" if second else "")
        told += f"<rule{f' id={chr(34)}{key}{chr(34)}' if key else ''}>{cells}<outputEntry><text>{then}</text></outputEntry></rule>"
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="Carrier" namespace="x">'
        f'<decision id="carrier" name="Carrier"><decisionTable hitPolicy="{policy}">{inputs}<output id="out" name="carrier"/>{told}'
        "</decisionTable></decision></definitions>"
    ).encode()


def rows(old: bytes, new: bytes) -> list[tuple[str, int | None, int | None]]:
    found = compare_files(old, new, "carrier.dmn")
    return [(row.kind, row.old_number, row.new_number) for row in (found.tables[0].rows if found.tables else ())]


def test_rules_are_added_removed_and_moved():
    light, heavy, rest = ("a", "1", "post"), ("b", "2", "van"), ("c", "", "truck")
    assert rows(table(light, rest), table(light, heavy, rest)) == [("added", None, 2)]
    assert rows(table(light, heavy, rest), table(light, rest)) == [("removed", 2, None)]
    assert rows(table(light, heavy, rest), table(heavy, rest, light)) == [("moved", 1, 3)]


def test_rules_without_ids_are_matched_by_what_they_say():
    light, heavy, rest = ("", "1", "post"), ("", "2", "van"), ("", "", "truck")
    assert rows(table(light, rest), table(light, heavy, rest)) == [("added", None, 2)]
    assert rows(table(light, heavy, rest), table(light, ("", "2", "rail"), rest)) == [("changed", 2, 2)]


def test_a_hit_policy_and_a_new_column_are_told_beside_the_cells():
    rule = ("a", "1", "post")
    found = compare_files(table(rule), table(rule, policy="UNIQUE", second=True), "carrier.dmn")
    assert [told(change) for change in found.changes] == [
        ("changed", "carrier", "hit policy", "FIRST", "UNIQUE"),
        ("changed", "carrier", "input Class", None, "class"),
    ]
    assert [(cell.column, cell.old, cell.new) for cell in found.tables[0].rows[0].cells] == [
        ("Weight", "1", "1"), ("Class", None, ""), ("carrier", "post", "post"),
    ]  # fmt: skip


def form(*components: dict[str, object]) -> bytes:
    return json.dumps({"type": "default", "components": list(components)}).encode()


def test_a_field_is_told_by_each_rule_that_differs():
    note = {"id": "f1", "key": "note", "type": "textarea", "label": "Note", "validate": {"maxLength": 100}, "layout": {"row": "1"}}
    stricter = {**note, "validate": {"maxLength": 50, "required": True}, "layout": {"row": "2"}}
    yes = {"id": "f2", "key": "ok", "type": "radio", "label": "OK?", "values": [{"label": "Yes", "value": True}]}
    assert changes("a.form", form(note), form(stricter)) == [
        ("changed", "f1", "validate maxLength", "100", "50"),
        ("changed", "f1", "validate required", None, "yes"),
    ]
    assert changes("a.form", form(note), form(yes, note)) == [("added", "f2", "", None, None)]
    assert changes("a.form", form(note, yes), form(yes, note)) == [("moved", "f2", "order", None, None)]
    more = {**yes, "values": [{"label": "Yes", "value": True}, {"label": "No", "value": False}]}
    assert changes("a.form", form(yes), form(more)) == [("changed", "f2", "options", "Yes (yes)", "Yes (yes); No (no)")]


def test_a_text_is_compared_by_line_with_some_lines_around():
    old = "\n".join(f"line {number}" for number in range(1, 10)).encode()
    found = compare_files(old, old.replace(b"line 5", b"line five"), "README.md")
    assert [(line.kind, line.text) for line in found.lines] == [
        ("gap", ""), ("same", "line 3"), ("same", "line 4"), ("removed", "line 5"), ("added", "line five"), ("same", "line 6"),
        ("same", "line 7"), ("gap", ""),
    ]  # fmt: skip


def test_a_file_of_another_name_is_a_renamed_one_when_it_holds_the_same():
    diagram = QUOTE["quote-to-order.bpmn"]
    found = compare({"a.bpmn": diagram, "a.md": b"x"}, {"b.bpmn": diagram.replace(b"PT4H", b"PT8H"), "b.md": b"x"})
    assert [(file.path, file.old_path, file.change, bool(file.changes)) for file in found.files] == [
        ("b.bpmn", "a.bpmn", "renamed", True), ("b.md", "a.md", "renamed", False),
    ]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("path", ["a.bpmn", "a.dmn", "a.form", "a.scenario.json", "a.md", "a.bin"])
def test_a_broken_file_is_compared_as_what_it_is_and_never_raises(path, broken):
    sound = next((content for name, content in QUOTE.items() if name.endswith(path[1:])), b"fine")
    for old, new in ((sound, broken), (broken, sound)):
        found = compare({path: old}, {path: new})
        assert [file.path for file in found.files] == [path]
