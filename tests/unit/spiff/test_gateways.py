"""Which way the flow goes, and who waits for whom."""

from decimal import Decimal

import pytest

from engine.problems import Invalid
from tests.unit.spiff.drawing import either, end, flow, fork, node, process, script, start, user, when, xor


def sized(gate="size"):
    return process(
        start(),
        xor(gate, f"{gate}_to_small"),
        script("large", '{ deal: "large" }'),
        script("medium", '{ deal: "medium" }'),
        script("small", '{ deal: "small" }'),
        end(),
        flow("start", gate),
        when(gate, "large", "= total >= 10000"),
        when(gate, "medium", "total >= 1000"),
        flow(gate, "small"),
        flow("large", "end") + flow("medium", "end") + flow("small", "end"),
    )


@pytest.mark.parametrize(("total", "deal"), [(25_000, "large"), (10_000, "large"), (1_000, "medium"), (Decimal("999.99"), "small")])
def test_the_first_condition_that_holds_is_taken_else_the_default(play, total, deal):
    order = play(sized(), {"total": total})
    assert order.variables["deal"] == deal
    assert order.steps("size")[0].detail == {"flows": [f"size_to_{deal}"]}


def test_flows_are_tried_in_the_order_of_the_document_however_they_are_drawn(play):
    shapes = "".join(
        f'<bpmndi:BPMNShape id="shape_{name}" bpmnElement="{name}"><dc:Bounds x="0" y="{y}" width="9" height="9"/></bpmndi:BPMNShape>'
        for name, y in (("first", 900), ("second", 10))
    )
    picture = (
        '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" id="pic">'
        f'<bpmndi:BPMNPlane id="plane" bpmnElement="order">{shapes}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>'
    )
    model = process(
        start(),
        xor("gate"),
        end("first"),
        end("second"),
        flow("start", "gate"),
        when("gate", "first", "true"),
        when("gate", "second", "true"),
        beside=picture,
    )
    assert play(model).path == ["start", "gate", "first"]


def test_a_gateway_where_nothing_holds_waits_for_an_operator(play):
    model = process(
        start(), xor("gate"), end(), end("other"), flow("start", "gate"), when("gate", "end", "n = 1"), when("gate", "other", "n = 2")
    )
    order = play(model, {"n": 3})
    assert order.failure.kind == "no_flow"
    order.instance.retry(order.failure.task_id, {"n": 2})
    assert order.go().path == ["start", "gate", "other"]


def test_a_condition_that_is_neither_true_nor_false_says_why(play):
    order = play(sized(), {"totl": 5})
    assert order.failure.kind == "condition_undecided"
    assert "there is no variable total" in order.failure.message
    assert "Condition of flow size_to_large" in order.failure.message


def test_a_condition_on_a_flow_that_does_not_choose_is_refused():
    with pytest.raises(Invalid, match="does not choose") as refusal:
        process(start(), script("a", "{}"), end(), flow("start", "a"), when("a", "end", "true"))
    assert refusal.value.element_id == "a_to_end"


def forked(*branches):
    names = [name for name, _ in branches]
    return process(
        start(),
        fork("fork"),
        *(drawn for _, drawn in branches),
        fork("join"),
        end(),
        flow("start", "fork"),
        *(flow("fork", name, "join") for name in names),
        flow("join", "end"),
    )


def test_a_join_waits_for_every_branch_and_keeps_what_each_wrote(play):
    order = play(forked(("pick", user("pick")), ("bill", user("bill")), ("note", script("note", "{ noted: true }"))))
    assert order.waiting_at() == {"pick", "bill"}
    order.do("bill", invoice="INV-000001").do("pick", packages=2)
    assert order.completed
    assert order.variables == {"noted": True, "invoice": "INV-000001", "packages": 2}
    assert order.path.count("join") == 1


def test_an_older_value_of_a_late_branch_does_not_undo_what_another_wrote(play):
    order = play(forked(("change", user("change")), ("late", user("late"))), {"status": "open", "n": 1})
    order.do("change", status="approved")
    assert order.variables["status"] == "approved"
    order.do("late", n=2)
    assert order.variables == {"status": "approved", "n": 2}


def test_of_two_writes_of_the_same_variable_the_later_stays(play):
    order = play(forked(("one", user("one")), ("two", user("two"))))
    assert order.do("two", winner="two").do("one", winner="one").variables == {"winner": "one"}
    order = play(forked(("one", user("one")), ("two", user("two"))))
    assert order.do("one", winner="one").do("two", winner="two").variables == {"winner": "two"}


def test_a_list_that_a_branch_replaced_is_neither_merged_nor_trimmed(play):
    order = play(forked(("cut", user("cut")), ("other", user("other"))), {"lines": [1, 1, 2]})
    order.do("cut", lines=[]).do("other")
    assert order.variables == {"lines": []}


def test_what_a_branch_changes_deep_inside_is_not_seen_by_the_other(play):
    model = forked(
        ("a", script("a", '{ "order.status": "priced", "order.lines": append(order.lines, 2) }')),
        ("b", script("b", "{ seen: order.status, count: count(order.lines) }")),
    )
    order = play(model, {"order": {"status": "new", "lines": [1]}})
    assert (order.variables["seen"], order.variables["count"]) == ("new", 1)
    assert order.variables["order"] == {"status": "priced", "lines": [1, 2]}


def test_a_parallel_join_in_a_loop_joins_again_in_every_turn(play):
    model = process(
        start(),
        xor("again"),
        fork("fork"),
        script("a", "{ n: n + 1 }"),
        script("b", "{ m: m + 1 }"),
        fork("join"),
        xor("more", "more_to_end"),
        end(),
        flow("start", "again", "fork"),
        flow("fork", "a", "join"),
        flow("fork", "b", "join"),
        flow("join", "more"),
        when("more", "again", "n < 5"),
        flow("more", "end"),
    )
    order = play(model, {"n": 0, "m": 0})
    assert order.completed
    assert order.variables == {"n": 5, "m": 5}
    assert order.path.count("join") == 5


def chosen():
    return process(
        start(),
        either("split", "split_to_plain"),
        user("risk"),
        user("margin"),
        script("plain", "{ plain: true }"),
        either("join"),
        end(),
        flow("start", "split"),
        when("split", "risk", "amount > 100"),
        when("split", "margin", "discount > 10"),
        flow("split", "plain"),
        flow("risk", "join"),
        flow("margin", "join"),
        flow("plain", "join"),
        flow("join", "end"),
    )


def complex_split(join):
    return process(
        start(),
        node("complexGateway", "split", attributes='default="split_to_plain"'),
        script("risk", "{ risk: true }"),
        script("margin", "{ margin: true }"),
        script("plain", "{ plain: true }"),
        join,
        end(),
        flow("start", "split"),
        when("split", "risk", "amount > 100"),
        when("split", "margin", "discount > 10"),
        flow("split", "plain"),
        *(flow(name, "join") for name in ("risk", "margin", "plain")),
        flow("join", "end"),
    )


@pytest.mark.parametrize(("amount", "taken"), [(500, {"risk", "margin"}), (50, {"margin"})])
def test_a_complex_gateway_splits_as_an_inclusive_one_does(play, amount, taken):
    order = play(complex_split(either("join")), {"amount": amount, "discount": 15})
    assert order.completed
    assert order.variables.keys() - {"amount", "discount"} == taken


def test_a_complex_gateway_that_joins_is_refused_with_what_to_draw():
    with pytest.raises(Invalid, match="joins flows") as refusal:
        complex_split(node("complexGateway", "join"))
    assert "inclusive" in refusal.value.next_step


def test_an_inclusive_gateway_takes_every_flow_that_holds_and_joins_just_those(play):
    order = play(chosen(), {"amount": 500, "discount": 15})
    assert order.waiting_at() == {"risk", "margin"}
    order.do("risk", risk="ok")
    assert not order.completed
    order.do("margin", margin="ok")
    assert order.completed
    assert order.path.count("join") == 1
    assert order.variables == {"amount": 500, "discount": 15, "risk": "ok", "margin": "ok"}


def test_an_inclusive_join_does_not_wait_for_what_was_not_chosen(play):
    order = play(chosen(), {"amount": 500, "discount": 0})
    assert order.do("risk").completed
    assert play(chosen(), {"amount": 1, "discount": 0}).variables["plain"] is True


def test_an_inclusive_join_right_behind_a_fork_waits_for_the_branch_that_begins_after_it(play):
    model = process(
        start(),
        fork("fork"),
        user("slow"),
        either("join"),
        end(),
        flow("start", "fork", "join"),
        flow("fork", "slow", "join"),
        flow("join", "end"),
    )
    order = play(model)
    assert not order.completed
    assert order.do("slow").path.count("join") == 1


def test_an_inclusive_block_in_a_loop_runs_each_turn_once(play):
    model = process(
        start(),
        xor("again"),
        either("split", "split_to_c"),
        script("a", "{ n: n + 1 }"),
        script("b", "{ m: m + 1 }"),
        script("c", "{ c: true }"),
        either("join"),
        xor("more", "more_to_end"),
        end(),
        flow("start", "again", "split"),
        when("split", "a", "n < 9"),
        when("split", "b", "m < 2"),
        flow("split", "c"),
        flow("a", "join"),
        flow("b", "join"),
        flow("c", "join"),
        flow("join", "more"),
        when("more", "again", "n < 4"),
        flow("more", "end"),
    )
    order = play(model, {"n": 0, "m": 0})
    assert order.completed
    assert order.variables == {"n": 4, "m": 2}
    assert order.path.count("join") == 4


def test_a_join_that_can_never_be_complete_is_told_as_a_deadlock(play):
    model = process(
        start(),
        xor("one", "one_to_b"),
        script("a", "{}"),
        script("b", "{}"),
        fork("join"),
        end(),
        flow("start", "one"),
        when("one", "a", "true"),
        flow("one", "b"),
        flow("a", "join"),
        flow("b", "join"),
        flow("join", "end"),
    )
    order = play(model)
    assert order.failure.kind == "deadlock"
    order.instance.skip(order.failure.task_id)
    assert order.go().completed


def test_two_flows_to_the_same_task_send_two_tokens(play):
    model = process(
        start(),
        fork("fork"),
        script("count", "{ n: n + 1 }"),
        end(),
        flow("start", "fork"),
        flow("fork", "count"),
        '<bpmn:sequenceFlow id="second" sourceRef="fork" targetRef="count"/>',
        flow("count", "end"),
    )
    assert play(model, {"n": 0}).path.count("count") == 2


@pytest.mark.parametrize(("taken", "ways"), [(("gift", "rush"), 2), (("gift",), 1), (("rush", "check"), 2), (("gift", "rush", "check"), 3)])
def test_two_flows_from_the_split_straight_to_the_inclusive_join_are_two_ways_and_what_follows_runs_once(play, taken, ways):
    straight = "".join(when("split", "join", name).replace('"split_to_join"', f'"{name}_way"') for name in ("gift", "rush"))
    model = process(
        start(),
        either("split"),
        either("join"),
        user("check"),
        script("ship", "{ shipped: if shipped = null then 1 else shipped + 1 }"),
        end(),
        straight,
        when("split", "check", "check"),
        flow("check", "join", "ship", "end"),
        flow("start", "split"),
    )
    order = play(model, {name: name in taken for name in ("gift", "rush", "check")})
    if "check" in taken:
        assert "ship" not in order.path
        order.do("check")
    assert order.completed
    assert order.path.count("ship") == order.variables["shipped"] == 1
    assert len(order.steps("split")[0].detail["flows"]) == ways


def test_a_second_token_on_one_flow_of_an_inclusive_join_waits_for_the_next_time(play):
    """Two branches come together without a join, and then reach an inclusive join by one flow."""
    model = process(
        start(), fork("f"), script("a", "{}"), script("b", "{}"), xor("merge"), either("join"), user("ask"), end(),
        flow("start", "f", "a", "merge", "join", "end"), flow("f", "b", "merge"), flow("f", "ask", "join"),
    )  # fmt: skip
    order = play(model).do("ask")
    assert order.completed
    assert order.path.count("join") == 2
