"""The smallest models on which SpiffWorkflow as it is goes wrong, or is too dear. A test that fails here says that upstream has mended it:
then the override that `engine/spiff/seam.py` lists for it may go."""

import inspect
from time import sleep

import pytest
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.event_definitions import ErrorEventDefinition, NoneEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from tests.unit.spiff.drawing import (
    becomes,
    boundary,
    catch,
    each,
    end,
    error,
    flow,
    fork,
    hears,
    message,
    named,
    node,
    on_event,
    race,
    script,
    signal,
    start,
    subprocess,
    throw,
    timer,
    user,
    xor,
)
from tests.unit.spiff.stock import Stock

NAMES = named(messages="paid", signals="stop", errors="SHORT")


def one(step, identity, **options):
    return Stock(start(), step, end(), flow("start", identity, "end"), beside=NAMES, **options)


def test_stock_log_record():
    assert "extra=self.collect_log_extras(" in inspect.getsource(Task._set_state)


def test_stock_full_prediction():
    names = [f"ask{number}" for number in range(40)]
    order = Stock(start(), *map(user, names), end(), flow("start", *names, "end"))
    assert len(order.tasks) > 40


def test_stock_deep_loop():
    """A loop of 334 turns over three nodes is as deep; to run it takes ten seconds."""
    order = one(user("ask"), "ask")
    task = order.at("ask")
    task._set_state(TaskState.COMPLETED)
    for _ in range(1_000):
        task = task._add_child(task.task_spec, TaskState.COMPLETED)
    task._add_child(task.task_spec, TaskState.READY)
    assert len([task for task in order.tasks if task.state == TaskState.READY]) == 1
    assert order.workflow.get_tasks(state=TaskState.READY) == []


def test_stock_nested_write():
    order = one(user("ask"), "ask", order={"line": {"qty": 1}})
    order.at("ask").data["order"]["line"]["qty"] = 9
    assert order.workflow.task_tree.data["order"]["line"]["qty"] == 9


def test_stock_list_at_join():
    order = Stock(
        start(),
        fork("f"),
        script("cut", "{ lines: [3, 3] }"),
        script("other", "{ x: 1 }"),
        fork("j"),
        end(),
        flow("start", "f", "cut", "j", "end"),
        flow("f", "other", "j"),
        lines=[0, 1, 2, 3],
    )
    assert order.data["lines"] != [3, 3]


def test_stock_cancelled_turns_listen():
    receive = node("receiveTask", "wait", each("items", "item"), attributes='messageRef="message_paid"')
    order = Stock(
        start(),
        receive,
        boundary("stop", "wait", signal("stop")),
        end(),
        end("e2"),
        flow("start", "wait", "end"),
        flow("stop", "e2"),
        beside=NAMES,
        items=[1, 2],
    )
    order.signal("stop")
    assert order.workflow.event_manager.tasks


def test_stock_interrupted_runs_on():
    inner = subprocess("sub", start("in"), user("ask"), script("after", "{ after: 1 }"), end("out"), flow("in", "ask", "after", "out"))
    order = Stock(
        start(),
        inner,
        boundary("stop", "sub", message("paid")),
        end(),
        end("e2"),
        flow("start", "sub", "end"),
        flow("stop", "e2"),
        beside=NAMES,
    )
    order.at("ask").run()
    ran: list[str] = []
    from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition

    order.workflow.send_event(BpmnEvent(MessageEventDefinition("paid"), {}))
    order.workflow.do_engine_steps(did_complete_task=lambda task: ran.append(task.task_spec.name))
    assert "after" in ran


def test_stock_error_of_a_neighbour():
    order = Stock(
        start(),
        fork("f"),
        user("a"),
        boundary("a_short", "a", error("SHORT")),
        user("b"),
        boundary("b_short", "b", error("SHORT")),
        *(end(f"e{number}") for number in range(4)),
        flow("start", "f", "a", "e0"),
        flow("f", "b", "e1"),
        flow("a_short", "e2"),
        flow("b_short", "e3"),
        beside=NAMES,
    )
    order.workflow.catch(BpmnEvent(ErrorEventDefinition("SHORT", "SHORT"), {}, target=order.at("a").workflow))
    order.go()
    assert "b" not in order.live()


def test_stock_two_tokens_on_a_flow():
    order = Stock(
        start(),
        fork("f"),
        script("a", "{}"),
        script("b", "{}"),
        xor("m", "m_to_j"),
        user("ask"),
        fork("j"),
        end(),
        flow("start", "f", "a", "m", "j", "end"),
        flow("f", "b", "m"),
        flow("f", "ask", "j"),
    )
    assert order.do("ask").completed


def test_stock_two_timers_of_a_gateway():
    order = Stock(
        start(),
        race("g"),
        catch("late", timer('"PT2H"')),
        catch("early", timer('"PT0S"')),
        end(),
        end("e2"),
        flow("start", "g", "late", "end"),
        flow("g", "early", "e2"),
    )
    assert not order.go().completed


def test_stock_heard_once():
    order = Stock(
        start(),
        user("ask"),
        boundary("told", "ask", message("paid"), interrupting=False),
        end(),
        end("e2"),
        flow("start", "ask", "end"),
        flow("told", "e2"),
        beside=NAMES,
    )
    order.message("paid")
    with pytest.raises(WorkflowException, match="not waiting"):
        order.message("paid")


def listener(inner, **how):
    """An event subprocess of one task."""
    return on_event("changed", hears("came", inner, **how), user("look"), end("looked"), flow("came", "look", "looked"))


def test_stock_event_subprocess_runs_beside():
    order = Stock(start(), user("pick"), end(), flow("start", "pick", "end"), listener(message("paid")), beside=NAMES)
    assert {"pick", "look"} <= order.message("paid").live()


def test_stock_event_subprocess_inside_is_not_heard():
    inside = subprocess("sub", start("in"), user("pick"), end("out"), flow("in", "pick", "out"), listener(message("paid")))
    with pytest.raises(WorkflowException, match="not waiting"):
        one(inside, "sub").message("paid")


def test_stock_timer_of_an_event_subprocess_keeps_all():
    order = Stock(start(), user("pick"), end(), flow("start", "pick", "end"), listener(timer('"PT1H"')), beside=NAMES)
    assert not order.do("pick").completed


def test_stock_condition_of_another_branch():
    flows = flow("start", "f", "count", "end") + flow("f", "low", "e2")
    order = Stock(start(), fork("f"), user("count"), catch("low", becomes("left < 3")), end(), end("e2"), flows, left=9)
    assert "low" in order.do("count", left=2).live()


def test_stock_any_key():
    from SpiffWorkflow.bpmn.specs.event_definitions.message import CorrelationProperty, MessageEventDefinition

    order = one(catch("wait", message("paid")), "wait")
    waiting = order.at("wait", TaskState.WAITING)
    waiting.task_spec.event_definition.correlation_properties = [CorrelationProperty("no", "no", ["order"])]
    order.workflow.correlations.update(order={"no": 1}, customer={"id": 7})
    wrong = BpmnEvent(MessageEventDefinition("paid"), {}, {"order": {"no": 1}, "customer": {"id": 8}})
    assert waiting.task_spec.catches(waiting, wrong)


def test_stock_order_of_results():
    order = one(user("work", each("items", "item", "all", "answer")), "work", items=["a", "b"])
    order.do("work", 1, answer="B").do("work", 0, answer="A")
    assert order.data["all"] == ["B", "A"]


def test_stock_second_round():
    with pytest.raises(Exception, match="output must be empty"):
        Stock(
            start(),
            script("one", "{ answer: item }", each("items", "item", "all", "answer")),
            script("two", "{ answer: item }", each("items", "item", "all", "answer")),
            end(),
            flow("start", "one", "two", "end"),
            items=[1],
        )


def test_stock_null_item():
    order = one(script("work", "{ answer: 1 }", each("items", "item", "all", "answer", sequential=True)), "work", items=[1, None, 3])
    assert not order.completed
    assert not order.live() - {"work", "order.EndJoin"}


def test_stock_completion_condition():
    order = one(user("work", each("items", "item", "all", "answer", until="count(all) = 2")), "work", items=[1, 2, 3])
    assert not order.do("work", answer=1).do("work", answer=2).completed


def test_stock_item_of_a_turn_stays():
    """Without a list of results the item is among the variables for good, and the next repetition with an item of that name fails."""
    order = one(script("work", "{ seen: item }", each("items", "item")), "work", items=[1, 2])
    assert order.data["item"] == 2
    with pytest.raises(Exception, match="item already exists"):
        one(script("work", "{ seen: item }", each("items", "item")), "work", items=[1, 2], item=0)


def test_stock_second_count():
    """The name is misspelt there."""
    repeat = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality>"
        '<bpmn:loopDataOutputRef>all</bpmn:loopDataOutputRef><bpmn:outputDataItem id="answer" name="answer"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    with pytest.raises(NameError, match="data_ouput"):
        one(script("work", "{ answer: 1 }", repeat), "work", all=[])


def test_stock_interrupted_scope_is_forgotten():
    inner = subprocess("sub", start("in"), script("write", "{ written: 1 }"), user("ask"), end("out"), flow("in", "write", "ask", "out"))
    parts = start(), inner, boundary("stop", "sub", message("paid")), user("look"), end(), end("e2")
    order = Stock(*parts, flow("start", "sub", "end"), flow("stop", "look", "e2"), beside=NAMES)
    assert order.message("paid").at("look").data == {}


def test_stock_error_end_completes_its_scope():
    inner = subprocess("sub", start("in"), end("out", error("SHORT")), flow("in", "out"))
    parts = start(), inner, boundary("short", "sub", error("SHORT")), user("look"), end(), end("e2")
    order = Stock(*parts, flow("start", "sub", "end"), flow("short", "look", "e2"), beside=NAMES)
    assert "look" in order.live()
    assert order.at("sub", TaskState.COMPLETED)


def test_stock_cycle_is_counted_at_its_end():
    """The handler runs, and the event that began it is not done."""
    remind = boundary("remind", "ask", timer('"R/PT0.01S"', "timeCycle"), interrupting=False)
    parts = start(), user("ask"), remind, user("look"), end(), end("e2")
    order = Stock(*parts, flow("start", "ask", "end"), flow("remind", "look", "e2"))
    sleep(0.05)
    assert "look" in order.go().live()
    assert order.at("remind", TaskState.WAITING)


def test_stock_compensation_does_nothing():
    """SpiffWorkflow would say that it runs this, and undoes nothing."""
    undo = throw("undo", "<bpmn:compensateEventDefinition/>")
    order = Stock(start(), script("pay", "{ paid: 1 }"), undo, end(), flow("start", "pay", "undo", "end"))
    assert order.completed
    assert isinstance(order.at("undo", TaskState.COMPLETED).task_spec.event_definition, NoneEventDefinition)


def test_stock_compensation_at_an_edge():
    edge = boundary("undone", "pay", "<bpmn:compensateEventDefinition/>")
    with pytest.raises(ValidationException, match="Unsupported Catch Event"):
        one(script("pay", "{ paid: 1 }") + edge, "pay")


def test_stock_cancel_forgets():
    """What the transaction has written is not seen by the way that leaves it."""
    inside = start("book") + script("pay", "{ paid: 1 }") + end("off", "<bpmn:cancelEventDefinition/>") + flow("book", "pay", "off")
    edge = boundary("cancelled", "trip", "<bpmn:cancelEventDefinition/>")
    ways = flow("start", "trip", "end") + flow("cancelled", "told", "sorry")
    order = Stock(start(), node("transaction", "trip", inside), edge, user("told"), end(), end("sorry"), ways)
    assert order.at("told").data == {}
