"""What is wrong with the requirements of a model, beyond texts that do not compile."""

from collections.abc import Iterator
from difflib import get_close_matches

from engine.dmn.requirements import Graph, InputNode, LogicNode, ServiceNode
from engine.dmn.texts import DmnFinding
from engine.feel.library import BUILTINS

Node = InputNode | LogicNode | ServiceNode


def requirement_findings(graph: Graph) -> Iterator[DmnFinding]:
    """Requirements that are missing, lead nowhere or are never used."""
    known: dict[str, Node] = {**graph.inputs, **graph.decisions, **graph.knowledge, **graph.services}
    by_name = {node.name: node for node in known.values()}
    for node in (*graph.decisions.values(), *graph.knowledge.values()):
        yield from _dangling(node, known)
        yield from _unused(node, known)
        yield from _undeclared(node, known, by_name)
        yield from _uncallable(node, known)
        yield from _misused(node, known)
    for service in graph.services.values():
        for wanted in (*service.inputs, *service.input_decisions, *service.outputs):
            if wanted not in known:
                yield DmnFinding(service.element_id, f"{service.name} names {wanted}, which is not in the model.", "error")
        if not service.outputs:
            yield DmnFinding(service.element_id, f"The decision service {service.name} has no output decision.", "error")


def _dangling(node: LogicNode, known: dict[str, Node]) -> Iterator[DmnFinding]:
    for wanted in node.requires:
        if wanted not in known:
            yield DmnFinding(node.element_id, f"{node.name} requires {wanted}, which is not in the model.", "error")


def _unused(node: LogicNode, known: dict[str, Node]) -> Iterator[DmnFinding]:
    for wanted in node.requires:
        within = node.requires.imports.get(wanted)
        if wanted in known and not known[wanted].names.union(filter(None, [within])) & node.may_read:
            message = f"{node.name} requires {known[wanted].name}, but no expression reads it."
            yield DmnFinding(node.element_id, message, "warning")


def _undeclared(node: LogicNode, known: dict[str, Node], by_name: dict[str, Node]) -> Iterator[DmnFinding]:
    """A name of the model read without a requirement is null at run time; another one may come from the process."""
    required = {name for wanted in node.requires if wanted in known for name in known[wanted].names}
    required.update(node.requires.imports.values())
    for name in sorted(node.reads - required - node.local_names - {name for _, name, _ in node.calls} - {"?"}):
        if name in by_name:
            message = f"{node.name} reads {name}, but does not require it."
            yield DmnFinding(node.element_id, message, "error")
        elif required:
            message = f"{node.name} reads {name}, which is not in the model; it must be a variable of the process."
            yield DmnFinding(node.element_id, message, "warning")


def _misused(node: LogicNode, known: dict[str, Node]) -> Iterator[DmnFinding]:
    """A function of FEEL's own with arguments that it does not take gives null, whatever the variables are."""
    own = {name for wanted in node.requires if wanted in known for name in known[wanted].names} | node.local_names
    for element_id, wrong in node.misused:
        if not wrong.unknown and wrong.name not in own:
            yield DmnFinding(element_id, f"{wrong.why[0].upper()}{wrong.why[1:]}: it would always give null. {wrong.next_step}", "error")


def _uncallable(node: LogicNode, known: dict[str, Node]) -> Iterator[DmnFinding]:
    """A function that is neither FEEL's nor the model's; the process has none to give."""
    required = {name for wanted in node.requires if wanted in known for name in known[wanted].names}
    for element_id, name, text in node.calls:
        if name in required | node.local_names:
            continue
        if any(name in each.names for each in known.values()):
            yield DmnFinding(node.element_id, f"{node.name} calls {name}, but does not require it.", "error")
            continue
        near = get_close_matches(name, BUILTINS, 1)
        if near:
            yield DmnFinding(element_id, f"There is no function {name}; {near[0]} is one.", "error", text.replace(name, near[0]))
        else:
            yield DmnFinding(element_id, f"There is no function {name}.", "error")
