"""Lists of subjects: found by number or name, filtered by state, the latest number first. A room's `cases.py` says what each shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from sqlalchemy import ColumnElement, Text, column, or_, select, text
from sqlalchemy.orm import Session

import handlers
from engine.problems import Invalid, NotFound
from engine.store.paging import Asked, Key, Page, read_page
from handlers.cases import Fact, Shown, fact_of


@dataclass(frozen=True, slots=True)
class CaseList:
    """The list of a kind of subject.

    `sql` is a SELECT without parameters of `number`, `name` (who it is about), `state` (one of `states`) and what `shown` names.
    """

    kind: str
    title: str
    states: Sequence[str]
    shown: Sequence[Shown]
    sql: str
    empty: str


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which subjects to list: `search` finds the beginning of a number and any part of a name."""

    search: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A subject in a list."""

    number: str
    name: str
    state: str
    facts: Sequence[Fact]


@cache
def all_lists() -> Mapping[str, CaseList]:
    """Every capability's lists, by kind."""
    modules = (f"handlers.{room.name}.cases" for room in iter_modules(handlers.__path__) if room.ispkg)
    return {each.kind: each for module in modules if find_spec(module) for each in getattr(import_module(module), "LISTS", ())}


def list_subjects(tx: Session, kind: str, wanted: ListFilter, asked: Asked, *, count: bool = False) -> Page[Listed]:
    """One page of a kind. Raises NotFound for a kind without a list, Invalid for a state that there is none of."""
    of = all_lists().get(kind)
    if of is None:
        raise NotFound(f"There is no list of {kind}.", code="list_unknown", next_step=f"Use one of {', '.join(sorted(all_lists()))}.")
    if wanted.state not in {"", *of.states}:
        raise Invalid(
            f"There is no state {wanted.state!r} of {of.title.lower()}.",
            code="state_unknown",
            next_step=f"Use one of {', '.join(of.states)}.",
        )
    names = {name for each in of.shown for name in (each.name, each.beside, each.odd, each.under) if name} - {"number", "name", "state"}
    columns: list[ColumnElement[Any]] = [_NUMBER, _NAME, _STATE, *(column(name) for name in sorted(names))]
    statement = select(*columns).select_from(text(f"({of.sql}) AS listed"))
    if wanted.search:
        starts = _NUMBER.istartswith(wanted.search, autoescape=True)
        statement = statement.where(or_(starts, _NAME.icontains(wanted.search, autoescape=True)))
    if wanted.state:
        statement = statement.where(_STATE.in_([wanted.state]))
    page = read_page(tx, statement, (Key(_NUMBER, descending=True),), asked, count=count)
    rows = [_listed(of, dict(row._mapping)) for row in page.rows]  # noqa: SLF001  # its public name
    return Page(rows, page.next, page.previous, page.first, page.total)


def _listed(of: CaseList, row: Mapping[str, Any]) -> Listed:
    return Listed(row["number"], row["name"] or "", row["state"], [fact_of(each, row) for each in of.shown])


_NUMBER: ColumnElement[str] = column("number", Text)
_NAME: ColumnElement[str] = column("name", Text)
_STATE: ColumnElement[str] = column("state", Text)
