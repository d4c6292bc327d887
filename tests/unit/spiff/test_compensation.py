"""Compensation: what is done is undone by its handler, the latest first, once."""

import pytest

from engine.problems import Conflict, Invalid
from engine.spiff.calls import Deferred, Done, Failure, Refusal
from tests.unit.spiff.drawing import (
    Play,
    boundary,
    each,
    end,
    error,
    flow,
    fork,
    hears,
    loop,
    message,
    named,
    on_event,
    process,
    script,
    service,
    start,
    subprocess,
    throw,
    user,
)


def compensation(activity=""):
    return f'<bpmn:compensateEventDefinition activityRef="{activity}"/>' if activity else "<bpmn:compensateEventDefinition/>"


def undo(activity, handler):
    """The compensation event at the edge of an activity, tied to what undoes it."""
    tie = f'<bpmn:association id="tie_{activity}" sourceRef="undo_{activity}" targetRef="{handler}" associationDirection="One"/>'
    return boundary(f"undo_{activity}", activity, compensation()) + tie


def for_compensation(drawn):
    return drawn.replace("Task id=", 'Task isForCompensation="true" id=', 1).replace(
        "Process id=", 'Process isForCompensation="true" id=', 1
    )


def undone_by_script(activity, text="{}"):
    return undo(activity, f"cancel_{activity}") + for_compensation(script(f"cancel_{activity}", text))


def undone(order):
    """What was undone, in that order."""
    return [name.removeprefix("cancel_") for name in order.path if name.startswith("cancel_")]


def trip(*more):
    """A flight and a hotel are booked, each with its undo; then everything is undone."""
    return process(
        start(),
        script("flight", '{ flight: "OS 87" }'),
        undone_by_script("flight"),
        script("hotel", '{ hotel: "Sacher" }'),
        undone_by_script("hotel"),
        *more,
        throw("undo", compensation()),
        end(),
        flow("start", "flight", "hotel", *(["ask"] if more else []), "undo", "end"),
    )


def test_what_is_done_is_undone_the_latest_first(play):
    order = play(trip())
    assert order.completed
    assert order.path == ["start", "flight", "hotel", "cancel_hotel", "cancel_flight", "undo", "end"]
    assert undone(order) == ["hotel", "flight"]
    assert [step.detail for step in order.steps("cancel_hotel")] == [{"compensates": "hotel"}]


def test_one_activity_can_be_undone_and_then_the_others_each_once(play):
    model = process(
        start(),
        *[part for name in ("flight", "hotel") for part in (script(name, "{}"), undone_by_script(name))],
        throw("first", compensation("flight")),
        throw("again", compensation("flight")),
        end("all", compensation()),
        flow("start", "flight", "hotel", "first", "again", "all"),
    )
    order = play(model)
    assert order.completed
    assert undone(order) == ["flight", "hotel"]


def test_what_was_not_done_is_not_undone(play):
    model = process(
        start(),
        fork("both"),
        script("flight", "{}"),
        undone_by_script("flight"),
        user("hotel"),
        undone_by_script("hotel"),
        throw("undo", compensation()),
        end(),
        end("stay"),
        flow("start", "both", "flight", "undo", "end"),
        flow("both", "hotel", "stay"),
    )
    order = play(model)
    assert undone(order) == ["flight"]
    order.do("hotel")
    assert order.completed
    assert undone(order) == ["flight"]


def test_a_handler_sees_the_variables_of_the_moment_the_activity_was_done(play):
    model = process(
        start(),
        script("pay", "{ amount: 100 }"),
        undone_by_script("pay", '{ refund: amount, told: if was = null then "nothing" else was }'),
        script("change", '{ amount: 7, was: "changed", kept: "yes" }'),
        throw("undo", compensation()),
        end(),
        flow("start", "pay", "change", "undo", "end"),
    )
    order = play(model)
    assert order.variables == {"amount": 7, "was": "changed", "kept": "yes", "refund": 100, "told": "nothing"}


def test_each_turn_of_a_repeated_activity_is_undone_with_its_own_variables(play):
    model = process(
        start(),
        script("reserve", "{ place: line * 10 }", each("lines", "line", "places", "place")),
        undone_by_script("reserve", "{ given_back: line }"),
        script("count", "{ turns: turns + 1 }", loop("turns < 2")),
        undone_by_script("count", "{ given_back: turns }"),
        throw("undo", compensation()),
        end(),
        flow("start", "reserve", "count", "undo", "end"),
    )
    order = play(model, {"lines": [1, 2, 3], "turns": 0})
    assert [step.detail.get("turn") for step in order.steps("cancel_reserve")] == [3, 2, 1]
    assert [step.changed["given_back"] for step in order.steps("cancel_count") + order.steps("cancel_reserve")] == [2, 1, 3, 2, 1]


def booking(*parts, ways, name="booking", **options):
    return subprocess(name, start(f"{name}_start"), *parts, end(f"{name}_end"), flow(f"{name}_start", *ways, f"{name}_end"), **options)


def test_a_subprocess_without_a_handler_is_undone_by_what_was_done_in_it(play):
    inner = booking(script("seat", "{}"), undone_by_script("seat"), name="inner", ways=["seat"])
    model = process(
        start(),
        booking(script("flight", "{}"), undone_by_script("flight"), inner, ways=["flight", "inner"]),
        script("hotel", "{}"),
        undone_by_script("hotel"),
        throw("undo", compensation()),
        end(),
        flow("start", "booking", "hotel", "undo", "end"),
    )
    order = play(model)
    assert order.completed
    assert undone(order) == ["hotel", "seat", "flight"]
    assert order.path.count("booking") == 1


def test_a_subprocess_with_a_handler_is_undone_by_that_alone(play):
    model = process(
        start(),
        booking(script("flight", "{}"), undone_by_script("flight"), ways=["flight"]),
        undone_by_script("booking"),
        throw("undo", compensation("booking")),
        end(),
        flow("start", "booking", "undo", "end"),
    )
    assert undone(play(model)) == ["booking"]


def test_every_turn_of_a_repeated_subprocess_is_undone(play):
    inside = script("seat", "{ seat: line }"), undone_by_script("seat", "{ given_back: seat }")
    model = process(
        start(),
        booking(*inside, ways=["seat"], repeat=each("lines", "line", sequential=True)),
        throw("undo", compensation()),
        end(),
        flow("start", "booking", "undo", "end"),
    )
    order = play(model, {"lines": ["a", "b"]})
    assert [step.changed["given_back"] for step in order.steps("cancel_seat")] == ["b", "a"]


def test_people_and_service_tasks_undo_and_are_waited_for(play):
    model = process(
        start(),
        service("charge", "pay.charge", "charged"),
        undo("charge", "refund"),
        for_compensation(service("refund", "pay.refund", parameters={"of": "charged.id"})),
        script("ship", "{}"),
        undo("ship", "fetch"),
        for_compensation(user("fetch")),
        throw("undo", compensation()),
        end(),
        flow("start", "charge", "ship", "undo", "end"),
    )
    order = play(model, answer=lambda call: Deferred() if call.handler == "pay.refund" else Done({"id": 4711}))
    assert order.waiting_at() == {"fetch"}
    order.do("fetch")
    assert order.waiting_at() == {"refund"}
    (work,) = order.instance.waits.work
    assert work.parameters == {"of": 4711}
    order.instance.work_done(work.task_id, {})
    assert order.go().completed


def test_a_handler_that_fails_waits_for_an_operator_and_then_goes_on(play):
    model = process(
        start(),
        script("flight", "{}"),
        undone_by_script("flight"),
        script("hotel", "{}"),
        undo("hotel", "refund"),
        for_compensation(service("refund", "pay.refund", "refunded")),
        throw("undo", compensation()),
        end(),
        flow("start", "flight", "hotel", "undo", "end"),
    )
    answers = iter([Failure("down", "The bank does not answer."), Done({"ok": True})])
    order = play(model, answer=lambda _call: next(answers))
    assert order.failure.element_id == "refund"
    order.instance.retry(order.failure.task_id)
    order.go()
    assert order.completed
    assert undone(order) == ["flight"]
    assert order.variables["refunded"] == {"ok": True}


def test_what_refuses_to_be_undone_is_told_to_whoever_is_around(play):
    inside = [
        script("flight", "{}"),
        undo("flight", "refund"),
        for_compensation(service("refund", "pay.refund")),
        throw("undo", compensation()),
    ]
    model = process(
        start(),
        booking(*inside, ways=["flight", "undo"]),
        boundary("late", "booking", error("TOO_LATE")),
        end(),
        end("by_hand"),
        flow("start", "booking", "end"),
        flow("late", "by_hand"),
        beside=named(errors="TOO_LATE"),
    )
    order = play(model, answer=lambda _call: Refusal("TOO_LATE", "The day is over."))
    assert order.completed
    assert order.path[-1] == "by_hand"


def test_an_operator_may_skip_a_handler_or_what_compensates(play):
    parts = [for_compensation(user("ask")), undo("hotel", "ask")]
    model = process(
        start(),
        script("flight", "{}"),
        undone_by_script("flight"),
        script("hotel", "{}"),
        *parts,
        throw("undo", compensation()),
        user("wait"),
        throw("again", compensation()),
        end(),
        flow("start", "flight", "hotel", "undo", "wait", "again", "end"),
    )
    order = play(model)
    order.instance.skip(order.task("ask"))
    assert undone(order.go()) == ["flight"]
    order = play(model)
    asked = order.instance._instance.find(order.task("ask")).above
    order.instance.skip(asked.id)
    order.go()
    assert order.waiting_at() == {"wait"}
    order.do("wait").do("ask")
    assert undone(order) == ["flight"]


def test_what_an_operator_skipped_was_not_done(play):
    model = process(
        start(), user("ship"), undone_by_script("ship"), throw("undo", compensation()), end(), flow("start", "ship", "undo", "end")
    )
    order = play(model)
    order.instance.skip(order.task("ship"))
    assert undone(order.go()) == []


def test_a_handler_is_moved_nowhere_and_nothing_is_moved_to_one():
    order = Play(trip(user("ask")), restored=True)
    with pytest.raises(Conflict, match="undoes another step"):
        order.instance.move(order.task("ask"), "cancel_hotel", now=order.now)
    parts = [for_compensation(user("give_back")), undo("flight", "give_back")]
    model = process(start(), script("flight", "{}"), *parts, throw("undo", compensation()), end(), flow("start", "flight", "undo", "end"))
    order = Play(model, restored=True)
    with pytest.raises(Conflict, match="part of another step"):
        order.instance.move(order.task("give_back"), "end", now=order.now)


def test_what_was_done_goes_along_into_another_version(play):
    old = trip(user("ask"))
    order = play(old)
    order.model = trip(user("ask"))
    order.instance = order.instance.migrate(order.model)
    assert undone(order.do("ask")) == ["hotel", "flight"]
    order = play(old)
    new = process(
        start(),
        *[part for name in ("flight", "hotel") for part in (script(name, "{}"),)],
        undone_by_script("flight"),
        user("ask"),
        end(),
        flow("start", "flight", "hotel", "ask", "end"),
    )
    with pytest.raises(Conflict, match="hotel is done, and the new version does not compensate it"):
        order.instance.migrate(new)


def test_an_instance_goes_to_another_version_while_it_is_undone(play):
    def drawn():
        inside = [script("flight", "{}"), undone_by_script("flight"), script("seat", "{}"), undo("seat", "give_back")]
        return process(
            start(),
            booking(*inside, for_compensation(user("give_back")), ways=["flight", "seat"]),
            throw("undo", compensation()),
            end(),
            flow("start", "booking", "undo", "end"),
        )

    order = play(drawn())
    order.model = drawn()
    order.instance = order.instance.migrate(order.model)
    order.do("give_back")
    assert order.completed
    assert undone(order) == ["flight"]


def test_two_events_that_compensate_at_once_undo_nothing_twice(play):
    model = process(
        start(),
        *[part for name in ("flight", "hotel") for part in (script(name, "{}"), undone_by_script(name))],
        fork("both"),
        throw("one", compensation()),
        throw("other", compensation()),
        fork("join"),
        end(),
        flow("start", "flight", "hotel", "both", "one", "join", "end"),
        flow("both", "other", "join"),
    )
    order = play(model)
    assert order.completed
    assert order.path.count("cancel_flight") == order.path.count("cancel_hotel") == 1


def test_the_state_holds_what_was_done_once_and_of_others_nothing():
    model = process(
        start(),
        script("reserve", "{ place: line }", each("lines", "line")),
        undone_by_script("reserve"),
        user("ask"),
        end(),
        flow("start", "reserve", "ask", "end"),
    )
    text = "A long description of an order. " * 100
    order = Play(model, {"lines": list(range(100)), "text": text}, restored=True)
    assert len(order.instance.dump()) < len(text) + 8_000


def transaction(*parts, ways, name="booking"):
    return booking(*parts, ways=ways, name=name).replace("subProcess", "transaction")


def cancel():
    return "<bpmn:cancelEventDefinition/>"


def test_a_cancelled_transaction_gives_up_what_runs_undoes_what_is_done_and_leaves_by_its_cancel_event(play):
    inside = [
        script("flight", '{ flight: "OS 87" }'),
        undone_by_script("flight", '{ told: flight + " is off" }'),
        fork("both"),
        user("hotel"),
        undone_by_script("hotel"),
        user("decide"),
        end("off", cancel()),
        flow("both", "decide", "off"),
    ]
    model = process(
        start(),
        transaction(*inside, ways=["flight", "both", "hotel"]),
        boundary("cancelled", "booking", cancel()),
        script("sorry", "{ answer: told }"),
        end(),
        end("sorry_end"),
        flow("start", "booking", "end"),
        flow("cancelled", "sorry", "sorry_end"),
    )
    order = play(model).do("decide")
    assert order.completed
    assert order.path == ["start", "booking_start", "flight", "both", "decide", "cancel_flight", "off", "cancelled", "sorry", "sorry_end"]
    assert order.variables["answer"] == "OS 87 is off"
    assert [(step.element_id, step.outcome) for step in order.trace if step.outcome != "completed"] == [
        ("hotel", "cancelled"),
        ("booking", "cancelled"),
    ]


def test_an_error_leaves_a_transaction_without_compensation(play):
    inside = [script("flight", "{}"), undone_by_script("flight"), end("broken", error("HAZARD"))]
    model = process(
        start(),
        transaction(*inside, flow("flight", "broken"), ways=["flight"]).replace(flow("flight", "booking_end"), ""),
        boundary("hazard", "booking", error("HAZARD")),
        boundary("cancelled", "booking", cancel()),
        throw("undo", compensation()),
        end(),
        end("by_hand"),
        end("never"),
        flow("start", "booking", "end"),
        flow("hazard", "undo", "by_hand"),
        flow("cancelled", "never"),
        beside=named(errors="HAZARD"),
    )
    order = play(model)
    assert order.path == ["start", "booking_start", "flight", "broken", "hazard", "undo", "by_hand"]


def test_a_transaction_that_is_done_can_be_undone_later(play):
    model = process(
        start(),
        transaction(script("flight", "{}"), undone_by_script("flight"), ways=["flight"]),
        throw("undo", compensation("booking")),
        end(),
        flow("start", "booking", "undo", "end"),
    )
    assert undone(play(model)) == ["flight"]


def test_a_handler_of_a_cancelled_transaction_that_waits_is_waited_for_and_may_fail(play):
    inside = [
        service("pay", "pay.charge", "paid"),
        undo("pay", "refund"),
        for_compensation(service("refund", "pay.refund", "refunded")),
        end("off", cancel()),
    ]
    model = process(
        start(),
        transaction(*inside, flow("pay", "off"), ways=["pay"]).replace(flow("pay", "booking_end"), ""),
        boundary("cancelled", "booking", cancel()),
        end(),
        end("sorry"),
        flow("start", "booking", "end"),
        flow("cancelled", "sorry"),
    )
    answers = iter([Done({"id": 1}), Failure("down", "No answer."), Done({"ok": True})])
    order = play(model, answer=lambda _call: next(answers))
    assert order.failure.element_id == "refund"
    order.instance.retry(order.failure.task_id)
    assert order.go().completed
    assert order.path[-2:] == ["cancelled", "sorry"]
    assert order.variables["refunded"] == {"ok": True}


def test_a_cancel_end_without_a_cancel_event_is_a_failure_that_says_so(play):
    model = process(
        start(),
        transaction(end("off", cancel()), ways=["off"]).replace(flow("off", "booking_end"), ""),
        end(),
        flow("start", "booking", "end"),
    )
    assert "no cancel boundary event" in play(model).failure.message


def test_an_instance_in_which_something_can_be_undone_is_not_exported():
    order = Play(trip(user("ask")), restored=False)
    with pytest.raises(Invalid, match="hotel is done and can be undone"):
        order.instance.export()


def test_an_event_subprocess_undoes_what_was_done_in_the_scope_around_it(play):
    """An error takes the place of all else, and what was booked until then is given back."""
    failed = on_event("failed", hears("broken", error("SHORT")), throw("undo", compensation()), end("over"), flow("broken", "undo", "over"))
    model = process(
        start(),
        script("flight", '{ flight: "OS 87" }'),
        undone_by_script("flight", '{ told: flight + " is off" }'),
        booking(script("seat", "{}"), undone_by_script("seat"), ways=["seat"]),
        service("pay", "pay.charge"),
        end(),
        flow("start", "flight", "booking", "pay", "end"),
        failed,
        beside=named(errors="SHORT"),
    )
    order = play(model, answer=lambda _call: Refusal("SHORT", "No money."))
    assert order.completed
    assert order.path[-6:] == ["broken", "cancel_seat", "cancel_flight", "undo", "over", "failed"]
    assert order.variables["told"] == "OS 87 is off"


def test_a_person_who_undoes_in_the_scope_around_an_event_subprocess_is_waited_for(play):
    came = hears("cancelled", message("order.cancelled"))
    on_cancel = on_event("stop", came, throw("undo", compensation("flight")), end("over"), flow("cancelled", "undo", "over"))
    parts = [script("flight", "{}"), undo("flight", "give_back"), for_compensation(user("give_back")), user("pick"), end()]
    model = process(start(), *parts, flow("start", "flight", "pick", "end"), on_cancel, beside=named(messages="order.cancelled"))
    order = play(model).receive("cancelled")
    assert order.waiting_at() == {"give_back"}
    order.instance = order.instance.migrate(model)
    with pytest.raises(Conflict, match="part of another step"):
        order.instance.move(order.task("give_back"), "pick", now=order.now)
    order.do("give_back", given_back=True)
    assert order.completed
    assert order.variables == {"given_back": True}


def test_a_subprocess_is_undone_by_its_event_subprocess_for_that_with_its_variables(play):
    undoing = on_event(
        "undoing",
        hears("undo_booking", compensation()),
        script("fee", "{ fee: price / 10 }"),
        throw("undo_inside", compensation("flight")),
        end("undone"),
        flow("undo_booking", "fee", "undo_inside", "undone"),
    )
    inside = [script("flight", "{ price: 100 }"), undone_by_script("flight"), script("seat", "{}"), undone_by_script("seat"), undoing]
    model = process(
        start(),
        booking(*inside, ways=["flight", "seat"]),
        script("dearer", "{ price: 900 }"),
        user("ask"),
        throw("undo", compensation()),
        end(),
        flow("start", "booking", "dearer", "ask", "undo", "end"),
    )
    order = play(model)
    order.instance = order.instance.migrate(model)
    order.do("ask")
    assert order.completed
    assert order.path[-7:] == ["fee", "cancel_flight", "undo_inside", "undone", "undoing", "undo", "end"]
    assert (order.variables["fee"], order.variables["price"]) == (10, 900)
