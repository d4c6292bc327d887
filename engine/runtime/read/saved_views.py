"""The saved views of a list that a person sees: their own, and those that others share."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.problems import refuse_unknown
from engine.runtime.state.people import Person
from engine.runtime.state.saved_lists import LISTS
from engine.store.tables import saved_view

_MOST = 50


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view; `query` is what stands behind the ? of the list's address."""

    id: int
    list: str
    name: str
    query: str
    owner: str
    shared: bool


def list_views(tx: Session, person: Person, of_list: str) -> Sequence[SavedView]:
    """The views of a list, one's own first. One statement. Raises Invalid for a list that has none."""
    refuse_unknown(of_list, LISTS, "list with views", "list")
    columns = [saved_view.c[name] for name in SavedView.__dataclass_fields__]
    seen = saved_view.c.list == of_list, or_(saved_view.c.owner == person.name, saved_view.c.shared)
    order = (saved_view.c.owner != person.name), saved_view.c.name, saved_view.c.id
    return [SavedView(*row) for row in tx.execute(select(*columns).where(*seen).order_by(*order).limit(_MOST))]
