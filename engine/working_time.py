"""Working time: the hours of a week, public holidays and a company's own days. The one calendar of due dates, timers and promises.

A duration is counted in it as people mean it: `PT4H` are four hours in which somebody works, `P2D` the same time of day two working days
later. What begins outside working time begins with the next; what is used up with the end of a day is due then, and not next morning.
Hours are measured on the time line, so that a night on which clocks change counts for what it lasts.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from engine.iso8601 import Duration, add_months, on_clock
from engine.problems import Invalid

#: Further than this nothing is due: a calendar that is closed for so long is none.
LONGEST: Final = timedelta(days=366 * 20)
_DAY_MINUTES: Final = 24 * 60
_SPELL: Final = re.compile(r"(\d{1,2}):(\d\d)\s*[-\u2013]\s*(\d{1,2}):(\d\d)", re.ASCII)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, order=True)
class Spell:
    """Working time of one day, from a minute of the day to another; 1440 is the midnight at its end."""

    begins: int
    ends: int

    def __str__(self) -> str:
        return f"{self.begins // 60:02}:{self.begins % 60:02}-{self.ends // 60:02}:{self.ends % 60:02}"


Spells = tuple[Spell, ...]


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """When is worked somewhere. `week` has Monday to Sunday; `days` are exceptions, closed where they have no spell.

    `country` (ISO 3166) and `region` of it give the public holidays; without a country there are none.
    """

    code: str
    zone: tzinfo
    week: Sequence[Spells]
    country: str = ""
    region: str = ""
    days: Mapping[date, Spells] = field(default_factory=dict)

    def spells(self, day: date) -> Spells:
        """When is worked on a day: by its exception, else not at all on a holiday, else as in every week."""
        if day in self.days:
            return self.days[day]
        return () if day in holidays_of(self.country, self.region, day.year) else self.week[day.weekday()]

    def is_working_day(self, day: date) -> bool:
        """Whether anything is done on a day."""
        return bool(self.spells(day))

    def after(self, start: datetime, length: Duration) -> datetime:
        """The moment this much working time after a zoned one: months and days of the calendar first, then hours.

        Raises Invalid for what leads backwards, and where the calendar has no working time within twenty years.
        """
        if length.months < 0 or length.days < 0 or length.span < timedelta():
            raise Invalid("Working time is counted forward only.", code="duration", next_step="Write a duration such as PT4H or P2D.")
        try:
            moment = self._opened(start)
            if length.months:
                local = moment.astimezone(self.zone)
                moment = self._opened(on_clock(add_months(local.date(), length.months), local.time(), self.zone))
            if length.days:
                moment = self._days_later(moment, length.days)
            return self._hours_later(moment, length.span) if length.span else moment
        except OverflowError:
            raise self._never(start) from None

    def _opened(self, start: datetime) -> datetime:
        """The moment itself where it is worked then, else when it begins again."""
        for begins, ends in self._from(start):
            if start < ends:
                return max(begins, start)
        raise self._never(start)

    def _days_later(self, start: datetime, count: int) -> datetime:
        local = start.astimezone(self.zone)
        day, left = local.date(), count
        while left:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
            if day - local.date() > LONGEST:
                raise self._never(start)
        return self._opened(on_clock(day, local.time(), self.zone))

    def _hours_later(self, start: datetime, span: timedelta) -> datetime:
        for begins, ends in self._from(start):
            from_here = max(begins, start)
            if ends - from_here >= span:
                return from_here + span
            span -= max(ends - from_here, timedelta())
        raise self._never(start)

    def _from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spells that are not over at a moment, as instants, one after the other."""
        first = start.astimezone(self.zone).date()
        for ahead in range(LONGEST.days):
            day = first + timedelta(days=ahead)
            for spell in self.spells(day):
                begins, ends = self._at(day, spell.begins), self._at(day, spell.ends)
                if ends > start:
                    yield begins, ends

    def _at(self, day: date, minute: int) -> datetime:
        day, minute = (day + timedelta(days=1), 0) if minute == _DAY_MINUTES else (day, minute)
        return on_clock(day, time(minute // 60, minute % 60), self.zone).astimezone(UTC)

    def _never(self, start: datetime) -> Invalid:
        return Invalid(
            f"The calendar {self.code} has no such working time after {start:%Y-%m-%d}.",
            code="calendar_closed",
            next_step="Give it working hours, or write a shorter duration.",
        )


def read_spells(text: str) -> Spells:
    """`08:00-12:00, 13:00-17:00` as spells; empty for a day on which nobody works. Raises Invalid for what is none, or overlaps."""
    found = [_spell(part.strip(), text) for part in re.split(r"[,;]", text) if part.strip()]
    if any(earlier.ends > later.begins for earlier, later in itertools.pairwise(found)):
        raise _no_hours(text)
    return tuple(found)


def write_spells(spells: Sequence[Spell]) -> str:
    """As `read_spells` reads it."""
    return ", ".join(str(each) for each in spells)


def _spell(part: str, whole: str) -> Spell:
    match = _SPELL.fullmatch(part)
    if match is None:
        raise _no_hours(whole)
    from_hour, from_minute, to_hour, to_minute = (int(each) for each in match.groups())
    begins, ends = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) >= 60 or not begins < ends <= _DAY_MINUTES:  # noqa: PLR2004  # of an hour
        raise _no_hours(whole)
    return Spell(begins, ends)


def _no_hours(text: str) -> Invalid:
    return Invalid(f"{text!r} are no working hours.", code="working_hours", next_step="Write 08:00-12:00, 13:00-17:00; empty is closed.")


_NONE: Final[Mapping[date, str]] = {}


@lru_cache(maxsize=256)
def holidays_of(country: str, region: str, year: int) -> Mapping[date, str]:
    """The public holidays of a year by their day, with their names; none in a country or region that is not known."""
    import holidays  # takes a while, and few processes ask

    supported = holidays.list_supported_countries()
    if country not in supported or (region and region not in supported[country]):
        return _NONE
    return dict(holidays.country_holidays(country, subdiv=region or None, years=year))


def regions_of(country: str) -> Sequence[str] | None:
    """The regions of a country that have holidays of their own; None for a country that is not known."""
    import holidays

    supported = holidays.list_supported_countries()
    return supported.get(country)


_WHOLE_DAY: Final[Spells] = (Spell(0, _DAY_MINUTES),)


def weekdays(country: str, zone: tzinfo, region: str = "") -> WorkingCalendar:
    """Every day but weekends and public holidays, around the clock: for whom only days count."""
    week = [_WHOLE_DAY if day < _SATURDAY else () for day in range(7)]
    return WorkingCalendar(country or "weekdays", zone, week, country, region)
