"""Which rules of a large table can match a value at all, found by looking it up instead of asking every row.

One column is looked up: the one that leaves the fewest rules. Its cells must be constants and ranges of one kind, so that a rule left out
would have said no, and nothing else: where the value is of another kind, or null, every rule is asked, and says why it cannot tell.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from engine.dmn.cells import Passing, passing_of
from engine.dmn.texts import Text
from engine.feel.values import Open

#: With fewer rules there is nothing to gain.
MIN_RULES: Final = 16
#: Entries of an index for each rule, on average; ranges that lie over one another would have more.
MAX_ENTRIES: Final = 16
_KINDS: Final = frozenset({str, Decimal, bool})


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """The rules of a table, by place, for each value of one column."""

    column: int
    kind: type
    points: dict[object, tuple[int, ...]]
    #: Ends of ranges in order, and for each place between and on them (below the first, on it, above it, on the next …) the rules.
    ends: tuple[Any, ...]
    between: tuple[tuple[int, ...], ...]
    everywhere: tuple[int, ...]

    def candidates(self, values: Sequence[object]) -> Sequence[int] | None:
        """The places of the rules that may match, in order; None when every rule must be asked."""
        value = values[self.column]
        if type(value) is not self.kind:
            return None
        found = [*self.everywhere, *self.points.get(value, ())]
        if self.ends:
            place = bisect_left(self.ends, value)
            on_end = place < len(self.ends) and self.ends[place] == value
            found += self.between[2 * place + on_end]
        return sorted(set(found))

    @property
    def size(self) -> int:
        """How many rules are asked for a value, on average."""
        spread = sum(map(len, self.points.values())) + sum(map(len, self.between))
        return len(self.everywhere) + spread // max(1, len(self.points) + len(self.between))


def index_of(columns: Sequence[Sequence[Text | None]], rules: int) -> RuleIndex | None:
    """The best index of a table whose cells stand by column; None where none helps."""
    if rules < MIN_RULES:
        return None
    found = [index for place, cells in enumerate(columns) if (index := _index(place, cells)) is not None]
    best = min(found, key=lambda index: index.size, default=None)
    return best if best is not None and 2 * best.size < rules else None


def _index(column: int, texts: Sequence[Text | None]) -> RuleIndex | None:
    cells = [(place, passing_of(text)) for place, text in enumerate(texts) if text is not None]
    kinds = {type(mark) for _, cell in cells for mark in cell.marks}
    if len(kinds) != 1 or not kinds <= _KINDS or any(cell.unknown or cell.sampled or cell.negated or cell.empty for _, cell in cells):
        return None
    points: dict[object, list[int]] = {}
    for place, cell in cells:
        for point in cell.points:
            points.setdefault(point, []).append(place)
    ends = tuple(sorted({end for _, cell in cells for end in _ends_of(cell)}))
    between = _between(cells, ends, MAX_ENTRIES * len(texts))
    if between is None:
        return None
    everywhere = tuple(place for place, text in enumerate(texts) if text is None)
    return RuleIndex(column, kinds.pop(), {value: tuple(places) for value, places in points.items()}, ends, between, everywhere)


def _ends_of(cell: Passing) -> list[Any]:
    return [end for stretch in cell.stretches for end in (stretch.within.low, stretch.within.high) if end is not Open.END]


def _between(cells: Sequence[tuple[int, Passing]], ends: tuple[Any, ...], limit: int) -> tuple[tuple[int, ...], ...] | None:
    """The rules at each place; None where they would be too many entries."""
    spans = [(place, *_span(stretch.within, ends)) for place, cell in cells for stretch in cell.stretches]
    if sum(high - low for _, low, high in spans) > limit:
        return None
    rows: list[list[int]] = [[] for _ in range(2 * len(ends) + 1)]
    for place, low, high in spans:
        for row in rows[low:high]:
            row.append(place)
    return tuple(map(tuple, rows)) if ends else ()


def _span(within: Any, ends: tuple[Any, ...]) -> tuple[int, int]:
    low = 0 if within.low is Open.END else 2 * bisect_left(ends, within.low) + (1 if within.low_in else 2)
    high = 2 * len(ends) + 1 if within.high is Open.END else 2 * bisect_left(ends, within.high) + (2 if within.high_in else 1)
    return low, max(low, high)
