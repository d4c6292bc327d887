"""What a cell of a decision table lets pass, read from its text: points, stretches, or something only evaluation can tell.

Known are constants (whatever reads no variable and no clock), comparisons and ranges between them, lists of these, `not(…)`, and conditions
that compare `?` itself with constants. Everything else may pass anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from engine.dmn.texts import Text
from engine.feel import Expression, FeelLimitExceeded, Range, YearsMonths, syntax
from engine.feel.compiling.compiler import FastCompiler
from engine.feel.compiling.frames import Frame
from engine.feel.expression import CACHED_TEXTS
from engine.feel.limits import Limits, Run
from engine.feel.operators import make_range
from engine.feel.temporal import instant
from engine.feel.values import Function, Open
from engine.feel.variables import reads_of
from engine.kept import kept
from engine.work import pay

#: Kinds with an order, each with its own line of values.
LINES: Final[tuple[type, ...]] = (Decimal, date, datetime, time, timedelta, YearsMonths)
_CONSTANT_LIMITS: Final = Limits(steps=1_000, seconds=0.1)
#: What computing a constant costs a request, in steps: most are a call of one function.
_CONSTANT_STEPS: Final = 100
_COMPARED: Final = (syntax.Comparison, syntax.Between, syntax.Membership)
_CLOCK: Final = frozenset({"now", "today"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values of one line between two ends, as in a `Range`."""

    line: type
    within: Range


@dataclass(slots=True)
class Passing:
    """What passes a cell: `points` and `stretches`, or all that is not among them; `sampled`: what evaluation says, between the marks."""

    points: list[object] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    negated: bool = False
    unknown: bool = False
    sampled: bool = False
    #: Constants and ends in the order of the text, for the check of types.
    marks: list[object] = field(default_factory=list)
    #: Ranges between constants that hold nothing, as written.
    empty: list[str] = field(default_factory=list)


def constant_of(node: syntax.Node) -> object:
    """The value of a part that reads nothing; raises LookupError for any other."""
    match node:
        case syntax.Literal(value=value):
            return value
        case syntax.RangeLiteral(low=syntax.Literal(value=low), high=syntax.Literal(value=high), low_in=low_in, high_in=high_in):
            return make_range(low, high, low_in=low_in, high_in=high_in)
    if _reads_anything(node):
        raise LookupError
    pay(_CONSTANT_STEPS)
    try:
        value = FastCompiler()(node)(Frame({}, None, Run(_CONSTANT_LIMITS)))
    except (FeelLimitExceeded, ArithmeticError, RecursionError):
        raise LookupError from None
    return None if isinstance(value, Function) else value


def _reads_anything(node: syntax.Node) -> bool:
    reads = reads_of(node)
    return bool(reads.certain or reads.possible) or any(
        isinstance(part, syntax.Call) and isinstance(part.function, syntax.Name) and part.function.name in _CLOCK
        for part in syntax.within(node)
    )


def passing_of(cell: Text, names: Sequence[str] = ()) -> Passing:
    """What a cell lets pass; `names` are those of the tested value besides `?`."""
    return Passing(unknown=True) if cell.expression is None else _passing(cell.expression, tuple(names))


@kept(CACHED_TEXTS, lambda expression, _: len(expression.text))
def _passing(expression: Expression, names: tuple[str, ...]) -> Passing:
    """What tests let pass, computed once for each text, as those are compiled once; nobody changes it."""
    found = Passing()
    tests = expression.tree
    if not isinstance(tests, syntax.UnaryTests):
        return Passing(unknown=True)
    if any(test.operator == "!=" for test in tests.tests):
        found.negated = len(tests.tests) == 1 and not tests.negated
        found.unknown = not found.negated
    else:
        found.negated = tests.negated
    for test in tests.tests:
        _add_test(test, expression.text, frozenset(("?", *names)), found)
    return found


def _add_test(test: syntax.Test, text: str, inputs: frozenset[str], found: Passing) -> None:
    operand = test.operand
    if test.uses_input:
        if test.operator or not _compares_input(operand, inputs):
            found.unknown = True
            return
        found.sampled = True
        found.marks += _constants_in(operand)
        return
    try:
        value = constant_of(operand)
    except LookupError:
        found.unknown = True
        return
    if value is None and not isinstance(operand, syntax.Literal):
        found.marks += [constant for constant in _ends(operand) if constant is not None]
        found.empty += [text[operand.start : operand.end]]
        return
    _add_value(test.operator, value, found)


def _ends(operand: syntax.Node) -> Iterator[object]:
    for end in (operand.low, operand.high) if isinstance(operand, syntax.RangeLiteral) else ():
        try:
            yield constant_of(end)
        except LookupError:
            continue


def _add_value(operator: str, value: object, found: Passing) -> None:
    if operator in ("<", "<=", ">", ">="):
        found.marks.append(value)
        _add_range(half_line(operator, value), type(value), found)
    elif isinstance(value, list):
        for item in value:
            _add_value("", item, found)
    elif isinstance(value, Range):
        ends = [end for end in (value.low, value.high) if end is not None and end is not Open.END]
        found.marks += ends
        if len(ends) + (value.low is Open.END) + (value.high is Open.END) == 2:  # noqa: PLR2004  # no end is null: else nothing passes
            _add_range(value, type(ends[0]), found)
    else:
        found.unknown = found.unknown or isinstance(value, dict)
        found.marks.append(value)
        found.points.append(value)


def _add_range(within: Range, line: type, found: Passing) -> None:
    if line in LINES:
        found.stretches.append(Stretch(line, within))
    else:  # texts have an order too, but no table is understood by it
        found.unknown = True


def half_line(operator: str, bound: object) -> Range:
    """All below or above a bound."""
    if operator[0] == "<":
        return Range(Open.END, bound, low_in=False, high_in=operator == "<=")
    return Range(bound, Open.END, low_in=operator == ">=", high_in=False)


def _compares_input(node: syntax.Node, inputs: frozenset[str]) -> bool:
    """Whether a condition is made of comparisons of the tested value itself with constants."""
    if isinstance(node, syntax.Logic):
        return all(_compares_input(operand, inputs) for operand in node.operands)
    if isinstance(node, syntax.Call):
        called = node.function.name if isinstance(node.function, syntax.Name) else ""
        return called == "not" and len(node.arguments) == 1 and _compares_input(node.arguments[0], inputs)
    if not isinstance(node, _COMPARED):
        return not _reads_anything(node)
    return all(_is_input(part, inputs) or not _reads_anything(part) for part in syntax.children(node))


def _is_input(node: syntax.Node, inputs: frozenset[str]) -> bool:
    return isinstance(node, syntax.Name) and node.name in inputs


def _constants_in(node: syntax.Node) -> Iterator[object]:
    """The constants a condition compares with, as marks between which it does not change."""
    for part in syntax.within(node):
        try:
            value = constant_of(part) if isinstance(part, syntax.Literal | syntax.Call | syntax.Negation) else None
        except LookupError:
            continue
        if value is not None and not isinstance(value, list | dict | Range):
            yield value


def ordered_key(value: object) -> Any:
    """What values of one line are sorted by."""
    return instant(value) if isinstance(value, datetime) else value
