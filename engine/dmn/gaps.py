"""Gaps of a decision table: values of its inputs that no rule answers.

Only what can be known is looked at: inputs tested by comparisons, ranges and constants. Numbers are tried at every boundary and
between each two of them; other values where the table, or its input values, name them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise, product
from typing import Final

from engine.dmn.tables import Input, Rule, Table
from engine.dmn.texts import Text
from engine.feel import FeelLimitExceeded, FeelSyntaxError, syntax
from engine.feel.parser import Parser
from engine.feel.text import scalar_text

#: Combinations of values tried at most; a larger table is not looked at.
MAX_COMBINATIONS: Final = 10_000
_FAR: Final = Decimal(1)


@dataclass(slots=True)
class _Seen:
    """What the cells of an input speak of."""

    constants: list[object] = field(default_factory=list)
    boundaries: list[Decimal] = field(default_factory=list)


class _NotKnownError(Exception):
    """A cell says more than ranges and constants can."""


@dataclass(frozen=True, slots=True)
class _Column:
    """An input that tells rules apart: its expression, the values to try, and for each the rules (as bits) that let it pass."""

    expression: str
    values: tuple[object, ...]
    passing: tuple[int, ...]


def find_gap(table: Table) -> str | None:
    """An example that no rule answers, as `deal_size = 3000, discount_pct = 25`; None when there is none, or when it cannot be known."""
    if not table.rules or table.aggregation == "COUNT" or any(column.default for column in table.outputs):
        return None
    try:
        columns = [column for place, given in enumerate(table.inputs) if (column := _column(given, place, table.rules)) is not None]
    except (_NotKnownError, FeelSyntaxError, FeelLimitExceeded, RecursionError, ArithmeticError):
        return None
    if math.prod(len(column.values) for column in columns) > MAX_COMBINATIONS:
        return None
    every = (1 << len(table.rules)) - 1
    for combination in product(*(zip(column.values, column.passing, strict=True) for column in columns)):
        left = every
        for _, passing in combination:
            left &= passing
        if not left:
            texts = (f"{column.expression} = {_written(value)}" for column, (value, _) in zip(columns, combination, strict=True))
            return ", ".join(texts)
    return None


def _column(given: Input, place: int, rules: Sequence[Rule]) -> _Column | None:
    """The column, or None when every rule lets everything pass in it."""
    tests = [rule.tests[place] for rule in rules]
    cells = [test for test in tests if test is not None]
    if not cells:
        return None
    if given.text.expression is None:
        raise _NotKnownError
    allowed = [text for text in (given.allowed, given.type.allowed) if text is not None]
    values = [value for value in _values(_seen(cells), _seen(allowed)) if all(_passes(text, value) for text in allowed)]
    passing = tuple(sum(1 << number for number, test in enumerate(tests) if test is None or _passes(test, value)) for value in values)
    return _Column(given.text.expression.text, tuple(values), passing)


def _values(cells: _Seen, allowed: _Seen) -> list[object]:
    """What to try: what is allowed, where it is listed; else numbers at and between the boundaries, or the constants there are."""
    if allowed.constants and not allowed.boundaries:
        return list(dict.fromkeys(allowed.constants))
    constants = [*cells.constants, *allowed.constants]
    if boundaries := [*cells.boundaries, *allowed.boundaries]:
        numbers = [value for value in constants if isinstance(value, Decimal)]
        if len(numbers) < len(constants):
            raise _NotKnownError
        return list(_partition(sorted({*boundaries, *numbers})))
    if any(isinstance(value, bool) for value in constants):
        return [True, False]
    return list(dict.fromkeys(constants))


def _partition(marks: list[Decimal]) -> Iterator[Decimal]:
    """A number of each stretch, then the boundaries themselves."""
    yield marks[0] - _FAR
    for low, high in pairwise(marks):
        yield (low + high) / 2
    yield marks[-1] + _FAR
    yield from marks


def _seen(texts: Sequence[Text]) -> _Seen:
    seen = _Seen()
    for text in texts:
        if text.expression is None:
            raise _NotKnownError
        for test in Parser(text.expression.text).whole_tests().tests:
            _note(test, seen)
    return seen


def _note(test: syntax.Test, seen: _Seen) -> None:
    match test.operand:
        case syntax.RangeLiteral(low=low, high=high) if not test.operator:
            seen.boundaries += [_number(low), _number(high)]
        case syntax.ComparisonRange(operator=operator, bound=bound) if not test.operator:
            _note_comparison(operator, bound, seen)
        case operand:
            _note_comparison(test.operator, operand, seen)


def _note_comparison(operator: str, operand: syntax.Node, seen: _Seen) -> None:
    if operator in ("", "=", "!="):
        seen.constants.append(_constant(operand))
    else:
        seen.boundaries.append(_number(operand))


def _number(node: syntax.Node) -> Decimal:
    found = _constant(node)
    if not isinstance(found, Decimal):
        raise _NotKnownError
    return found


def _constant(node: syntax.Node) -> object:
    match node:
        case syntax.Negation(operand=operand):
            return -_number(operand)
        case syntax.Literal(value=Decimal() | bool() | str() as value):
            return value
    raise _NotKnownError


def _passes(test: Text, value: object) -> bool:
    return test.expression is not None and test.expression.evaluate({"?": value}) is True


def _written(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else scalar_text(value)
