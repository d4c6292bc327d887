"""The rules of a decision table against all there can be: values that no rule answers, that too many answer, and rules nothing reaches.

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
    """An input that tells rules apart: its expression, the values to try, and for each the rules (as bits) that let it pass.

    The values at the end, from `named` on, stand for those that the table does not speak of: no gap, since they may not occur.
    """

    expression: str
    values: tuple[object, ...]
    passing: tuple[int, ...]
    named: int


@dataclass(frozen=True, slots=True)
class Case:
    """Values of the inputs as an example, `deal_size = 3000, discount_pct = 25`, and the rules that match them, by place in the table."""

    example: str
    rules: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the rules of a table answer: a case that none does, for each two that meet one case, and the rules of which nothing is seen."""

    gap: Case | None
    meetings: tuple[Case, ...]
    #: Rules that match nothing, and those that match only what a rule above them matches too.
    dead: tuple[int, ...]
    shadowed: tuple[int, ...]


def coverage_of(table: Table) -> Coverage | None:
    """Try every combination of what the cells tell apart; None when that cannot be known, or is too much."""
    try:
        columns = [column for place, given in enumerate(table.inputs) if (column := _column(given, place, table.rules)) is not None]
    except (_NotKnownError, FeelSyntaxError, FeelLimitExceeded, RecursionError, ArithmeticError):
        return None
    if not table.rules or math.prod(len(column.values) for column in columns) > MAX_COMBINATIONS:
        return None
    return _covered(columns, len(table.rules))


def _covered(columns: Sequence[_Column], rules: int) -> Coverage:
    seen, first, gap = 0, 0, None
    meetings: dict[tuple[int, ...], Case] = {}
    for places in product(*(range(len(column.values)) for column in columns)):
        left = (1 << rules) - 1
        for column, place in zip(columns, places, strict=True):
            left &= column.passing[place]
        seen |= left
        first |= left & -left
        if not left and gap is None and all(place < column.named for column, place in zip(columns, places, strict=True)):
            gap = Case(_example(columns, places), ())
        if left & (left - 1):
            for pair in pairwise(_places(left)):
                if pair not in meetings:
                    meetings[pair] = Case(_example(columns, places), pair)
    every = (1 << rules) - 1
    return Coverage(gap, tuple(meetings.values()), tuple(_places(every & ~seen)), tuple(_places(seen & ~first)))


def _places(bits: int) -> list[int]:
    return [place for place in range(bits.bit_length()) if bits >> place & 1]


def _example(columns: Sequence[_Column], places: Sequence[int]) -> str:
    return ", ".join(f"{column.expression} = {_written(column.values[place])}" for column, place in zip(columns, places, strict=True))


def _column(given: Input, place: int, rules: Sequence[Rule]) -> _Column | None:
    """The column, or None when every rule lets everything pass in it."""
    tests = [rule.tests[place] for rule in rules]
    cells = [test for test in tests if test is not None]
    if not cells:
        return None
    if given.text.expression is None:
        raise _NotKnownError
    allowed = [text for text in (given.allowed, given.type.allowed) if text is not None]
    named = [value for value in _values(_seen(cells), _seen(allowed)) if all(_passes(text, value) for text in allowed)]
    values = [*named, *_others(named, allowed)]
    passing = tuple(sum(1 << number for number, test in enumerate(tests) if test is None or _passes(test, value)) for value in values)
    return _Column(given.text.expression.text, tuple(values), passing, len(named))


def _others(named: Sequence[object], allowed: Sequence[Text]) -> Iterator[object]:
    """A value that no cell names, where no input values forbid it."""
    if allowed or not named:
        return
    if all(isinstance(value, str) for value in named):
        yield max(map(str, named), key=len) + "…"
    elif numbers := [value for value in named if isinstance(value, Decimal)]:
        yield max(numbers) + _FAR


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
