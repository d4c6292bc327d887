"""Closures of unary tests: the cells of decision tables and the right side of `in` (DMN 1.5, section 10.3.2.7)."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from engine.feel import syntax
from engine.feel.compiling.basics import variable
from engine.feel.compiling.frames import Closure, Compiler, Frame
from engine.feel.compiling.operations import ORDERS
from engine.feel.operators import Order, equal, inverse, matches_test, meets_condition, order

INPUT = "?"
#: Tests that are true or false of themselves, whatever is tested.
CONDITIONS: Final = (
    *(syntax.Comparison, syntax.Logic, syntax.Between, syntax.Membership, syntax.InstanceOf, syntax.Quantified, syntax.Call),
)
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
        return lambda frame, value: _verdict(operand(Frame({INPUT: value}, frame, frame.run)))
    if isinstance(node.operand, CONDITIONS):
        return lambda frame, value: meets_condition(value, operand(frame), frame.run)
    if _has_null(node.operand):
        return lambda frame, value: True if value is None else matches_test(value, operand(frame), frame.run)
    return lambda frame, value: matches_test(value, operand(frame), frame.run)


def _verdict(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _has_null(node: syntax.Node) -> bool:
    """Whether a list names null itself: `["gold", null]`. Only so does null pass; one that was computed may be a mistake."""
    return isinstance(node, syntax.ListLiteral) and any(isinstance(item, syntax.Literal) and item.value is None for item in node.items)


def _comparing(node: syntax.Test, compiler: Compiler) -> Tester:
    if node.operator in ("=", "!="):
        same = (
            _tester(replace(node, operator=""), compiler) if isinstance(node.operand, syntax.Literal) else _equal_to(compiler(node.operand))
        )
        return same if node.operator == "=" else _none(same)
    operand = compiler(node.operand)
    test = ORDERS[node.operator]
    if isinstance(node.operand, syntax.Literal):
        return _against(test, node.operand.value)
    return lambda frame, value: order(test, value, operand(frame))


def _equal_to(operand: Closure) -> Tester:
    def run(frame: Frame, value: object) -> object:
        expected = operand(frame)
        return None if value is None or expected is None else equal(value, expected, frame.run)

    return run


def _against(test: Order, bound: object) -> Tester:
    """A comparison with a constant, with a short way for two numbers."""
    is_number = type(bound) is Decimal

    def run(_frame: Frame, value: object) -> object:
        return test(value, bound) if is_number and type(value) is Decimal else order(test, value, bound)

    return run


def _same_as(constant: object) -> Tester:
    """A comparison with a constant, with a short way for two values of the same plain type; only null itself passes `null`."""
    if constant is None:
        return lambda _frame, value: value is None
    plain = type(constant) if isinstance(constant, str | Decimal) else None

    def run(frame: Frame, value: object) -> object:
        return value == constant if type(value) is plain else matches_test(value, constant, frame.run)

    return run
