"""Messages and signals: what goes out, and what is waited for."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.problems import Conflict
from tests.unit.spiff.drawing import (
    MONDAY,
    catch,
    end,
    flow,
    fork,
    message,
    named,
    node,
    process,
    script,
    signal,
    start,
    throw,
    user,
)

NAMES = named(messages="quote.accepted quote.declined order.received hold.released", signals="price_change")
HOUR = timedelta(hours=1)


def one(step, identity="wait", **options):
    return process(start(), step, end(), flow("start", identity, "end"), beside=NAMES, **options)


def test_a_thrown_message_goes_out_with_all_it_says(play):
    step = throw(
        "tell",
        message("order.received"),
        payload='= { order_no: order_no, source: "QUOTE" }',
        correlation="= { order_no: order_no }",
        businessKey="= order_no",
        messageId='= "m-" + order_no',
    )
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
    ("given", "key"),
    [
        (4711, "4711"),
        (Decimal("4711.00"), "4711"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.50"), "0.5"),
        (Decimal("-0.0"), "0"),
        ("4711", "4711"),
        (" 4711 ", "4711"),
        ("007", "007"),
        (True, "true"),
    ],
)
def test_a_key_is_the_text_it_is_known_by(play, given, key):
    step = throw("tell", message("order.received"), correlation="= { no: no }", businessKey="= no", messageId="= no")
    (sent,) = play(one(step, "tell"), {"no": given}).outgoing
    assert (sent.correlation, sent.business_key, sent.message_id) == ({"no": key}, key, key)
    (wait,) = play(one(catch("wait", message("quote.accepted"), correlation="= { no: no }")), {"no": given}).instance.waits.subscriptions
    assert wait.correlation == {"no": key}


@pytest.mark.parametrize("given", [None, "", "  ", [1], {"a": 1}, Decimal("1E+61")])
def test_a_wait_for_what_is_no_key_waits_for_an_operator(play, given):
    order = play(one(catch("wait", message("quote.accepted"), correlation="= { no: no }")), {"no": given})
    assert order.failure.kind == "correlation"
    order.instance.retry(order.failure.task_id, {"no": 7})
    order.go()
    assert order.instance.waits.subscriptions[0].correlation == {"no": "7"}


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
    model = process(
        start("manual"),
        start("received", message("order.received")),
        script("note", "{ noted: true }"),
        end(),
        flow("manual", "note", "end"),
        flow("received", "note"),
        beside=NAMES,
    )
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
        start(),
        fork("f"),
        catch("one", signal("price_change")),
        catch("two", signal("price_change")),
        user("hold"),
        throw("tell", signal("price_change"), payload="= { rate: 2 }"),
        end("e1"),
        end("e2"),
        end("e3"),
        flow("start", "f", "one", "e1"),
        flow("f", "two", "e2"),
        flow("f", "hold", "tell", "e3"),
        beside=NAMES,
    )
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
