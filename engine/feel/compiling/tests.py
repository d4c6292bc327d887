"""Closures of unary tests: the cells of decision tables and the right side of `in` (DMN 1.5, section 10.3.2.7)."""

from collections.abc import Callable
from decimal import Decimal

from engine.feel import syntax
from engine.feel.compiling.basics import variable
from engine.feel.compiling.frames import Closure, Compiler, Frame
from engine.feel.compiling.operations import ORDERS
from engine.feel.operators import Order, equal, inverse, matches_test, order

INPUT = "?"
Tester = Callable[[Frame, object], object]


def unary_tests(node: syntax.UnaryTests, compiler: Compiler) -> Closure:
    """Tests as a whole text: the value comes as the variable `?`."""
    tester = tester_of(node, compiler)
    return lambda frame: tester(frame, variable(frame, INPUT))


def membership(node: syntax.Membership, compiler: Compiler) -> Closure:
    """`value in tests`."""
    value = compiler(node.value)
    tester = tester_of(node.tests, compiler)
    return lambda frame: tester(frame, value(frame))


def tester_of(node: syntax.UnaryTests, compiler: Compiler) -> Tester:
    """A closure that takes the tested value beside the frame."""
    testers = [_tester(test, compiler) for test in node.tests]
    if not testers:
        return lambda _frame, _value: True
    tester = testers[0] if len(testers) == 1 else _any(testers)
    return _none(tester) if node.negated else tester


def _any(testers: list[Tester]) -> Tester:
    def run(frame: Frame, value: object) -> object:
        result: bool | None = False
        for tester in testers:
            passed = tester(frame, value)
            if passed is True:
                return True
            if passed is not False:
                result = None
        return result

    return run


def _none(tester: Tester) -> Tester:
    return lambda frame, value: inverse(tester(frame, value))


def _tester(node: syntax.Test, compiler: Compiler) -> Tester:
    if node.operator:
        return _comparing(node, compiler)
    if isinstance(node.operand, syntax.Literal):
        return _same_as(node.operand.value)
    operand = compiler(node.operand)
    if node.uses_input:
        return lambda frame, value: operand(Frame({INPUT: value}, frame, frame.run)) is True
    return lambda frame, value: matches_test(value, operand(frame), frame.run)


def _comparing(node: syntax.Test, compiler: Compiler) -> Tester:
    operand = compiler(node.operand)
    if node.operator == "=":
        return lambda frame, value: equal(value, operand(frame), frame.run)
    if node.operator == "!=":
        return lambda frame, value: inverse(equal(value, operand(frame), frame.run))
    test = ORDERS[node.operator]
    if isinstance(node.operand, syntax.Literal):
        return _against(test, node.operand.value)
    return lambda frame, value: order(test, value, operand(frame))


def _against(test: Order, bound: object) -> Tester:
    """A comparison with a constant, with a short way for two numbers."""
    is_number = type(bound) is Decimal

    def run(_frame: Frame, value: object) -> object:
        return test(value, bound) if is_number and type(value) is Decimal else order(test, value, bound)

    return run


def _same_as(constant: object) -> Tester:
    """A comparison with a constant, with a short way for two values of the same plain type."""
    plain = type(constant) if isinstance(constant, str | Decimal) else None

    def run(frame: Frame, value: object) -> object:
        return value == constant if type(value) is plain else matches_test(value, constant, frame.run)

    return run
