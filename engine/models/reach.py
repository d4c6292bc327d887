"""Which variables may be there at each step of a process, who writes them and who reads them.

What may be there is what some way through the diagram has written before: the start's inputs, results of earlier steps, and, inside a
repeated step, what belongs to the turn. It is the reasoning of the rule on variables that nothing writes, step by step.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.models.diagram import Diagram, Node, Scope
from engine.models.linter.entries import shapes_of
from engine.models.linter.expressions import decision_reads
from engine.models.linter.ruling import Known
from engine.models.linter.structure import starts_of
from engine.models.writes import brought_in, lists_of, turn_names, written_by


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a process. `type` is context, list or empty where it is not known; `entries` are what a context has inside."""

    name: str
    type: str
    entries: Sequence[str]
    written_by: Sequence[str]
    read_by: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reach:
    """The variables of one process, and the names that may be there at each step and flow, by element id."""

    process: str
    path: str
    variables: Sequence[Variable]
    at: Mapping[str, Sequence[str]]


def reach_of(known: Known) -> Iterator[Reach]:
    """What may be said of each process of a bundle; broken flows lead nowhere."""
    for diagram in known.diagrams:
        for process in diagram.processes:
            yield _of_process(known, diagram, process)


def _of_process(known: Known, diagram: Diagram, process: Scope) -> Reach:
    nodes = known.nodes_of(process)
    writes = {node.id: written_by(diagram, node, known.forms) for node in nodes}
    for formula in known.formulas_of(process):
        if formula.element_id in writes:
            writes[formula.element_id] |= formula.writes
    scopes = [scope for scope in diagram.scopes if scope.process is process]
    follows = _followers(scopes)
    _follow_handlers(nodes, follows)
    brought = brought_in(process)
    there = {node.id: brought | _turns(node) for node in nodes}
    for node in nodes:
        for later in _behind(node.id, follows) if writes[node.id] else ():
            there[later] |= writes[node.id]
    for scope in scopes:
        for flow in scope.flows.values():
            there[flow.id] = there.get(flow.source, set()) | writes.get(flow.source, set())
    variables = _variables(known, diagram, process, writes)
    return Reach(process.id, process.path, variables, {key: tuple(sorted(names)) for key, names in there.items()})


def _variables(known: Known, diagram: Diagram, process: Scope, writes: Mapping[str, Collection[str]]) -> tuple[Variable, ...]:
    nodes = known.nodes_of(process)
    readers: dict[str, set[str]] = {}
    for formula in known.formulas_of(process):
        for name in formula.reads:
            readers.setdefault(name, set()).add(formula.element_id)
    for name, place in decision_reads(known, nodes):
        readers.setdefault(name, set()).add(place.element_id or "")
    writers: dict[str, set[str]] = {name: set() for name in brought_in(process)}
    for node in nodes:
        for name in {*writes[node.id], *turn_names(node)}:
            writers.setdefault(name, set()).add(node.id)
    shapes = shapes_of(known, process)
    lists = {name for node in nodes for name in lists_of(diagram, node)}
    return tuple(
        Variable(
            name,
            "context" if name in shapes else "list" if name in lists else "",
            tuple(sorted(shapes.get(name, ()))),
            tuple(sorted(writers.get(name, ()))),
            tuple(sorted(readers.get(name, ()))),
        )
        for name in sorted(writers.keys() | readers.keys())
        if name
    )


def _turns(node: Node) -> set[str]:
    """What belongs to the turn of the step itself or of a repeated subprocess around it."""
    names: set[str] = set()
    current: Node | None = node
    while current is not None:
        names |= turn_names(current)
        outer = current.scope.parent
        current = None if outer is None else outer.nodes.get(current.scope.id)
    return names


def _followers(scopes: Collection[Scope]) -> dict[str, list[str]]:
    """Where a token may go next, into subprocesses and, from anywhere inside of one, out to what follows it.

    From everywhere in a scope it may go to what begins an event subprocess there.
    """
    follows: dict[str, list[str]] = {}
    for scope in scopes:
        outer = None if scope.parent is None else scope.parent.nodes.get(scope.id)
        after = [] if outer is None or scope.parent is None else [node.id for node in scope.parent.successors(outer)]
        after += [node.id for node in scope.listeners]
        for node in scope.nodes.values():
            follows.setdefault(node.id, []).extend([*(other.id for other in scope.successors(node)), *after])
        if outer is not None:
            follows.setdefault(outer.id, []).extend(node.id for node in starts_of(scope))
    return follows


def _follow_handlers(nodes: Collection[Node], follows: Mapping[str, list[str]]) -> None:
    """What undoes a step writes before whatever asked for that goes on."""
    asking = [node.id for node in nodes if node.tag != "boundaryEvent" and {"compensate", "cancel"}.intersection(node.kinds)]
    for node in nodes:
        if node.handler is not None:
            follows[node.handler.id].extend(asking)


def _behind(start: str, follows: Mapping[str, list[str]]) -> set[str]:
    """All steps that may come after one; the step itself only where a way leads back to it."""
    seen: set[str] = set()
    waiting = list(follows.get(start, ()))
    while waiting:
        identity = waiting.pop()
        if identity not in seen:
            seen.add(identity)
            waiting.extend(follows.get(identity, ()))
    return seen
