"""Rules of the graph: beginnings, ends, and ways between them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from engine.models.bundle import Severity
from engine.models.diagram import Node, Scope
from engine.models.fixes import Change, Fix
from engine.models.linter.ruling import Broken, Known, at, at_element, rule
from engine.models.vocabulary import INCLUSIVE

#: Processes of one bundle.
MAX_PROCESSES: Final = 40


def reachable(scope: Scope, starts: Iterable[Node]) -> set[str]:
    """The ids of all nodes a token can come to."""
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        node = waiting.pop()
        if node.id not in seen:
            seen.add(node.id)
            waiting.extend(scope.successors(node))
    return seen


def starts_of(scope: Scope) -> list[Node]:
    """Where tokens are born: start events, or, where none is drawn, whatever nothing leads to."""
    starts = [node for node in scope.nodes.values() if node.tag == "startEvent" or node.begins_by_itself]
    return starts or [node for node in scope.nodes.values() if node.is_implicit_start]


@rule("no-process")
def holds_a_process(known: Known) -> Iterator[Broken]:
    """A diagram without a process runs nothing."""
    for diagram in known.diagrams:
        if not diagram.processes:
            yield at_element(diagram.path, diagram.root, "The diagram holds no process.", "Draw a start event and the first step.")


@rule("too-many-processes")
def bundles_are_small(known: Known) -> Iterator[Broken]:
    """A deployment is one process with what it calls; compiling hundreds would keep the server busy."""
    processes = [process for diagram in known.diagrams for process in diagram.processes]
    for process in processes[MAX_PROCESSES : MAX_PROCESSES + 1]:
        message = f"The bundle has {len(processes)} processes, more than {MAX_PROCESSES}."
        yield at(process, message, "Deploy them in bundles of their own.")


@rule("not-executable", "warning")
def is_executable(known: Known) -> Iterator[Broken]:
    """A process that is not marked executable is a picture only."""
    for diagram in known.diagrams:
        for process in diagram.processes:
            if process.element.get("isExecutable") != "true":
                message = f"The process {process.id} is not marked as executable, so it is not deployed."
                fix = Fix("Make it executable", Change.SET_ATTRIBUTE, process.id, "isExecutable", "true")
                yield at(process, message, "Tick 'Executable' in the properties of the process, if it is to run.", fix=fix)


@rule("nothing-runs")
def something_is_executable(known: Known) -> Iterator[Broken]:
    """A bundle is deployed so that something may run."""
    processes = [process for diagram in known.diagrams for process in diagram.processes]
    if processes and not any(process.is_executable for process in processes):
        fix = None
        if len(processes) == 1:
            fix = Fix("Make it executable", Change.SET_ATTRIBUTE, processes[0].id, "isExecutable", "true")
        message = "No process of the bundle is marked as executable, so there is nothing to deploy."
        yield at(processes[0], message, "Tick 'Executable' in the properties of the process that is to run.", fix=fix)


@rule("empty-process")
def is_not_empty(known: Known) -> Iterator[Broken]:
    """A level without steps would wait for ever."""
    for scope in known.scopes():
        if not scope.nodes:
            yield at(scope, f"{scope.id or 'The process'} is empty.", "Draw a start event, the steps and an end event, or remove it.")


@rule("missing-start", "warning")
def has_a_start(known: Known) -> Iterator[Broken]:
    """People look for the circle at the left."""
    for scope in known.scopes():
        if scope.nodes and not any(node.tag == "startEvent" or node.begins_by_itself for node in scope.nodes.values()):
            severity: Severity | None = None if starts_of(scope) else "error"
            begins = ", ".join(node.label for node in starts_of(scope)) or "nowhere"
            message = f"{scope.id} has no start event; it begins at {begins}."
            yield at(scope, message, "Draw a start event in front of the first step.", severity)


@rule("missing-end", "warning")
def has_an_end(known: Known) -> Iterator[Broken]:
    """People look for the circle at the right."""
    for scope in known.scopes():
        if scope.nodes and not any(node.tag == "endEvent" for node in scope.nodes.values()):
            severity: Severity | None = None if any(not node.outgoing for node in scope.nodes.values()) else "error"
            yield at(scope, f"{scope.id} has no end event.", "Draw an end event behind each last step.", severity)


@rule("several-plain-starts")
def has_one_plain_start(known: Known) -> Iterator[Broken]:
    """Which of two plain start events begins would be left to chance."""
    for scope in known.scopes():
        plain = [node for node in scope.nodes.values() if node.tag == "startEvent" and not node.definitions]
        for node in plain[1:]:
            message = f"{node.label} is a second plain start event; {plain[0].label} is one already."
            yield at(node, message, "Keep one, or make it a message or timer start event.")


@rule("instantiate")
def what_begins_a_process_stands_at_its_beginning(known: Known) -> Iterator[Broken]:
    """A receive task or gateway of events that begins the process has nothing in front of it, around it or at its edge."""
    for _, node in known.nodes("receiveTask", "eventBasedGateway"):
        if node.element.get("instantiate") == "true" and (not node.begins_by_itself or node.boundary_events or node.loop is not None):
            where = "it has something in front of it, around it or at its edge, or is repeated"
            message = f"{node.label} is to begin the process, but {where}."
            yield at(node, message, "Draw a message start event instead, or remove instantiate.")
        for flow in node.outgoing if node.begins_by_itself and node.tag == "eventBasedGateway" else ():
            target = node.scope.nodes.get(flow.target)
            if target is not None and "conditional" in target.kinds:
                yield at(
                    target, f"{target.label} waits for a condition, and cannot begin a process.", "Begin by a message, a signal or a time."
                )


@rule("subprocess-start")
def subprocess_starts_plainly(known: Known) -> Iterator[Broken]:
    """An embedded subprocess is started by the flow that leads to it, and by nothing else."""
    for scope in known.scopes():
        starts = [node for node in scope.nodes.values() if node.tag == "startEvent"]
        if scope.parent is None or scope.is_event_subprocess:
            continue
        for node in starts:
            if node.definitions:
                yield at(node, f"{node.label} lies in a subprocess and must be a plain start event.", "Remove its event definition.")


@rule("start-or-end-flow")
def start_has_no_past_and_end_no_future(known: Known) -> Iterator[Broken]:
    """Nothing leads to a start event, and nothing goes on after an end event."""
    for _, node in known.nodes("startEvent", "boundaryEvent"):
        for flow in node.incoming:
            yield at(flow, f"A flow leads to {node.label}, which is a beginning.", "Lead it to the step behind the event.")
    for _, node in known.nodes("endEvent"):
        for flow in node.outgoing:
            yield at(flow, f"A flow leaves the end event {node.label}.", "Make it an intermediate event, or remove the flow.")


@rule("dangling-flow")
def flows_are_tied(known: Known) -> Iterator[Broken]:
    """Both ends of a flow lie on steps of the same level."""
    for scope in known.scopes():
        for flow in scope.flows.values():
            for end, reference in (("begins", flow.source), ("ends", flow.target)):
                if reference not in scope.nodes:
                    message = f"The flow {flow.label} {end} at {reference or 'nothing'!r}, which is no step of {scope.id}."
                    yield at(flow, message, "Tie both ends of the flow to steps of the same process or subprocess.")


@rule("unreachable-node")
def nodes_are_reachable(known: Known) -> Iterator[Broken]:
    """A step no token can come to is a mistake."""
    for scope in known.scopes():
        found = reachable(scope, starts_of(scope))
        for node in scope.nodes.values():
            handler = node.element.get("triggeredByEvent") == "true" or node.element.get("isForCompensation") == "true"
            if node.id not in found and not handler:
                yield at(node, f"Nothing leads to {node.label}: it can never run.", "Draw a flow to it, or remove it.")


@rule("dead-end")
def ways_end_at_ends(known: Known) -> Iterator[Broken]:
    """Where end events are drawn, every way ends at one."""
    for scope in known.scopes():
        ends = any(node.tag == "endEvent" for node in scope.nodes.values())
        for node in scope.nodes.values():
            if not node.outgoing and node.tag != "endEvent" and not _ends_by_itself(node):
                severity: Severity = "error" if ends or (node.tag != "boundaryEvent" and not node.is_activity) else "info"
                yield at(node, f"No flow leaves {node.label}.", "Draw a flow to the next step or to an end event.", severity)


def _ends_by_itself(node: Node) -> bool:
    link = node.tag == "intermediateThrowEvent" and "link" in node.kinds
    return (
        link
        or (node.tag == "boundaryEvent" and "compensate" in node.kinds)
        or node.element.get("triggeredByEvent") == "true"
        or node.element.get("isForCompensation") == "true"
    )


@rule("endless-loop", "warning")
def every_node_can_end(known: Known) -> Iterator[Broken]:
    """A circle without an exit never ends."""
    for scope in known.scopes():
        before: dict[str, list[str]] = {}
        for node in scope.nodes.values():
            for following in scope.successors(node):
                before.setdefault(following.id, []).append(node.id)
        good: set[str] = set()
        waiting = [node.id for node in scope.nodes.values() if not node.outgoing]
        while waiting:
            identity = waiting.pop()
            if identity not in good:
                good.add(identity)
                waiting.extend(before.get(identity, ()))
        for node in scope.nodes.values():
            if node.id not in good:
                yield at(node, f"No way leads from {node.label} to an end.", "Add a way out of the circle.")


@rule("duplicate-name", "warning")
def names_are_told_apart(known: Known) -> Iterator[Broken]:
    """Two steps with one name cannot be told apart in a worklist or a history."""
    for scope in known.scopes():
        named = [node for node in scope.nodes.values() if node.is_activity and node.name]
        counts = Counter(node.name.casefold() for node in named)
        seen: set[str] = set()
        for node in named:
            if counts[node.name.casefold()] > 1 and node.name.casefold() in seen:
                yield at(node, f"Another step of {scope.id} is named {node.name!r} too.", "Give each step a name of its own.")
            seen.add(node.name.casefold())


@rule("missing-name", "info")
def steps_have_names(known: Known) -> Iterator[Broken]:
    """Steps and decisions are read by their names."""
    for _, node in known.nodes():
        decides = node.tag in {"exclusiveGateway", *INCLUSIVE} and len(node.outgoing) > 1
        if not node.name and (node.is_activity or decides):
            next_step = "Write the question it decides." if decides else "Name it by what is done: 'Approve quote'."
            yield at(node, f"The {node.tag} {node.id} has no name.", next_step)
        for flow in node.outgoing if decides else ():
            if not flow.name:
                yield at(flow, f"The flow {flow.label} out of {node.label} has no name.", "Write the answer it stands for.")
