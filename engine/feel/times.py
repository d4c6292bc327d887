"""Values of FEEL and ISO texts as durations and instants, for the rooms that keep a clock: timers, due dates, scenarios.

Here the calendar governs (`engine.iso8601`), and not FEEL's arithmetic, in which a day is 24 hours. A duration that FEEL has computed is
taken as FEEL writes it: one of 24 hours is `P1D`, a day of the calendar.
"""

from datetime import date, datetime, timedelta, tzinfo

from engine.feel.errors import FeelValueError
from engine.feel.values import YearsMonths, kind_of
from engine.iso8601 import Duration, in_zone, read_duration, read_moment


def as_duration(value: object) -> Duration:
    """A duration, from a value or its ISO text; raises FeelValueError for anything else."""
    if isinstance(value, timedelta):
        return _of_span(value)
    if isinstance(value, YearsMonths):
        return Duration(months=value.months)
    found = read_duration(value.strip()) if isinstance(value, str) else None
    if found is not None:
        return found
    raise FeelValueError(f"{told(value)} is no duration.", next_step='Write an ISO duration such as "PT36H", "P2D" or "P1M".')


def as_instant(value: object, zone: tzinfo) -> datetime:
    """A date and time, from a value or its ISO text, in UTC; `zone` is that of local values, and a date is its midnight there.

    Raises FeelValueError for anything else.
    """
    found = read_moment(value.strip()) if isinstance(value, str) else value
    if isinstance(found, date):
        try:
            return in_zone(found, zone)
        except OverflowError:
            raise FeelValueError(f"{told(value)} is out of range.", next_step="Write a date of this century.") from None
    raise FeelValueError(f"{told(value)} is no date and time.", next_step='Write an ISO text such as "2026-11-21T10:30:00Z".')


def after(start: datetime, duration: object, zone: tzinfo) -> datetime:
    """The moment a duration (value or ISO text) after `start` by the calendar of `zone`; raises FeelValueError when there is none."""
    length = as_duration(duration)
    try:
        return length.after(start, zone)
    except OverflowError:
        raise FeelValueError(f"{told(duration)} after {start.isoformat()} is out of range.", next_step="Write a shorter one.") from None


def _of_span(value: timedelta) -> Duration:
    whole = abs(value)
    found = Duration(days=whole.days, span=whole - timedelta(days=whole.days))
    return found if value >= timedelta() else found.times(-1)


def told(value: object) -> str:
    """A value that is no time, as the subject of a sentence."""
    return repr(value[:60]) if isinstance(value, str) else "Null" if value is None else f"A {kind_of(value)}"
