"""Messages, signals and timers, and which of several events comes first."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.problems import Conflict, Invalid
from tests.unit.spiff.drawing import (
    MONDAY, boundary, catch, end, fork, flow, message, named, node, process, race, script, service, signal, start, subprocess, throw, timer, user,
)  # fmt: skip

NAMES = named(messages="quote.accepted quote.declined order.received hold.released", signals="price_change")
HOUR = timedelta(hours=1)


def one(step, identity="wait", **options):
    return process(start(), step, end(), flow("start", identity, "end"), beside=NAMES, **options)


def test_a_thrown_message_goes_out_with_all_it_says(play):
    step = throw(
        "tell", message("order.received"),
        payload='= { order_no: order_no, source: "QUOTE" }', correlation="= { order_no: order_no }", businessKey="= order_no", messageId='= "m-" + order_no',
    )  # fmt: skip
    order = play(one(step, "tell"), {"order_no": "SO-000001"})
    (sent,) = order.outgoing
    assert (sent.kind, sent.name, sent.payload, sent.correlation, sent.business_key, sent.message_id, sent.element_id) == (
        "message",
        "order.received",
        {"order_no": "SO-000001", "source": "QUOTE"},
        {"order_no": "SO-000001"},
        "SO-000001",
        "m-SO-000001",
        "tell",
    )
    assert sent.task_id == order.steps("tell")[0].task_id
    assert order.steps("tell")[0].detail["message"] == "order.received"


@pytest.mark.parametrize(
    "step",
    [node("sendTask", "tell", attributes='messageRef="message_order_received"'), throw("tell", message("order.received"))],
)
def test_a_message_without_settings_says_only_its_name(play, step):
    (sent,) = play(one(step, "tell"), {"secret": 1}).outgoing
    assert (sent.name, sent.payload, sent.correlation, sent.business_key, sent.message_id) == ("order.received", {}, {}, None, None)


def test_a_message_end_event_sends_as_well(play):
    model = process(start(), end("end", message("order.received"), payload="= { n: 1 }"), flow("start", "end"), beside=NAMES)
    assert [sent.payload for sent in play(model).outgoing] == [{"n": 1}]


def test_what_is_not_taken_stays_in_the_state():
    from engine.spiff.execution import Execution
    from tests.unit.spiff.drawing import Answers

    model = one(throw("tell", message("order.received"), payload="= { amount: 12.50 }") + user("x"), "tell")
    instance = Execution.start(model, {}, now=MONDAY)
    instance.run(Answers(), now=MONDAY)
    restored = Execution.restore(model, instance.dump())
    assert restored.take_outgoing() == instance.take_outgoing() != []
    assert restored.take_outgoing() == []


@pytest.mark.parametrize(
    "step",
    [
        catch("wait", message("quote.accepted"), correlation="= { quote_no: quote_no }"),
        node("receiveTask", "wait", attributes='messageRef="message_quote_accepted"', correlation="= { quote_no: quote_no }"),
    ],
)
def test_a_waiting_message_shows_its_correlation_and_merges_its_payload(play, step):
    order = play(one(step), {"quote_no": "Q-000001"})
    (subscription,) = order.instance.waits.subscriptions
    assert (subscription.kind, subscription.name, subscription.correlation) == ("message", "quote.accepted", {"quote_no": "Q-000001"})
    order.receive("wait", customer_po="PO-77", amount=Decimal("10.00"))
    assert order.completed
    assert order.variables == {"quote_no": "Q-000001", "customer_po": "PO-77", "amount": Decimal("10.00")}


def test_a_payload_may_have_a_variable_of_its_own(play):
    order = play(one(catch("wait", message("quote.accepted"), resultVariable="acceptance")))
    assert order.receive("wait", po="PO-77").variables == {"acceptance": {"po": "PO-77"}}


def test_a_message_is_taken_once(play):
    order = play(one(catch("wait", message("quote.accepted"))))
    task_id = order.task("wait")
    order.receive("wait", po=1)
    with pytest.raises(Conflict):
        order.instance.deliver(task_id, {"po": 2})


def test_a_correlation_without_a_value_waits_for_an_operator(play):
    order = play(one(catch("wait", message("quote.accepted"), correlation="= { quote_no: quot_no }")))
    assert order.failure.kind == "correlation"


def test_a_message_start_event_begins_with_the_payload(play):
    model = process(start("manual"), start("received", message("order.received")), script("note", "{ noted: true }"), end(),
                    flow("manual", "note", "end"), flow("received", "note"), beside=NAMES)  # fmt: skip
    assert [(event.id, event.event.kind, event.event.name) for event in model.start_events] == [
        ("manual", "none", ""),
        ("received", "message", "order.received"),
    ]
    assert play(model, {"order_no": "SO-1"}, element_id="received").path == ["received", "note", "end"]
    assert play(model).path[0] == "manual"
    with pytest.raises(Conflict, match="nowhere"):
        play(model, element_id="nowhere")


def test_a_signal_reaches_every_place_that_waits_and_goes_out_too(play):
    model = process(
        start(), fork("f"), catch("one", signal("price_change")), catch("two", signal("price_change")), user("hold"),
        throw("tell", signal("price_change"), payload="= { rate: 2 }"), end("e1"), end("e2"), end("e3"),
        flow("start", "f", "one", "e1"), flow("f", "two", "e2"), flow("f", "hold", "tell", "e3"), beside=NAMES,
    )  # fmt: skip
    order = play(model)
    assert {subscription.kind for subscription in order.instance.waits.subscriptions} == {"signal"}
    order.do("hold")
    assert order.completed
    assert [(sent.kind, sent.name, sent.payload) for sent in order.outgoing] == [("signal", "price_change", {"rate": 2})]
    assert order.variables == {"rate": 2}


def test_a_signal_from_outside(play):
    order = play(one(catch("wait", signal("price_change"))))
    assert order.instance.broadcast_signal("something_else") == 0
    assert order.instance.broadcast_signal("price_change", {"rate": 3}) == 1
    assert order.go().variables == {"rate": 3}


@pytest.mark.parametrize(
    ("text", "kind", "due"),
    [
        ("PT4H", "timeDuration", MONDAY + 4 * HOUR),
        ('"PT4H"', "timeDuration", MONDAY + 4 * HOUR),
        ("= duration(wait)", "timeDuration", MONDAY + timedelta(days=2)),
        ("wait", "timeDuration", MONDAY + timedelta(days=2)),
        ("P1W", "timeDuration", MONDAY + timedelta(weeks=1)),
        ("P1M", "timeDuration", datetime(2026, 2, 5, 9, 0, tzinfo=UTC)),
        ("2026-02-01T00:00:00Z", "timeDate", datetime(2026, 2, 1, tzinfo=UTC)),
        ("valid_until", "timeDate", datetime(2026, 3, 1, 12, 0, tzinfo=UTC)),
        ("= date and time(valid_until)", "timeDate", datetime(2026, 3, 1, 12, 0, tzinfo=UTC)),
        ("2026-02-01", "timeDate", datetime(2026, 2, 1, tzinfo=UTC)),
        ("= date(2026, 2, 1)", "timeDate", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_a_timer_is_due_when_it_says(play, text, kind, due):
    order = play(one(catch("wait", timer(text, kind))), {"wait": "P2D", "valid_until": "2026-03-01T12:00:00Z"})
    (wait,) = order.instance.waits.timers
    assert (wait.due_at, wait.kind, wait.element_id) == (due, "event", "wait")
    with pytest.raises(Conflict, match="not due"):
        order.instance.fire_timer(wait.task_id, due - timedelta(seconds=1))
    assert order.after(due - MONDAY).completed


def test_a_time_without_a_zone_is_in_the_business_zone(play):
    model = one(catch("wait", timer("2026-07-01T08:00:00", "timeDate")), time_zone=ZoneInfo("Europe/Paris"))
    assert play(model).instance.waits.timers[0].due_at == datetime(2026, 7, 1, 6, 0, tzinfo=UTC)


def test_a_day_over_a_change_of_clocks_keeps_the_time_of_day(play):
    model = one(catch("wait", timer("2026-03-28T08:00:00", "timeDate")), time_zone=ZoneInfo("Europe/Paris"))
    order = play(model)
    assert order.instance.waits.timers[0].due_at == datetime(2026, 3, 28, 7, 0, tzinfo=UTC)


def test_a_moment_that_is_past_has_come_already(play):
    assert play(one(catch("wait", timer("2020-01-01T00:00:00Z", "timeDate")))).completed


@pytest.mark.parametrize("text", ["later", '"in a while"', "= 4"])
def test_a_timer_that_gives_no_time_waits_for_an_operator(play, text):
    order = play(one(catch("wait", timer(text, "timeDuration"))))
    assert order.failure.kind == "timer"
    assert "Timer of wait" in order.failure.message


def test_a_timer_without_a_text_is_refused():
    with pytest.raises(Invalid, match="says no time") as refusal:
        one(catch("wait", "<bpmn:timerEventDefinition/>"))
    assert refusal.value.element_id == "wait"


def offer():
    return process(
        start(), race("outcome"), catch("accepted", message("quote.accepted"), correlation="= { quote_no: quote_no }"),
        catch("declined", message("quote.declined")), catch("reminder", timer("PT2H")), catch("expired", timer("PT1H")),
        end("won"), end("lost"), end("reminded"), end("late"),
        flow("start", "outcome", "accepted", "won"), flow("outcome", "declined", "lost"), flow("outcome", "reminder", "reminded"),
        flow("outcome", "expired", "late"), beside=NAMES,
    )  # fmt: skip


def test_of_two_timers_behind_one_gateway_the_earlier_decides(play):
    order = play(offer(), {"quote_no": "Q-000001"})
    assert {(wait.element_id, wait.due_at) for wait in order.instance.waits.timers} == {
        ("reminder", MONDAY + 2 * HOUR),
        ("expired", MONDAY + HOUR),
    }
    assert order.after(3 * HOUR).path == ["start", "outcome", "expired", "late"]
    assert order.completed


def test_the_first_event_decides_and_the_others_do_not_wait_any_more(play):
    order = play(offer(), {"quote_no": "Q-000001"})
    declined = order.task("declined")
    order.receive("accepted", customer_po="PO-77")
    assert order.path == ["start", "outcome", "accepted", "won"]
    assert order.variables == {"quote_no": "Q-000001", "customer_po": "PO-77"}
    with pytest.raises(Conflict):
        order.instance.deliver(declined, {"reason": "too dear"})


def test_the_second_event_is_refused_even_before_the_instance_runs(play):
    order = play(offer(), {"quote_no": "Q-000001"})
    order.instance.deliver(order.task("accepted"), {})
    with pytest.raises(Conflict, match="overtaken"):
        order.instance.deliver(order.task("declined"), {})


def test_a_gateway_of_events_in_a_loop_waits_anew_in_each_turn(play):
    model = process(
        start(), '<bpmn:exclusiveGateway id="again"/>', race("outcome"), catch("done", message("quote.accepted")), catch("remind", timer("PT1H")),
        script("count", "{ reminders: reminders + 1 }"), end(), flow("start", "again", "outcome", "done", "end"), flow("outcome", "remind", "count", "again"),
        beside=NAMES,
    )  # fmt: skip
    order = play(model, {"reminders": 0}).after(3 * HOUR)
    assert order.variables == {"reminders": 3}
    assert len(order.instance.waits.timers) == 1
    assert order.receive("done").completed


def approval(inner, *, interrupting, name="remind"):
    return process(
        start(), user("approve"), boundary(name, "approve", inner, interrupting=interrupting, resultVariable="note"), service(f"{name}_them"), end(), end("e2"),
        flow("start", "approve", "end"), flow(name, f"{name}_them", "e2"), beside=NAMES,
    )  # fmt: skip


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
    inner = subprocess("sub", start("in"), throw("cry", signal("price_change")), *steps, end("out"),
                       flow("in", "cry", *(f"s{number}" for number in range(5)), "out"))  # fmt: skip
    model = process(start(), inner, end(), boundary("stop", "sub", signal("price_change")), end("stopped"), flow("start", "sub", "end"),
                    flow("stop", "stopped"), beside=NAMES)  # fmt: skip
    order = play(model, {"n": 0})
    assert order.path == ["start", "in", "cry", "stop", "stopped"]
    assert order.variables == {"n": 0}


def test_a_handler_sees_what_the_interrupted_subprocess_wrote(play):
    inner = subprocess("sub", start("in"), script("write", "{ written: 1 }"), user("ask"), end("out"), flow("in", "write", "ask", "out"))
    model = process(start(), inner, boundary("late", "sub", timer("PT1H")), end(), end("e2"), flow("start", "sub", "end"), flow("late", "e2"))
    assert play(model).after(HOUR).variables == {"written": 1}


def test_an_activity_with_boundary_events_in_a_loop_has_them_anew_in_each_turn(play):
    model = process(
        start(), user("approve"), boundary("late", "approve", timer("PT1H")), script("count", "{ n: n + 1 }"), end(),
        flow("start", "approve", "end"), flow("late", "count", "approve"),
    )  # fmt: skip
    order = play(model, {"n": 0}).after(5 * HOUR + timedelta(minutes=5))
    assert order.variables == {"n": 5}
    assert order.do("approve").completed


def test_a_waiting_event_can_be_skipped_by_an_operator(play):
    order = play(offer(), {"quote_no": "Q-000001"})
    order.instance.skip(order.task("accepted"), {"customer_po": "by phone"})
    order.go()
    assert order.completed
    assert [step.outcome for step in order.steps("accepted")] == ["skipped"]
    assert order.variables["customer_po"] == "by phone"


def test_a_boundary_event_of_a_multi_instance_gives_up_all_turns(play):
    from tests.unit.spiff.drawing import each

    model = process(start(), user("approve", each("people", "person", "all", "a")), boundary("late", "approve", timer("PT1H")), end(), end("e2"),
                    flow("start", "approve", "end"), flow("late", "e2"))  # fmt: skip
    order = play(model, {"people": [1, 2, 3]})
    order.do("approve", a=1).after(HOUR)
    assert order.completed
    assert order.path[-2:] == ["late", "e2"]
    assert [step.outcome for step in order.steps("approve")].count("cancelled") == 3


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (catch("wait", '<bpmn:conditionalEventDefinition><bpmn:condition>x</bpmn:condition></bpmn:conditionalEventDefinition>'), "conditional"),
        (throw("wait", "<bpmn:compensateEventDefinition/>"), "compensate"),
        (throw("wait", "<bpmn:linkEventDefinition name='x'/>"), "link"),
        (catch("wait", message("quote.accepted") + timer("PT1H")), "multiple"),
        (node("receiveTask", "wait"), "without a message"),
        (node("complexGateway", "wait"), "complexGateway"),
        (node("adHocSubProcess", "wait"), "adHocSubProcess"),
        (node("transaction", "wait"), "transaction"),
        (node("task", "wait", attributes='isForCompensation="true"'), "compensation"),
        (node("task", "wait", attributes='completionQuantity="2"'), "quantity"),
        (node("subProcess", "wait", attributes='triggeredByEvent="true"'), "event subprocess"),
        (node("choreographyTask", "wait"), "choreographyTask"),
        (node("serviceTask", "wait"), "names no service task"),
    ],
)  # fmt: skip
def test_what_does_not_run_is_refused_with_its_place(step, words):
    with pytest.raises(Invalid, match=words) as refusal:
        one(step)
    assert refusal.value.element_id == "wait"
    assert refusal.value.next_step
