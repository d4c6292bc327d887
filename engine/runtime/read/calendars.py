"""Business calendars as lists and pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.state.calendars import read_calendars
from engine.store.tables import business_calendar, calendar_day
from engine.working_time import WorkingCalendar, holidays_of, write_spells

#: How far ahead a page shows what is otherwise.
AHEAD: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A calendar: `week` has the hours of Monday to Sunday, empty where nobody works."""

    code: str
    name: str
    time_zone: str
    country: str
    region: str
    week: Sequence[str]
    standard: bool
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class OtherDay:
    """A day that is not as its weekday. `exception` tells a day of the calendar's own from a public holiday."""

    day: date
    hours: str
    why: str
    exception: bool


@dataclass(frozen=True, slots=True)
class CalendarOut:
    """One calendar, and what is otherwise within a year."""

    row: CalendarRow
    days: Sequence[OtherDay]


def list_calendars(tx: Session) -> list[CalendarRow]:
    """Every calendar, the standard one first. One statement; there are few."""
    columns = [business_calendar.c[name] for name in CalendarRow.__dataclass_fields__]
    order = business_calendar.c.standard.desc(), business_calendar.c.code
    return [CalendarRow(*row) for row in tx.execute(select(*columns).order_by(*order))]


def show_calendar(tx: Session, code: str, today: date) -> CalendarOut:
    """One calendar with its holidays and exceptions of the year from `today` on. Raises NotFound."""
    row = next((each for each in list_calendars(tx) if each.code == code), None)
    if row is None:
        raise NotFound(f"There is no calendar {code[:60]!r}.", code="calendar_unknown", next_step="Look at the list of calendars.")
    notes = tx.execute(select(calendar_day.c.day, calendar_day.c.note).where(calendar_day.c.calendar_code == code)).all()
    return CalendarOut(row, _otherwise(read_calendars(tx)[code], {each.day: each.note for each in notes}, today))


def _otherwise(calendar: WorkingCalendar, notes: Mapping[date, str], today: date) -> list[OtherDay]:
    until = today + AHEAD
    years = range(today.year, until.year + 1)
    holidays = {day: name for year in years for day, name in holidays_of(calendar.country, calendar.region, year).items()}
    wanted = sorted(day for day in {*holidays, *calendar.days} if today <= day < until)
    return [
        OtherDay(day, write_spells(calendar.spells(day)), notes.get(day) or holidays.get(day, ""), day in calendar.days) for day in wanted
    ]
