"""Rules of processes that begin or call one another in a circle."""

from collections.abc import Callable, Iterator, Mapping

from engine.models.bundle import Severity
from engine.models.diagram import Diagram, Node, Scope
from engine.models.linter.events import message_of
from engine.models.linter.gateways import DECIDING
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.linter.structure import starts_of

#: The processes, by id, that a node leads to.
Leads = Callable[[Diagram, Node], set[str]]
_WAITS = frozenset({"userTask", "manualTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway"})


@rule("self-starting")
def processes_do_not_begin_themselves(known: Known) -> Iterator[Broken]:
    """A process that begins itself by its own message, at once, goes on for ever."""
    begun: dict[str, set[str]] = {}
    for diagram, node in known.nodes("startEvent"):
        name = message_of(diagram, node)
        if name is not None and node.scope.parent is None:
            begun.setdefault(name, set()).add(node.scope.id)

    def leads(diagram: Diagram, node: Node) -> set[str]:
        sends = node.tag == "sendTask" or (node.tag in {"intermediateThrowEvent", "endEvent"} and "message" in node.kinds)
        return begun.get(message_of(diagram, node) or "", set()) if sends else set()

    yield from _circles(known, leads, "begins", "Let a timer or a condition stand in the way, or repeat the steps by a loop.")


@rule("endless-calls")
def processes_do_not_call_themselves_without_end(known: Known) -> Iterator[Broken]:
    """A process that calls itself with nothing that could stop it never ends."""
    processes = {scope.id for scope in known.scopes() if scope.parent is None}

    def leads(_diagram: Diagram, node: Node) -> set[str]:
        called = (node.element.get("calledElement") or "").rsplit(":", 1)[-1] if node.tag == "callActivity" else ""
        return {called} & processes

    yield from _circles(known, leads, "calls", "Draw an exclusive gateway in front of the call, with a way that does not call.")


def _circles(known: Known, leads: Leads, does: str, next_step: str) -> Iterator[Broken]:
    """A finding at each node that closes a circle: an error where nothing on the whole way waits or decides, else a warning."""
    places = [(diagram, node, target) for diagram, node in known.nodes() for target in leads(diagram, node)]
    at_once = {scope.id: _at_once(scope) for scope in known.scopes() if scope.parent is None}
    ways: dict[str, set[str]] = {}
    sure: dict[str, set[str]] = {}
    for _, node, target in places:
        ways.setdefault(node.scope.process.id, set()).add(target)
        if node.id in at_once[node.scope.process.id]:
            sure.setdefault(node.scope.process.id, set()).add(target)
    for _, node, target in places:
        process = node.scope.process.id
        if process not in _reached(target, ways):
            continue
        certain = node.id in at_once[process] and process in _reached(target, sure)
        severity: Severity = "error" if certain else "warning"
        again = "itself" if target == process else f"{target}, which {does} {process} again"
        how = "with nothing on the way that waits or decides" if certain else "unless a condition or a wait on the way stops it"
        yield at(node, f"{node.label} {does} {again}, {how}.", next_step, severity)


def _reached(start: str, ways: Mapping[str, set[str]]) -> set[str]:
    """The processes that are begun or called from one, itself included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        process = waiting.pop()
        if process not in seen:
            seen.add(process)
            waiting.extend(ways.get(process, ()))
    return seen


def _at_once(process: Scope) -> set[str]:
    """The nodes that every instance comes to without a wait and without a decision."""
    found: set[str] = set()
    waiting = [(process, node) for node in starts_of(process)]
    while waiting:
        scope, node = waiting.pop()
        if node.id in found:
            continue
        found.add(node.id)
        inner = scope.children.get(node.id)
        if inner is not None:
            waiting.extend((inner, start) for start in starts_of(inner))
        if node.tag not in _WAITS and not _decides(node):
            waiting.extend((scope, scope.nodes[flow.target]) for flow in node.outgoing if flow.target in scope.nodes)
    return found


def _decides(node: Node) -> bool:
    """Whether some instances go on here otherwise than others."""
    chooses = node.tag in DECIDING or any(flow.condition is not None for flow in node.outgoing)
    return bool(node.boundary_events) or (chooses and len(node.outgoing) > 1)
