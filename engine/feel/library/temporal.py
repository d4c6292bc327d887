"""Functions of dates, times and durations (DMN 1.5, sections 10.3.4.1, 10.3.4.7 and 10.3.4.8)."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from engine.feel.library.registry import builtin, metered
from engine.feel.limits import Run
from engine.feel.operators import equal
from engine.feel.temporal import months_between, parse_date, parse_datetime, parse_duration, parse_time
from engine.feel.text import duration_iso
from engine.feel.values import YearsMonths, as_index
from engine.iso8601 import MICROSECONDS, on_clock, zone_of

#: English, whatever the locale of the machine.
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _whole(*numbers: Decimal) -> list[int]:
    """The numbers as ints; raises ValueError when one has a fraction."""
    found = [as_index(number) for number in numbers]
    if any(number is None for number in found):
        raise ValueError("a whole number is needed")
    return [number for number in found if number is not None]


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


@builtin("date", "from:d|dt", "from:s", "year:n, month:n, day:n")
def _date(value: date | str | Decimal, *rest: Decimal) -> date | None:
    if isinstance(value, Decimal):
        return date(*_whole(value, *rest))
    return parse_date(value) if isinstance(value, str) else _day(value)


@builtin("time", "from:s", "from:t", "from:dt", "from:d", "hour:n, minute:n, second:n, offset:dd?")
def _time(value: object, *rest: object) -> time | None:
    if isinstance(value, Decimal):
        return _time_of_parts(value, *rest)
    if isinstance(value, str):
        return parse_time(value)
    if isinstance(value, datetime):
        return value.timetz()
    return value if isinstance(value, time) else time(tzinfo=UTC)


def _time_of_parts(hour: Decimal, minute: object, second: object, offset: object = None) -> time | None:
    if not isinstance(minute, Decimal) or not isinstance(second, Decimal):
        return None
    whole_second = int(second)
    microsecond = int((second - whole_second) * MICROSECONDS)
    tz = timezone(offset) if isinstance(offset, timedelta) else None
    whole_hour, whole_minute = _whole(hour, minute)
    return time(whole_hour, whole_minute, whole_second, microsecond, tz)


@builtin("date and time", "from:dt", "from:d", "from:s", "date:d|dt, time:t", "date:d|dt, time:t, timezone:s")
def _date_and_time(value: date | str, clock: time | None = None, zone_name: str | None = None) -> datetime | None:
    if isinstance(value, str):
        return parse_datetime(value)
    if clock is None:
        return value if isinstance(value, datetime) else datetime.combine(value, time())
    return on_clock(_day(value), clock, zone_of(zone_name) if zone_name else clock.tzinfo)


@builtin("duration", "from:s", "from:dd|ym")
def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


@builtin("years and months duration", "from:d|dt, to:d|dt")
def _years_and_months_duration(start: date, end: date) -> YearsMonths:
    return YearsMonths(months_between(_day(start), _day(end)))


@metered("now", "")
def _now(run: Run) -> datetime:
    return run.now()


@metered("today", "")
def _today(run: Run) -> date:
    return run.now().date()


@builtin("day of week", "date:d|dt")
def _day_of_week(day: date) -> str:
    return _DAYS[day.weekday()]


@builtin("month of year", "date:d|dt")
def _month_of_year(day: date) -> str:
    return _MONTHS[day.month - 1]


@builtin("day of year", "date:d|dt")
def _day_of_year(day: date) -> Decimal:
    return Decimal(day.timetuple().tm_yday)


@builtin("week of year", "date:d|dt")
def _week_of_year(day: date) -> Decimal:
    return Decimal(day.isocalendar().week)


@builtin("last day of month", "date:d|dt")
def _last_day_of_month(day: date) -> date:
    return _day(day).replace(day=monthrange(day.year, day.month)[1])


@builtin("cycle", "repetitions:n, interval:dd|ym", "interval:dd|ym")
def _cycle(*given: Any) -> str | None:
    """A repeating interval for a timer, as Camunda 8 builds one: without a number it has no end."""
    times = as_index(given[0]) if isinstance(given[0], Decimal) else None
    if len(given) > 1 and (times is None or times < 0):
        return None
    return f"R{'' if times is None else times}/{duration_iso(given[-1])}"


@metered("is", "value1:*, value2:*")
def _is(run: Run, one: object, other: object) -> bool:
    """Same value of the same type, where two instants are the same only in the same zone."""
    if type(one) is not type(other):
        return False
    if isinstance(one, datetime | time) and isinstance(other, datetime | time):
        same_clock = one.replace(tzinfo=None) == other.replace(tzinfo=None)
        return same_clock and str(one.tzinfo) == str(other.tzinfo)
    return equal(one, other, run) is True
