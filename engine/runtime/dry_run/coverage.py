"""What the scenarios of a bundle have been through: every element and flow of its diagrams, every rule of its tables, by how many."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.models.bundle import Bundle, FileKind
from engine.models.diagram import Diagram, Node, build_diagram
from engine.models.reader import read_diagram
from engine.models.reading.decisions import read_decision_file
from engine.runtime.dry_run.record import DryRun


@dataclass(frozen=True, slots=True)
class CoveredElement:
    """A step of a diagram and how many scenarios have passed it."""

    path: str
    process: str
    id: str
    name: str
    scenarios: int


@dataclass(frozen=True, slots=True)
class CoveredFlow:
    """A sequence flow and how many scenarios have gone along it."""

    path: str
    process: str
    id: str
    name: str
    source: str
    target: str
    scenarios: int


@dataclass(frozen=True, slots=True)
class CoveredRule:
    """A row of a decision table and in how many scenarios it has spoken."""

    path: str
    decision: str
    name: str
    id: str
    rule: int
    scenarios: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """All of a bundle. What is drawn and does not run (a process that is a picture) is not counted."""

    elements: Sequence[CoveredElement]
    flows: Sequence[CoveredFlow]
    rules: Sequence[CoveredRule]


def cover(bundle: Bundle, runs: Iterable[DryRun]) -> Coverage:
    """What some runs have been through."""
    diagrams = list(_diagrams(bundle))
    nodes = {node.id: node for diagram in diagrams for node in diagram.nodes}
    elements, flows, rules = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    for run in runs:
        elements.update(set(run.path))
        flows.update(set(_taken(run, nodes)))
        rules.update({(match.decision, match.rule_id) for line in run.lines if line.decided for match in line.decided.matched})
    return Coverage(
        elements=[
            CoveredElement(node.path, node.scope.process.id, node.id, node.name or node.id, elements[node.id])
            for node in nodes.values()
            if _runs(node)
        ],
        flows=[
            CoveredFlow(node.path, node.scope.process.id, flow.id, flow.name, flow.source, flow.target, flows[flow.id])
            for node in nodes.values()
            if _runs(node)
            for flow in node.outgoing
        ],
        rules=list(_rules(bundle, rules)),
    )


def flows_of(bundle: Bundle, run: DryRun) -> set[str]:
    """The flows that one run has gone along."""
    return set(_taken(run, {node.id: node for diagram in _diagrams(bundle) for node in diagram.nodes}))


def _diagrams(bundle: Bundle) -> Iterator[Diagram]:
    for path, content in bundle.of_kind(FileKind.DIAGRAM).items():
        root = read_diagram(path, content).root
        if root is not None:
            yield build_diagram(path, root)


def _runs(node: Node) -> bool:
    return node.scope.process.element.get("isExecutable") == "true"


def _taken(run: DryRun, nodes: dict[str, Node]) -> Iterator[str]:
    passed = set(run.path)
    for line in run.lines:
        if line.outcome not in {"completed", "skipped"}:
            continue
        yield from line.flows
        node = nodes.get(line.element_id)
        if node is not None and not line.flows:
            yield from _ways(node, passed)


def _ways(node: Node, passed: set[str]) -> Iterator[str]:
    """The flows out of a step that chose none: all of them, but behind a gateway of events only those whose event came."""
    if node.tag == "eventBasedGateway":
        yield from (flow.id for flow in node.outgoing if flow.target in passed)
    elif len(node.outgoing) == 1 or not any(flow.condition is not None for flow in node.outgoing):
        yield from (flow.id for flow in node.outgoing)


def _rules(bundle: Bundle, spoken: Counter[tuple[str, str]]) -> Iterator[CoveredRule]:
    for path, content in bundle.of_kind(FileKind.DECISION).items():
        for decision in read_decision_file(path, content).decisions:
            for rule in decision.table.rules if decision.table else ():
                yield CoveredRule(path, decision.id, decision.name, rule.id, rule.number, spoken[decision.id, rule.id])
