"""Moves the demo company's clock, so that a reminder of next week or a dunning of next month can be seen today."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from engine.feel import after, as_instant
from engine.problems import Forbidden, Invalid
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.store import clock

#: The years in which dates of the business lie (handlers/identifiers.py).
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


@dataclass(frozen=True, slots=True)
class Move:
    """Where to: by a duration (`P14D`), to a moment (in the company's zone), or, with neither, back to the real time."""

    by: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the company's clock and calendar show, and by how many seconds the clock is ahead of the real time."""

    now: datetime
    today: date
    seconds_ahead: int


def state(tx: Session) -> ClockState:
    """What it shows now."""
    return ClockState(clock.business_now(tx), clock.business_today(tx), round(clock.moved_by(tx).total_seconds()))


def move(runtime: Runtime, tx: Session, wanted: Move, actor: str) -> ClockState:
    """Move it for the whole company; timers that are due by it fire at the next tick, within seconds.

    Raises Forbidden in a database that is no demo, Invalid for a text that gives no time.
    """
    if not clock.may_be_moved(tx):
        advice = "Serve a demo: ordercraft serve --demo."
        raise Forbidden("This is no demo: its clock shows the real time.", code="no_demo", next_step=advice)
    ahead = _ahead(runtime, tx, wanted)
    clock.move_company(tx, ahead)
    audit.record(tx, audit.Entry(actor, "move_clock", "clock:company", detail={"by": wanted.by, "to": wanted.to, "ahead": str(ahead)}))
    return state(tx)


def _ahead(runtime: Runtime, tx: Session, wanted: Move) -> timedelta:
    if wanted.by is not None and wanted.to is not None:
        raise Invalid("A clock moves by a time or to one, not both.", next_step="Give one of the two.")
    if wanted.by is not None:
        there = after(clock.business_now(tx), wanted.by, runtime.time_zone)
    elif wanted.to is not None:
        there = as_instant(wanted.to, runtime.time_zone)
    else:
        return timedelta()
    if not _FIRST_YEAR < there.year < _LAST_YEAR:
        raise Invalid(f"No business is done in {there.year}.", next_step="Move the clock within this century.")
    return there - clock.machine_now(tx)
