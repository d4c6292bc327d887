"""Events on the edge of an activity, and what a process that cannot run says."""

from datetime import timedelta

import pytest

from engine.problems import Conflict, Invalid
from engine.spiff.calls import Deferred, Failure, Refusal
from tests.unit.spiff.drawing import (
    MONDAY,
    boundary,
    catch,
    end,
    error,
    flow,
    message,
    named,
    node,
    process,
    script,
    service,
    signal,
    start,
    subprocess,
    throw,
    timer,
    user,
)

NAMES = named(messages="quote.accepted quote.declined order.received hold.released", signals="price_change")
HOUR = timedelta(hours=1)


def test_an_element_that_leads_nowhere_is_refused():
    with pytest.raises(Invalid, match="leads nowhere") as refusal:
        process(start(), user("approve"), flow("start", "approve"))
    assert refusal.value.element_id == "approve"


def one(step, identity="wait", **options):
    return process(start(), step, end(), flow("start", identity, "end"), beside=NAMES, **options)


def test_a_timer_without_a_text_is_refused():
    with pytest.raises(Invalid, match="says no time") as refusal:
        one(catch("wait", "<bpmn:timerEventDefinition/>"))
    assert refusal.value.element_id == "wait"


def approval(inner, *, interrupting, name="remind"):
    return process(
        start(),
        user("approve"),
        boundary(name, "approve", inner, interrupting=interrupting, resultVariable="note"),
        service(f"{name}_them"),
        end(),
        end("e2"),
        flow("start", "approve", "end"),
        flow(name, f"{name}_them", "e2"),
        beside=NAMES,
    )


def test_a_boundary_timer_interrupts_its_activity(play):
    order = play(approval(timer("PT4H"), interrupting=True)).after(5 * HOUR)
    assert order.path == ["start", "remind", "remind_them", "e2"]
    assert order.completed
    assert [step.outcome for step in order.steps("approve")] == ["cancelled"]


def test_a_boundary_timer_does_not_outlive_its_activity(play):
    order = play(approval(timer("PT4H"), interrupting=True)).do("approve", approved=True)
    assert order.completed
    assert not order.instance.waits


def test_a_timer_that_does_not_interrupt_fires_once(play):
    order = play(approval(timer("PT4H"), interrupting=False)).after(9 * HOUR)
    assert order.path == ["start", "remind", "remind_them", "e2"]
    assert order.waiting_at() == {"approve"}
    assert order.do("approve").completed


def test_a_cycle_fires_as_often_as_it_says(play):
    order = play(approval(timer("R3/PT4H", "timeCycle"), interrupting=False))
    assert order.instance.waits.timers[0].due_at == MONDAY + 4 * HOUR
    order.after(5 * HOUR)
    assert order.instance.waits.timers[0].due_at == MONDAY + 8 * HOUR
    order.after(24 * HOUR)
    assert order.path.count("remind_them") == 3
    assert order.waiting_at() == {"approve"}


def test_a_cycle_without_a_number_goes_on_until_its_activity_ends(play):
    order = play(approval(timer("R/PT1H", "timeCycle"), interrupting=False)).after(10 * HOUR + timedelta(minutes=1))
    assert order.path.count("remind_them") == 10
    assert order.do("approve").completed


def test_turns_of_a_cycle_that_were_missed_are_not_made_up_for(play):
    order = play(approval(timer("R/PT1H", "timeCycle"), interrupting=False))
    order.now = MONDAY + timedelta(days=2, minutes=20)
    order.instance.fire_timer(order.task("remind"), order.now)
    order.go()
    assert order.path.count("remind_them") == 1
    assert order.instance.waits.timers[0].due_at == MONDAY + timedelta(days=2, hours=1)


def test_a_boundary_timer_takes_over_from_a_failed_activity(play):
    model = process(
        start(),
        service("book"),
        boundary("late", "book", timer("PT4H")),
        end(),
        end("by_hand"),
        flow("start", "book", "end"),
        flow("late", "by_hand"),
    )
    order = play(model, answer=lambda _request: Failure("broken", "The carrier is down."))
    assert order.failure.element_id == "book"
    order.after(4 * HOUR)
    assert order.completed
    assert order.path == ["start", "late", "by_hand"]
    assert not order.instance.waits.failed


def test_a_refused_service_task_goes_to_its_error_boundary_event(play):
    model = process(
        start(),
        service("reserve", result="r"),
        boundary("short", "reserve", error("SHORT"), resultVariable="why"),
        boundary("late", "reserve", timer("PT1H")),
        end(),
        end("sorry"),
        end("too_late"),
        flow("start", "reserve", "end"),
        flow("short", "sorry"),
        flow("late", "too_late"),
        beside=named(errors="SHORT"),
    )
    order = play(model, answer=lambda _request: Refusal("SHORT", "Only 2 of 3."))
    assert order.completed
    assert order.path == ["start", "short", "sorry"]
    assert order.variables == {"why": {"code": "SHORT", "message": "Only 2 of 3."}}
    (refused,) = order.steps("reserve")
    assert (refused.outcome, refused.detail) == ("refused", {"code": "SHORT", "reason": "Only 2 of 3."})


def test_a_refusal_that_comes_from_elsewhere_goes_the_same_way(play):
    model = process(
        start(),
        service("book"),
        boundary("wrong", "book", error("ADDRESS")),
        end(),
        end("fix"),
        flow("start", "book", "end"),
        flow("wrong", "fix"),
        beside=named(errors="ADDRESS"),
    )
    order = play(model, answer=lambda _request: Deferred())
    assert order.instance.throw_error(order.task("book"), "OTHER", "?") is False
    assert order.instance.throw_error(order.task("book"), "ADDRESS", "No such street.") is True
    assert order.go().path == ["start", "wrong", "fix"]


@pytest.mark.parametrize("text", ["R/PT0S", "R0/PT1H", "PT1H", "R3"])
def test_a_cycle_that_is_none_waits_for_an_operator_while_the_activity_goes_on(play, text):
    order = play(approval(timer(f'"{text}"', "timeCycle"), interrupting=False))
    assert order.failure.element_id == "remind"
    assert order.do("approve").completed


def test_a_message_that_does_not_interrupt_is_taken_again_and_again(play):
    order = play(approval(message("hold.released"), interrupting=False))
    task_id = order.task("remind")
    for turn in (1, 2, 3):
        order.receive("remind", turn=turn)
    assert order.path.count("remind_them") == 3
    assert order.task("remind") == task_id
    assert order.variables["note"] == {"turn": 3}
    assert order.do("approve").completed


def test_two_messages_before_the_instance_runs_are_both_taken(play):
    order = play(approval(message("hold.released"), interrupting=False))
    for turn in (1, 2):
        order.instance.deliver(order.task("remind"), {"turn": turn})
    assert order.go().path.count("remind_them") == 2


def test_whoever_comes_first_wins_between_a_person_and_the_clock(play):
    order = play(approval(timer("PT4H"), interrupting=True))
    clock, person = order.task("remind"), order.task("approve")
    order.instance.complete(person, {"approved": True})
    with pytest.raises(Conflict, match="overtaken"):
        order.instance.fire_timer(clock, MONDAY + 4 * HOUR)
    assert order.go().path == ["start", "approve", "end"]
    order = play(approval(timer("PT4H"), interrupting=True))
    clock, person = order.task("remind"), order.task("approve")
    order.instance.fire_timer(clock, MONDAY + 4 * HOUR)
    with pytest.raises(Conflict, match="overtaken"):
        order.instance.complete(person, {"approved": True})
    assert "remind" in order.go().path


def test_a_boundary_event_acts_before_a_subprocess_goes_one_step_further(play):
    steps = [script(f"s{number}", "{ n: n + 1 }") for number in range(5)]
    inner = subprocess(
        "sub",
        start("in"),
        throw("cry", signal("price_change")),
        *steps,
        end("out"),
        flow("in", "cry", *(f"s{number}" for number in range(5)), "out"),
    )
    model = process(
        start(),
        inner,
        end(),
        boundary("stop", "sub", signal("price_change")),
        end("stopped"),
        flow("start", "sub", "end"),
        flow("stop", "stopped"),
        beside=NAMES,
    )
    order = play(model, {"n": 0})
    assert order.path == ["start", "in", "cry", "stop", "stopped"]
    assert order.variables == {"n": 0}


def test_a_handler_sees_what_the_interrupted_subprocess_wrote(play):
    inner = subprocess("sub", start("in"), script("write", "{ written: 1 }"), user("ask"), end("out"), flow("in", "write", "ask", "out"))
    model = process(
        start(), inner, boundary("late", "sub", timer("PT1H")), end(), end("e2"), flow("start", "sub", "end"), flow("late", "e2")
    )
    assert play(model).after(HOUR).variables == {"written": 1}


def test_an_activity_with_boundary_events_in_a_loop_has_them_anew_in_each_turn(play):
    model = process(
        start(),
        user("approve"),
        boundary("late", "approve", timer("PT1H")),
        script("count", "{ n: n + 1 }"),
        end(),
        flow("start", "approve", "end"),
        flow("late", "count", "approve"),
    )
    order = play(model, {"n": 0}).after(5 * HOUR + timedelta(minutes=5))
    assert order.variables == {"n": 5}
    assert order.do("approve").completed


def test_a_boundary_event_of_a_multi_instance_gives_up_all_turns(play):
    from tests.unit.spiff.drawing import each

    model = process(
        start(),
        user("approve", each("people", "person", "all", "a")),
        boundary("late", "approve", timer("PT1H")),
        end(),
        end("e2"),
        flow("start", "approve", "end"),
        flow("late", "e2"),
    )
    order = play(model, {"people": [1, 2, 3]})
    order.do("approve", a=1).after(HOUR)
    assert order.completed
    assert order.path[-2:] == ["late", "e2"]
    assert [step.outcome for step in order.steps("approve")].count("cancelled") == 3


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (catch("wait", error("SHORT")), "error"),
        (throw("wait", '<bpmn:compensateEventDefinition activityRef="start"/>'), "no step of its level that can be undone"),
        (throw("wait", "<bpmn:linkEventDefinition name='x'/>"), "link"),
        (catch("wait", message("quote.accepted") + "<bpmn:linkEventDefinition name='x'/>"), "link"),
        (node("receiveTask", "wait"), "without a message"),
        (node("adHocSubProcess", "wait"), "adHocSubProcess"),
        (node("task", "wait") + boundary("undo", "wait", "<bpmn:compensateEventDefinition/>"), "for compensation"),
        (node("task", "wait", attributes='completionQuantity="2"'), "quantity"),
        (node("choreographyTask", "wait"), "choreographyTask"),
        (node("serviceTask", "wait"), "names no service task"),
    ],
)
def test_what_does_not_run_is_refused_with_its_place(step, words):
    with pytest.raises(Invalid, match=words) as refusal:
        one(step)
    assert refusal.value.element_id == "wait"
    assert refusal.value.next_step
