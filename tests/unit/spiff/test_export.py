"""The door to the SpiffWorkflow world: an instance goes out, waits there at the same elements, and comes back."""

from decimal import Decimal

import pytest
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.problems import Invalid
from engine.spiff.execution import Execution
from engine.spiff.export import stock_serializer
from tests.unit.spiff.drawing import MONDAY, Play, catch, end, flow, message, named, process, script, start, user
from tests.unit.spiff.stock import LIVE, Environment
from tests.unit.spiff.stored import cases, told


def opened(text):
    """The same instance in SpiffWorkflow itself."""
    workflow = stock_serializer().deserialize_json(text)
    assert type(workflow) is BpmnWorkflow
    workflow.script_engine = PythonScriptEngine(Environment())
    return workflow


def live(workflow):
    """Where SpiffWorkflow has something to be dealt with, among the elements of the drawing."""
    tasks = [task for scope in (workflow, *workflow.subprocesses.values()) for task in scope.tasks.values()]
    return sorted(task.task_spec.bpmn_id for task in tasks if task.has_state(LIVE) and task.task_spec.bpmn_id)


@pytest.mark.parametrize("name", cases())
def test_at_each_wait_it_opens_in_spiffworkflow_with_the_same_elements_and_comes_back(name):
    case = cases()[name]
    order = case.resumed(case.stored())
    text = order.instance.export()
    instance = order.instance._instance
    assert live(opened(text)) == sorted(token.task_spec.bpmn_id for token in instance.tokens if token.task_spec.element is not None)
    before = told(order)
    order.instance = Execution.from_export(order.model, text, now=order.now)
    assert {**told(order), "sent": before["sent"]} == before
    for act in case.after:
        act(order)
    there = case.resumed(case.stored())
    for act in case.after:
        act(there)
    assert {**told(order), "sent": []} == {**told(there), "sent": []}


def test_spiffworkflow_goes_on_to_the_same_end():
    steps = [script("a", "{ total: price * 2 }"), user("ask"), script("b", "{ answer: said + total }")]
    order = Play(process(start(), *steps, end(), flow("start", "a", "ask", "b", "end")), {"price": Decimal("12.50")}, restored=False)
    there = opened(order.instance.export())
    there._predict()
    task = there.get_next_task(state=TaskState.READY)
    assert task.task_spec.name == "ask"
    task.set_data(said=1)
    task.run()
    there.do_engine_steps()
    assert there.completed
    ended = {"price": Decimal("12.50"), "total": Decimal("25.00"), "said": 1, "answer": 26}
    assert there.data == order.do("ask", said=1).variables == ended


def test_what_spiffworkflow_stored_further_on_goes_on_here():
    model = process(start(), user("one"), user("two"), end(), flow("start", "one", "two", "end"))
    there = opened(Play(model, {"n": 1}, restored=False).instance.export())
    there._predict()
    task = there.get_next_task(state=TaskState.READY)
    task.set_data(said=1)
    task.run()
    order = Play(model, {}, restored=False)
    order.instance = Execution.from_export(model, stock_serializer().serialize_json(there), now=MONDAY)
    assert order.go().waiting_at() == {"two"}
    assert order.do("two").variables == {"n": 1, "said": 1}


def test_an_event_from_the_spiffworkflow_world_is_caught_when_all_its_keys_fit(play):
    wait = catch("wait", message("paid"), correlation="= { no: no }")
    order = play(process(start(), wait, end(), flow("start", "wait", "end"), beside=named(messages="paid")), {"no": 7})
    order.instance.catch(BpmnEvent(MessageEventDefinition("paid"), {"amount": 5}, {"no": "8"}))
    assert order.go().waiting_at() == {"wait"}
    order.instance.catch(BpmnEvent(MessageEventDefinition("paid"), {"amount": 5}, {"no": "7"}))
    assert order.go().variables == {"no": 7, "amount": 5}
    assert order.completed


def test_a_variable_that_spiffworkflow_would_take_for_an_object_of_its_own_does_not_travel():
    order = Play(process(start(), user("ask"), end(), flow("start", "ask", "end")), {"form": [{"typename": "x"}]}, restored=False)
    with pytest.raises(Invalid, match="typename"):
        order.instance.export()


def test_an_instance_of_another_process_is_refused():
    text = Play(process(start(), user("ask"), end(), flow("start", "ask", "end")), restored=False).instance.export()
    with pytest.raises(Invalid, match="no step 'ask'"):
        Execution.from_export(process(start(), end(), flow("start", "end")), text, now=MONDAY)
