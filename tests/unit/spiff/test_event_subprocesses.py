"""Event subprocesses: they wait as long as the scope around them is under way, and take its place or run beside it."""

from datetime import timedelta
from uuid import UUID

import pytest

from engine.problems import Conflict
from engine.spiff.calls import Deferred, Failure, Refusal
from engine.spiff.execution import Execution
from tests.unit.spiff.drawing import (
    MONDAY,
    Play,
    boundary,
    call,
    called,
    each,
    end,
    error,
    escalation,
    flow,
    fork,
    hears,
    message,
    named,
    on_event,
    process,
    service,
    signal,
    start,
    subprocess,
    throw,
    timer,
    user,
    when,
    xor,
)

NAMES = named(messages="order.changed order.cancelled", signals="warehouse_closed", errors="SHORT FRAUD", escalations="LATE")
HOUR = timedelta(hours=1)
TERMINATE = "<bpmn:terminateEventDefinition/>"


def change(*, interrupting=False, inner="", name="changed", **properties):
    """Somebody changes the order while it is picked."""
    came = hears(f"{name}_came", inner or message("order.changed"), interrupting=interrupting, **properties)
    return on_event(name, came, user(f"look_at_{name}"), end(f"{name}_done"), flow(f"{name}_came", f"look_at_{name}", f"{name}_done"))


def picking(*beside):
    return process(start(), user("pick"), end(), flow("start", "pick", "end"), *beside, beside=NAMES)


def test_a_change_is_looked_at_beside_the_picking_as_often_as_it_comes(play):
    order = play(picking(change(correlation="={ no: no }")), {"no": 4711, "qty": 1})
    (heard,) = order.instance.waits.subscriptions
    assert (heard.kind, heard.name, heard.element_id, heard.correlation) == ("message", "order.changed", "changed_came", {"no": "4711"})
    order.receive("changed_came", qty=2).receive("changed_came", qty=3)
    assert [wait.form_data["qty"] for wait in order.instance.waits.user_tasks] == [1, 2, 3]
    order.do("look_at_changed").do("pick", picked=True)
    assert not order.completed
    order.do("look_at_changed")
    assert order.completed
    looked = ["look_at_changed", "changed_done", "changed"]
    assert order.path == ["start", "changed_came", "changed_came", *looked, "pick", "end", *looked]
    assert order.steps("changed_came")[1].changed == {"qty": 3}
    assert order.variables == {"no": 4711, "qty": 3, "picked": True}


def test_what_only_listens_does_not_keep_its_scope_from_ending(play):
    order = play(picking(change())).do("pick")
    assert order.completed
    assert not order.instance.waits
    assert order.path == ["start", "pick", "end"]


def test_a_cancellation_takes_the_place_of_all_else_in_one_step(play):
    model = process(
        start(), fork("f"), user("pick"), user("pack"), end(), end("e2"), flow("start", "f", "pick", "end"), flow("f", "pack", "e2"),
        change(interrupting=True, inner=message("order.cancelled"), name="cancelled"), change(), beside=NAMES,
    )  # fmt: skip
    order = play(model, {"n": 1}).do("pick", n=2).receive("changed_came")
    order.receive("cancelled_came", why="too late")
    assert order.waiting_at() == {"look_at_cancelled"}
    assert order.instance.waits.user_tasks[0].form_data == {"n": 2, "why": "too late"}
    assert [step.element_id for step in order.trace if step.outcome == "cancelled"] == ["pack", "look_at_changed", "changed"]
    assert order.do("look_at_cancelled").completed
    assert order.path[-4:] == ["cancelled_came", "look_at_cancelled", "cancelled_done", "cancelled"]


def test_what_a_person_does_in_the_same_moment_as_the_cancellation_is_refused():
    order = Play(picking(change(interrupting=True)), restored=False)
    picks = order.task("pick")
    order.instance.deliver(order.task("changed_came"), {})
    with pytest.raises(Conflict, match="overtaken"):
        order.instance.complete(picks, {})
    assert order.go().waiting_at() == {"look_at_changed"}


def test_a_reminder_comes_as_often_as_its_cycle_says_and_its_last_does_not_come_again(play):
    order = play(picking(change(inner=timer("R2/PT4H", "timeCycle"))))
    assert order.instance.waits.timers[0].due_at == MONDAY + 4 * HOUR
    order.after(30 * HOUR)
    assert [wait.element_id for wait in order.instance.waits.user_tasks] == ["pick", "look_at_changed", "look_at_changed"]
    assert not order.instance.waits.timers
    order.instance = order.instance.migrate(order.model)
    assert not order.go().instance.waits.timers
    order.do("pick").do("look_at_changed").do("look_at_changed")
    assert order.completed


def test_a_signal_reaches_it_and_the_picking_ends_first():
    order = Play(picking(change(inner=signal("warehouse_closed"), interrupting=True)), restored=True)
    assert order.instance.broadcast_signal("warehouse_closed", {"hall": 3}) == 1
    assert order.go().waiting_at() == {"look_at_changed"}
    assert order.variables == {"hall": 3}


def refusing(*beside, inside=()):
    sub = subprocess("pick", start("in"), service("take", "stock.take"), end("out"), flow("in", "take", "out"), *inside)
    return process(start(), sub, end(), flow("start", "pick", "end"), *beside, beside=NAMES)


def short(_request):
    return Refusal("SHORT", "only 3 are left", {"left": 3})


def test_an_error_inside_is_taken_by_the_nearest_scope_that_hears_it(play):
    inner = change(inner=error("SHORT"), name="short", resultVariable="why")
    outer = change(inner=error(), name="other")
    order = play(refusing(outer, inside=(inner,)), answer=short)
    assert order.waiting_at() == {"look_at_short"}
    assert order.variables == {"left": 3, "why": {"code": "SHORT", "message": "only 3 are left"}}
    assert [(step.element_id, step.outcome) for step in order.trace[-2:]] == [("take", "refused"), ("short_came", "completed")]
    order.do("look_at_short")
    assert order.completed
    assert order.path[-2:] == ["pick", "end"]


def test_the_boundary_event_of_an_activity_comes_before_the_events_of_the_scope_around(play):
    inner = (boundary("caught", "take", error("SHORT")), end("e2"), flow("caught", "e2"))
    order = play(refusing(change(inner=error(), name="other"), inside=inner), answer=short)
    assert order.completed
    assert "caught" in order.path


def test_an_error_that_the_handler_itself_throws_goes_further_out(play):
    again = on_event("short", hears("short_came", error("SHORT")), end("again", error("SHORT")), flow("short_came", "again"))
    order = play(refusing(change(inner=error("SHORT"), name="outer"), inside=(again,)), answer=short)
    assert order.waiting_at() == {"look_at_outer"}


def test_an_escalation_is_heard_without_interrupting_and_not_by_the_handler_that_throws_it(play):
    late = on_event(
        "late",
        hears("late_came", escalation("LATE"), interrupting=False),
        throw("louder", escalation("LATE")),
        end("late_done"),
        flow("late_came", "louder", "late_done"),
    )
    model = process(
        start(), throw("tell", escalation("LATE")), user("pick"), end(), flow("start", "tell", "pick", "end"), late, beside=NAMES
    )
    order = play(model)
    assert order.path == ["start", "tell", "late_came", "louder", "late_done", "late"]
    assert order.do("pick").completed


def test_they_lie_in_one_another_and_in_a_called_process(play):
    recall = change(name="recall")
    outer = on_event(
        "hold", hears("hold_came", message("order.cancelled")), user("hold_it"), end("held"), flow("hold_came", "hold_it", "held"), recall
    )
    ship = called("ship", start("s"), user("load"), end("e"), flow("s", "load", "e"), outer)
    model = process(start(), call("shipping", "ship"), end(), flow("start", "shipping", "end"), change(), beside=ship + NAMES)
    order = play(model)
    assert order.waiting_at() == {"load", "hold_came", "changed_came"}
    order.receive("hold_came")
    assert order.waiting_at() == {"hold_it", "recall_came", "changed_came"}
    order.receive("recall_came").do("hold_it")
    assert order.waiting_at() == {"look_at_recall", "recall_came", "changed_came"}
    assert order.do("look_at_recall").completed
    assert order.path[-5:] == ["recall_done", "recall", "hold", "shipping", "end"]


def test_each_turn_of_a_repeated_subprocess_listens_for_itself(play):
    sub = subprocess("pick", start("in"), user("take"), end("out"), flow("in", "take", "out"), change(), repeat=each("lines", "line"))
    order = play(process(start(), sub, end(), flow("start", "pick", "end"), beside=NAMES), {"lines": ["bolt", "nut"]})
    assert len(order.instance.waits.subscriptions) == 2
    order.instance.deliver(order.task("changed_came", 1), {})
    order.go().do("take", 0)
    assert len(order.instance.waits.subscriptions) == 1
    assert order.do("take").do("look_at_changed").completed


def test_a_terminate_end_event_ends_what_listens_and_one_inside_ends_only_itself(play):
    inside = on_event(
        "note", hears("note_came", message("order.changed"), interrupting=False), end("noted", TERMINATE), flow("note_came", "noted")
    )
    order = play(
        process(
            start(), user("pick"), end("stop", TERMINATE), flow("start", "pick", "stop"), inside, change(inner=timer("PT1H")), beside=NAMES
        )
    )
    order.receive("note_came")
    assert order.waiting_at() == {"pick", "note_came", "changed_came"}
    order.after(2 * HOUR).do("pick")
    assert order.completed
    assert [step.element_id for step in order.trace if step.outcome == "cancelled"] == ["look_at_changed", "changed"]


def test_a_listener_whose_key_has_no_value_is_a_failed_step_and_does_not_hold_up_the_end(play):
    order = play(picking(change(correlation="={ no: no }")))
    assert order.failure.element_id == "changed_came"
    assert order.do("pick").completed


def test_a_listener_is_neither_moved_nor_skipped_but_retried():
    order = Play(picking(change(correlation="={ no: no }")), restored=True)
    failed = order.failure.task_id
    for act in (lambda: order.instance.skip(failed), lambda: order.instance.move(failed, "pick", now=MONDAY)):
        with pytest.raises(Conflict):
            act()
    order.instance.retry(failed, {"no": 7})
    assert order.go().instance.waits.subscriptions[0].correlation == {"no": "7"}


def test_an_operator_goes_back_and_the_process_listens_again(play):
    order = play(picking(change(interrupting=True))).receive("changed_came")
    with pytest.raises(Conflict, match="changed"):
        order.instance.go_back("changed", {}, now=MONDAY)
    order.instance.go_back("pick", {"n": 1}, now=MONDAY)
    assert order.go().waiting_at() == {"pick", "changed_came"}
    assert order.do("pick").completed


def test_an_operator_moves_on_from_the_interruption_and_the_process_listens_again(play):
    order = play(picking(change(interrupting=True))).receive("changed_came")
    activity = next(token for token in order.instance._instance.tokens if token.task_spec.name == "changed")
    order.instance.move(UUID(hex=activity.id), "pick", now=MONDAY)
    assert order.go().waiting_at() == {"pick", "changed_came"}


def test_a_new_version_that_adds_one_listens_from_now_on_and_one_that_drops_it_does_not(play):
    without, with_it = picking(), picking(change())
    order = play(without)
    order.instance, order.model = order.instance.migrate(with_it), with_it
    assert order.go().waiting_at() == {"pick", "changed_came"}
    order.instance, order.model = order.instance.migrate(without), without
    assert order.go().waiting_at() == {"pick"}
    assert order.do("pick").completed


def test_a_new_version_does_not_listen_where_the_scope_was_interrupted(play):
    old, new = picking(change(interrupting=True)), picking(change(interrupting=True), change(inner=timer("PT1H"), name="slow"))
    order = play(old).receive("changed_came")
    order.instance, order.model = order.instance.migrate(new), new
    assert order.go().waiting_at() == {"look_at_changed"}
    assert order.do("look_at_changed").completed


def test_everything_goes_when_the_instance_is_cancelled(play):
    order = play(picking(change())).receive("changed_came")
    order.instance.cancel(now=MONDAY)
    assert not order.instance.waits


def test_a_join_that_waits_for_ever_is_told_though_something_listens(play):
    model = process(
        start(), xor("big", "big_to_join"), user("ask"), fork("join"), end(), flow("start", "big"), when("big", "ask", "qty > 9"),
        flow("big", "join", "end"), flow("ask", "join"), change(), beside=NAMES,
    )  # fmt: skip
    order = play(model, {"qty": 1})
    assert order.failure.kind == "deadlock"


def test_a_step_that_fails_elsewhere_is_left_alone_when_a_change_is_looked_at(play):
    model = process(start(), service("book", "carrier.book"), end(), flow("start", "book", "end"), change(), beside=NAMES)
    order = play(model, answer=lambda _request: Failure("broken", "The carrier is down."))
    order.receive("changed_came").do("look_at_changed")
    assert order.failure.element_id == "book"


def test_the_state_of_one_that_was_stored_opens_with_the_same_waits():
    model = picking(change(), change(inner=timer("PT1H"), name="slow"))
    order = Play(model, restored=False, answer=lambda _request: Deferred()).receive("changed_came")
    again = Execution.restore(model, order.instance.dump())
    assert again.waits == order.instance.waits
