"""Conditional events: they happen when what they wait for becomes true by what a step writes, wherever that is."""

from datetime import timedelta

import pytest

from engine.problems import Conflict, Invalid
from tests.unit.spiff.drawing import (
    MONDAY,
    becomes,
    boundary,
    call,
    called,
    catch,
    each,
    end,
    flow,
    fork,
    hears,
    on_event,
    process,
    race,
    script,
    start,
    subprocess,
    timer,
    user,
)

LOW = becomes("= left < 3")


def counting(event):
    flows = flow("start", "f", "count", "end") + flow("f", "low", "reorder", "e2")
    return process(start(), fork("f"), user("count"), event, user("reorder"), end(), end("e2"), flows)


def test_an_event_in_the_flow_waits_until_a_step_of_another_branch_makes_it_true(play):
    order = play(counting(catch("low", LOW)), {"left": 9})
    (wait,) = order.instance.waits.subscriptions
    assert (wait.kind, wait.name, wait.element_id) == ("condition", "left < 3", "low")
    with pytest.raises(Conflict, match="waits for no message"):
        order.instance.deliver(wait.task_id, {})
    order.do("count", left=2)
    assert order.waiting_at() == {"reorder"}
    assert order.path[:3] == ["start", "f", "count"]
    assert sorted(order.path[3:]) == ["end", "low"]


def test_what_is_true_already_goes_on_at_once(play):
    assert play(counting(catch("low", LOW)), {"left": 1}).waiting_at() == {"count", "reorder"}


def test_a_variable_that_is_not_there_yet_is_not_true_and_what_is_no_truth_value_fails(play):
    order = play(counting(catch("low", LOW)))
    assert "low" in order.waiting_at()
    order = play(counting(catch("low", becomes("left"))), {"left": None}).do("count", left="few")
    assert order.failure.element_id == "low"
    order.instance.retry(order.failure.task_id, {"left": True})
    assert order.go().waiting_at() == {"reorder"}


def test_a_text_that_is_no_feel_is_refused():
    with pytest.raises(Invalid) as refusal:
        counting(catch("low", becomes("left <")))
    assert refusal.value.element_id == "low"


def shelf(*, interrupting):
    """A person counts twice; when little is left, somebody orders anew."""
    return process(
        start(),
        subprocess(
            "counting", start("in"), user("first"), user("second"), user("third"), end("out"), flow("in", "first", "second", "third", "out")
        ),
        boundary("low", "counting", LOW, interrupting=interrupting),
        user("reorder"),
        end(),
        end("e2"),
        flow("start", "counting", "end"),
        flow("low", "reorder", "e2"),
    )


def test_on_the_edge_it_happens_each_time_that_it_becomes_true_and_not_while_it_stays_so(play):
    order = play(shelf(interrupting=False), {"left": 9}).do("first", left=2)
    assert sorted(wait.element_id for wait in order.instance.waits.user_tasks) == ["reorder", "second"]
    order.do("second", left=1)
    assert sorted(wait.element_id for wait in order.instance.waits.user_tasks) == ["reorder", "third"]
    order.do("reorder", left=20)
    assert order.waiting_at() == {"third", "low"}
    assert order.do("third", left=0).waiting_at() <= {"reorder"}


def test_on_the_edge_it_interrupts(play):
    order = play(shelf(interrupting=True), {"left": 9}).do("first", left=2)
    assert order.waiting_at() == {"reorder"}
    assert order.do("reorder").completed


def test_an_event_subprocess_begins_by_it(play):
    short = on_event("short", hears("low", LOW, interrupting=False), user("reorder"), end("ordered"), flow("low", "reorder", "ordered"))
    order = play(process(start(), user("count"), user("pack"), end(), flow("start", "count", "pack", "end"), short), {"left": 9})
    assert order.do("count", left=2).waiting_at() == {"pack", "low", "reorder"}
    assert order.do("pack").do("reorder").completed


def test_it_sees_what_is_written_inside_of_a_subprocess_and_of_a_called_process(play):
    inner = subprocess("sub", start("in"), call("counting", "stock"), end("out"), flow("in", "counting", "out"))
    stock = called("stock", start("s"), script("count", "{ left: 2 }"), user("wait"), end("e"), flow("s", "count", "wait", "e"))
    flows = flow("start", "f", "sub", "end") + flow("f", "low", "e2")
    order = play(process(start(), fork("f"), inner, catch("low", LOW), end(), end("e2"), flows, beside=stock), {"left": 9})
    assert order.waiting_at() == {"wait"}


def test_each_turn_of_a_repetition_waits_for_what_it_writes_itself(play):
    inside = fork("g"), user("count"), catch("low", LOW), end("o1"), end("o2"), flow("in", "g", "count", "o1"), flow("g", "low", "o2")
    sub = subprocess("shelf", start("in"), *inside, repeat=each("shelves", "shelf_no", "all", "left"))
    order = play(process(start(), sub, end(), flow("start", "shelf", "end")), {"shelves": [1, 2], "left": 9})
    assert len(order.instance.waits.subscriptions) == 2
    order.do("count", 0, left=1)
    assert len(order.instance.waits.subscriptions) == 1
    assert order.do("count", left=2).completed


def test_behind_a_gateway_of_events_the_first_decides(play):
    flows = flow("start", "f", "g", "low", "end") + flow("g", "late", "e2") + flow("f", "count", "e3")
    model = process(
        start(), fork("f"), race("g"), catch("low", LOW), catch("late", timer("PT4H")), user("count"), *map(end, ("end", "e2", "e3")), flows
    )
    order = play(model, {"left": 9})
    assert order.do("count", left=1).completed
    assert "late" not in order.path
    assert "low" in play(model, {"left": 9}).after(timedelta(hours=5)).waiting_at() ^ {"low"}


def test_an_operator_skips_it_and_what_an_operator_writes_makes_it_true(play):
    order = play(counting(catch("low", LOW)), {"left": 9})
    order.instance.skip(order.task("low"))
    assert order.go().waiting_at() == {"count", "reorder"}
    order = play(counting(catch("low", LOW)), {"left": 9})
    order.instance.skip(order.task("count"), {"left": 1})
    assert order.go().waiting_at() == {"reorder"}
    order.instance.go_back("count", {"left": 9}, now=MONDAY)
    assert order.go().waiting_at() == {"count"}


def test_a_new_version_with_another_condition_is_asked_when_the_instance_goes_on(play):
    order = play(counting(catch("low", LOW)), {"left": 5})
    order.model = counting(catch("low", becomes("left < 9")))
    order.instance = order.instance.migrate(order.model)
    assert order.go().waiting_at() == {"count", "reorder"}
