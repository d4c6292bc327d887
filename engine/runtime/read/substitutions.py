"""Substitutions as people and programs are shown them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from engine.runtime.state.people import Person
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import substitution


@dataclass(frozen=True, slots=True)
class Substitution:
    """Who stands in for whom; `state` is ahead, now or over."""

    id: int
    person: str
    deputy: str
    begins_at: datetime
    ends_at: datetime
    process_keys: Sequence[str]
    note: str
    set_by: str
    ended_by: str | None
    state: str


def list_substitutions(tx: Session, person: Person, asked: Asked, *, everybody: bool = False, count: bool = False) -> Page[Substitution]:
    """The person's own and those in which they stand in, the latest to end first; all of them for an overseer who asks for that."""
    statement = select(*(substitution.c[name] for name in Substitution.__dataclass_fields__ if name in substitution.c), _STATE)
    if not (everybody and person.oversees):
        statement = statement.where(or_(substitution.c.person == person.name, substitution.c.deputy == person.name))
    keys = (Key(substitution.c.ends_at, descending=True), Key(substitution.c.id, descending=True))
    return read_page(tx, statement, keys, asked, count=count).typed(Substitution)


_STATE = case(
    (substitution.c.ends_at <= func.business_now(), "over"), (substitution.c.begins_at > func.business_now(), "ahead"), else_="now"
).label("state")
