"""Changes that wait for a second person, and what became of those that did, as people and programs read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, cast, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.state.people import Person
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import pending_change

#: What a list can show: what the person may confirm, what they asked for, and all they may see.
VIEWS: Final[Mapping[str, str]] = {"confirm": "To confirm", "asked": "Asked by me", "all": "All"}
#: Further than this nothing is counted for the worklist.
MOST_COUNTED: Final = 100


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change. `effect` says by field what is (`from`) and what would be (`to`).

    `state` is pending, confirmed, refused, withdrawn or expired.
    """

    id: int
    act: str
    subject: str
    does: str
    effect: dict[str, Any]
    rule: str
    reason: str
    confirmers: Sequence[str]
    excluded_users: Sequence[str]
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    decided_because: str | None

    def may_be_decided_by(self, person: Person) -> bool:
        """Whether the person is the second one."""
        return (
            self.state == "pending"
            and person.name != self.asked_by
            and person.name not in self.excluded_users
            and bool(person.groups & set(self.confirmers))
        )


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes: a view of VIEWS, and what they are about; what is empty matches all."""

    view: str = "all"
    about: str = ""


def list_changes(tx: Session, person: Person, wanted: ChangeFilter, asked: Asked, *, count: bool = False) -> Page[ChangeRow]:
    """The changes that a person may see: the oldest that waits first among those to confirm, else the latest first."""
    statement = select(*_COLUMNS).where(_of_view(person, wanted.view))
    if wanted.about:
        statement = statement.where(pending_change.c.about.contains(cast([wanted.about], ARRAY(Text))))
    key = Key(pending_change.c.id, descending=wanted.view != "confirm")
    return read_page(tx, statement, (key,), asked, count=count).typed(ChangeRow)


def list_waiting(tx: Session, about: str) -> Sequence[ChangeRow]:
    """The changes of a thing that wait, for its page: whoever may see it may know of them."""
    waits = (pending_change.c.about.contains(cast([about], ARRAY(Text))), _WAITS)
    return read_page(tx, select(*_COLUMNS).where(*waits), (Key(pending_change.c.id),), Asked()).typed(ChangeRow).rows


def count_to_confirm(tx: Session, person: Person) -> int:
    """How many wait for the person, counted no further than MOST_COUNTED."""
    rows = select(pending_change.c.id).where(to_confirm(person)).limit(MOST_COUNTED).subquery()
    return tx.scalar(select(func.count()).select_from(rows)) or 0


def get_change(tx: Session, person: Person, change_id: int) -> ChangeRow:
    """One change. Raises NotFound where there is none that the person may see."""
    found = tx.execute(select(*_COLUMNS).where(pending_change.c.id == change_id, _seen_by(person))).one_or_none()
    if found is None:
        raise NotFound(f"There is no change {change_id} for you.", code="change_unknown", next_step="Look at the changes that wait.")
    return ChangeRow(*found)


def _of_view(person: Person, view: str) -> ColumnElement[bool]:
    if view == "confirm":
        return to_confirm(person)
    return pending_change.c.asked_by == person.name if view == "asked" else _seen_by(person)


def to_confirm(person: Person) -> ColumnElement[bool]:
    """What waits for the person as the second one."""
    mine = cast([person.name], ARRAY(Text))
    return and_(_WAITS, _offered(person), pending_change.c.asked_by != person.name, ~pending_change.c.excluded_users.contains(mine))


def _seen_by(person: Person) -> ColumnElement[bool]:
    if person.oversees:
        return true()
    return or_(pending_change.c.asked_by == person.name, _offered(person))


def _offered(person: Person) -> ColumnElement[bool]:
    groups: ColumnElement[Any] = literal(sorted(person.groups), ARRAY(Text))
    offered: ColumnElement[bool] = pending_change.c.confirmers.overlap(groups)
    return offered


_COLUMNS = tuple(pending_change.c[name] for name in ChangeRow.__dataclass_fields__)
_WAITS = and_(pending_change.c.state == "pending", pending_change.c.expires_at > func.business_now())
