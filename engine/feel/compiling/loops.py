"""Closures of everything that goes through a list: `for`, `some`, `every` and filters."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from engine.feel import syntax
from engine.feel.compiling.frames import Closure, Compiler, Frame
from engine.feel.decimals import CONTEXT, ONE
from engine.feel.operators import item_at
from engine.feel.values import Range, as_index


class NoItemsError(Exception):
    """A loop has nothing to go through, because its source is null or no list; the loop is null. Never leaves this module."""


class _Source:
    """One `name in items` or `name in low .. high`."""

    def __init__(self, node: syntax.Source, compiler: Compiler) -> None:
        self.name = node.name
        self.items = compiler(node.items)
        self.upto = compiler(node.upto) if node.upto else None

    def values(self, frame: Frame) -> Iterable[object]:
        """What the variable stands for, round by round."""
        items = self.items(frame)
        found = _sequence(items, self.upto(frame)) if self.upto else items_of(items)
        if found is None:
            raise NoItemsError
        return found


def items_of(value: object) -> Iterable[object] | None:
    """What a loop over a value goes through: the items of a list, the whole numbers or days of a range, one value alone; None for null."""
    if isinstance(value, list):
        return value
    if not isinstance(value, Range):
        return None if value is None else [value]
    low, high = value.low, value.high
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        return _sequence(
            low if value.low_in else CONTEXT.add(low, ONE),
            high if value.high_in else CONTEXT.subtract(high, ONE),
            rising=True,
        )
    if type(low) is date and type(high) is date:
        day = timedelta(days=1)
        return _sequence(low if value.low_in else low + day, high if value.high_in else high - day, rising=True)
    return None


def _sequence(low: object, high: object, *, rising: bool = False) -> Iterable[object] | None:
    """Whole numbers or days from `low` to `high`, downwards too unless `rising`; None for other values."""
    if type(low) is date and type(high) is date:
        days = _integers(low.toordinal(), high.toordinal(), rising=rising)
        return (date.fromordinal(day) for day in days)
    if not isinstance(low, Decimal) or not isinstance(high, Decimal):
        return None
    first, last = as_index(low), as_index(high)
    if first is None or last is None:
        return None
    return (Decimal(number) for number in _integers(first, last, rising=rising))


def _integers(first: int, last: int, *, rising: bool) -> range:
    return range(first, last + 1) if rising or first <= last else range(first, last - 1, -1)


def _rounds(sources: list[_Source], frame: Frame, *, anew: bool) -> Iterator[Frame]:
    """A frame for each combination of the sources' values, the last source turning fastest; each costs a step.

    `anew`: each round has a frame of its own, because a function may keep it; else one is filled again and again.
    """
    source, rest = sources[0], sources[1:]
    name, run = source.name, frame.run
    inner = Frame({}, frame, run)
    for value in source.values(frame):
        run.charge(1)
        if anew:
            inner = Frame({name: value}, frame, run)
        else:
            inner.values = {name: value}
        if rest:
            yield from _rounds(rest, inner, anew=anew)
        else:
            yield inner


def keeps_frames(node: syntax.Node) -> bool:
    """Whether a part makes functions, which see the variables of the round in which they were made."""
    return any(isinstance(part, syntax.FunctionLiteral) for part in syntax.within(node))


def for_loop(node: syntax.For, compiler: Compiler) -> Closure:
    """`for … return`: the list of results; `partial` is the list so far."""
    sources = [_Source(source, compiler) for source in node.sources]
    body = compiler(node.body)
    anew = keeps_frames(node)

    def run(frame: Frame) -> object:
        try:
            return [body(inner) for inner in _rounds(sources, frame, anew=anew)]
        except NoItemsError:
            return None

    def run_with_partial(frame: Frame) -> object:
        result: list[object] = []
        try:
            for inner in _rounds(sources, frame, anew=anew):
                frame.run.grow_list(len(result))
                result.append(body(Frame({"partial": list(result)}, inner, frame.run)))
        except NoItemsError:
            return None
        return result

    return run_with_partial if node.uses_partial else run


def quantified(node: syntax.Quantified, compiler: Compiler) -> Closure:
    """`some`: true when one is true. `every`: false when one is false. Null when something else stands in the way."""
    sources = [_Source(source, compiler) for source in node.sources]
    body = compiler(node.body)
    deciding = node.some
    anew = keeps_frames(node)

    def run(frame: Frame) -> object:
        result: bool | None = not deciding
        try:
            for inner in _rounds(sources, frame, anew=anew):
                value = body(inner)
                if value is deciding:
                    return deciding
                if value is not (not deciding):
                    result = None
        except NoItemsError:
            return None
        return result

    return run


def filtered(node: syntax.Filter, compiler: Compiler) -> Closure:
    """`list[3]`, `list[-1]` or `list[condition]`, where the entries of an item and the item itself are variables."""
    base = compiler(node.base)
    condition = compiler(node.condition)
    asked_of_nothing = compiler.silent(node.condition)

    anew = keeps_frames(node.condition)

    def run(frame: Frame) -> object:
        value = base(frame)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if not items:
            return None if isinstance(asked_of_nothing(frame), Decimal) else []
        result: list[object] = []
        frame.run.charge(len(items))
        for item, inner in _item_frames(items, frame, anew=anew):
            verdict = condition(inner)
            if verdict is True:
                result.append(item)
            elif isinstance(verdict, Decimal):
                return item_at(items, verdict)
        return result

    return run


def _item_frames(items: list[object], frame: Frame, *, anew: bool) -> Iterator[tuple[object, Frame]]:
    """Each item with the frame in which it is asked: its entries, over it itself."""
    run = frame.run
    around = Frame({}, frame, run)
    entries = Frame({}, around, run)
    for item in items:
        if anew:
            around = Frame({}, frame, run)
            entries = Frame({}, around, run)
        around.values = {"item": item}
        if isinstance(item, dict):
            entries.values = item
            yield item, entries
        else:
            yield item, around
