"""What can come before what in the diagrams of a bundle: the flows, and the ways in and out of subprocesses and called processes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.kept import KEPT_BYTES, bytes_of, kept
from engine.models.diagram import Node, Scope, build_diagram
from engine.models.reader import read_diagram
from engine.models.reading.drawing import STEP_KINDS, lanes_of, places_of
from engine.models.vocabulary import GATEWAYS, SUBPROCESSES

#: Steps that hold others: their time is the time of what is inside.
CONTAINERS = SUBPROCESSES | {"callActivity"}
_JOINING = frozenset({"parallelGateway", "inclusiveGateway"}) | CONTAINERS


@dataclass(frozen=True, slots=True)
class Edge:
    """A sequence flow of the diagram."""

    id: str
    name: str
    source: str
    target: str
    conditional: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A flow node. `order` counts the nodes as they are read, left to right; a gateway that only joins is not `told` as a step.

    `before` are the nodes that a token may come from, each with the flow it comes along. A boundary event is reached from where its
    activity is reached, the start of a subprocess from where the subprocess is, and a subprocess is done when its ends are.
    """

    id: str
    name: str
    tag: str
    kind: str
    lane: str
    path: str
    process_key: str
    order: int
    told: bool
    inside: bool
    joins: bool
    before: tuple[tuple[str, str], ...]
    outgoing: tuple[Edge, ...]


#: The flow nodes of one version of a bundle, by id: ids differ over all its files.
Graph = Mapping[str, Place]


def read_graph(files: Mapping[str, bytes]) -> Graph:
    """The graph of the diagrams of a version. A file that cannot be read has no places."""
    return _read(tuple(sorted(files.items())))


@kept(KEPT_BYTES, bytes_of)
def _read(files: tuple[tuple[str, bytes], ...]) -> Graph:
    scopes: list[Scope] = []
    lanes: dict[str, str] = {}
    points: dict[str, tuple[float, float]] = {}
    for path, content in files:
        root = read_diagram(path, content).root
        if root is not None:
            scopes.extend(build_diagram(path, root).scopes)
            lanes |= lanes_of(root)
            points |= places_of(root)
    callers: dict[str, list[Node]] = {}
    for node in _nodes(scopes):
        if node.tag == "callActivity":
            callers.setdefault(node.element.get("calledElement", "").rsplit(":", 1)[-1], []).append(node)
    within = _Within(scopes, callers)
    ordered = sorted(_nodes(scopes), key=lambda node: (node.path, points.get(node.id, (0.0, 0.0))))
    return {node.id: _place(node, number, lanes, within) for number, node in enumerate(ordered)}


def _nodes(scopes: Iterable[Scope]) -> Iterator[Node]:
    for scope in scopes:
        yield from scope.nodes.values()


def _place(node: Node, order: int, lanes: Mapping[str, str], within: "_Within") -> Place:
    scope, lane = node.scope, lanes.get(node.id)
    while lane is None and scope.parent is not None:
        lane, scope = lanes.get(scope.id), scope.parent
    return Place(
        id=node.id,
        name=node.name or node.id,
        tag=node.tag,
        kind=STEP_KINDS.get(node.tag, node.tag),
        lane=lane or "",
        path=node.path,
        process_key=node.scope.process.id,
        order=order,
        told=not (node.tag in GATEWAYS and not node.name and len(node.outgoing) == 1),
        inside=node.scope.parent is not None,
        joins=node.tag in _JOINING,
        before=tuple(dict.fromkeys(within.before(node))),
        outgoing=tuple(Edge(flow.id, flow.name, flow.source, flow.target, flow.condition is not None) for flow in node.outgoing),
    )


class _Within:
    """How scopes hang together."""

    def __init__(self, scopes: Iterable[Scope], callers: Mapping[str, list[Node]]) -> None:
        self._callers = callers
        self._scopes = {scope.id: scope for scope in scopes}

    def before(self, node: Node) -> Iterator[tuple[str, str]]:
        """The flows along which a token may come to a node, and their sources."""
        if node.tag in CONTAINERS:
            yield from self._ends(node)
        yield from self._into(node, 0)

    def _into(self, node: Node, depth: int) -> Iterator[tuple[str, str]]:
        host = node.scope.nodes.get(node.element.get("attachedToRef", ""))
        if host is not None:
            yield from self._into(host, depth)
            return
        for flow in node.incoming:
            yield flow.id, flow.source
        if node.tag == "startEvent" and depth < len(self._scopes):
            for container in self._around(node.scope):
                yield from self._into(container, depth + 1)

    def _around(self, scope: Scope) -> Iterator[Node]:
        if scope.parent is None:
            yield from self._callers.get(scope.id, ())
        elif scope.id in scope.parent.nodes:
            yield scope.parent.nodes[scope.id]

    def _ends(self, node: Node) -> Iterator[tuple[str, str]]:
        called = node.element.get("calledElement", "").rsplit(":", 1)[-1] if node.tag == "callActivity" else node.id
        inner = self._scopes.get(called)
        for each in inner.nodes.values() if inner is not None else ():
            if not each.outgoing:
                yield "", each.id
