"""The business calendars of the database, as a process knows them: it looks again after a second."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from time import monotonic
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.iso8601 import zone_of
from engine.problems import NotFound
from engine.spiff.calls import STANDARD
from engine.store.tables import business_calendar, calendar_day
from engine.working_time import Spells, WorkingCalendar, read_spells

_SECONDS: Final = 1.0


@dataclass(slots=True)
class KnownCalendars:
    """All calendars by their code; the standard one also as `standard`, where there is one."""

    _known: Mapping[str, WorkingCalendar] = field(default_factory=dict)
    _until: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def named(self, tx: Session, code: str) -> WorkingCalendar | None:
        """The calendar of a code. None is around the clock: the company has no standard calendar. Raises NotFound for another code."""
        known = self._look(tx)
        if code not in known and code != STANDARD:
            raise NotFound(
                f"There is no calendar {code!r}.",
                code="calendar_unknown",
                next_step=f"Add it under Master data, or name one of {', '.join(sorted({*known, STANDARD, 'none'}))} in the diagram.",
            )
        return known.get(code)

    def forget(self) -> None:
        """Look again at the next question."""
        self._until = 0.0

    def _look(self, tx: Session) -> Mapping[str, WorkingCalendar]:
        if monotonic() >= self._until:
            with self._lock:
                self._known, self._until = read_calendars(tx), monotonic() + _SECONDS
        return self._known


def read_calendars(tx: Session) -> dict[str, WorkingCalendar]:
    """Every calendar by its code, the standard one under `standard` too. One statement."""
    days = (
        select(func.jsonb_object_agg(calendar_day.c.day, calendar_day.c.hours))
        .where(calendar_day.c.calendar_code == business_calendar.c.code)
        .scalar_subquery()
    )
    found: dict[str, WorkingCalendar] = {}
    for row in tx.execute(select(business_calendar, days.label("days"))):
        found[row.code] = _calendar(row)
        if row.standard:
            found[STANDARD] = found[row.code]
    return found


def _calendar(row: Any) -> WorkingCalendar:
    exceptions: dict[date, Spells] = {date.fromisoformat(day): read_spells(hours) for day, hours in (row.days or {}).items()}
    week = [read_spells(hours) for hours in row.week]
    return WorkingCalendar(row.code, zone_of(row.time_zone), week, row.country, row.region, exceptions)
