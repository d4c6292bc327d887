"""The state as bytes: exact, small, and the same after it was restored."""

from decimal import Decimal

import pytest

from engine.problems import Invalid
from engine.spiff.calls import Deferred
from engine.spiff.execution import Execution
from tests.unit.spiff.drawing import (
    MONDAY,
    Answers,
    Play,
    boundary,
    catch,
    each,
    end,
    flow,
    fork,
    message,
    named,
    process,
    script,
    service,
    start,
    subprocess,
    timer,
    user,
    when,
    xor,
)

ASK = process(start(), user("ask"), end(), flow("start", "ask", "end"))


def restored(order: Play) -> Execution:
    return Execution.restore(order.model, order.instance.dump())


@pytest.mark.parametrize(
    "value",
    [
        Decimal("12.50"),
        Decimal("0.10"),
        Decimal("1234567890123456789012.345678"),
        Decimal("1E+3"),
        Decimal("-0.00"),
        10**20,
        True,
        None,
        "",
        "Grüße, 世界 ' \" \\ \\u0000 \t",
        [],
        {},
        [[1], {"a": [None]}],
        {"typename": "SpiffWorkflow.Task", "__class__": "x", "": 1},
        "2026-01-05T09:00:00Z",
        "x" * 60_000,
    ],
)
def test_every_value_comes_back_as_it_was(value):
    variables = restored(Play(ASK, {"value": value}, restored=False)).variables
    assert variables == {"value": value}
    assert str(variables["value"]) == str(value)


def test_names_of_types_in_the_data_mean_nothing(play):
    order = play(ASK, {"typename": "Task", "order": {"typename": "UUID", "value": "x"}}).do("ask", typename="BpmnEvent")
    assert order.variables == {"typename": "BpmnEvent", "order": {"typename": "UUID", "value": "x"}}


def test_the_order_of_keys_is_kept():
    assert list(restored(Play(ASK, {"z": 1, "a": {"y": 1, "b": 2}}, restored=False)).variables["a"]) == ["y", "b"]


def test_the_same_state_gives_the_same_bytes():
    model = process(
        start(),
        fork("f"),
        user("ask"),
        subprocess("sub", start("in"), user("deep"), end("out"), flow("in", "deep", "out")),
        catch("wait", message("m")),
        end("e1"),
        end("e2"),
        end("e3"),
        flow("start", "f", "ask", "e1"),
        flow("f", "sub", "e2"),
        flow("f", "wait", "e3"),
        boundary("late", "ask", timer("PT1H")),
        end("e4"),
        flow("late", "e4"),
        beside=named(messages="m"),
    )
    order = Play(model, {"n": Decimal("1.10")}, restored=False)
    again = restored(order)
    assert again.dump() == order.instance.dump()
    assert again.waits == order.instance.waits
    assert again.variables == order.instance.variables


def test_due_dates_and_evaluated_settings_do_not_move_when_restored():
    model = process(
        start(),
        user("ask", dueIn="PT4H", title='= "Case " + string(no)'),
        boundary("late", "ask", timer("PT1H")),
        end(),
        end("e2"),
        flow("start", "ask", "end"),
        flow("late", "e2"),
    )
    order = Play(model, {"no": 7}, restored=False)
    again = restored(order)
    again.run(Answers(), now=MONDAY.replace(day=6))
    assert again.waits == order.instance.waits


def test_a_state_of_another_format_is_refused():
    with pytest.raises(Invalid, match="format 'new'") as refusal:
        Execution.restore(ASK, b'{"format":"new"}')
    assert refusal.value.next_step


def turning(turns: int) -> Play:
    model = process(
        start(),
        xor("again"),
        script("count", "{ n: n + 1 }"),
        service("price"),
        xor("more", "more_to_ask"),
        user("ask"),
        end(),
        flow("start", "again", "count", "price", "more", "ask", "end"),
        when("more", "again", "n < turns"),
    )
    return Play(model, {"n": 0, "turns": turns}, restored=False)


def test_the_state_does_not_grow_with_what_is_over():
    short, long = turning(3), turning(400)
    assert len(long.path) == 1 + 400 * 4
    assert len(long.instance.dump()) <= len(short.instance.dump()) + 8
    assert len(short.instance.dump()) < 700


def test_a_value_that_many_branches_share_is_stored_once():
    model = process(start(), user("ask", each("people", "person", "all", "a")), end(), flow("start", "ask", "end"))
    order = Play(model, {"people": list(range(100)), "text": "x" * 20_000}, restored=False)
    assert len(order.instance.dump()) < 60_000
    assert restored(order).waits == order.instance.waits


def test_an_ended_instance_keeps_its_variables_and_nothing_else(play):
    order = play(ASK).do("ask", approved=True)
    again = restored(order)
    assert again.completed
    assert again.variables == {"approved": True}
    assert not again.waits
    assert len(again.dump()) < 200


def test_a_cancelled_instance_waits_for_nothing_and_is_not_completed(play):
    inner = subprocess("sub", start("in"), user("deep"), end("out"), flow("in", "deep", "out"))
    model = process(start(), fork("f"), user("ask"), inner, end("e1"), end("e2"), flow("start", "f", "ask", "e1"), flow("f", "sub", "e2"))
    order = play(model, {"n": 1})
    order.instance.cancel(now=MONDAY.replace(hour=12))
    trace = order.instance.take_trace()
    assert {(step.element_id, step.outcome) for step in trace} == {("ask", "cancelled"), ("deep", "cancelled"), ("sub", "cancelled")}
    assert {step.ended_at.hour for step in trace} == {12}
    assert not order.instance.waits
    assert not order.go().completed
    assert order.variables == {"n": 1}


def test_work_survives_with_its_attempt_and_parameters():
    model = process(start(), service("book", parameters={"no": "no"}), end(), flow("start", "book", "end"))
    order = Play(model, {"no": "SH-7"}, restored=False, answer=lambda _request: Deferred())
    assert restored(order).waits.work == order.instance.waits.work


def test_what_a_caller_changes_in_its_own_data_does_not_reach_the_instance():
    given = {"lines": [1]}
    order = Play(ASK, given, restored=False)
    given["lines"].append(2)
    assert order.variables == {"lines": [1]}
