"""Whether every way through a process comes to its end: a bounded walk of all that may happen, level by level.

Tokens lie on flows. What a condition, a person or an event decides may go each way; which branch of several is ahead makes no difference
to where tokens can get, so always the one furthest behind goes on (a persistent set of a free-choice net); an end that ends all others
comes last, for until then each of them may have come anywhere. Inclusive joins wait as BPMN 2.0, 13.4.3 says. Each subprocess is a level
of its own, and a step in the level around it.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, combinations
from typing import Final, Literal

from engine.models.diagram import Node, Scope
from engine.models.vocabulary import INCLUSIVE

#: States looked at in one level; far more than diagrams have that people can read.
MAX_STATES: Final = 4_000
#: Flows of an inclusive split of which every choice is tried; of more, each one, each pair and all.
_EVERY_CHOICE: Final = 4
_MERGES: Final = frozenset({"parallelGateway", "inclusiveGateway"})

#: The numbers of the flows that have a token.
Marking = frozenset[int]


@dataclass(frozen=True, slots=True)
class Edge:
    """A flow, or what is like one: the way to a start, or between the two ends of a link."""

    source: Node | None
    target: Node


@dataclass(frozen=True, slots=True)
class Flaw:
    """A place where the walk went wrong, and how it came there."""

    kind: Literal["deadlock", "twice"]
    node: Node
    #: The steps before, in their order.
    way: tuple[Node, ...]
    #: Of a deadlock: the nodes that the missing tokens would come from.
    missing: tuple[Node, ...] = ()


@dataclass(slots=True)
class Walked:
    """What a level does."""

    flaws: list[Flaw] = field(default_factory=list)
    #: The ids of the nodes that some way comes to.
    run: set[str] = field(default_factory=set)
    #: Whether everything was looked at; otherwise there may be more flaws.
    whole: bool = True


def walk(scope: Scope, starts: Sequence[Sequence[Node]]) -> Walked:
    """Walk a level from each set of nodes that begin together."""
    walked = Walked()
    net = _Net(scope)
    for begin in starts:
        _Walk(net, walked).go([net.start(node) for node in begin])
    return walked


class _Net:
    """A level as edges and what each node does with tokens on them."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.edges: list[Edge] = []
        self.out: dict[str, list[int]] = {identity: [] for identity in scope.nodes}
        self.into: dict[str, list[int]] = {identity: [] for identity in scope.nodes}
        self._of_flow: dict[str, int] = {}
        for node in scope.nodes.values():
            for flow in node.outgoing:
                if flow.target in scope.nodes:
                    self._of_flow[flow.id] = self._add(node, scope.nodes[flow.target])
            if node.tag == "intermediateThrowEvent" and "link" in node.kinds:
                for other in scope.successors(node):
                    self._add(node, other)
        self.starts: dict[str, int] = {}

    def _add(self, source: Node, target: Node) -> int:
        self.edges.append(Edge(source, target))
        self.out[source.id].append(len(self.edges) - 1)
        self.into[target.id].append(len(self.edges) - 1)
        return len(self.edges) - 1

    def start(self, node: Node) -> int:
        """The edge by which a node begins."""
        if node.id not in self.starts:
            self.edges.append(Edge(None, node))
            self.starts[node.id] = len(self.edges) - 1
        return self.starts[node.id]

    @cached_property
    def order(self) -> dict[str, int]:
        """How far behind each node is: the reverse of the order in which a walk into the depth leaves the nodes."""
        left: list[str] = []
        seen: set[str] = set()
        for root in self.scope.nodes.values():
            stack: list[tuple[Node, Iterator[Node]]] = [] if root.id in seen or root.incoming else [(root, self.scope.successors(root))]
            seen.update([root.id] if stack else ())
            while stack:
                _, following = stack[-1]
                further = next((other for other in following if other.id not in seen), None)
                if further is None:
                    left.append(stack.pop()[0].id)
                else:
                    seen.add(further.id)
                    stack.append((further, self.scope.successors(further)))
        return {identity: place for place, identity in enumerate(reversed(left))}

    def ranks(self) -> list[int]:
        """For each edge: how far behind a token on it is."""
        return [self.order.get(edge.target.id, 0) for edge in self.edges]

    def before(self, join: str) -> dict[int, frozenset[str]]:
        """For each edge into a join: the nodes from which it is reached without passing the join."""
        if join not in self._before:
            self._before[join] = {edge: self._upstream(edge, join) for edge in self.into[join]}
        return self._before[join]

    @cached_property
    def _before(self) -> dict[str, dict[int, frozenset[str]]]:
        return {}

    def _upstream(self, edge: int, join: str) -> frozenset[str]:
        source = self.edges[edge].source
        seen = {source.id} if source is not None else set()
        waiting = list(seen)
        while waiting:
            node = self.scope.nodes[waiting.pop()]
            host = self.scope.nodes.get(node.element.get("attachedToRef", ""))
            earlier = [self.edges[into].source for into in self.into[node.id]]
            for other in [*earlier, *([host] if host is not None else [])]:
                if other is not None and other.id != join and other.id not in seen:
                    seen.add(other.id)
                    waiting.append(other.id)
        return frozenset(seen)

    def gives(self, node: Node) -> Iterator[tuple[int, ...] | None]:
        """The edges that get a token, each way it may go on; None where everything on this level ends."""
        out = self.out[node.id]
        if _ends_all(node):
            yield None
        elif node.tag in {"exclusiveGateway", "eventBasedGateway"}:
            yield from ((edge,) for edge in out or ())
        elif node.tag in INCLUSIVE or (node.is_activity and any(flow.condition is not None for flow in node.outgoing)):
            yield from self._some(node, out)
        else:
            yield tuple(out)
        for event in [event for event in node.boundary_events if "compensate" not in event.kinds]:
            interrupts = event.element.get("cancelActivity", "true") == "true"
            yield (*self.out[event.id], *(() if interrupts else out))

    def _some(self, node: Node, out: list[int]) -> Iterator[tuple[int, ...]]:
        """Every choice of an inclusive split; what has no condition and is no default is always taken."""
        default = node.element.get("default")
        always = [
            self._of_flow[flow.id] for flow in node.outgoing if flow.condition is None and flow.id != default and flow.id in self._of_flow
        ]
        fixed = tuple(edge for edge in out if edge in always and len(out) > 1)
        free = [edge for edge in out if edge not in fixed]
        sizes = range(1, len(free) + 1) if len(free) <= _EVERY_CHOICE else (1, 2, len(free))
        for choice in chain.from_iterable(combinations(free, size) for size in sizes):
            yield (*fixed, *choice)
        if fixed and not any(self._of_flow.get(default or "") == edge for edge in free):
            yield fixed


def _ends_all(node: Node) -> bool:
    return "terminate" in node.kinds or (node.tag == "endEvent" and not {"error", "cancel"}.isdisjoint(node.kinds))


class _Walk:
    """One walk from one beginning."""

    def __init__(self, net: _Net, walked: Walked) -> None:
        self.net, self.walked = net, walked
        #: How each marking was first come to: from which, by which node.
        self.came: dict[Marking, tuple[Marking | None, Node | None]] = {}
        self.told = {(flaw.kind, flaw.node.id) for flaw in walked.flaws}
        self.ranks: list[int] = []

    def go(self, begin: Collection[int]) -> None:
        """Look at everything that may come of these tokens."""
        first = frozenset(begin)
        self.ranks = self.net.ranks()
        self.came[first] = (None, None)
        waiting = deque([first])
        while waiting:
            marking = waiting.popleft()
            if len(self.came) > MAX_STATES:
                self.walked.whole = False
                return
            for following, node in self._steps(marking):
                if following not in self.came:
                    waiting.append(following)
                    self.came[following] = (marking, node)

    def _steps(self, marking: Marking) -> Iterator[tuple[Marking, Node]]:
        # Nearly always the one furthest behind may go on, and of thousands of tokens only the smallest is looked for.
        enders: list[Node] = []
        for identity in self._furthest_behind(marking):
            node = self.net.scope.nodes[identity]
            if _ends_all(node):
                enders.append(node)
                continue
            there = self._tokens_at(identity, marking)
            if self._may_run(node, there, marking):
                yield from ((following, node) for following in self._run(node, there, marking))
                return
        for node in enders:
            yield from ((following, node) for following in self._run(node, self._tokens_at(node.id, marking), marking))
        if not enders:
            self._stuck(marking)

    def _furthest_behind(self, marking: Marking) -> Iterator[str]:
        """The nodes with tokens, each once, from the one furthest behind."""
        if marking:
            first = self.net.edges[min(marking, key=self.ranks.__getitem__)].target.id
            yield first
            others = dict.fromkeys(self.net.edges[edge].target.id for edge in sorted(marking, key=self.ranks.__getitem__))
            yield from (other for other in others if other != first)

    def _tokens_at(self, identity: str, marking: Marking) -> list[int]:
        begun = self.net.starts.get(identity)
        return [edge for edge in (*self.net.into[identity], *(() if begun is None else (begun,))) if edge in marking]

    def _may_run(self, node: Node, there: list[int], marking: Marking) -> bool:
        into = self.net.into[node.id]
        if node.tag == "parallelGateway":
            return len(there) >= len(into)
        if node.tag != "inclusiveGateway" or len(into) < 2:  # noqa: PLR2004 - a join is of two or more
            return True
        before = self.net.before(node.id)
        filled, empty = [before[edge] for edge in there if edge in before], [before[edge] for edge in into if edge not in there]
        elsewhere = {self.net.edges[edge].target.id for edge in marking if edge not in there}
        return not any(
            any(place in way for way in empty) and not any(place in way for way in filled) for place in elsewhere if place != node.id
        )

    def _run(self, node: Node, there: list[int], marking: Marking) -> Iterator[Marking]:
        if len(there) > 1 and node.tag not in _MERGES and node.tag != "endEvent":
            self._tell("twice", node, marking)
        self.walked.run.add(node.id)
        for event in node.boundary_events:
            self.walked.run.update([event.id, *([event.handler.id] if event.handler is not None else [])])
        rest = marking - set(there)
        for given in self.net.gives(node):
            if given is None:
                continue
            for edge in given:
                target = self.net.edges[edge].target
                if edge in rest and target.tag != "endEvent":
                    self._tell("twice", target, marking, node)
            yield rest | set(given)

    def _stuck(self, marking: Marking) -> None:
        """Nothing can go on: each parallel join that has some of its tokens waits for ever."""
        for identity in dict.fromkeys(self.net.edges[edge].target.id for edge in marking):
            node, there = self.net.scope.nodes[identity], self._tokens_at(identity, marking)
            if node.tag == "parallelGateway":
                missing = [self.net.edges[edge].source for edge in self.net.into[identity] if edge not in there]
                self._tell("deadlock", node, marking, missing=tuple(each for each in missing if each is not None))

    def _tell(
        self, kind: Literal["deadlock", "twice"], node: Node, marking: Marking, last: Node | None = None, missing: tuple[Node, ...] = ()
    ) -> None:
        if (kind, node.id) not in self.told:
            self.told.add((kind, node.id))
            way = self._way(marking)
            self.walked.flaws.append(Flaw(kind, node, (*way, last) if last is not None else way, missing))

    def _way(self, marking: Marking) -> tuple[Node, ...]:
        found: list[Node] = []
        current: Marking | None = marking
        while current is not None:
            current, node = self.came[current]
            found.extend([node] if node is not None else [])
        return tuple(reversed(found))
