"""The values a column tells apart, in one row: the stretches and ends of each line, then texts, flags and null.

A rule is then a few places in that row from which and to which it passes. Where input values are listed, only those are in the row.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Any, Final

from engine.dmn.cells import LINES, Passing, Stretch, ordered_key
from engine.dmn.texts import Text
from engine.feel import FeelLimitExceeded, YearsMonths
from engine.feel.values import Open
from engine.work import pay

#: Types of the model whose values have gaps between them.
WHOLE: Final = frozenset({"integer", "long"})
KIND_LINES: Final[Mapping[str, type]] = {
    "number": Decimal,
    "date": date,
    "date and time": datetime,
    "time": time,
    "days and time duration": timedelta,
    "years and months duration": YearsMonths,
}
#: Cells that must be asked for each value of their column, at most so often in all.
MAX_SAMPLES: Final = 100_000
#: What asking a cell for one value costs, in steps, beside those of its expression.
_SAMPLE_STEPS: Final = 10
Places = tuple[int, ...]
_NOTHING: Final = object()


class AnyOther:
    """Stands for a text that no cell and no input value names."""

    def __init__(self, named: Sequence[str]) -> None:
        self.text = max(named, key=len, default="") + "…"


@dataclass(frozen=True, slots=True)
class Atom:
    """One value for all that the column does not tell apart; `preferred` as an example over an end of a stretch."""

    value: object
    preferred: bool = True

    @property
    def tested(self) -> object:
        """The value a cell is asked with."""
        return self.value.text if isinstance(self.value, AnyOther) else self.value


class Domain:
    """The row of atoms of a column, and where cells pass in it."""

    def __init__(self, kind: str, type_name: str, passing: Sequence[Passing], allowed: Sequence[Passing]) -> None:
        marks = [mark for cell in (*passing, *allowed) for mark in cell.marks]
        self.ends = {line: _sorted(line, marks) for line in LINES}
        self.starts: dict[type, int] = {}
        self.points: dict[tuple[type, object], int] = {}
        self.atoms: list[Atom] = []
        for line in LINES:
            if self.ends[line] or KIND_LINES.get(kind) is line:
                self.starts[line] = len(self.atoms)
                self.atoms += _line_atoms(line, self.ends[line], whole=type_name in WHOLE)
        self._add_points(kind, marks, [mark for cell in passing for mark in cell.marks])
        self.kept = self._kept(kind, allowed)
        #: How many kept atoms stand before each place of the whole row.
        self.before = [0]
        for keep in self.kept:
            self.before.append(self.before[-1] + keep)
        self.values = [atom for atom, keep in zip(self.atoms, self.kept, strict=True) if keep]

    def _add_points(self, kind: str, marks: Sequence[object], of_cells: Sequence[object]) -> None:
        texts = list(dict.fromkeys(mark for mark in marks if isinstance(mark, str)))
        flags = [True, False] if kind == "boolean" or any(isinstance(mark, bool) for mark in marks) else []
        # Null counts only where a cell speaks of it: a table without a word of null is not one with a gap for it.
        for point in (*texts, *flags, *([None] if None in of_cells else [])):
            self.points[type(point), point] = len(self.atoms)
            self.atoms.append(Atom(point))
        if texts or kind == "string":
            self.atoms.append(Atom(AnyOther(texts)))

    def _kept(self, kind: str, allowed: Sequence[Passing]) -> list[bool]:
        kept = [atom.value is not _NOTHING for atom in self.atoms]
        if kind:
            kept = [keep and _is_of(atom.tested, kind) for atom, keep in zip(self.atoms, kept, strict=True)]
        for listed in allowed:
            if not listed.unknown and not listed.sampled:
                inside = _filled(self.spans(listed), len(self.atoms))
                kept = [keep and (place in inside or self.atoms[place].value is None) for place, keep in enumerate(kept)]
        return kept

    def spans(self, cell: Passing) -> list[tuple[int, int]]:
        """From which place to before which the cell passes, in the whole row, without overlaps; not for cells that are sampled."""
        found = [span for stretch in cell.stretches if (span := self._span(stretch))]
        for point in cell.points:
            place = self._place(point)
            found += [] if place is None else [(place, place + 1)]
        joined = _joined(found)
        if not cell.negated:
            return joined
        null = self.points.get((type(None), None))
        return _joined(_without(joined, [] if null is None else [(null, null + 1)], len(self.atoms)))

    def _span(self, stretch: Stretch) -> tuple[int, int] | None:
        first, ends, within = self.starts[stretch.line], self.ends[stretch.line], stretch.within
        low = first if within.low is Open.END else first + 2 * _index(ends, within.low) + (1 if within.low_in else 2)
        high = (
            first + 2 * len(ends) + 1 if within.high is Open.END else first + 2 * _index(ends, within.high) + (2 if within.high_in else 1)
        )
        return (low, high) if low < high else None

    def _place(self, point: object) -> int | None:
        if type(point) in self.starts:
            return self.starts[type(point)] + 2 * _index(self.ends[type(point)], point) + 1
        return self.points.get((type(point), point))

    def edges(self, cell: Passing, text: Text, aliases: Sequence[str]) -> Places:
        """The places among the kept values at which the cell begins or ceases to pass."""
        if cell.sampled:
            return tuple(_sampled(text, [atom.tested for atom in self.values], aliases))
        moved = ((self.before[low], self.before[high]) for low, high in self.spans(cell))
        return tuple(place for span in _joined([span for span in moved if span[0] < span[1]]) for place in span)

    def admits(self, point: object) -> bool:
        """Whether a constant is among the values of the column."""
        place = self._place(point)
        return place is not None and self.kept[place]


def _sorted(line: type, marks: Sequence[object]) -> list[Any]:
    return sorted({ordered_key(mark): mark for mark in marks if type(mark) is line}.values(), key=ordered_key)


def _index(ends: list[Any], value: object) -> int:
    return bisect_left(ends, ordered_key(value), key=ordered_key)


def _line_atoms(line: type, ends: Sequence[Any], *, whole: bool) -> Iterator[Atom]:
    """A value below all ends, then each end and a value above it; where there is none, the end itself stands for it."""
    if not ends:
        yield Atom(_ANYWHERE[line])
        return
    step = _STEPS[line]
    yield Atom(_shifted(ends[0], step, -1))
    for low, high in pairwise(ends):
        yield Atom(low, preferred=False)
        yield Atom(_between(low, high, whole=whole))
    yield Atom(ends[-1], preferred=False)
    yield Atom(_shifted(ends[-1], step, 1))


_ANYWHERE: Final[dict[type, object]] = {
    Decimal: Decimal(1),
    date: date(2026, 1, 1),
    datetime: datetime(2026, 1, 1, 12),  # noqa: DTZ001  # FEEL's local date and time
    time: time(12),
    timedelta: timedelta(days=1),
    YearsMonths: YearsMonths(1),
}
_STEPS: Final[dict[type, Any]] = {
    Decimal: Decimal(1),
    date: timedelta(days=1),
    datetime: timedelta(hours=1),
    time: timedelta(hours=1),
    timedelta: timedelta(days=1),
    YearsMonths: 1,
}


def _shifted(end: Any, step: Any, way: int) -> object:
    try:
        if isinstance(end, YearsMonths):
            return YearsMonths(end.months + way)
        if isinstance(end, time):
            return (datetime.combine(date(2000, 1, 1), end) + way * step).timetz()
        return end + way * step
    except OverflowError:
        return end


def _between(low: Any, high: Any, *, whole: bool) -> object:
    """A value between two ends, in the middle; _NOTHING where the kind has none there: between two days, two months, two whole numbers."""
    if isinstance(low, Decimal):
        middle = (low + high) / 2
        below = middle.to_integral_value(ROUND_FLOOR)
        return (below if below > low else _NOTHING) if whole else middle
    if isinstance(low, YearsMonths):
        middle_months = (low.months + high.months) // 2
        return YearsMonths(middle_months) if middle_months > low.months else _NOTHING
    if isinstance(low, time):
        day = date(2000, 1, 1)
        start = datetime.combine(day, low.replace(tzinfo=None))
        return (start + (datetime.combine(day, high.replace(tzinfo=None)) - start) / 2).time().replace(tzinfo=low.tzinfo)
    if isinstance(low, datetime | timedelta):
        return low + (high - low) / 2
    days = (high - low).days // 2
    return low + timedelta(days=days) if days else _NOTHING


def _is_of(value: object, kind: str) -> bool:
    if value is None:
        return True
    if kind in KIND_LINES:
        return type(value) is KIND_LINES[kind]
    return isinstance(value, {"string": str, "boolean": bool}.get(kind, object))


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _without(spans: Sequence[tuple[int, int]], more: Sequence[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    edges = [0, *(place for span in _joined([*spans, *more]) for place in span), size]
    return [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high]


def _filled(spans: Sequence[tuple[int, int]], size: int) -> frozenset[int]:
    return frozenset(place for low, high in spans for place in range(low, min(high, size)))


def _sampled(text: Text, values: Sequence[object], aliases: Sequence[str]) -> Iterator[int]:
    before = False
    for place, value in enumerate(values):
        passes = _passes(text, value, aliases)
        if passes is not before:
            yield place
        before = passes
    if before:
        yield len(values)


def _passes(text: Text, value: object, aliases: Sequence[str]) -> bool:
    pay(_SAMPLE_STEPS)
    try:
        return text.expression is not None and text.expression.evaluate({"?": value, **dict.fromkeys(aliases, value)}) is True
    except FeelLimitExceeded:
        return False
