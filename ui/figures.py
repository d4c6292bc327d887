"""Key figures as charts: each with its number, its points as bars that lead to the rows behind them, and when it was worked out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from handlers.ledger.books import kept_in
from handlers.reporting.kpi import COUNT, MEAN_DAYS, MIDDLE_DAYS, MONEY, SHARE, Figure, Point
from ui import charts
from ui.formats import money, quantity

_BAD = {"Past due", "Late", "Over 90 days", "61-90 days", "Over 60 days", "Over 30 days"}
_WARN = {"31-60 days", "1-30 days", "Today", "6-30 days"}


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A key figure as a panel shows it; `number` is empty where there is nothing to count yet."""

    key: str
    title: str
    says: str
    number: str
    bars: Sequence[Any]
    in_time: bool
    worked_out_at: datetime | None


def figures_shown(figures: Sequence[Figure], tx: Session) -> list[ShownFigure]:
    """Key figures as panels, in their order."""
    currency = kept_in(tx)
    return [_shown(each, currency) for each in figures]


def _shown(figure: Figure, currency: str) -> ShownFigure:
    kpi = figure.kpi
    latest = kpi.in_time and kpi.measure == MEAN_DAYS
    total = figure.points[-1] if latest and figure.points else figure.total
    number = _written(total, figure, currency) if figure.points else ""
    values = [each.value(kpi.measure) for each in figure.points]
    if kpi.in_time:
        bars = charts.columns([(_day(each.bucket), value, f"{value:.0f}") for each, value in zip(figure.points, values, strict=True)])
    else:
        written = [_written(each, figure, currency) for each in figure.points]
        bars = charts.rows(
            [(each.bucket, value, said, _tone(each.bucket)) for each, value, said in zip(figure.points, values, written, strict=True)]
        )
    rows = f"/reports/kpi-{kpi.key}?as_of={figure.as_of}"
    linked = [(bar, f"{rows}&bucket={each.bucket}") for bar, each in zip(bars, figure.points, strict=True)]
    return ShownFigure(kpi.key, kpi.title, kpi.says, number, linked, kpi.in_time, figure.worked_out_at)


def _written(point: Point, figure: Figure, currency: str) -> str:
    measure = figure.kpi.measure
    value = point.value(measure)
    if measure == MONEY:
        return money(value, currency)
    if measure == COUNT:
        return quantity(value)
    if measure == SHARE:
        return f"{value:.1f} %"
    if measure == MIDDLE_DAYS:
        return f"{value:.1f} days, nine of ten within {point.high or Decimal(0):.1f}"
    return f"{value:.1f} days"


def _day(bucket: str) -> str:
    day = date.fromisoformat(bucket)
    return f"{day.day} {day:%b}"


def _tone(bucket: str) -> str:
    return "bad" if bucket in _BAD else "warn" if bucket in _WARN else ""
