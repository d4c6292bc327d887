"""Shapes that recur in bodies and answers: exact decimals as text, pages of a list, paths."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, RootModel, create_model, model_validator

from engine.problems import NotFound, Problem
from engine.runtime.state.people import Person
from engine.store import paging
from engine.store.paging import Asked
from handlers.changes import Author

#: A decimal number; leaves as text so that no client rounds it through a binary float.
Exact = Annotated[
    Decimal, Field(allow_inf_nan=False, max_digits=18), PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json")
]
Item = TypeVar("Item")


class Shape(BaseModel):
    """The base of every body, query and answer: unknown fields and parameters are refused by name."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class DraftBody(RootModel[Item]):
    """The draft of a capability as a body: its dataclass says the fields; unknown ones are refused by name."""

    @model_validator(mode="before")
    @classmethod
    def _only_known_fields(cls, data: Any) -> Any:
        kind: Any = cls.model_fields["root"].annotation
        unknown = sorted(set(data) - {each.name for each in fields(kind)}) if isinstance(data, dict) else []
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(unknown)}")
        return data


def partial(kind: type[Any], name: str, *, without: Collection[str] = (), also: Mapping[str, Any] | None = None) -> type[BaseModel]:
    """A body that changes some fields of a draft: what is not named stays. `also` are fields beside the draft's, by type."""
    hints = get_type_hints(kind, include_extras=True)
    named: dict[str, Any] = {each.name: hints[each.name] for each in fields(kind) if each.name not in without}
    given: dict[str, Any] = {field: (hint, None) for field, hint in {**named, **(also or {})}.items()}
    made: type[BaseModel] = create_model(
        name, __config__=ConfigDict(extra="forbid"), __doc__="What is to be changed; the rest stays.", **given
    )
    return made


class Changing(Shape):
    """Why something is changed, and the `version` one saw: where somebody was faster, nothing changes (409)."""

    changes: BaseModel
    reason: str = Field("", max_length=2000)
    version: str | None = Field(None, max_length=64)

    @property
    def given(self) -> dict[str, Any]:
        """The fields that are named."""
        return self.changes.model_dump(exclude_unset=True)

    def author(self, who: Person) -> Author:
        """Who changes it, and why."""
        return Author(who.name, self.reason, self.version)


class ChangedOut(Shape):
    """What was different, by field: `from` and `to`."""

    id: str
    changed: dict[str, dict[str, Any]]


class Listing(Shape):
    """How to page a list: `limit` rows after `cursor`, which is the `next_cursor` of the page before."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=500)

    @property
    def asked(self) -> Asked:
        """What is asked for, as the queries of the rooms below take it."""
        return Asked(self.limit, self.cursor)


class Search(Listing):
    """Which to list: `search` finds them by number or name, and by the numbers others know them by."""

    search: str = Field("", max_length=200)


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None


class InstancePath(BaseModel):
    """A process instance in the address."""

    instance_id: UUID


class NumberPath(BaseModel):
    """A business document's number in the address."""

    number: str = Field(max_length=40)


class Reason(Shape):
    """Why an operator does this; it goes to the audit log."""

    reason: str = Field(min_length=3, max_length=2000)


class ReasonIn(Shape):
    """Why, where there is something to be said."""

    reason: str = Field("", max_length=2000)


class AssignIn(Shape):
    """To whom a task is handed."""

    to: str = Field(min_length=1, max_length=200)


class Done(Shape):
    """What became of a thing."""

    id: str
    state: str


def listed(shown: paging.Page[Item]) -> Page[Item]:
    """A page of a list as the body of an answer."""
    return Page(items=list(shown.rows), next_cursor=shown.next)


def found(row: Any, what: str, number: object) -> Any:
    """The row, or NotFound naming what was asked for."""
    if row is None:
        raise NotFound(f"There is no {what} {number}.", next_step="Check the number in the list.")
    return row


@contextmanager
def as_sent(*renames: tuple[str, str]) -> Iterator[None]:
    """Let refusals name fields as the body names them: each pair is a pattern of a draft's field and what the body calls it."""
    try:
        yield
    except Problem as problem:
        errors: dict[str, list[str]] = {}
        for field, messages in problem.errors.items():
            named = field
            for pattern, name in renames:
                named = re.sub(pattern, name, named)
            errors[named] = messages
            told = rf"(?<![\w.]){re.escape(field)}(?![\w])"
            problem.detail, problem.next_step = (re.sub(told, lambda _: named, text) for text in (problem.detail, problem.next_step))  # noqa: B023
        problem.errors = errors
        raise
