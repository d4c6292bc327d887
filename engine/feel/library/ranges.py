"""How points and ranges lie to one another: before, meets, overlaps … (DMN 1.5, section 10.3.4.10)."""

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from engine.feel import syntax
from engine.feel.errors import FeelSyntaxError
from engine.feel.library.registry import builtin
from engine.feel.operators import make_range, minus_sign, order
from engine.feel.parser import Parser
from engine.feel.temporal import parse_temporal
from engine.feel.values import Open, Range

_POINT: Final = "n|s|d|dt|t|dd|ym|r"
Relation = Callable[[Range, Range], bool | None]


def _relation(name: str, first: str, second: str) -> Callable[[Relation], Relation]:
    """Register a relation; a point counts as the range that holds only it."""

    def register(body: Relation) -> Relation:
        @builtin(name, f"{first}, {second}")
        def call(left: object, right: object) -> bool | None:
            return body(_as_range(left), _as_range(right))

        return body

    return register


def _as_range(value: object) -> Range:
    return value if isinstance(value, Range) else Range(value, value, low_in=True, high_in=True)


def _low(interval: Range) -> tuple[Any, bool]:
    """Sorts the lower ends: of two equal ones, the one that is included begins earlier."""
    return interval.low, not interval.low_in


def _high(interval: Range) -> tuple[Any, bool]:
    return interval.high, interval.high_in


@_relation("before", f"a:{_POINT}", f"b:{_POINT}")
def _before(left: Range, right: Range) -> bool | None:
    earlier = order(operator.lt, left.high, right.low)
    if earlier is None:
        return None
    return earlier or (left.high == right.low and not (left.high_in and right.low_in))


@_relation("after", f"a:{_POINT}", f"b:{_POINT}")
def _after(left: Range, right: Range) -> bool | None:
    return _before(right, left)


@_relation("meets", "range1:r", "range2:r")
def _meets(left: Range, right: Range) -> bool:
    return bool(left.high == right.low and left.high_in and right.low_in)


@_relation("met by", "range1:r", "range2:r")
def _met_by(left: Range, right: Range) -> bool | None:
    return _meets(right, left)


@_relation("overlaps", "range1:r", "range2:r")
def _overlaps(left: Range, right: Range) -> bool | None:
    before, after = _before(left, right), _before(right, left)
    return None if before is None or after is None else not before and not after


@_relation("overlaps before", "range1:r", "range2:r")
def _overlaps_before(left: Range, right: Range) -> bool | None:
    overlap = _overlaps(left, right)
    return overlap and _low(left) < _low(right) and _high(left) <= _high(right)


@_relation("overlaps after", "range1:r", "range2:r")
def _overlaps_after(left: Range, right: Range) -> bool | None:
    overlap = _overlaps(left, right)
    return overlap and _low(right) < _low(left) and _high(left) >= _high(right)


@_relation("finishes", f"a:{_POINT}", "b:r")
def _finishes(left: Range, right: Range) -> bool:
    return bool(_high(left) == _high(right) and _low(left) >= _low(right))


@_relation("finished by", "a:r", f"b:{_POINT}")
def _finished_by(left: Range, right: Range) -> bool | None:
    return _finishes(right, left)


@_relation("includes", "a:r", f"b:{_POINT}")
def _includes(left: Range, right: Range) -> bool:
    return bool(_low(left) <= _low(right) and _high(left) >= _high(right))


@_relation("during", f"a:{_POINT}", "b:r")
def _during(left: Range, right: Range) -> bool | None:
    return _includes(right, left)


@_relation("starts", f"a:{_POINT}", "b:r")
def _starts(left: Range, right: Range) -> bool:
    return bool(_low(left) == _low(right) and _high(left) <= _high(right))


@_relation("started by", "a:r", f"b:{_POINT}")
def _started_by(left: Range, right: Range) -> bool | None:
    return _starts(right, left)


@_relation("coincides", f"a:{_POINT}", f"b:{_POINT}")
def _coincides(left: Range, right: Range) -> bool:
    return bool(_low(left) == _low(right) and _high(left) == _high(right))


_OMITTED_LOW: Final = re.compile(r"\s*[(\]]\s*\.\.(.+)([)\]\[])\s*", re.DOTALL)
_OMITTED_HIGH: Final = re.compile(r"\s*([(\[\]])(.+)\.\.\s*[)\[]\s*", re.DOTALL)


@builtin("range", "from:s")
def _range(text: str) -> Range | None:
    """A range written as text, with constants for ends: `[18..21)`, `["a".."f"]`, `[@"2026-01-01"..)`, where an end may be left out.

    An end that is no constant makes no range: it is not as if it were left out.
    """
    below, above = _OMITTED_LOW.fullmatch(text), _OMITTED_HIGH.fullmatch(text)
    try:
        if below:
            return make_range(Open.END, _constant(below[1]), low_in=False, high_in=below[2] == "]")
        if above:
            return make_range(_constant(above[2]), Open.END, low_in=above[1] == "[", high_in=False)
        node = Parser(text).whole_expression()
        if not isinstance(node, syntax.RangeLiteral):
            return None
        return make_range(_end(node.low), _end(node.high), low_in=node.low_in, high_in=node.high_in)
    except (FeelSyntaxError, _NoConstantError):
        return None


class _NoConstantError(Exception):
    """An end of a written range would have to be computed. Never leaves this module."""


def _constant(text: str) -> object:
    return _end(Parser(text).whole_expression())


def _end(node: syntax.Node) -> object:
    if isinstance(node, syntax.Literal):
        return node.value
    if isinstance(node, syntax.Negation):
        return minus_sign(_end(node.operand))
    if isinstance(node, syntax.Call) and len(node.arguments) == 1:  # date("2026-01-01")
        text = _end(node.arguments[0])
        found = parse_temporal(text) if isinstance(text, str) else None
        if found is not None:
            return found
    raise _NoConstantError
