"""A decision table as a whole: gaps, rules that meet where one may speak, rules nothing reaches, and cells that cannot be meant so."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from engine.dmn.cells import Passing, passing_of
from engine.dmn.domains import Domain
from engine.dmn.hit_policies import HitPolicy
from engine.dmn.items import ItemType
from engine.dmn.sweep import Case, Contradicts, coverage_of, domain_of, written
from engine.dmn.tables import Input, Output, Rule, Table
from engine.dmn.texts import DmnFinding, Text
from engine.feel import FeelSyntaxError, compile_unary_tests, kind_of, syntax
from engine.feel.limits import Limits, Run
from engine.feel.operators import equal
from engine.feel.text import scalar_text

#: Types whose constants are recognized as such; a date is written as text or with a function.
_PLAIN: Final = frozenset({"number", "string", "boolean"})
#: Kinds that texts of the process are read as, where the column is of such a type (`items`): a text is no mistake of type there.
_READ_FROM_TEXT: Final = frozenset({"date", "time", "date and time", "days and time duration", "years and months duration"})
#: How a comparison begins that somebody has put in quotes.
_QUOTED: Final = ("<", ">", "=", "!=", "[", "not(")


def table_findings(table: Table) -> Iterator[DmnFinding]:
    """Everything that is worth a look; warnings, because the data may never be such, but for what no data can mend."""
    of_cells = [
        found for place, column in enumerate(table.inputs) for found in _of_column(column, [rule.tests[place] for rule in table.rules])
    ]
    yield from _of_coverage(table, {found.element_id for found in of_cells})
    yield from of_cells
    for place, output in enumerate(table.outputs):
        yield from _of_output(output, [rule.outputs[place] for rule in table.rules])


def _of_coverage(table: Table, told: AbstractSet[str]) -> Iterator[DmnFinding]:
    """Gaps, meetings and idle rules; a rule of which a cell is told already needs no second word."""
    coverage = coverage_of(table, _contradicts(table))
    if table.rules and coverage.gap and not _answers_nothing(table):
        message = f"No rule answers {coverage.gap.example}; add a rule or a default output, or narrow the input values."
        yield DmnFinding(table.element_id, message, "warning")
    for case in coverage.meetings.values():
        yield _of_meeting(table, case)
    for place in coverage.dead:
        if not any(cell and cell.element_id in told for cell in table.rules[place].tests):
            yield _of_rule(table, place, "matches nothing: no value passes all its cells.")
    if table.policy is HitPolicy.FIRST:
        for place in coverage.shadowed:
            yield _of_rule(table, place, "never decides: rules above it match whatever it matches.")


def _answers_nothing(table: Table) -> bool:
    """Whether the table has an answer where no rule matches: a default, a number of rules."""
    return table.aggregation == "COUNT" or any(column.default for column in table.outputs)


def _of_meeting(table: Table, case: Case) -> DmnFinding:
    above, below = (table.rules[place].index for place in case.rules)
    example = f" when {case.example}" if case.example else ""
    allowed = "one" if table.policy is HitPolicy.UNIQUE else "the same outputs only"
    message = f"and rule {above} both match{example}, but the hit policy {table.policy} allows {allowed}."
    return _of_rule(table, case.rules[1], message, below)


def _contradicts(table: Table) -> Contradicts | None:
    """Which rules break the promise of the hit policy when they match one case."""
    if table.policy is HitPolicy.UNIQUE:
        return lambda _one, _other: True
    if table.policy is not HitPolicy.ANY:
        return None
    outputs = [tuple(text and text.text for text in rule.outputs) for rule in table.rules]
    return lambda one, other: outputs[one] != outputs[other]


def _of_rule(table: Table, place: int, message: str, index: int | None = None) -> DmnFinding:
    rule: Rule = table.rules[place]
    return DmnFinding(rule.element_id or table.element_id, f"Rule {index or rule.index} {message}", "warning")


def _of_column(column: Input, texts: Sequence[Text | None]) -> Iterator[DmnFinding]:
    cells = [(text, passing_of(text, column.aliases)) for text in texts if text is not None]
    listed = domain_of(column, [cell for _, cell in cells]) if column.options else None
    strings = column.type.feel_kind == "string" or any(isinstance(mark, str) for _, cell in cells for mark in cell.marks)
    for text, cell in cells:
        quoted, word = _quoted(cell), _word(text) if strings else ""
        complaint = quoted or _mistyped(cell, column.type) or _empty(cell) or _unlisted(cell, listed)
        if complaint:
            yield DmnFinding(text.element_id, complaint, "warning", _without_quotes(text) if quoted else None)
        elif word:
            yield _unquoted(text, word)


def _unlisted(cell: Passing, listed: Domain | None) -> str:
    unlisted = [] if listed is None else [mark for mark in cell.points if not listed.admits(mark)]
    return f"{written(unlisted[0])} is not among the input values of the column." if unlisted else ""


def _mistyped(cell: Passing, wanted: ItemType) -> str:
    kind = wanted.feel_kind
    if kind not in _PLAIN | _READ_FROM_TEXT:
        return ""
    for value in cell.marks:
        if kind_of(value) not in {kind, "null"}:
            return f"{scalar_text(value)} is a {kind_of(value)}, but the column is of type {wanted.name}: it never matches."
    return ""


def _quoted(cell: Passing) -> str:
    said = next((mark for mark in cell.marks if isinstance(mark, str) and mark.lstrip().startswith(_QUOTED)), None)
    return f"{written(said)} is a text; a comparison stands without the quotation marks." if said else ""


def _empty(cell: Passing) -> str:
    if not cell.empty:
        return ""
    if cell.empty[0][:1] in "[(]" and ".." in cell.empty[0]:
        return f"The range {cell.empty[0]} holds nothing: it ends before it begins, or its ends are no values of one kind."
    return f"{cell.empty[0]} is null, so this cell matches nothing."


def _without_quotes(text: Text) -> str | None:
    """The comparison that somebody has put in quotes, where the cell is nothing else and it is one."""
    tree = None if text.expression is None else text.expression.tree
    match tree:
        case syntax.UnaryTests(tests=(syntax.Test(operator="", operand=syntax.Literal(value=str() as said)),), negated=False):
            try:
                return compile_unary_tests(said).text
            except FeelSyntaxError:
                return None
    return None


def _word(text: Text) -> str:
    """The only thing a text is, a word without quotation marks; empty where it is more."""
    node = None if text.expression is None else text.expression.tree
    if isinstance(node, syntax.UnaryTests) and len(node.tests) == 1 and not node.tests[0].operator:
        node = node.tests[0].operand
    return node.name if isinstance(node, syntax.Name) and node.name != "?" else ""


def _unquoted(text: Text, word: str) -> DmnFinding:
    """A word where the others are texts; it may be a variable of the process, but who writes `gold` mostly means "gold"."""
    message = f'{word} is read as a variable; write "{word}" if the text is meant.'
    return DmnFinding(text.element_id, message, "warning", f'"{word}"')


def _of_output(output: Output, texts: Sequence[Text | None]) -> Iterator[DmnFinding]:
    strings = output.type.feel_kind == "string" or any(isinstance(value, str) for text in texts for value in _constants(text))
    for text in texts:
        if text is None:
            continue
        constants = _constants(text)
        kind = output.type.feel_kind
        mistyped = [value for value in constants if kind in _PLAIN and kind_of(value) not in {kind, "null"}]
        if mistyped:
            message = (
                f"{scalar_text(mistyped[0])} is a {kind_of(mistyped[0])}, but the output is of type {output.type.name}: it gives null."
            )
            yield DmnFinding(text.element_id, message, "warning")
        elif output.order and any(value is not None and not _listed(value, output.order) for value in constants):
            message = f"{written(constants[0])} is not among the output values ({output.allowed_text}); the rule would be refused."
            yield DmnFinding(text.element_id, message, "error")
        elif strings and (word := _word(text)):
            yield _unquoted(text, word)


def _listed(value: object, order: Sequence[object]) -> bool:
    run = Run(Limits())
    return any(equal(value, listed, run) is True for listed in order)


def _constants(text: Text | None) -> list[object]:
    match None if text is None or text.expression is None else text.expression.tree:
        case syntax.Negation(operand=syntax.Literal(value=value)) | syntax.Literal(value=value):
            return [value]
    return []
