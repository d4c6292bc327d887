"""A decision table as a whole: gaps, rules that meet where one may speak, rules nothing reaches, values of another type."""

from collections.abc import Iterator, Sequence
from typing import Final

from engine.dmn.gaps import Case, coverage_of
from engine.dmn.hit_policies import HitPolicy
from engine.dmn.items import ItemType
from engine.dmn.tables import Rule, Table
from engine.dmn.texts import DmnFinding, Text
from engine.feel import FeelSyntaxError, kind_of, syntax
from engine.feel.parser import Parser
from engine.feel.text import scalar_text

#: Types whose constants are recognized as such; a date is written as text or with a function.
_PLAIN: Final = frozenset({"number", "string", "boolean"})
#: Pairs of rules told of a table; whoever mends them is told the next.
_MAX_PAIRS: Final = 10


def table_findings(table: Table) -> Iterator[DmnFinding]:
    """Everything that is worth a look; all are warnings, because the data may never be such."""
    yield from _of_coverage(table)
    for column, place in zip(table.inputs, range(len(table.inputs)), strict=True):
        yield from _mistyped_tests([rule.tests[place] for rule in table.rules], column.type)
    for output, place in zip(table.outputs, range(len(table.outputs)), strict=True):
        yield from _mistyped_outputs([rule.outputs[place] for rule in table.rules], output.type)


def _of_coverage(table: Table) -> Iterator[DmnFinding]:
    coverage = coverage_of(table)
    if coverage is None:
        return
    if coverage.gap and table.aggregation != "COUNT" and not any(column.default for column in table.outputs):
        message = f"No rule answers {coverage.gap.example}; add a rule or a default output, or narrow the input values."
        yield DmnFinding(table.element_id, message, "warning")
    yield from _of_meetings(table, coverage.meetings)
    for place in coverage.dead:
        yield _of_rule(table, place, "matches nothing: no value passes all its cells.")
    if table.policy is HitPolicy.FIRST:
        for place in coverage.shadowed:
            yield _of_rule(table, place, "never decides: rules above it match whatever it matches.")


def _of_meetings(table: Table, meetings: Sequence[Case]) -> Iterator[DmnFinding]:
    told = [case for case in meetings if _contradicts(table, case.rules)]
    for case in told[:_MAX_PAIRS]:
        above, below = (table.rules[place].index for place in case.rules)
        example = f" when {case.example}" if case.example else ""
        allowed = "one" if table.policy is HitPolicy.UNIQUE else "the same outputs only"
        yield _of_rule(
            table, case.rules[1], f"and rule {above} both match{example}, but the hit policy {table.policy} allows {allowed}.", below
        )


def _contradicts(table: Table, places: Sequence[int]) -> bool:
    """Whether rules that match one case break the promise of the hit policy."""
    if table.policy is HitPolicy.UNIQUE:
        return True
    outputs = [[text and text.text for text in table.rules[place].outputs] for place in places]
    return table.policy is HitPolicy.ANY and outputs[0] != outputs[1]


def _of_rule(table: Table, place: int, message: str, index: int | None = None) -> DmnFinding:
    rule: Rule = table.rules[place]
    return DmnFinding(rule.element_id or table.element_id, f"Rule {index or rule.index} {message}", "warning")


def _mistyped_tests(cells: Sequence[Text | None], wanted: ItemType) -> Iterator[DmnFinding]:
    if wanted.feel_kind not in _PLAIN:
        return
    for cell in cells:
        for value in _constants(cell):
            if cell is not None and kind_of(value) not in {wanted.feel_kind, "null"}:
                message = f"{scalar_text(value)} is a {kind_of(value)}, but the column is of type {wanted.name}: it never matches."
                yield DmnFinding(cell.element_id, message, "warning")
                break


def _mistyped_outputs(cells: Sequence[Text | None], wanted: ItemType) -> Iterator[DmnFinding]:
    if wanted.feel_kind not in _PLAIN:
        return
    for cell in cells:
        node = None if cell is None or cell.expression is None else Parser(cell.expression.text).whole_expression()
        for value in [] if node is None else _literal(node):
            if cell is not None and kind_of(value) not in {wanted.feel_kind, "null"}:
                message = f"{scalar_text(value)} is a {kind_of(value)}, but the output is of type {wanted.name}: it gives null."
                yield DmnFinding(cell.element_id, message, "warning")


def _constants(cell: Text | None) -> Iterator[object]:
    """The constants that the tests of a cell compare with."""
    if cell is None or cell.expression is None:
        return
    try:
        tests = Parser(cell.expression.text).whole_tests().tests
    except FeelSyntaxError:  # it has names that only the model knows
        return
    for test in tests:
        match test.operand:
            case syntax.RangeLiteral(low=low, high=high):
                yield from (*_literal(low), *_literal(high))
            case syntax.ComparisonRange(bound=bound):
                yield from _literal(bound)
            case operand:
                yield from _literal(operand)


def _literal(node: syntax.Node) -> list[object]:
    match node:
        case syntax.Negation(operand=syntax.Literal(value=value)) | syntax.Literal(value=value):
            return [value]
    return []
