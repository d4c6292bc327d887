"""Functions that make one value of a list, or of several arguments (DMN 1.5, section 10.3.4.4)."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from operator import gt, lt

from engine.feel.decimals import CONTEXT, mean, total
from engine.feel.library.registry import metered
from engine.feel.limits import Run
from engine.feel.operators import Order, order, plus
from engine.feel.values import YearsMonths

Aggregate = Callable[[list[object]], object]


def aggregate(name: str) -> Callable[[Aggregate], Aggregate]:
    """Register a function of a list that may also be called as `name(a, b, c)`."""

    def register(body: Aggregate) -> Aggregate:
        @metered(name, "list:*+")
        def call(run: Run, *arguments: object) -> object:
            first = arguments[0]
            items = first if len(arguments) == 1 and isinstance(first, list) else list(arguments)
            run.charge(len(items))
            return body(items)

        return body

    return register


def numbers_of(items: list[object]) -> list[Decimal] | None:
    """The items when there are some and all are numbers; None otherwise."""
    numbers = [item for item in items if isinstance(item, Decimal)]
    return numbers if numbers and len(numbers) == len(items) else None


def extreme(items: list[object], wins: Order) -> object:
    """The item that `wins` over all others; None for no items or ones that cannot be compared."""
    if not items:
        return None
    best = items[0]
    for item in items:
        verdict = order(wins, item, best)
        if verdict is None:
            return None
        best = item if verdict else best
    return best


@aggregate("min")
def minimum(items: list[object]) -> object:
    """The least item."""
    return extreme(items, lt)


@aggregate("max")
def maximum(items: list[object]) -> object:
    """The greatest item."""
    return extreme(items, gt)


@aggregate("sum")
def summed(items: list[object]) -> object:
    """The sum of numbers, or of durations of one kind."""
    if items and isinstance(items[0], timedelta | YearsMonths):
        return reduce(plus, items)
    numbers = numbers_of(items)
    return None if numbers is None else total(numbers)


@aggregate("mean")
def _mean(items: list[object]) -> Decimal | None:
    numbers = numbers_of(items)
    return None if numbers is None else mean(numbers)


@aggregate("product")
def _product(items: list[object]) -> Decimal | None:
    numbers = numbers_of(items)
    return None if numbers is None else reduce(CONTEXT.multiply, numbers)


@aggregate("median")
def _median(items: list[object]) -> Decimal | None:
    numbers = sorted(numbers_of(items) or [])
    middle = len(numbers) // 2
    if not numbers or len(numbers) % 2:
        return numbers[middle] if numbers else None
    return mean(numbers[middle - 1 : middle + 1])


@aggregate("stddev")
def _stddev(items: list[object]) -> Decimal | None:
    numbers = numbers_of(items)
    if numbers is None or len(numbers) == 1:
        return None
    average = mean(numbers)
    differences = [CONTEXT.subtract(number, average) for number in numbers]
    squares = total([CONTEXT.multiply(difference, difference) for difference in differences])
    return CONTEXT.sqrt(CONTEXT.divide(squares, Decimal(len(numbers) - 1)))


@aggregate("mode")
def _mode(items: list[object]) -> list[Decimal] | None:
    if not items:
        return []
    numbers = numbers_of(items)
    if numbers is None:
        return None
    counts = Counter(numbers)
    highest = max(counts.values())
    return sorted(number for number, count in counts.items() if count == highest)


@aggregate("all")
def _all(items: list[object]) -> bool | None:
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


@aggregate("any")
def _any(items: list[object]) -> bool | None:
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None
