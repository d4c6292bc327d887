"""Events that wait for several things, for the first or for all of them, and events that throw several."""

from datetime import timedelta

import pytest

from engine.problems import Conflict, Invalid
from tests.unit.spiff.drawing import (
    MONDAY,
    becomes,
    boundary,
    catch,
    end,
    error,
    flow,
    hears,
    message,
    named,
    node,
    on_event,
    process,
    race,
    signal,
    start,
    subprocess,
    throw,
    timer,
    user,
)

NAMES = named(messages="paid delivered", signals="storm", errors="LOST")
EITHER = message("paid") + signal("storm") + timer("P7D")
BOTH = message("paid") + message("delivered") + timer("PT1H")


def all_of(tag, identity, inner, attributes=""):
    return node(tag, identity, inner, attributes=f'parallelMultiple="true" {attributes}')


def waiting(event):
    return process(start(), event, user("close"), end(), flow("start", "wait", "close", "end"), beside=NAMES)


def test_the_first_that_comes_goes_on_and_the_others_are_given_up(play):
    order = play(waiting(catch("wait", EITHER)))
    assert {(wait.kind, wait.element_id) for wait in order.instance.waits.subscriptions} == {("message", "wait"), ("signal", "wait")}
    assert [wait.element_id for wait in order.instance.waits.timers] == ["wait"]
    order.receive("wait", amount=7)
    assert order.path == ["start", "wait"]
    assert order.waiting_at() == {"close"}
    assert order.variables == {"amount": 7}
    order = play(waiting(catch("wait", EITHER))).after(timedelta(days=8))
    assert order.waiting_at() == {"close"}


def test_all_are_to_come_in_any_order_and_what_each_brought_goes_on(play):
    order = play(waiting(all_of("intermediateCatchEvent", "wait", BOTH)))
    delivered = next(wait.task_id for wait in order.instance.waits.subscriptions if wait.name == "delivered")
    order.instance.deliver(delivered, {"by": "DHL"})
    order.go()
    with pytest.raises(Conflict, match="has come already"):
        order.instance.deliver(delivered, {})
    assert [wait.name for wait in order.instance.waits.subscriptions] == ["paid"]
    order.after(timedelta(hours=2))
    assert not order.instance.waits.timers
    order.receive("wait", amount=7)
    assert order.waiting_at() == {"close"}
    assert order.variables == {"by": "DHL", "amount": 7}
    assert order.path == ["start", "wait"]


def test_on_the_edge_the_first_interrupts_or_all_do(play):
    def model(event):
        return process(
            start(),
            user("pick"),
            event,
            user("ask"),
            end(),
            end("e2"),
            flow("start", "pick", "end"),
            flow("stop", "ask", "e2"),
            beside=NAMES,
        )

    edge = 'attachedToRef="pick" cancelActivity="true"'
    order = play(model(boundary("stop", "pick", EITHER)))
    order.instance.broadcast_signal("storm")
    assert order.go().waiting_at() == {"ask"}
    order = play(model(all_of("boundaryEvent", "stop", BOTH, edge))).after(timedelta(hours=2))
    assert order.waiting_at() == {"pick", "stop"}
    order.receive("stop").receive("stop")
    assert order.waiting_at() == {"ask"}
    order = play(model(all_of("boundaryEvent", "stop", message("paid") + message("delivered"), edge.replace("true", "false"))))
    for _ in range(2):
        order.receive("stop").receive("stop")
    assert [wait.element_id for wait in order.instance.waits.user_tasks] == ["pick", "ask", "ask"]
    assert not order.do("pick").do("ask").completed
    assert order.do("ask").completed


def test_a_last_time_of_all_ends_the_waiting_of_all(play):
    inner = message("paid") + timer("PT1H")
    event = all_of("boundaryEvent", "stop", inner, 'attachedToRef="pick" cancelActivity="false"')
    order = play(process(start(), user("pick"), event, end(), end("e2"), flow("start", "pick", "end"), flow("stop", "e2"), beside=NAMES))
    order.after(timedelta(hours=2)).receive("stop")
    assert order.waiting_at() == {"pick"}
    heard = on_event("heard", all_of("startEvent", "came", inner, 'isInterrupting="false"'), end("noted"), flow("came", "noted"))
    order = (
        play(process(start(), user("pick"), heard, end(), flow("start", "pick", "end"), beside=NAMES))
        .after(timedelta(hours=2))
        .receive("came")
    )
    assert order.waiting_at() == {"pick"}
    order.instance = order.instance.migrate(order.model)
    assert order.go().waiting_at() == {"pick"}
    assert order.do("pick").completed


def test_an_event_subprocess_begins_by_any(play):
    heard = on_event(
        "heard", hears("came", message("paid") + error("LOST") + becomes("n > 1")), user("look"), end("done"), flow("came", "look", "done")
    )
    order = play(process(start(), user("pick"), end("lost", error("LOST")), heard, flow("start", "pick", "lost"), beside=NAMES), {"n": 1})
    assert {wait.kind for wait in order.instance.waits.subscriptions} == {"message", "condition"}
    assert order.do("pick").waiting_at() == {"look"}
    assert order.do("look").completed


def test_behind_a_gateway_of_events_each_part_is_one_of_them(play):
    flows = flow("start", "g", "wait", "end") + flow("g", "late", "e2")
    model = process(
        start(),
        race("g"),
        catch("wait", message("paid") + signal("storm")),
        catch("late", timer("PT4H")),
        end(),
        end("e2"),
        flows,
        beside=NAMES,
    )
    order = play(model)
    assert order.waiting_at() == {"wait", "late"}
    order.instance.broadcast_signal("storm")
    assert order.go().completed
    assert order.path == ["start", "g", "wait", "end"]
    assert play(model).after(timedelta(hours=5)).path[-2:] == ["late", "e2"]


def test_what_throws_several_throws_each(play):
    inside = subprocess("sub", start("in"), end("out", error("LOST") + message("paid")), flow("in", "out"))
    caught = boundary("lost", "sub", error("LOST")), end("e2"), flow("lost", "e2")
    order = play(
        process(
            start(),
            throw("tell", message("paid") + signal("storm")),
            inside,
            *caught,
            end(),
            flow("start", "tell", "sub", "end"),
            beside=NAMES,
        )
    )
    assert [(sent.kind, sent.name, sent.element_id) for sent in order.outgoing] == [
        ("message", "paid", "tell"),
        ("signal", "storm", "tell"),
        ("message", "paid", "out"),
    ]
    assert "e2" in order.path


def test_an_operator_skips_one_part_and_moves_on_from_all(play):
    order = play(waiting(all_of("intermediateCatchEvent", "wait", BOTH)))
    order.instance.skip(order.instance.waits.timers[0].task_id)
    order.go().receive("wait")
    assert order.waiting_at() == {"wait"}
    order.instance.move(order.task("wait"), "close", now=MONDAY)
    assert order.go().waiting_at() == {"close"}
    order.instance.go_back("wait", {}, now=MONDAY)
    assert len(order.go().instance.waits.subscriptions) == 2


def test_it_goes_along_in_a_migration_with_what_has_come(play):
    order = play(waiting(all_of("intermediateCatchEvent", "wait", BOTH))).after(timedelta(hours=2)).receive("wait", amount=1)
    order.instance = order.instance.migrate(order.model)
    assert order.go().receive("wait", by="DHL").variables == {"amount": 1, "by": "DHL"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (catch("wait", message("paid") + "<bpmn:linkEventDefinition name='x'/>"), "link"),
        (catch("wait", message("paid") + signal("")), "names no signal"),
        (throw("wait", signal("storm") + timer("PT1H")), "timer"),
    ],
)
def test_what_cannot_stand_beside_others_is_refused(event, words):
    with pytest.raises(Invalid, match=words):
        waiting(event)


def test_a_process_does_not_begin_by_several_things_together():
    with pytest.raises(Invalid, match="several things"):
        process(all_of("startEvent", "start", message("paid") + signal("storm")), end(), flow("start", "end"), beside=NAMES)
