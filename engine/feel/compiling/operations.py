"""Closures of arithmetic, comparison and logic."""

import operator
from decimal import Decimal
from typing import Final

from engine.feel import syntax
from engine.feel.compiling.frames import Closure, Compiler, Frame
from engine.feel.decimals import NO_RESULT
from engine.feel.operators import ARITHMETIC, Order, Table, both, equal, inverse, minus_sign, order

ORDERS: Final[dict[str, Order]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def negation(node: syntax.Negation, compiler: Compiler) -> Closure:
    """`-operand`, computed at once where it is a number."""
    if isinstance(node.operand, syntax.Literal):
        constant = minus_sign(node.operand.value)
        return lambda _frame: constant
    operand = compiler(node.operand)
    return lambda frame: minus_sign(operand(frame))


def arithmetic(node: syntax.Arithmetic, compiler: Compiler) -> Closure:
    """A chain of operators of one level becomes one loop, so that a long sum does not nest as deep as it is long."""
    if compiler.tracing or not isinstance(node.left, syntax.Arithmetic):
        return _single(node.operator, compiler(node.left), compiler(node.right))
    steps: list[tuple[str, Closure]] = []
    first: syntax.Node = node
    while isinstance(first, syntax.Arithmetic):
        steps.append((first.operator, compiler(first.right)))
        first = first.left
    return _chain(compiler(first), steps[::-1])


def _single(symbol: str, left: Closure, right: Closure) -> Closure:
    table = ARITHMETIC[symbol]

    def run(frame: Frame) -> object:
        return apply(frame, table, left(frame), right(frame))

    return run


def _chain(first: Closure, steps: list[tuple[str, Closure]]) -> Closure:
    prepared = [(ARITHMETIC[symbol], operand) for symbol, operand in steps]

    def run(frame: Frame) -> object:
        value = first(frame)
        for table, operand in prepared:
            value = apply(frame, table, value, operand(frame))
        return value

    return run


def apply(frame: Frame, table: Table, left: object, right: object) -> object:
    """One operation; null where it has no result. A longer string is paid for before it exists."""
    operate = table.get((type(left), type(right)))
    if operate is None:
        return None
    if type(left) is str and type(right) is str:
        frame.run.grow_text(len(left) + len(right))
    try:
        return operate(left, right)
    except NO_RESULT:
        return None


def comparison(node: syntax.Comparison, compiler: Compiler) -> Closure:
    """`= != < <= > >=`, with a short way for two numbers, by far the commonest."""
    left = compiler(node.left)
    if node.operator in ("=", "!="):
        same = _equality(left, compiler(node.right))
        return same if node.operator == "=" else lambda frame: inverse(same(frame))
    test = ORDERS[node.operator]
    if isinstance(node.right, syntax.Literal) and type(node.right.value) is Decimal and not compiler.tracing:
        return _against_number(test, left, node.right.value)
    return _ordering(test, left, compiler(node.right))


def _equality(left: Closure, right: Closure) -> Closure:
    def run(frame: Frame) -> object:
        one, other = left(frame), right(frame)
        kind = type(one)
        if kind is type(other) and (kind is str or kind is Decimal):
            return one == other
        return equal(one, other, frame.run)

    return run


def _against_number(test: Order, left: Closure, number: Decimal) -> Closure:
    def run(frame: Frame) -> object:
        value = left(frame)
        return test(value, number) if type(value) is Decimal else None

    return run


def _ordering(test: Order, left: Closure, right: Closure) -> Closure:
    def run(frame: Frame) -> object:
        one, other = left(frame), right(frame)
        if type(one) is Decimal and type(other) is Decimal:
            return test(one, other)
        return order(test, one, other)

    return run


def logic(node: syntax.Logic, compiler: Compiler) -> Closure:
    """Three-valued `and` and `or`, which stop at the first operand that decides."""
    deciding = node.operator == "or"
    operands = [compiler(operand) for operand in node.operands]
    if len(operands) == 2:  # noqa: PLR2004  # a pair
        return _pair(deciding, *operands)

    def run(frame: Frame) -> object:
        result: bool | None = not deciding
        for operand in operands:
            value = operand(frame)
            if value is deciding:
                return deciding
            if value is not (not deciding):
                result = None
        return result

    return run


def _pair(deciding: bool, left: Closure, right: Closure) -> Closure:
    neutral = not deciding

    def run(frame: Frame) -> object:
        first = left(frame)
        if first is deciding:
            return deciding
        second = right(frame)
        if second is deciding:
            return deciding
        return neutral if first is neutral and second is neutral else None

    return run


def between(node: syntax.Between, compiler: Compiler) -> Closure:
    """`value between low and high`, ends included."""
    value, low, high = compiler(node.value), compiler(node.low), compiler(node.high)

    def run(frame: Frame) -> object:
        middle = value(frame)
        return both(order(operator.ge, middle, low(frame)), order(operator.le, middle, high(frame)))

    return run


def condition(node: syntax.If, compiler: Compiler) -> Closure:
    """`if` takes the other way for anything but true."""
    test, yes, no = compiler(node.condition), compiler(node.yes), compiler(node.no)
    return lambda frame: yes(frame) if test(frame) is True else no(frame)
