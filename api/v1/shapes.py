"""Shapes that recur in bodies and answers: exact decimals as text, pages of a list, paths."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, RootModel, model_validator
from sqlalchemy import ColumnElement, Select, SQLColumnExpression, tuple_
from sqlalchemy.orm import Session

from api.errors import BadRequest
from engine.problems import NotFound
from engine.store import json_text

#: A decimal number; leaves as text so that no client rounds it through a binary float.
Exact = Annotated[
    Decimal, Field(allow_inf_nan=False, max_digits=18), PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json")
]
Item = TypeVar("Item")


class Shape(BaseModel):
    """The base of every body and answer: unknown fields are refused by name."""

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


class Listing(BaseModel):
    """How to page a list: `limit` rows after `cursor`, which is the `next_cursor` of the page before."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=500)


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


class Done(Shape):
    """What became of a thing."""

    id: str
    state: str


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: columns that are unique together."""

    keys: tuple[SQLColumnExpression[Any], ...]
    newest_first: bool = True


def page(tx: Session, statement: Select[Any], order: Order, listing: Listing, shape: Callable[[Any], Item]) -> Page[Item]:
    """Read one page by keyset; `shape` gets each row as a mapping. One statement."""
    keys = order.keys
    if listing.cursor:
        edge = _read_cursor(listing.cursor, [cast("ColumnElement[Any]", key).type.python_type for key in keys])
        statement = statement.where(tuple_(*keys) < tuple_(*edge) if order.newest_first else tuple_(*keys) > tuple_(*edge))
    sort = [key.desc() if order.newest_first else key.asc() for key in keys]
    labelled = statement.add_columns(*(key.label(f"_key{n}") for n, key in enumerate(keys)))
    rows = tx.execute(labelled.order_by(*sort).limit(listing.limit + 1)).mappings().all()
    shown = rows[: listing.limit]
    edge_of_next = [shown[-1][f"_key{n}"] for n in range(len(keys))] if len(rows) > listing.limit else None
    items = [shape({name: value for name, value in row.items() if not name.startswith("_key")}) for row in shown]
    return Page(items=items, next_cursor=_write_cursor(edge_of_next) if edge_of_next else None)


def found(row: Any, what: str, number: object) -> Any:
    """The row, or NotFound naming what was asked for."""
    if row is None:
        raise NotFound(f"There is no {what} {number}.", next_step="Check the number in the list.")
    return row


def _write_cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json_text.encode([_tag(value) for value in values])).decode()


def _tag(value: Any) -> Any:
    return {"t": value.isoformat()} if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value


def _read_cursor(cursor: str, kinds: Sequence[type]) -> list[Any]:
    try:
        values = json_text.decode(base64.urlsafe_b64decode(cursor.encode()))
        return [_untag(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise BadRequest(
            "The cursor is none of ours.", code="cursor", next_step="Send the next_cursor of the page before, or none."
        ) from None


def _untag(value: Any, kind: type) -> Any:
    read = datetime.fromisoformat(value["t"]) if kind is datetime else UUID(value) if kind is UUID else value
    if type(read) is not kind:
        raise TypeError
    return read
