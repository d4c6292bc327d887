import json
from pathlib import Path

import pytest

from engine.models.bundle import Bundle
from engine.models.check import check
from engine.models.reading.decisions import read_decision_file
from engine.models.reading.drawing import Drawing, read_drawing
from engine.models.reading.forms import read_form_text
from engine.models.reading.landscape import Tie, landscape_of
from engine.models.reading.scenarios import read_scenario
from engine.models.reading.uses import Deployed, index_answers, index_examples, index_uses
from engine.service_tasks import ServiceTasks
from tests import tiny_models as m
from ui.landscape_drawing import draw
from ui.markdown import render

BPMN = Path(__file__).parents[3] / "bpmn"


def drawn(key: str, *elements: str, way: str, outside: str = "") -> Drawing:
    bundle = m.bundle(key, m.start() + "".join(elements) + m.end(), way, outside=outside)
    return read_drawing(f"{key}.bpmn", bundle.files[f"{key}.bpmn"])


def test_a_diagram_is_a_table_of_steps_with_what_each_says_names_and_leads_to():
    quote = read_drawing("quote-to-order.bpmn", (BPMN / "quote-to-order" / "quote-to-order.bpmn").read_bytes())
    steps = {step.id: step for step in quote.steps}
    assert quote.name == "Quote to order"
    assert quote.steps[0].name == "Quote ready to offer"
    price = steps["price_quote"]
    assert (price.kind, price.lane, price.parameters, price.says) == (
        "Service task", "System", (("quote_no", "quote_no"),), (("Result", "pricing"),),
    )  # fmt: skip
    assert [(each.role, each.kind, each.name) for each in price.references] == [("runs", "service_task", "quoting.price_quote")]
    assert [(way.label, way.target) for way in price.ways] == [
        ("", "Check availability"), ("on error", "Price missing"), ("on error", "Closed"),
    ]  # fmt: skip
    needed = steps["is_approval_needed"]
    assert [(way.label, way.condition, way.default, way.target) for way in needed.ways] == [
        ("yes", "count(approver_groups) > 0", False, "Approve quote"), ("no", "", True, "Record approval"),
    ]  # fmt: skip
    approve = dict(steps["approve_quote"].says)
    assert approve["Due in"] == "PT4H"
    assert approve["For each of"] == "approver_groups, one after the other"
    assert dict(steps["approval_overdue"].says)["On"] == "Approve quote, which goes on"
    assert not [step for step in quote.steps if step.id == "cleared_to_offer"], "a gateway that only joins is no step"


def test_a_way_leads_past_gateways_that_only_join_and_a_circle_of_them_ends():
    joins = '<bpmn:exclusiveGateway id="a"/><bpmn:exclusiveGateway id="b"/>'
    drawing = drawn("round", joins, way="start -> a -> b -> done")
    assert [(step.id, [way.target_id for way in step.ways]) for step in drawing.steps] == [("start", ["done"]), ("done", [])]
    circle = drawn("round", joins, way="start -> a\na -> b\nb -> a")
    assert [way.target_id for way in circle.steps[0].ways] in (["a"], ["b"])


@pytest.mark.parametrize("content", [b"", b"<a/>", b"\xff", b"{", b"<!DOCTYPE a><a/>"])
def test_what_cannot_be_read_is_told_empty_and_raises_nothing(content):
    assert read_drawing("a.bpmn", content).steps == ()
    assert read_decision_file("a.dmn", content).decisions == ()
    assert read_form_text("a.form", content).fields == ()
    assert read_scenario("a.scenario.json", content, {}).fault
    assert index_answers({"a": [content]}) == {}


def test_who_uses_what_is_found_over_all_diagrams_and_ties_processes_together():
    order = m.throw("tell", "goods_wanted")
    sender = drawn(
        "order",
        order,
        m.service("price", "quoting.price", order_no="order_no"),
        way="start -> price -> tell -> done",
        outside=m.message("goods.wanted"),
    )
    hearer = drawn("pick", m.catch("wanted", "goods_wanted", "={}"), way="start -> wanted -> done", outside=m.message("goods.wanted"))
    deployed = [Deployed("orders", 3, sender), Deployed("picking", 1, hearer)]
    uses = index_uses(deployed)
    assert [(use.bundle, use.step_id, use.role) for use in uses["message", "goods.wanted"]] == [
        ("orders", "tell", "sends"), ("picking", "wanted", "hears"),
    ]  # fmt: skip
    found = landscape_of(deployed)
    assert [(tie.source, tie.target, tie.messages, tie.calls) for tie in found.ties] == [("order", "pick", ["goods.wanted"], False)]
    assert [(each.name, len(each.gives), len(each.takes)) for each in found.messages] == [("goods.wanted", 1, 1)]
    answers = index_answers({"orders": [b'{"answers": {"quoting.price": [{"refused": "NO"}, {"total": 1.50}]}}']})
    example = index_examples(deployed, answers)["quoting.price"]
    assert (example.use.step_id, example.parameters) == ("price", {"order_no": "order_no"})
    assert str(example.answer["total"]) == "1.50"


def test_a_call_activity_ties_the_caller_to_the_called():
    call = '<bpmn:callActivity id="agree" name="Agree" calledElement="agreeing"/>'
    found = landscape_of(
        [Deployed("a", 1, drawn("order", call, way="start -> agree -> done")), Deployed("a", 1, drawn("agreeing", way="start -> done"))]
    )
    assert [(tie.source, tie.target, tie.calls) for tie in found.ties] == [("order", "agreeing", True)]
    assert [(each.name, [use.step_id for use in each.gives]) for each in found.calls] == [("agreeing", ["agree"])]


def test_every_decision_of_the_product_is_read_with_all_its_rules():
    for path in BPMN.glob("*/*.dmn"):
        found = read_decision_file(path.name, path.read_bytes())
        assert found.decisions
        for decision in found.decisions:
            assert decision.table or decision.entries, decision.id
            for rule in decision.table.rules if decision.table else ():
                assert (len(rule.inputs), len(rule.outputs)) == (len(decision.table.inputs), len(decision.table.outputs))


def test_a_decision_that_others_need_comes_after_them():
    found = read_decision_file("approvers.dmn", (BPMN / "quote-to-order" / "approvers.dmn").read_bytes())
    assert found.decisions[0].id == "approvers"
    assert [(need.kind, need.name) for need in found.decisions[0].requires] == [("decision", "Groups asked")]


def test_a_form_tells_what_each_field_asks_for_and_when_it_is_shown():
    weight = {"type": "number", "key": "kg", "decimalDigits": 0, "validate": {"required": True, "min": 1, "max": "=limit"}}
    form = {
        "type": "default",
        "components": [
            {"type": "group", "label": "Load", "components": [weight]},
            {"type": "select", "key": "ramp", "values": [{"label": "North", "value": "N"}], "conditional": {"hide": "=kg < 5"}},
            {"type": "textfield", "key": "mail", "label": "Mail", "validate": {"validationType": "email"}, "readonly": "=done"},
            {"type": "button", "label": "Go"},
            {"type": "datetime", "key": "at", "subtype": "time", "disabled": True},
            "no component",
        ],
    }  # fmt: skip
    fields = {each.key: each for each in read_form_text("load.form", json.dumps(form).encode()).fields}
    assert list(fields) == ["kg", "ramp", "mail", "at"]
    assert (fields["kg"].inside, fields["kg"].required, fields["kg"].rules) == (
        "Load",
        True,
        ("at least 1", "at most limit", "a whole number"),
    )
    assert (fields["ramp"].kind, fields["ramp"].options, fields["ramp"].hidden_when) == ("one of a list", ("North",), "kg < 5")
    assert (fields["mail"].rules, fields["mail"].readonly) == (("an e-mail address",), "=done")
    assert (fields["at"].kind, fields["at"].readonly) == ("time of day", "yes")


def test_a_scenario_is_told_in_sentences():
    scenario = {
        "name": "The load leaves",
        "process": "load",
        "now": "2026-03-02T08:00:00Z",
        "given": {"load_no": "L-1", "heavy": True},
        "answers": {"ramp.book": [{"refused": "CLOSED", "reason": "Ice"}, {"ramp": "R4"}]},
        "steps": [
            {"person": "decide", "as": "vera", "group": "warehouse", "sees": {"kg": 1250}, "does": {"decision": "go"}},
            {"message": "truck.came", "correlation": {"load_no": "L-1"}, "payload": {"load_no": "L-1", "plate": None}},
            {"clock": "PT1H"},
            {"clock": "P1DT2H"},
            {"call": "decide", "refused": "CLOSED"},
            {"call": "decide", "answers": {"ramp": "R5"}},
        ],
        "expect": {"path": ["start", "decide"], "variables": {"ramp": "R4"}, "sent": [{"message": "load.left", "business_key": "L-1"}]},
    }
    told = read_scenario("a.scenario.json", json.dumps(scenario).encode(), {"decide": "Decide"})
    assert told.given == (("load_no", "“L-1”"), ("heavy", "yes"))
    assert told.answers == (("ramp.book", "refuses with CLOSED (Ice); then answers {ramp “R4”}"),)
    assert told.happens == (
        "vera of warehouse sees kg 1250 and does “Decide”: decision “go”.",
        "The message truck.came comes in for load_no “L-1”, with plate nothing.",
        "1 hour passes.",
        "1 day, 2 hours pass.",
        "“Decide” refuses with CLOSED.",
        "“Decide” answers {ramp “R5”}.",
    )
    assert (told.passes, told.variables, told.sent) == (("start", "Decide"), (("ramp", "“R4”"),), ("load.left for L-1",))


def test_markdown_of_an_analyst_runs_nothing_and_fetches_nothing():
    text = "# Load\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](load.dmn) [c](https://x.y) ![p](https://x.y/p.png)\n\n|a|\n|-|\n|<b>|\n"
    page = str(render(text, "/files/"))
    assert page.startswith("<h2>Load</h2>")
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert '<a href="/files/load.dmn">b</a>' in page
    assert '<a href="https://x.y" rel="noopener noreferrer">c</a>' in page
    assert "<td>&lt;b&gt;</td>" in page


@pytest.mark.parametrize("path", ["../a.md", "/a.md", "a/../../b.md", "a\\b.md", "x" * 201])
def test_a_file_whose_name_leads_out_of_the_bundle_is_never_deployed(path):
    bundle = m.bundle("pick", m.start() + m.end(), "start -> done", files={path: b""})
    assert [finding.rule for finding in check(bundle, ServiceTasks()).findings if finding.severity == "error"] == ["file-name"]
    fine = Bundle("pick", {name: content for name, content in bundle.files.items() if name != path})
    assert check(fine, ServiceTasks()).ok


def test_processes_are_drawn_in_columns_by_how_far_they_are_from_a_beginning_and_circles_end():
    names = {key: key.title() for key in ("quote", "order", "pick", "bill", "alone", "round", "about")}
    pairs = (
        ("quote", "order"),
        ("order", "pick"),
        ("pick", "order"),
        ("pick", "bill"),
        ("order", "order"),
        ("round", "about"),
        ("about", "round"),
    )
    picture = draw([Tie(source, target, ["m"], calls=False) for source, target in pairs], names)
    places = {box.key: box.x for box in picture.boxes}
    assert places["quote"] < places["order"] < places["pick"] < places["bill"]
    assert {places["round"], places["about"]} == {places["quote"], places["order"]}
    assert len({(box.x, box.y) for box in picture.boxes}) == len(picture.boxes)
    assert len(picture.curves) == len(pairs) - 1
    assert picture.curves[0].told == "Quote to Order: m"
    assert picture.alone == ["alone"]
    assert draw([], names).boxes == []
