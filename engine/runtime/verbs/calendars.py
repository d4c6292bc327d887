"""Keeping the business calendars: what is due counts in them from the next task on; what is open keeps the time it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.iso8601 import zone_of
from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.runtime.state import audit
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.spiff.calls import NONE, STANDARD
from engine.store.locks import Advisory, advisory
from engine.store.tables import business_calendar, calendar_day
from engine.working_time import read_spells, regions_of, write_spells

#: What may not be the code of one: models mean something else by it.
_RESERVED: Final = frozenset({STANDARD, NONE})
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST: Final = {"code": 40, "name": 200, "note": 200}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDraft:
    """A calendar as somebody writes it: `week` has the hours of Monday to Sunday as text, empty for a closed day."""

    code: str
    name: str
    time_zone: str
    week: Sequence[str]
    country: str = ""
    region: str = ""
    standard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDraft:
    """A day on which is worked otherwise: `hours` as text, empty where nobody works."""

    day: date
    hours: str = ""
    note: str = ""


def save_calendar(runtime: Runtime, tx: Session, draft: CalendarDraft, actor: Person, version: int | None = None) -> int:
    """Add a calendar, or with the `version` one has seen change it; answers its version now.

    Where it becomes the standard one, another is it no longer. Raises Invalid by field, Conflict where somebody was faster.
    """
    advisory(tx, Advisory.CALENDARS)
    values = {**_checked(draft), "changed_at": func.business_now()}
    if draft.standard:
        tx.execute(update(business_calendar).where(business_calendar.c.code != draft.code).values(standard=False))
    if version is None:
        statement: Any = insert(business_calendar).values(code=draft.code, **values).on_conflict_do_nothing()
    else:
        seen = business_calendar.c.code == draft.code, business_calendar.c.version == version
        statement = update(business_calendar).where(*seen).values(**values, version=version + 1)
    saved: int | None = tx.execute(statement.returning(business_calendar.c.version)).scalar()
    if saved is None:
        raise _lost(draft.code, version)
    told = {"week": values["week"], "zone": draft.time_zone, "holidays": " ".join(filter(None, (draft.country, draft.region)))}
    detail = {**told, "standard": draft.standard}
    audit.record(tx, audit.Entry(actor.name, "add" if version is None else "change", f"calendar:{draft.code}", detail=detail))
    runtime.calendars.forget()
    return saved


def set_day(runtime: Runtime, tx: Session, code: str, draft: DayDraft, actor: Person) -> None:
    """Say how is worked on one day, whatever its weekday and the holidays say. Raises NotFound, Invalid."""
    _hold(tx, code)
    hours, note = write_spells(_spells("hours", draft.hours)), draft.note.strip()
    if len(note) > _LONGEST["note"]:
        said = [f"must have at most {_LONGEST['note']} characters"]
        raise Invalid("The note is too long.", code="calendar", next_step="Say it in a few words.", errors={"note": said})
    values = {"hours": hours, "note": note}
    one = insert(calendar_day).values(calendar_code=code, day=draft.day, **values)
    tx.execute(one.on_conflict_do_update(index_elements=["calendar_code", "day"], set_=values))
    detail = {"day": draft.day.isoformat(), "hours": hours or "closed", "note": note}
    audit.record(tx, audit.Entry(actor.name, "set_day", f"calendar:{code}", detail=detail))
    runtime.calendars.forget()


def remove_day(runtime: Runtime, tx: Session, code: str, day: date, actor: Person) -> None:
    """Let a day be as its weekday again; one that is so already stays. Raises NotFound for an unknown calendar."""
    _hold(tx, code)
    gone = delete(calendar_day).where(calendar_day.c.calendar_code == code, calendar_day.c.day == day)
    if tx.execute(gone.returning(calendar_day.c.day)).first() is not None:
        audit.record(tx, audit.Entry(actor.name, "remove_day", f"calendar:{code}", detail={"day": day.isoformat()}))
        runtime.calendars.forget()


def _checked(draft: CalendarDraft) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    code, name = draft.code.strip(), draft.name.strip()
    if not code or len(code) > _LONGEST["code"] or code in _RESERVED or not code.replace("-", "").isalnum():
        errors["code"] = ["must be letters, digits and hyphens, and neither standard nor none"]
    if not name or len(name) > _LONGEST["name"]:
        errors["name"] = ["is missing" if not name else "is too long"]
    try:
        zone_of(draft.time_zone)
    except ValueError:
        errors["time_zone"] = ["is no time zone such as Europe/Vienna"]
    errors |= _wrong_place(draft)
    week = []
    for weekday, hours in zip(WEEKDAYS, draft.week, strict=True):
        try:
            week.append(write_spells(_spells(weekday, hours)))
        except Invalid as problem:
            errors |= {each: list(texts) for each, texts in problem.errors.items()}
    if not errors and not any(week):
        errors["monday"] = ["is closed like every other day: nothing would ever be due"]
    if errors:
        raise Invalid("That calendar cannot be kept.", code="calendar", next_step="Correct the fields named.", errors=errors)
    place = {"country": draft.country, "region": draft.region, "time_zone": draft.time_zone}
    return {"name": name, "week": week, "standard": draft.standard, **place}


def _wrong_place(draft: CalendarDraft) -> dict[str, list[str]]:
    if not draft.country:
        return {"region": ["needs a country"]} if draft.region else {}
    regions = regions_of(draft.country)
    if regions is None:
        return {"country": ["is no country whose holidays are known, such as AT"]}
    if draft.region and draft.region not in regions:
        return {"region": [f"must be one of {', '.join(regions)}" if regions else "is not told apart in this country"]}
    return {}


def _spells(name: str, hours: str) -> Any:
    try:
        return read_spells(hours)
    except Problem as problem:
        said = ["must be such as 08:00-12:00, 13:00-17:00, or empty"]
        raise Invalid(problem.detail, code=problem.code, next_step=problem.next_step, errors={name: said}) from None


def _hold(tx: Session, code: str) -> None:
    advisory(tx, Advisory.CALENDARS)
    if tx.scalar(select(business_calendar.c.code).where(business_calendar.c.code == code)) is None:
        raise NotFound(f"There is no calendar {code[:60]!r}.", code="calendar_unknown", next_step="Look at the list of calendars.")


def _lost(code: str, version: int | None) -> Conflict:
    if version is None:
        return Conflict(
            f"There is a calendar {code} already.",
            code="calendar_exists",
            next_step="Change that one, or choose another code.",
            errors={"code": ["is taken"]},
        )
    return Conflict(
        f"The calendar {code} was changed meanwhile.", code="version_changed", next_step="Load it again and repeat your change."
    )
