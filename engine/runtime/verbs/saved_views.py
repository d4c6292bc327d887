"""Saving a list as one wants to see it again, for oneself or for everybody."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Forbidden, Invalid, NotFound
from engine.runtime.state import audit
from engine.runtime.state.people import Person
from engine.runtime.state.saved_lists import LISTS
from engine.store.tables import saved_view

_LONGEST_NAME: Final = 60
_LONGEST_QUERY: Final = 2000
#: What belongs to one look at a list, and not to the view.
_PASSING: Final = frozenset({"cursor", "done", "handed_to"})


@dataclass(frozen=True, slots=True)
class NewView:
    """A view to be saved: `query` is what stands behind the ? of the list's address."""

    list: str
    name: str
    query: str
    shared: bool = False


def save_view(tx: Session, new: NewView, actor: Person) -> int:
    """Save a view; one of the same name is replaced; answers its number. Raises Invalid by field."""
    name = " ".join(new.name.split())
    kept = urlencode([(field, value) for field, value in parse_qsl(new.query, keep_blank_values=True) if field not in _PASSING])
    errors = {}
    if new.list not in LISTS:
        errors["list"] = [f"must be one of {', '.join(LISTS)}"]
    if not name or len(name) > _LONGEST_NAME:
        errors["name"] = ["is missing" if not name else f"must have at most {_LONGEST_NAME} characters"]
    if len(kept) > _LONGEST_QUERY:
        errors["query"] = ["is too long"]
    if errors:
        raise Invalid("That view cannot be saved.", code="view", next_step="Correct the fields named.", errors=errors)
    values = {"query": kept, "shared": new.shared}
    made = insert(saved_view).values(list=new.list, name=name, owner=actor.name, **values)
    again = made.on_conflict_do_update(index_elements=["list", "owner", "name"], set_=values)
    number: int = tx.execute(again.returning(saved_view.c.id)).scalar_one()
    if new.shared:
        audit.record(tx, audit.Entry(actor.name, "share_view", f"view:{number}", detail={"list": new.list, "name": name, "query": kept}))
    return number


def remove_view(tx: Session, number: int, actor: Person) -> str:
    """Remove a view of one's own; an overseer removes a shared one too; answers of which list. Raises NotFound, Forbidden."""
    row = tx.execute(select(saved_view).where(saved_view.c.id == number)).one_or_none()
    if row is None or not (row.shared or row.owner == actor.name):
        raise NotFound("There is no such view.", code="view_unknown", next_step="Load the list again.")
    if row.owner != actor.name and not actor.oversees:
        raise Forbidden(f"{row.owner} has saved this view.", next_step=f"Ask {row.owner} or an operator.")
    tx.execute(delete(saved_view).where(saved_view.c.id == number))
    if row.shared:
        audit.record(tx, audit.Entry(actor.name, "remove_view", f"view:{number}", detail={"list": row.list, "name": row.name}))
    listed: str = row.list
    return listed
