"""What is wrong with the requirements of a model, beyond texts that do not compile."""

from collections.abc import Iterator

from engine.dmn.requirements import Graph, InputNode, LogicNode
from engine.dmn.source import Element, kids
from engine.dmn.texts import DmnFinding


def requirement_findings(graph: Graph) -> Iterator[DmnFinding]:
    """Requirements that are missing, lead nowhere or are never used."""
    known: dict[str, InputNode | LogicNode] = {**graph.inputs, **graph.decisions, **graph.knowledge}
    by_name = {node.name: node for node in known.values()}
    for node in (*graph.decisions.values(), *graph.knowledge.values()):
        yield from _dangling(node, known)
        yield from _unused(node, known)
        yield from _undeclared(node, known, by_name)


def _dangling(node: LogicNode, known: dict[str, InputNode | LogicNode]) -> Iterator[DmnFinding]:
    for wanted in node.requires:
        if wanted not in known:
            yield DmnFinding(node.element_id, f"{node.name} requires {wanted}, which is not in the model.", "error")


def _unused(node: LogicNode, known: dict[str, InputNode | LogicNode]) -> Iterator[DmnFinding]:
    for wanted in node.requires:
        if wanted in known and known[wanted].name not in node.may_read:
            message = f"{node.name} requires {known[wanted].name}, but no expression reads it."
            yield DmnFinding(node.element_id, message, "warning")


def _undeclared(
    node: LogicNode, known: dict[str, InputNode | LogicNode], by_name: dict[str, InputNode | LogicNode]
) -> Iterator[DmnFinding]:
    """A name of the model read without a requirement is null at run time; another one may come from the process."""
    required = {known[wanted].name for wanted in node.requires if wanted in known}
    for name in sorted(node.reads - required - node.local_names - {"?"}):
        if name in by_name:
            message = f"{node.name} reads {name}, but does not require it."
            yield DmnFinding(node.element_id, message, "error")
        elif required:
            message = f"{node.name} reads {name}, which is not in the model; it must be a variable of the process."
            yield DmnFinding(node.element_id, message, "warning")


def unsupported_findings(definitions: Element) -> Iterator[DmnFinding]:
    """Parts of DMN that are not evaluated."""
    for element in kids(definitions, "import"):
        yield DmnFinding(element.get("id") or "", f"The import {element.get('name')} is not read.", "error")
    for element in kids(definitions, "decisionService"):
        message = f"The decision service {element.get('name')} is not evaluated; its decisions are."
        yield DmnFinding(element.get("id") or "", message, "warning")
