"""Dates, times and durations: reading ISO text, zones, and arithmetic that is right across a change of clocks.

A zoned date and time is an instant seen in a zone: adding a days and time duration moves the instant, adding a years and
months duration moves the calendar date and then finds the instant again (DMN 1.5, sections 10.3.2.3.4 to 10.3.2.3.8).
Precision is the microsecond and years run from 1 to 9999: what Python's datetime holds.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from engine.feel.decimals import CONTEXT
from engine.feel.values import YearsMonths

MICROSECONDS: Final = 1_000_000
_ANY_DAY: Final = date(2000, 1, 1)
_MAX_OFFSET_HOURS: Final = 18

_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME: Final = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z0-9_/+-]{1,64})?", re.ASCII)
_DURATION: Final = re.compile(
    r"(-)?P(?:(\d{1,18})Y)?(?:(\d{1,18})M)?(?:(\d{1,18})D)?"
    r"(T(?:(\d{1,18})H)?(?:(\d{1,18})M)?(?:(\d{1,18}(?:\.\d{1,30})?)S)?)?",
    re.ASCII,
)


def parse_date(text: str) -> date | None:
    """`2026-11-21`; None when it is no date of the calendar."""
    match = _DATE.fullmatch(text)
    if not match:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """`10:30:00`, with fraction and `Z`, offset or `@Zone` as wanted; None when it is no time of day."""
    match = _TIME.fullmatch(text)
    if not match:
        return None
    microsecond = int(((match[4] or "") + "000000")[:6])
    try:
        return time(int(match[1]), int(match[2]), int(match[3]), microsecond, zone(match[5] or ""))
    except ValueError:
        return None


def parse_datetime(text: str) -> datetime | None:
    """`2026-11-21T10:30:00@Europe/Paris`, or a date alone for its midnight; None when it is neither."""
    day_text, marker, time_text = text.partition("T")
    day = parse_date(day_text)
    if day is None:
        return None
    clock = parse_time(time_text) if marker else time()
    return None if clock is None else combine(day, clock, clock.tzinfo)


def parse_duration(text: str) -> timedelta | YearsMonths | None:
    """`P1DT2H` or `P1Y6M` (FEEL never mixes the two kinds); None when it is neither."""
    match = _DURATION.fullmatch(text)
    if not match or text[-1] in "PT":
        return None
    sign, years, months, days, clock, hours, minutes, seconds = match.groups()
    if years or months:
        whole = YearsMonths(int(years or 0) * 12 + int(months or 0))
        return None if days or clock else negate(whole) if sign else whole
    microseconds = int(Decimal(seconds or 0) * MICROSECONDS)
    try:
        result = timedelta(int(days or 0), 0, microseconds, 0, int(minutes or 0), int(hours or 0))
    except OverflowError:
        return None
    return -result if sign else result


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


def zone(text: str) -> tzinfo | None:
    """`Z`, `+02:00` or `@Europe/Paris` as a time zone, empty text as none; raises ValueError for one that does not exist."""
    if not text:
        return None
    if text == "Z":
        return UTC
    if text[0] == "@":
        return _named_zone(text[1:])
    hours, minutes, *seconds = (int(part) for part in text[1:].split(":"))
    if hours > _MAX_OFFSET_HOURS or minutes > 59:  # noqa: PLR2004  # minutes of an hour
        raise ValueError(f"no such offset: {text}")
    offset = timedelta(hours=hours, minutes=minutes, seconds=sum(seconds))
    return timezone(-offset if text[0] == "-" else offset)


def _named_zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:  # a folder of the zone database raises OSError
        raise ValueError(f"no such time zone: {name}") from error


def combine(day: date, clock: time, tz: tzinfo | None) -> datetime:
    """The date and time at `clock` on `day` in `tz`; a time that a change of clocks leaves out is moved forward over the gap."""
    return settled(datetime.combine(day, clock.replace(tzinfo=None), tz))


def settled(moment: datetime) -> datetime:
    """The same instant, written as a local time that exists."""
    if moment.tzinfo is None or isinstance(moment.tzinfo, timezone):
        return moment
    return moment.astimezone(UTC).astimezone(moment.tzinfo)


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
        return None if isinstance(start, time) else add_months(start, duration.months)
    if isinstance(start, datetime):
        return _shift_instant(start, duration)
    if isinstance(start, date):
        return (datetime.combine(start, time()) + duration).date()
    turned = datetime.combine(_ANY_DAY, start.replace(tzinfo=None)) + timedelta(seconds=duration.total_seconds() % 86_400)
    return turned.time().replace(tzinfo=start.tzinfo)


def _shift_instant(start: datetime, duration: timedelta) -> datetime:
    if start.tzinfo is None:
        return start + duration
    return (start.astimezone(UTC) + duration).astimezone(start.tzinfo)


def add_months(start: date, months: int) -> date:
    """The same day `months` later, or the month's last day where it is shorter; a date and time stays one."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= year <= 9999:  # noqa: PLR2004  # the years Python knows
        raise OverflowError("the year is out of range")
    moved = start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))
    return settled(moved) if isinstance(moved, datetime) else moved


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
