"""Dates, times, durations and repeating intervals as text: the one reader of ISO 8601, for what is checked and for what runs.

Beside the standard it reads what models of other engines hold: a zone in brackets (`2027-03-30T09:00[Europe/London]`, java.time) or behind
an `@` (FEEL), and calendar and clock units in one duration (`P1M2D`). FEEL allows less of each; its room says what.

A duration keeps its units, for a calendar day is not 24 hours: `P1D` after Saturday 09:00 is Sunday 09:00 whatever the clocks do that
night, `PT24H` is 24 hours on the time line (ISO 8601-1:2019, 3.1.1.23 and 5.5.2).
"""

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

MICROSECONDS: Final = 1_000_000
_MAX_OFFSET_HOURS: Final = 18
_ZONE_NAME: Final = r"[A-Za-z0-9_/+-]{1,64}"

_DAY: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_CLOCK: Final = re.compile(
    r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:(?P<point>[.,])(?P<fraction>\d{1,30}))?)?"
    rf"(?P<offset>Z|[+-]\d\d(?::?\d\d(?::\d\d)?)?)?(?P<zone>@{_ZONE_NAME}|\[{_ZONE_NAME}\])?",
    re.ASCII,
)
_MOMENT: Final = re.compile(rf"(?P<day>\d{{4}}-\d\d-\d\d)(?:T(?P<clock>.+)|(?P<zone>@{_ZONE_NAME}|\[{_ZONE_NAME}\]))?", re.ASCII)
_DURATION: Final = re.compile(
    r"(?P<sign>-)?P(?:(?P<Y>\d{1,18})Y)?(?:(?P<M>\d{1,18})M)?(?:(?P<W>\d{1,18})W)?(?:(?P<D>\d{1,18})D)?"
    r"(?:T(?=\d)(?:(?P<h>\d{1,18})H)?(?:(?P<m>\d{1,18})M)?(?:(?P<s>\d{1,18}(?:[.,]\d{1,30})?)S)?)?",
    re.ASCII,
)
_UNITS: Final = "YMWDhms"
#: FEEL takes from XML Schema that `24:00:00` is the midnight at the end of a day, and of a time alone 00:00.
_MIDNIGHT_AFTER: Final = (24, 0, 0, 0)
_INTERVAL: Final = re.compile(r"R(?P<times>\d{0,9})/(?:(?P<start>[^/]+)/)?(?P<every>-?P[^/]+)", re.ASCII)
_LOOKS_ISO: Final = re.compile(r"R-?\d*/.*|-?PT|-?P(?=[^a-z]*\d)[0-9A-Z.,+-]*|\d{4}-\d\d-\d\d.*", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months and days, then clock time. All three have one sign."""

    months: int = 0
    days: int = 0
    span: timedelta = timedelta()
    #: The designators that were written: Y M W D of the calendar, h m s of the clock.
    units: str = field(default="", compare=False)

    @property
    def positive(self) -> bool:
        """Whether it leads forward."""
        return self.months > 0 or self.days > 0 or self.span > timedelta()

    @property
    def on_calendar(self) -> bool:
        """Whether its length depends on where it begins."""
        return bool(self.months or self.days)

    def times(self, number: int) -> "Duration":
        """As often as this one after another, counted from one beginning: three months after 30 November is 28 February, not less."""
        return Duration(self.months * number, self.days * number, self.span * number)

    def after(self, start: datetime, zone: tzinfo) -> datetime:
        """The moment this long after a zoned one, by the calendar of the zone. Raises OverflowError beyond the years 1 to 9999.

        Months first, then days, each keeping the time of day, then the clock. A time that a change of clocks leaves out moves forward.
        """
        local = start.astimezone(zone)
        if self.on_calendar:
            day = add_months(local.date(), self.months) + timedelta(days=self.days)
            if day != local.date():
                local = on_clock(day, local.time(), zone)
        return (local.astimezone(UTC) + self.span).astimezone(zone)


@dataclass(frozen=True, slots=True)
class Interval:
    """`R3/2027-01-01T09:00/P1D`: how often (None: for ever), from when (None: one length from now) and in which steps."""

    times: int | None
    start: date | None
    every: Duration


def looks_iso(text: str) -> bool:
    """Whether a text of a model is meant as ISO 8601 rather than as FEEL: right or wrong, no variable is written like this."""
    return _LOOKS_ISO.fullmatch(text) is not None


def read_day(text: str) -> date | None:
    """`2026-11-21`; None when it is no date of the calendar."""
    match = _DAY.fullmatch(text)
    try:
        return None if match is None else date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def read_clock(text: str, *, feel: bool = False) -> time | None:
    """`10:30`, with seconds, fraction, offset and zone as wanted; None when it is no time of day.

    FEEL wants a full stop, minutes in the offset and its own way to name a zone (DMN 1.5, 10.3.2.3.4). It may do without seconds, which the
    standard's grammar asks for: forms send none, and the editor's FEEL in the browser reads that.
    """
    match = _CLOCK.fullmatch(text)
    if match is None or (feel and not _is_feel_clock(match)):
        return None
    microsecond = int(((match["fraction"] or "") + "000000")[:6])
    try:
        fixed, named = offset(match["offset"] or ""), _named_zone(match["zone"])
        parts = (int(match["hour"]), int(match["minute"]), int(match["second"] or 0), microsecond)
        clock = time(*((0, 0, 0, 0) if feel and parts == _MIDNIGHT_AFTER else parts), fixed or named)
    except ValueError:
        return None
    return clock


def _is_feel_clock(match: re.Match[str]) -> bool:
    shift, zone = match["offset"] or "", match["zone"] or ""
    return match["point"] != "," and zone[:1] != "[" and not (shift and zone) and (len(shift) <= 1 or ":" in shift)


def read_moment(text: str, *, feel: bool = False) -> date | None:
    """A date, or a date and time with or without a zone; None when it is neither. Beside an offset a zone only names the place."""
    match = _MOMENT.fullmatch(text)
    day = None if match is None else read_day(match["day"])
    if match is None or day is None or (feel and match["zone"]):
        return None
    if match["zone"] is None and match["clock"] is None:
        return day
    try:
        return _moment_of(day, match, feel=feel)
    except (ValueError, OverflowError):  # an unknown zone, the midnight after the last day there is
        return None


def _moment_of(day: date, match: re.Match[str], *, feel: bool) -> datetime | None:
    if match["zone"]:
        return on_clock(day, time(), _named_zone(match["zone"]))
    clock = read_clock(match["clock"], feel=feel)
    return None if clock is None else on_clock(day + timedelta(days=match["clock"].startswith("24:")), clock, clock.tzinfo)


def read_duration(text: str) -> Duration | None:
    """`P1M2DT4H30M`, `P2W`, `-PT5S`; None when it is none."""
    match = _DURATION.fullmatch(text)
    units = "" if match is None else "".join(unit for unit in _UNITS if match[unit] is not None)
    if match is None or not units:
        return None
    given = {unit: int(match[unit] or 0) for unit in "YMWDhm"}
    microseconds = int(Decimal((match["s"] or "0").replace(",", ".")) * MICROSECONDS)
    try:
        span = timedelta(hours=given["h"], minutes=given["m"], microseconds=microseconds)
    except OverflowError:
        return None
    found = Duration(given["Y"] * 12 + given["M"], given["W"] * 7 + given["D"], span, units)
    return Duration(-found.months, -found.days, -found.span, units) if match["sign"] else found


def read_interval(text: str) -> Interval | None:
    """`R3/PT1H`, `R/2027-01-01T09:00/P1D`; None when it is none. Whether its step leads forward is for the reader to ask."""
    match = _INTERVAL.fullmatch(text)
    every = None if match is None else read_duration(match["every"])
    if match is None or every is None:
        return None
    start = read_moment(match["start"]) if match["start"] else None
    if match["start"] and start is None:
        return None
    return Interval(int(match["times"]) if match["times"] else None, start, every)


def offset(text: str) -> tzinfo | None:
    """`Z`, `+02:00`, `+0200` or `+02` as a time zone, empty text as none; raises ValueError for one that does not exist."""
    if not text:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes, seconds = (int(digits[place : place + 2] or 0) for place in (0, 2, 4))
    if hours > _MAX_OFFSET_HOURS or minutes > 59 or seconds > 59:  # noqa: PLR2004  # of an hour, of a minute
        raise ValueError(f"no such offset: {text}")
    shift = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-shift if text[0] == "-" else shift)


def zone_of(name: str) -> tzinfo:
    """The zone of this name, such as Europe/Vienna; raises ValueError for one that does not exist."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:  # a folder of the zone database raises OSError
        raise ValueError(f"no such time zone: {name}") from error


def _named_zone(marked: str | None) -> tzinfo | None:
    return zone_of(marked.strip("@[]")) if marked else None


def on_clock(day: date, clock: time, zone: tzinfo | None) -> datetime:
    """The date and time at `clock` on `day` in `zone`; a time that a change of clocks leaves out is moved forward over the gap."""
    return settled(datetime.combine(day, clock.replace(tzinfo=None), zone))


def settled(moment: datetime) -> datetime:
    """The same instant, written as a local time that exists."""
    if moment.tzinfo is None or isinstance(moment.tzinfo, timezone):
        return moment
    return moment.astimezone(UTC).astimezone(moment.tzinfo)


def in_zone(moment: date, zone: tzinfo) -> datetime:
    """A date or a date and time as an instant: without a zone of its own it is meant in `zone`, and a date is its midnight there.

    Raises OverflowError where the instant lies before year 1 or after 9999.
    """
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if moment.tzinfo is None:
        moment = on_clock(moment.date(), moment.time(), zone)
    return moment.astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the month's last day where it is shorter. Raises OverflowError beyond the years 1 to 9999."""
    if not months:
        return day
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:  # noqa: PLR2004  # the years Python knows
        raise OverflowError("the year is out of range")
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))
