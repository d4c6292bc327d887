"""Rules of service tasks: the task exists, is given what it needs, and what it refuses is caught."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from engine.models.diagram import Diagram, Node
from engine.models.fixes import Change, Fix, meant
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.vocabulary import SUBPROCESSES
from engine.service_tasks import ServiceTask, topic_of

#: What a called process or a person's decision raises cannot be told from here.
_MAY_RAISE_ANYTHING: Final = frozenset({"callActivity", "userTask", "manualTask", "receiveTask"})
#: A topic that workers can ask for.
_TOPIC: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")


def task_of(known: Known, node: Node) -> ServiceTask | None:
    """The registered service task that a node calls."""
    operator = node.operator
    name = "" if operator is None else operator.get("id", "")
    return known.service_tasks.get(name)


def near(name: str, names: list[str]) -> str:
    """A sentence that helps with a name that is not known."""
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {', '.join(close)}?"
    return f"Known are {', '.join(sorted(names)[:20])}." if names else "None is known."


@rule("missing-service-task")
def names_a_service_task(known: Known) -> Iterator[Broken]:
    """A service task without an operator does nothing."""
    for _, node in known.nodes("serviceTask"):
        operator = node.operator
        if operator is None or not operator.get("id"):
            yield at(node, f"{node.label} names no service task.", "Choose what it calls in the properties panel.")


@rule("unknown-service-task")
def service_task_exists(known: Known) -> Iterator[Broken]:
    """The name is the name of a registered Python function."""
    names = [task.name for task in known.service_tasks]
    for _, node in known.nodes("serviceTask"):
        operator = node.operator
        name = "" if operator is None else operator.get("id", "")
        if name and name not in known.service_tasks and topic_of(name) is None:
            right = meant(name, names)
            fix = None if right is None else Fix(f"Call {right}", Change.SET_SERVICE_TASK, node.id, value=right)
            yield at(node, f"{node.label} calls {name!r}, and no service task has this name.", near(name, names), fix=fix)


@rule("external-topic", "info")
def topics_are_served_outside(known: Known) -> Iterator[Broken]:
    """A topic that no function here serves waits until a worker outside fetches it; without such a worker it waits for ever."""
    for _, node in known.nodes("serviceTask"):
        name = "" if node.operator is None else node.operator.get("id", "")
        topic = topic_of(name)
        if topic is not None and not _TOPIC.fullmatch(topic):
            message = f"{node.label} is given to the topic {topic[:60]!r}, which workers cannot ask for."
            yield at(node, message, "Name the topic by letters, digits, '_', '-', '.' and ':', at most 100.", "error")
        elif known.service_tasks.leave_the_house(name):
            message = f"{node.label} is given to the topic {topic!r}: workers outside fetch and complete it."
            yield at(node, message, "See that a worker asks for this topic; what waits is listed under External tasks.")


@rule("unknown-parameter")
def parameters_exist(known: Known) -> Iterator[Broken]:
    """A parameter the function does not have would be lost."""
    for _, node in known.nodes("serviceTask"):
        task = task_of(known, node)
        for name, _text, _element in node.parameters if task else ():
            if task and name not in task.parameters:
                message = f"{node.label} gives {task.name} a parameter {name!r} that it does not have."
                yield at(node, message, near(name, list(task.parameters)), fix=_other_parameter(node, name, task))


def _other_parameter(node: Node, name: str, task: ServiceTask) -> Fix:
    """The parameter that was meant, where it is not given yet; else what is given is lost anyway."""
    right = meant(name, set(task.parameters) - {given for given, _, _ in node.parameters})
    if right is None:
        return Fix(f"Remove the parameter {name}", Change.SET_PARAMETER, node.id, name)
    return Fix(f"Rename {name} to {right}", Change.RENAME_PARAMETER, node.id, name, right)


@rule("missing-parameter")
def parameters_are_given(known: Known) -> Iterator[Broken]:
    """What the function cannot do without is given."""
    for _, node in known.nodes("serviceTask"):
        task = task_of(known, node)
        if not task:
            continue
        given = {name for name, text, _ in node.parameters if text.strip()}
        for name, required in task.parameters.items():
            if required and name not in given:
                fix = Fix(f"Give it the variable {name}", Change.SET_PARAMETER, node.id, name, name)
                written = name in known.written_in(node.scope.process)
                message = f"{node.label} does not give {task.name} its parameter {name!r}."
                yield at(node, message, f"Add {name} to its parameters.", fix=fix if written else None)


@rule("empty-parameter")
def parameters_have_values(known: Known) -> Iterator[Broken]:
    """A parameter without a value is neither given nor left out."""
    for _, node in known.nodes("serviceTask"):
        for name, text, _element in node.parameters:
            if not text.strip("= \n\t"):
                task = task_of(known, node)
                needed = task is None or task.parameters.get(name, False)
                fix = None if needed else Fix(f"Remove the parameter {name}", Change.SET_PARAMETER, node.id, name)
                message = f"{node.label} gives the parameter {name!r} no value."
                yield at(node, message, "Write an expression (null for nothing), or remove it.", fix=fix)


@rule("duplicate-parameter")
def parameters_are_given_once(known: Known) -> Iterator[Broken]:
    """Of two values only one would be used."""
    for _, node in known.nodes("serviceTask"):
        names = [name for name, _, _ in node.parameters]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield at(node, f"{node.label} gives the parameter {name!r} twice.", "Remove one of the two.")


@rule("uncaught-error", "warning")
def errors_are_caught(known: Known) -> Iterator[Broken]:
    """A refusal that no boundary event catches stops the instance with an incident."""
    for diagram, node in known.nodes("serviceTask"):
        task = task_of(known, node)
        caught = _caught_at(diagram, node)
        for code in task.errors if task else ():
            if task and not caught.intersection({code, None}):
                message = f"{task.name} may refuse with {code}, and nothing catches it at {node.label}."
                yield at(node, message, f"Put an error boundary event for {code} on it, or let it become an incident.")
    called = {step.element.get("calledElement", "").rpartition(":")[2] for _, step in known.nodes("callActivity")}
    for diagram, node in known.nodes("endEvent"):
        if (
            "error" in node.kinds
            and node.scope.process.id not in called
            and not _caught_at(diagram, node).intersection({_code(diagram, node), None})
        ):
            message = f"{node.label} ends with an error, and nothing around it catches that: the instance stops there with an incident."
            yield at(node, message, "Put an error boundary event on the subprocess around it, or end with a terminate end event.")


@rule("unraised-error")
def caught_errors_are_raised(known: Known) -> Iterator[Broken]:
    """A boundary event for a code that nothing raises can never run."""
    for diagram, node in known.nodes():
        caught = [(event, _code(diagram, event)) for event in node.boundary_events if "error" in event.kinds]
        raised = raised_by(known, diagram, node) if caught else None
        for event, code in caught:
            if raised is not None and code is not None and code not in raised:
                raises = ", ".join(sorted(raised)) or "no error"
                message = f"{event.label} waits for {code}, but {node.label} raises {raises}."
                yield at(event, message, "Correct the code, or remove the event.")


def raised_by(known: Known, diagram: Diagram, node: Node) -> set[str] | None:
    """The codes that a step may raise, or anything inside of it; None where that cannot be told."""
    if node.tag == "serviceTask":
        task = task_of(known, node)
        return None if task is None else set(task.errors)
    if node.tag == "endEvent" and "error" in node.kinds:
        code = _code(diagram, node)
        return None if code is None else {code}
    if node.tag not in SUBPROCESSES:
        return None if node.tag in _MAY_RAISE_ANYTHING else set()
    inside = [item for item in diagram.nodes if item.scope.element is node.element]
    found = [raised_by(known, diagram, item) for item in inside]
    return None if any(codes is None for codes in found) else {code for codes in found for code in codes or ()}


@rule("effect-without-undo", "info")
def effects_can_be_undone(known: Known) -> Iterator[Broken]:
    """What touches the outside should have an undo, for the day the order is cancelled."""
    for _, node in known.nodes("serviceTask"):
        task = task_of(known, node)
        undone = any("compensate" in event.kinds for event in node.boundary_events) or node.element.get("isForCompensation") == "true"
        if task and task.kind == "external" and not task.undo and not undone:
            message = f"{task.name} acts on the outside and has no undo."
            yield at(node, message, "Draw a compensation event with what takes it back, or register it with undo=….")


def _caught_at(diagram: Diagram, node: Node) -> set[str | None]:
    """The codes caught at the node and around it; None stands for every code."""
    caught: set[str | None] = set()
    current: Node | None = node
    while current is not None:
        events = (*current.boundary_events, *current.scope.listeners)
        caught.update(_code(diagram, event) for event in events if "error" in event.kinds)
        outer = current.scope.parent
        current = None if outer is None else outer.nodes.get(current.scope.id)
    return caught


def _code(diagram: Diagram, event: Node) -> str | None:
    """The code an error event speaks of; None for every code, and for other events."""
    for kind, definition in zip(event.kinds, event.definitions, strict=True):
        if kind == "error":
            error = diagram.referred(definition.get("errorRef"), "error")
            return None if error is None else error.get("errorCode")
    return None
