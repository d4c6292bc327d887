"""The audit log as people and programs read it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, cast, select
from sqlalchemy.orm import Session

from engine.store.known import refuse_unknown_in
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import audit


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what to which thing and why. `target` is its kind and id, such as `customer:C-1001`."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    reason: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ActFilter:
    """Which acts to show; what is empty matches all."""

    target: str = ""
    actor: str = ""
    action: str = ""
    #: From the beginning of a day to the end of another, in the company's zone.
    since: date | None = None
    until: date | None = None


def list_acts(tx: Session, wanted: ActFilter, asked: Asked, *, count: bool = False) -> Page[Act]:
    """The log, the latest first. Raises Invalid for a kind of act that nobody ever did."""
    refuse_unknown_in(tx, audit.c.action, wanted.action, "kind of act in the log", "action")
    statement = select(*(audit.c[name] for name in Act.__dataclass_fields__))
    for name in ("target", "actor", "action"):
        value = getattr(wanted, name)
        if value:
            statement = statement.where(audit.c[name] == value)
    if wanted.since:
        statement = statement.where(audit.c.at >= cast(wanted.since, Date))
    if wanted.until:
        statement = statement.where(audit.c.at < cast(wanted.until, Date) + 1)
    return read_page(tx, statement, (Key(audit.c.id, descending=True),), asked, count=count).typed(Act)
