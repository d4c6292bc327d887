"""Every place of a diagram where FEEL is written, compiled once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from engine.feel import FeelSyntaxError, WrongCall, compile_assignments, compile_expression
from engine.models.diagram import Diagram, Node, Scope
from engine.models.entries import entries_read
from engine.models.settings import settings_of
from engine.models.times import TIMES, is_literal
from engine.models.trees import line_of, tag_of, text_of
from engine.models.vocabulary import BPMN

LOOP_TEXTS: Final = frozenset({"loopCondition", "loopCardinality", "completionCondition"})


@dataclass(frozen=True, slots=True)
class Formula:
    """One FEEL text: where it stands, what it is for, and, once compiled, what it reads and writes or why it is wrong."""

    path: str
    element_id: str
    line: int | None
    #: What it is, for messages: "condition", "timer", "parameter quote_no".
    what: str
    text: str
    scope: Scope
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    #: Entries it reads of variables: `pricing.net_total` is (pricing, net_total).
    entries: frozenset[tuple[str, str]] = frozenset()
    error: FeelSyntaxError | None = None
    #: Calls in it that can give nothing.
    wrong_calls: tuple[WrongCall, ...] = ()


def formulas_of(diagram: Diagram) -> Iterator[Formula]:
    """All FEEL of a diagram, in the order of the file, level by level."""
    for scope in diagram.scopes:
        for flow in scope.flows.values():
            if flow.condition is not None:
                text, line = text_of(flow.condition), line_of(flow.condition)
                yield _compiled(Formula(scope.path, flow.id, line, f"condition of the flow {flow.label}", text, scope))
        for node in scope.nodes.values():
            yield from _of_node(node)


def _of_node(node: Node) -> Iterator[Formula]:
    loop = [] if node.loop is None else [node.loop]
    for part in (node.element, *node.definitions, *loop):
        for item in part:
            yield from _of_element(node, item)
    for name, text, item in node.parameters:
        if text.strip():
            yield _compiled(_written(node, item, f"parameter {name} of {node.label}", text))
    instructions = node.extension("instructionsForEndUser")
    if instructions is not None and text_of(instructions).startswith("="):
        yield _compiled(_written(node, instructions, f"instructions of {node.label}", text_of(instructions)))
    settings = settings_of(node.tag, node.kinds)
    for name, value in node.properties.items():
        if value.strip().startswith("=") and name in settings:
            formula = _compiled(_written(node, node.element, f"setting {name} of {node.label}", value), assigns=name == "outputs")
            yield replace(formula, reads=frozenset()) if name == "outputs" else formula  # it reads the result, which nobody knows here


def _of_element(node: Node, item: etree._Element) -> Iterator[Formula]:
    tag, text = tag_of(item), text_of(item)
    if tag in TIMES and text and not is_literal(tag, text):
        yield _compiled(_written(node, item, f"timer of {node.label}", text))
    elif tag == "script" and text:
        yield _compiled(_written(node, item, f"script of {node.label}", text), assigns=True)
    elif tag == "loopDataInputRef" and text:
        yield replace(_written(node, item, f"loop of {node.label}", text), reads=frozenset({variable_of(node, text)}))
    elif tag == "condition" and text:
        yield _compiled(_written(node, item, f"condition of {node.label}", text))
    elif tag in LOOP_TEXTS and text:
        yield _compiled(_written(node, item, f"{tag} of {node.label}", text))


def variable_of(node: Node, reference: str) -> str:
    """The variable that a loop means: the name of the property with this id, else the reference itself."""
    for item in node.scope.process.element.iter(f"{{{BPMN}}}property"):
        if item.get("id") == reference:
            return item.get("name") or reference
    return reference


def _written(node: Node, item: etree._Element, what: str, text: str) -> Formula:
    return Formula(node.path, node.id, line_of(item), what, text, node.scope)


def _compiled(formula: Formula, *, assigns: bool = False) -> Formula:
    try:
        if not assigns:
            found = compile_expression(formula.text)
            return replace(formula, reads=found.variables, entries=entries_read(formula.text), wrong_calls=found.wrong_calls)
        assignments = compile_assignments(formula.text)
    except FeelSyntaxError as error:
        return replace(formula, error=error)
    writes = frozenset(target.split(".")[0] for target in assignments.targets)
    written = replace(formula, reads=assignments.variables, writes=writes, entries=entries_read(formula.text))
    return replace(written, wrong_calls=assignments.wrong_calls)
