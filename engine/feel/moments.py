"""Python dates and durations for the rooms that keep a clock: timers, due dates, retention."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from engine.feel.errors import FeelValueError
from engine.feel.temporal import combine, parse_datetime, parse_duration, shift
from engine.feel.values import YearsMonths, kind_of


def as_duration(value: object) -> timedelta | YearsMonths:
    """A duration of either kind, from a value or its ISO text; raises FeelValueError for anything else."""
    found = parse_duration(value.strip()) if isinstance(value, str) else value
    if isinstance(found, timedelta | YearsMonths):
        return found
    raise FeelValueError(f"{_described(value)} is no duration.", next_step='Write an ISO duration such as "PT36H", "P2D" or "P1M".')


def as_timedelta(value: object) -> timedelta:
    """A duration of fixed length; raises FeelValueError also for years and months, whose length depends on the date."""
    found = as_duration(value)
    if isinstance(found, timedelta):
        return found
    raise FeelValueError(f"{_described(value)} has no fixed length.", next_step="Use days and hours, or count from a date with `after`.")


def as_datetime(value: object, zone: tzinfo = UTC) -> datetime:
    """A zoned date and time, from a value or its ISO text; `zone` is that of local values, and a date is its midnight there.

    Raises FeelValueError for anything else.
    """
    found = parse_datetime(value.strip()) if isinstance(value, str) else value
    if isinstance(found, datetime):
        return found if found.tzinfo else combine(found.date(), found.time(), zone)
    if isinstance(found, date):
        return combine(found, time(), zone)
    raise FeelValueError(f"{_described(value)} is no date and time.", next_step='Write an ISO text such as "2026-11-21T10:30:00Z".')


def after(start: datetime, duration: object) -> datetime:
    """The moment a duration (value or ISO text, either kind) after `start`; raises FeelValueError when there is none."""
    try:
        found = shift(start, as_duration(duration))
    except OverflowError:
        found = None
    if isinstance(found, datetime):
        return found
    raise FeelValueError(f"{_described(duration)} after {start.isoformat()} is out of range.")


def _described(value: object) -> str:
    return repr(value[:60]) if isinstance(value, str) else f"A {kind_of(value)}"
