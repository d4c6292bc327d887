"""Dates, times and durations: reading ISO text, zones, and arithmetic that is right across a change of clocks.

A zoned date and time is an instant seen in a zone: adding a days and time duration moves the instant, adding a years and
months duration moves the calendar date and then finds the instant again (DMN 1.5, sections 10.3.2.3.4 to 10.3.2.3.8).
Precision is the microsecond and years run from 1 to 9999: what Python's datetime holds.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from engine.feel.decimals import CONTEXT
from engine.feel.values import YearsMonths
from engine.iso8601 import MICROSECONDS, add_months, read_clock, read_day, read_duration, read_moment, settled

_ANY_DAY: Final = date(2000, 1, 1)


def parse_date(text: str) -> date | None:
    """`2026-11-21`; None when it is no date of the calendar."""
    return read_day(text)


def parse_time(text: str) -> time | None:
    """`10:30:00`, with fraction and `Z`, offset or `@Zone` as wanted; None when it is no time of day."""
    return read_clock(text, feel=True)


def parse_datetime(text: str) -> datetime | None:
    """`2026-11-21T10:30:00@Europe/Paris`, or a date alone for its midnight; None when it is neither."""
    found = read_moment(text, feel=True)
    return found if found is None or isinstance(found, datetime) else datetime.combine(found, time())


def parse_duration(text: str) -> timedelta | YearsMonths | None:
    """`P1DT2H` or `P1Y6M` (FEEL never mixes the two kinds, and knows no weeks); None when it is neither."""
    found = read_duration(text)
    if found is None or "W" in found.units or "," in text:
        return None
    if set(found.units) <= {"Y", "M"}:
        return YearsMonths(found.months)
    if found.units[0] in "YM":
        return None
    try:
        return timedelta(days=found.days) + found.span
    except OverflowError:
        return None


def negate(duration: timedelta | YearsMonths) -> timedelta | YearsMonths:
    """The duration that undoes this one."""
    return YearsMonths(-duration.months) if isinstance(duration, YearsMonths) else -duration


def parse_temporal(text: str) -> object:
    """What the literal `@"text"` means; None when it is no date, time, date and time or duration."""
    for parse in (parse_date, parse_time, parse_datetime, parse_duration):
        value = parse(text)
        if value is not None:
            return value
    return None


def instant(moment: datetime) -> datetime:
    """A form in which two zoned values of any zones compare and subtract as instants; a local one stays as it is."""
    # Python compares two values of the same zone by wall clock, which is wrong in the hour that comes twice.
    try:
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # within a day of year 1 or 9999; against another zone Python compares this one rightly
        return moment


def shift(start: date | time, duration: timedelta | YearsMonths) -> date | time | None:
    """`start + duration`, of the same type as `start`; None for a time of day plus months. May raise OverflowError."""
    if isinstance(duration, YearsMonths):
        return None if isinstance(start, time) else _shift_months(start, duration.months)
    if isinstance(start, datetime):
        return _shift_instant(start, duration)
    if isinstance(start, date):
        return (datetime.combine(start, time()) + duration).date()
    turned = datetime.combine(_ANY_DAY, start.replace(tzinfo=None)) + timedelta(seconds=duration.total_seconds() % 86_400)
    return turned.time().replace(tzinfo=start.tzinfo)


def _shift_months(start: date, months: int) -> date:
    moved = add_months(start, months)
    return settled(moved) if isinstance(moved, datetime) else moved


def _shift_instant(start: datetime, duration: timedelta) -> datetime:
    if start.tzinfo is None:
        return start + duration
    return (start.astimezone(UTC) + duration).astimezone(start.tzinfo)


def seconds_of(duration: timedelta) -> Decimal:
    """The exact length in seconds."""
    return CONTEXT.divide(Decimal(microseconds_of(duration)), Decimal(MICROSECONDS))


def microseconds_of(duration: timedelta) -> int:
    """The exact length in microseconds."""
    return (duration.days * 86_400 + duration.seconds) * MICROSECONDS + duration.microseconds


def months_between(start: date, end: date) -> int:
    """Whole months from `start` to `end`, negative when `end` is earlier."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        return months - 1
    if months < 0 and end.day > start.day:
        return months + 1
    return months
