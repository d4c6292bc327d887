"""A drawing of who sends what to whom: processes in columns from left to right, with a curve for each tie."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from engine.models.reading.landscape import Tie

BOX_WIDTH, BOX_HEIGHT = 168, 44
_COLUMN, _ROW, _EDGE = 268, 62, 12
_SWEEPS = 6
_LINE = 24


@dataclass(frozen=True, slots=True)
class Box:
    """A process: its key, its name in at most two lines, and its upper left corner."""

    key: str
    lines: Sequence[str]
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Curve:
    """A tie: what it says, and the path of SVG."""

    source: str
    target: str
    told: str
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The drawing with its size in pixels; `alone` are the keys of processes that no tie touches."""

    width: int
    height: int
    boxes: Sequence[Box]
    curves: Sequence[Curve]
    alone: Sequence[str]


def draw(ties: Sequence[Tie], names: Mapping[str, str]) -> Picture:
    """Place every process that has a tie to another."""
    between = [tie for tie in ties if tie.source != tie.target and tie.source in names and tie.target in names]
    columns = _columns(between)
    rows = _rows(columns, between)
    boxes = {
        key: Box(key, _lines(names[key]), _EDGE + column * _COLUMN, _EDGE + rows[key] * _ROW)
        for key, column in sorted(columns.items(), key=lambda item: (item[1], rows[item[0]]))
    }
    curves = [Curve(tie.source, tie.target, _told(tie, names), _path(boxes[tie.source], boxes[tie.target])) for tie in between]
    width = max((box.x for box in boxes.values()), default=0) + BOX_WIDTH + _EDGE
    height = max((box.y for box in boxes.values()), default=0) + BOX_HEIGHT + _EDGE
    return Picture(width, height, list(boxes.values()), curves, [key for key in names if key not in boxes])


def _lines(name: str) -> list[str]:
    lines = wrap(name, _LINE) or [name]
    return lines if len(lines) <= 2 else [lines[0], f"{lines[1]}…"]  # noqa: PLR2004  # as many as a box holds


def _told(tie: Tie, names: Mapping[str, str]) -> str:
    parts = [*(["calls it"] if tie.calls else []), *tie.messages]
    return f"{names[tie.source]} to {names[tie.target]}: {', '.join(parts)}"


def _columns(ties: Sequence[Tie]) -> dict[str, int]:
    """How many ties away from a process that no other reaches; of a circle that nothing reaches the first by name begins."""
    onward: dict[str, list[str]] = defaultdict(list)
    for tie in ties:
        onward[tie.source].append(tie.target)
    reached = {tie.target for tie in ties}
    columns: dict[str, int] = dict.fromkeys(sorted(set(onward) - reached), 0)
    waiting = deque(columns)
    beginnings = deque(sorted(onward))
    while waiting or beginnings:
        if not waiting:
            first = beginnings.popleft()
            waiting.extend([] if first in columns else [first])
            columns.setdefault(first, 0)
            continue
        key = waiting.popleft()
        for target in onward[key]:
            if target not in columns:
                columns[target] = columns[key] + 1
                waiting.append(target)
    return columns


def _rows(columns: Mapping[str, int], ties: Iterable[Tie]) -> dict[str, int]:
    """The place of each process in its column: near those it is tied to."""
    beside: dict[str, list[str]] = defaultdict(list)
    for tie in ties:
        beside[tie.source].append(tie.target)
        beside[tie.target].append(tie.source)
    by_column: dict[int, list[str]] = defaultdict(list)
    for key in sorted(columns):
        by_column[columns[key]].append(key)
    rows = {key: number for keys in by_column.values() for number, key in enumerate(keys)}
    for _ in range(_SWEEPS):
        for keys in by_column.values():
            keys.sort(key=lambda key: (sum(rows[other] for other in beside[key]) / len(beside[key]), key))
            rows |= {key: number for number, key in enumerate(keys)}
    tallest = max(map(len, by_column.values()), default=0)
    return {key: number + (tallest - len(by_column[columns[key]])) // 2 for key, number in rows.items()}


def _path(source: Box, target: Box) -> str:
    """To another column from side to side, a little lower on the way back; within a column around its right side."""
    start, end = source.y + BOX_HEIGHT // 2, target.y + BOX_HEIGHT // 2
    right, to = source.x + BOX_WIDTH, target.x + BOX_WIDTH
    if target.x > source.x:
        half = (target.x - right) // 2
        return f"M{right} {start}C{right + half} {start} {target.x - half} {end} {target.x - 4} {end}"
    if target.x < source.x:
        half = (source.x - to) // 2
        return f"M{source.x} {start + 8}C{source.x - half} {start + 8} {to + half} {end + 8} {to + 4} {end + 8}"
    return f"M{right} {start + 8}C{right + 56} {start + 8} {right + 56} {end + 8} {right + 4} {end + 8}"
