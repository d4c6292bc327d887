"""A decision model as tables and sentences: readable without an editor, whatever it is made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from engine.dmn.source import Element, kid, kids, local_name, referenced_id, text_of
from engine.kept import KEPT_BYTES, bytes_of, kept
from engine.models.reader import read_decisions

#: What a hit policy means, and that of a table that collects by what it does with what it collected.
_POLICIES: Final[Mapping[str, str]] = {
    "UNIQUE": "At most one rule matches",
    "ANY": "Rules that match agree",
    "PRIORITY": "The matching rule with the first output value wins",
    "FIRST": "The first matching rule wins",
    "RULE ORDER": "Every matching rule, in their order",
    "OUTPUT ORDER": "Every matching rule, by the order of output values",
    "COLLECT": "Every matching rule",
    "COLLECT SUM": "The sum over every matching rule",
    "COLLECT MIN": "The smallest of every matching rule",
    "COLLECT MAX": "The largest of every matching rule",
    "COLLECT COUNT": "How many rules match",
}
_REQUIREMENTS: Final[Mapping[str, str]] = {"requiredInput": "input", "requiredDecision": "decision", "requiredKnowledge": "knowledge"}
_BOXED: Final = ("literalExpression", "context", "invocation", "list", "relation", "functionDefinition", "conditional")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `expression` is what an input tests, `name` what an output is called; `default` counts where no rule matches."""

    id: str
    label: str
    expression: str
    type: str
    allowed: str
    default: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: its number, the texts of its cells by column (empty lets everything pass), and what is noted beside it."""

    id: str
    number: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table; `policy` is the hit policy with its aggregation, `said` what that means."""

    policy: str
    said: str
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a decision needs: `kind` is input, decision or knowledge."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DecisionText:
    """A decision: a table, or else `entries` (name and FEEL; the name of a literal expression, or of a context's result, is empty)."""

    id: str
    name: str
    description: str
    variable: str
    type: str
    table: Table | None
    entries: tuple[tuple[str, str], ...]
    requires: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class DecisionFile:
    """A file of decisions, those that nothing else requires first; empty where it cannot be read."""

    path: str
    name: str = ""
    decisions: tuple[DecisionText, ...] = ()


@kept(KEPT_BYTES, bytes_of)
def read_decision_file(path: str, content: bytes) -> DecisionFile:
    """Every decision of a DMN file."""
    root = read_decisions(path, content).root
    if root is None:
        return DecisionFile(path)
    names = {element.get("id", ""): element.get("name", "") or element.get("id", "") for element in root if element.get("id")}
    decisions = [_decision(element, names) for element in (*kids(root, "decision"), *kids(root, "businessKnowledgeModel"))]
    required = {need.id for decision in decisions for need in decision.requires}
    decisions.sort(key=lambda decision: decision.id in required)
    return DecisionFile(path, root.get("name", "") or path, tuple(decisions))


def _decision(element: Element, names: Mapping[str, str]) -> DecisionText:
    variable, table = kid(element, "variable"), kid(element, "decisionTable")
    return DecisionText(
        id=element.get("id", ""),
        name=element.get("name", "") or element.get("id", ""),
        description=_plain(kid(element, "description")),
        variable="" if variable is None else variable.get("name", ""),
        type="" if variable is None else variable.get("typeRef", ""),
        table=None if table is None else _table(table),
        entries=tuple(_entries(element)) if table is None else (),
        requires=tuple(_requires(element, names)),
    )


def _requires(element: Element, names: Mapping[str, str]) -> Iterator[Requirement]:
    for tag in ("informationRequirement", "knowledgeRequirement"):
        for requirement in kids(element, tag):
            for item in requirement:
                kind = _REQUIREMENTS.get(local_name(item))
                if kind:
                    wanted = referenced_id(item)
                    yield Requirement(kind, wanted, names.get(wanted, wanted))


def _entries(element: Element) -> Iterator[tuple[str, str]]:
    """A literal expression is one text, a context one for each entry; anything else is told by its texts in their order."""
    for item in element:
        if not isinstance(item.tag, str) or local_name(item) not in (*_BOXED, "encapsulatedLogic"):
            continue
        if local_name(item) == "context":
            for entry in kids(item, "contextEntry"):
                variable = kid(entry, "variable")
                yield "" if variable is None else variable.get("name", ""), _texts(entry)
        else:
            yield "", text_of(item) or _texts(item)


def _texts(element: Element) -> str:
    found = (" ".join("".join(str(part) for part in item.itertext()).split()) for item in element.iter("{*}text"))
    return "; ".join(text for text in found if text)


def _table(table: Element) -> Table:
    policy = " ".join(filter(None, (table.get("hitPolicy", "UNIQUE"), table.get("aggregation"))))
    inputs, outputs = list(kids(table, "input")), list(kids(table, "output"))
    only = len(outputs) == 1
    return Table(
        policy=policy,
        said=_POLICIES.get(policy, policy),
        inputs=tuple(_input(column) for column in inputs),
        outputs=tuple(_output(column, table, only=only) for column in outputs),
        rules=tuple(_rule(number, rule) for number, rule in enumerate(kids(table, "rule"), 1)),
    )


def _input(column: Element) -> Column:
    expression = kid(column, "inputExpression")
    text = text_of(expression)
    kind = "" if expression is None else expression.get("typeRef", "")
    return Column(column.get("id", ""), column.get("label") or text, text, kind, text_of(kid(column, "inputValues")), "")


def _output(column: Element, table: Element, *, only: bool) -> Column:
    name = column.get("name", "")
    label = column.get("label") or name or (table.get("outputLabel", "") if only else "") or "Result"
    default = text_of(kid(column, "defaultOutputEntry"))
    return Column(column.get("id", ""), label, name, column.get("typeRef", ""), text_of(kid(column, "outputValues")), default)


def _rule(number: int, rule: Element) -> Rule:
    notes = [_plain(kid(rule, "description")), *(text_of(item) for item in kids(rule, "annotationEntry"))]
    return Rule(
        id=rule.get("id", ""),
        number=number,
        inputs=tuple(text_of(cell) for cell in kids(rule, "inputEntry")),
        outputs=tuple(text_of(cell) for cell in kids(rule, "outputEntry")),
        note="; ".join(dict.fromkeys(filter(None, notes))),
    )


def _plain(element: etree._Element | None) -> str:
    return "" if element is None else " ".join((element.text or "").split())
