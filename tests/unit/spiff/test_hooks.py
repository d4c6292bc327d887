"""What of SpiffWorkflow we reach into. When an upgrade changes one of these, look at `engine/spiff` before anything else."""

import inspect
from importlib.metadata import version

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH, BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import SubprocessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from engine.spiff.schema import validate_schema
from tests.unit.spiff.drawing import definitions, end, flow, process, start

HOOKED = [
    (Task, "__init__", ["self", "workflow", "task_spec", "parent", "state", "id"]),
    (Task, "_set_state", ["self", "value"]),
    (Task, "_add_child", ["self", "task_spec", "state"]),
    (Task, "_inherit_data", ["self"]),
    (Task, "run", ["self"]),
    (Task, "complete", ["self"]),
    (Task, "cancel", ["self"]),
    (TaskSpec, "_predict", ["self", "my_task", "seen", "looked_ahead", "mask"]),
    (TaskSpec, "_on_complete", ["self", "my_task"]),
    (TaskSpec, "connect", ["self", "taskspec"]),
    (TaskSpec, "_connect_notify", ["self", "taskspec"]),
    (BpmnSpecMixin, "__init__", ["self", "wf_spec", "bpmn_id", "kwargs"]),
    (WorkflowSpec, "__init__", ["self", "name", "filename", "addstart"]),
    (WorkflowSpec, "_add_notify", ["self", "task_spec"]),
    (Workflow, "__init__", ["self", "workflow_spec", "deserializing"]),
    (BpmnWorkflow, "__init__", ["self", "spec", "subprocess_specs", "script_engine", "kwargs"]),
    (BpmnWorkflow, "create_subprocess", ["self", "my_task", "spec_name"]),
    (BpmnSubWorkflow, "__init__", ["self", "spec", "parent_task_id", "top_workflow", "kwargs"]),
    (BpmnSubWorkflow, "_calculate_depth", ["self"]),
    (BpmnParser, "_get_parser_class", ["self", "tag"]),
    (BpmnParser, "_add_data_stores", ["self", "bpmn"]),
    (BpmnParser, "add_bpmn_xml", ["self", "bpmn", "filename"]),
    (BpmnParser, "get_spec", ["self", "process_id", "required"]),
    (BpmnParser, "get_process_parser", ["self", "process_id"]),
    (ProcessParser, "create_spec", ["self"]),
    (ProcessParser, "add_tasks", ["self"]),
    (ProcessParser, "parse_node", ["self", "node"]),
    (ProcessParser, "get_outgoing_sequence_flows", ["self", "source_ref"]),
    (TaskParser, "create_task", ["self"]),
    (TaskParser, "connect_outgoing", ["self", "outgoing_task", "sequence_flow_node", "is_default"]),
    (TaskParser, "handles_multiple_outgoing", ["self"]),
    (TaskParser, "get_position", ["self", "node"]),
    (TaskParser, "parse_condition", ["self", "sequence_flow"]),
    (TaskParser, "_add_boundary_event", ["self", "children"]),
    (TaskParser, "_add_loop_task", ["self", "loop_characteristics"]),
    (TaskParser, "_add_multiinstance_task", ["self", "loop_characteristics"]),
    (SubprocessParser, "get_subprocess_spec", ["task_parser"]),
    (SubprocessParser, "get_call_activity_spec", ["task_parser"]),
    (PythonScriptEngine, "validate", ["self", "expression"]),
    (BasePythonScriptEngineEnvironment, "evaluate", ["self", "expression", "context", "external_context"]),
    (BasePythonScriptEngineEnvironment, "execute", ["self", "script", "context", "external_context"]),
]


@pytest.mark.parametrize(("owner", "name", "parameters"), HOOKED, ids=[f"{owner.__name__}.{name}" for owner, name, _ in HOOKED])
def test_what_we_override_or_call_is_still_there(owner, name, parameters):
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_the_release_is_the_one_we_know():
    assert version("SpiffWorkflow") == "3.2.0"


def test_a_task_completes_by_its_state_and_its_spec():
    source = inspect.getsource(Task.complete)
    assert "self._set_state(TaskState.COMPLETED)" in source
    assert "self.task_spec._on_complete(self)" in source


def test_a_task_has_no_attribute_that_ours_does_not_set():
    model = process(start(), end(), flow("start", "end"))
    from engine.spiff.instance import Instance
    from engine.spiff.token import Token

    instance = Instance(model)
    theirs = vars(Task(instance, model.spec.start)).keys()
    assert theirs <= vars(Token(instance, model.spec.start)).keys()


def test_the_states_have_the_numbers_our_stored_states_use():
    names = ("FUTURE", "WAITING", "READY", "STARTED", "COMPLETED", "ERROR", "CANCELLED")
    assert [getattr(TaskState, name) for name in names] == [4, 8, 16, 32, 64, 128, 256]


def test_the_parser_looks_for_the_step_before_an_activity_with_boundary_events_by_our_name():
    assert "f'{target_ref}.BoundaryEventSplit'" in inspect.getsource(TaskParser.parse_node)


def test_the_parser_makes_repetitions_from_the_arguments_ours_take():
    source = inspect.getsource(TaskParser._add_loop_task)
    assert "self.STANDARD_LOOP_CLASS(self.spec, original.name, '', maximum, condition, test_before, description=" in source
    source = inspect.getsource(TaskParser._add_multiinstance_task)
    for name in ("cardinality", "data_input", "data_output", "input_item", "output_item", "condition"):
        assert f"'{name}':" in source


def test_what_spiffworkflow_evaluates_itself_is_feel():
    engine = process(start(), end(), flow("start", "end")).script_engine
    assert engine.environment.evaluate("1 + n", {"n": 2}) == 3
    context = {"n": 2}
    engine.environment.execute("{ m: n * 2 }", context)
    assert context == {"n": 2, "m": 4}
    with pytest.raises(Exception, match="popen"):
        engine.validate("__import__('os').popen('id')")


def test_the_schema_finds_what_breaks_it_with_its_line():
    assert XSD_PATH.endswith("BPMN20.xsd")
    assert validate_schema(definitions('<bpmn:process id="p"><bpmn:startEvent id="s"/></bpmn:process>')) == []
    ((message, line),) = validate_schema(definitions('\n<bpmn:process id="p">\n<bpmn:stopEvent id="s"/></bpmn:process>'))
    assert "stopEvent" in message
    assert line == 3


def test_the_schema_leaves_the_tree_as_it_is():
    tree = definitions('<bpmn:process id="p"><bpmn:startEvent id="s"/></bpmn:process>')
    before = etree.tostring(tree)
    validate_schema(tree)
    assert etree.tostring(tree) == before
