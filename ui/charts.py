"""Small charts as geometry: the views work out the bars, the template draws them as SVG beside a table that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, BASE = 320, 120, 100


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands, what it says, and whether it warns."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: str
    tone: str = ""


def columns(values: Sequence[tuple[str, int | Decimal, str]]) -> list[Bar]:
    """Upright bars from (label, value, value as text), the highest as high as the chart."""
    highest = max((value for _, value, _ in values), default=0) or 1
    step = WIDTH / max(1, len(values))
    bars = []
    for position, (label, value, written) in enumerate(values):
        height = round(float(value / highest) * (BASE - 18), 1)
        bars.append(Bar(round(position * step + 2, 1), BASE - height, round(step - 4, 1), height, label, written))
    return bars


def rows(values: Sequence[tuple[str, int | Decimal, str, str]], *, row_height: int = 24) -> list[Bar]:
    """Lying bars from (label, value, value as text, tone), the longest as long as fits beside the labels."""
    longest = max((value for _, value, _, _ in values), default=0) or 1
    return [
        Bar(112, position * row_height + 5, round(float(value / longest) * 118, 1), row_height - 10, label, written, tone)
        for position, (label, value, written, tone) in enumerate(values)
    ]
