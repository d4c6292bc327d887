"""What of SpiffWorkflow we change and rely upon. When an upgrade makes this red, look at `engine/spiff/seam.py` before anything else."""

import ast
import importlib
import inspect
import pkgutil
from importlib.metadata import version
from pathlib import Path

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

import engine.spiff
from api.benchmarks.executed_lines import count_lines
from engine.spiff.schema import validate_schema
from engine.spiff.seam import CHANGES, RELIED, VERSION
from tests.unit.spiff import test_stock_faults
from tests.unit.spiff.drawing import Play, definitions, end, flow, process, script, start, user, when, xor

LISTED = {name: parameters for change in CHANGES for name, parameters in change.names.items()}


def ours():
    """Every class of ours that extends one of SpiffWorkflow's."""
    for module in pkgutil.walk_packages(engine.spiff.__path__, "engine.spiff."):
        for found in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(found) and found.__module__ == module.name and any(map(is_theirs, found.__mro__)):
                yield found


def is_theirs(owner):
    return owner.__module__.startswith("SpiffWorkflow")


def overridden():
    """What of SpiffWorkflow's is not reached any more through a class of ours, by the class that defines it, with its parameters."""
    found = {}
    for owner in ours():
        for name in {name for base in owner.__mro__ if is_theirs(base) for name in vars(base)}:
            if name.startswith("__") and name not in {"__init__", "__eq__"}:
                continue
            if not is_theirs(next(base for base in owner.__mro__ if name in vars(base))):
                definer = next(base for base in owner.__mro__ if is_theirs(base) and name in vars(base))
                found[f"{definer.__name__}.{name}"] = " ".join(parameters(vars(definer)[name]))
    return found


def parameters(member):
    return inspect.signature(member).parameters if callable(member) else ()


def test_every_override_is_listed_with_its_reason_and_has_the_parameters_we_know():
    assert overridden() == LISTED


def test_every_reason_is_one_of_four_and_every_fault_has_its_model():
    for change in CHANGES:
        assert change.because in {"fault", "cost", "rule", "form"}
        assert change.why
        for model in change.models:
            assert hasattr(test_stock_faults, f"test_stock_{model}"), model
        if change.because == "fault":
            assert change.models, change.why


def test_the_release_is_the_one_the_list_was_written_for():
    assert version("SpiffWorkflow") == VERSION


def private_names():
    """The names with an underscore that this room reads from something that is not itself."""
    for path in Path(engine.spiff.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text())
        own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                yield node.attr, own


def test_every_private_name_of_spiffworkflow_that_is_used_is_listed():
    theirs = {name for owner in ours() for base in owner.__mro__ if is_theirs(base) for name in vars(base) if name.startswith("_")}
    theirs |= {"_state", "_parent", "_children", "_inputs", "_outputs", "_wf_spec"}
    listed = {name for names in RELIED.values() for name in names} | {name.split(".")[1] for name in LISTED}
    assert {name for name, _own in private_names() if name in theirs and not name.startswith("__")} <= listed


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner, names in RELIED.items() for name in sorted(names)])
def test_what_we_rely_upon_is_still_there(owner, name):
    bases = {base.__name__: base for found in ours() for base in found.__mro__ if is_theirs(base)}
    assert hasattr(bases[owner], name) or f"self.{name} = " in inspect.getsource(bases[owner])


def test_a_task_runs_completes_and_is_cancelled_in_the_steps_we_count_on():
    source = inspect.getsource(Task)
    for line in (
        "self.task_spec._run(self)",
        "self.complete()",
        "self._set_state(TaskState.COMPLETED)",
        "self.task_spec._on_complete(self)",
    ):
        assert line in source
    assert "self.task_spec._on_cancel(self)" in inspect.getsource(Task.cancel)


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


def test_of_the_lines_that_run_an_instance_at_least_three_fifths_are_spiffworkflows():
    """Scripts, a gateway and a person: case (b) of `ordercraft bench engine`, without FEEL, the store and what reads the model."""
    names = [f"step{number}" for number in range(6)]
    chain = flow("start", *names[:3], "large", "approve", *names[3:], "end")
    steps = [script(name, f"{{ {name}: quantity * 2 }}") for name in names]
    refused = end("refused") + when("large", "refused", "quantity > 1000")
    model = process(start(), *steps, xor("large", "large_to_approve"), user("approve"), end(), refused, chain)

    def play():
        Play(model, {"quantity": 3}, restored=False).do("approve", approved=True)

    play()
    assert count_lines(play).share >= 0.6
