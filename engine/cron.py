"""Crontab times: five fields `minute hour day-of-month month day-of-week`, with crontab's own meaning (IEEE 1003.1, crontab; Vixie cron).

Sunday is 0 and 7, Monday is 1; names are English (`mon-fri`, `jan`); lists, ranges and steps may be combined. Where both days are
restricted (neither begins with `*`), one of the two is enough. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` stand for their
usual texts. A time that a change of clocks leaves out moves forward over the gap; one that comes twice counts once, unless every hour is
meant.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from engine.iso8601 import on_clock
from engine.problems import Invalid

_NICKNAMES: Final[Mapping[str, str]] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_PART: Final = re.compile(r"(?:(?P<all>\*)|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d{1,4}))?", re.ASCII)
_LOOKS_CRON: Final = re.compile(r"@[a-z]+|[0-9*][0-9*,/-]*(?:\s+[0-9a-zA-Z*,/?#-]+){4,6}", re.ASCII)
#: 29 February on a given day of the week comes at least every 40 years.
_FARTHEST: Final = timedelta(days=366 * 41)
_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Cron:
    """A crontab time, read. Days of the week are 0 for Sunday to 6."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    #: Both kinds of days are restricted, and one is enough.
    either: bool

    def after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The first time after a zoned moment, by the clocks of `zone`, in UTC; None when there is none (30 February)."""
        first = moment.astimezone(zone).date()
        day = first
        while day - first < _FARTHEST and day < date.max:
            if self._fits(day):
                found = min((at for at in self._times(day, zone) if at > moment), default=None)
                if found is not None:
                    return found
            day += timedelta(days=1)
        return None

    def _fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_month or by_week if self.either else by_month and by_week

    def _times(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                yield on_clock(day, time(hour, minute), zone).astimezone(UTC)
                if len(self.hours) == _HOURS:
                    yield datetime.combine(day, time(hour, minute, fold=1), zone).astimezone(UTC)


def looks_cron(text: str) -> bool:
    """Whether a cycle is meant as cron rather than as FEEL, right or wrong."""
    return _LOOKS_CRON.fullmatch(text) is not None


def read_cron(text: str) -> Cron:
    """A crontab time. Raises Invalid saying which field is wrong."""
    fields = _NICKNAMES.get(text, text).split()
    if len(fields) != len(_FIELDS):
        raise Invalid(
            f"{text!r} has {len(fields)} fields; cron has five: minute, hour, day of the month, month, day of the week.",
            code="cron",
            next_step="Write it as in a crontab, without seconds: 0 6 * * mon-fri is six o'clock on working days.",
        )
    minutes, hours, days, months, weekdays = (field.read(text) for field, text in zip(_FIELDS, fields, strict=True))
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=frozenset(number % 7 for number in weekdays),
        either=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: its name, its numbers, the last of them that `*` means, and the names of its numbers."""

    what: str
    lowest: int
    highest: int
    last: int
    names: tuple[str, ...] = ()

    def read(self, text: str) -> frozenset[int]:
        """The numbers a field means. Raises Invalid when it means none."""
        found: set[int] = set()
        for part in text.split(","):
            match = _PART.fullmatch(part)
            numbers = None if match is None else self._numbers(match)
            if not numbers:
                names = f", names such as {self.names[1]}" if self.names else ""
                next_step = f"Give numbers from {self.lowest} to {self.highest}{names}, a range, a list, a step or *."
                raise Invalid(f"{part!r} is no {self.what} of cron.", code="cron", next_step=next_step)
            found.update(numbers)
        return frozenset(found)

    def _numbers(self, match: re.Match[str]) -> range | None:
        step = int(match["step"] or 1)
        if match["all"]:
            return range(self.lowest, self.last + 1, step) if step else None
        low = self._number(match["low"])
        high = self._number(match["high"]) if match["high"] else self.last if match["step"] else low
        if low is None or high is None or not step:
            return None
        if high == 0 < low and self.last < self.highest:  # sat-sun: Sunday ends the week as well as it begins it
            high = self.highest
        return range(low, high + 1, step) if self.lowest <= low <= high <= self.highest else None

    def _number(self, text: str) -> int | None:
        if text.isdigit():
            return int(text)
        return self.names.index(text.lower()) + self.lowest if text.lower() in self.names else None


_FIELDS: Final = (
    _Field("minute", 0, 59, 59),
    _Field("hour", 0, 23, 23),
    _Field("day of the month", 1, 31, 31),
    _Field("month", 1, 12, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    _Field("day of the week", 0, 7, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
