"""The one way of paging a list, for pages and programs alike: by a cursor that says behind which row, or before which, to go on.

A row that is written or goes away meanwhile moves nothing: no page shows a row twice or leaves one out. The cursor holds the sort keys
of an edge row and its position; it is no secret, and one that is none of ours is refused.
"""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast
from uuid import UUID

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from engine.iso8601 import read_day, read_moment
from engine.lexical import read_decimal, read_whole
from engine.problems import Problem
from engine.store import json_text

Item = TypeVar("Item")
Other = TypeVar("Other")
#: A row of whatever columns the statement names.
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

SIZE = 50
#: Counting further would cost more than the number is worth.
MOST = 1_000
#: What a file takes at most.
MOST_IN_A_FILE = 10_000
_LARGEST_KEY = 2**63


class UnknownCursor(Problem):
    """A cursor that no page of the list gave out (HTTP 400)."""

    default_code = "cursor"

    def __init__(self) -> None:
        super().__init__("The cursor is none of ours.", next_step="Send the next_cursor of the page before, or none.")


@dataclass(frozen=True, slots=True)
class Key:
    """A column to sort by. The keys of a list are unique together; a `nullable` one has its empty rows last."""

    column: SQLColumnExpression[Any]
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page: `limit` rows behind (or before) the row that `cursor` holds; the first ones without it."""

    limit: int = SIZE
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list. `total` is exact up to `most`, None when nobody asked; `next` and `previous` are cursors, None at the ends."""

    rows: Sequence[Item]
    next: str | None
    previous: str | None
    first: int
    total: int | None = None
    most: int = MOST

    @property
    def last(self) -> int:
        """The position of the last row shown."""
        return self.first + len(self.rows) - 1

    def typed(self, kind: Callable[..., Other]) -> "Page[Other]":
        """The same page with each row as `kind`, a dataclass whose fields are the columns of the rows."""
        return Page([kind(**_columns(row)) for row in self.rows], self.next, self.previous, self.first, self.total, self.most)

    def __str__(self) -> str:
        if not self.rows:
            return "Nothing found"
        if self.total is None:
            return f"{self.first}-{self.last}"
        return f"{self.first}-{self.last} of {many(self.total, self.most)}"


def many(number: int, most: int = MOST) -> str:
    """How a number is written that was counted up to `most`."""
    return f"{most:,}+" if number > most else f"{number:,}"


def _columns(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if not name.startswith("_key")}  # noqa: SLF001  # its public name


class _Edge(NamedTuple):
    back: bool
    position: int
    values: list[Any]


def read_page(tx: Session, statement: Select[Any], keys: Sequence[Key], asked: Asked, *, count: bool = False) -> Page[AnyRow]:
    """Read one page; one statement, and a second one where `count` asks how many there are in all. Raises UnknownCursor."""
    edge = _edge(asked, keys)
    wanted = statement.where(_beyond(keys, edge)) if edge.values else statement
    rows = tx.execute(_marked(wanted, keys).order_by(*_sorted(keys, edge.back)).limit(asked.limit + 1)).all()
    total = tx.scalar(select(func.count()).select_from(statement.order_by(None).limit(MOST + 1).subquery())) if count else None
    return _page(rows, keys, asked, edge, total)


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of one index: what `rows` finds for each row of `of`, which it refers to. However many they are, the statement is as long."""

    of: FromClause
    rows: Select[Any]


@dataclass(frozen=True, slots=True)
class Merged:
    """Ranges of one index that are read as one list: statements with the same columns, which name each row.

    What two ranges have in common is shown once. `shown` reads what a row shows, given the rows of a page as a subquery.
    """

    ranges: Sequence[Ranges]
    shown: Callable[[Subquery], Select[Any]]
    #: How far they are counted.
    most: int = MOST


def read_merged(tx: Session, merged: Merged, keys: Sequence[Key], asked: Asked, *, count: bool = False) -> Page[AnyRow]:
    """Read one page of several ranges, each only as far as a page goes. The keys are columns of every range. Raises UnknownCursor."""
    edge = _edge(asked, keys)
    beyond = (_beyond(keys, edge),) if edge.values else ()
    wanted = [Ranges(each.of, each.rows.where(*beyond).order_by(*_sorted(keys, edge.back))) for each in merged.ranges]
    found = _firsts_of(wanted, asked.limit + 1).subquery("found")
    ours = _keys_in(found, keys)
    page = select(found).order_by(*_sorted(ours, edge.back)).limit(asked.limit + 1).subquery("page")
    shown = _keys_in(page, keys)
    rows = tx.execute(_marked(merged.shown(page), shown).order_by(*_sorted(shown, edge.back))).all()
    listed = [Ranges(each.of, each.rows.order_by(*_sorted(keys, back=False))) for each in merged.ranges]
    total = tx.scalar(select(counted_of(listed, merged.most))) if count else None
    return replace(_page(rows, keys, asked, edge, total), most=merged.most)


def _keys_in(rows: Subquery, keys: Sequence[Key]) -> list[Key]:
    names = [cast(Column[Any], key.column).name for key in keys]
    return [replace(key, column=rows.c[name]) for key, name in zip(keys, names, strict=True)]


def counted(rows: Select[Any], most: int = MOST) -> ScalarSelect[int]:
    """How many rows there are; of more than `most`, one more than that. They are read no further."""
    return select(func.count()).select_from(rows.limit(most + 1).subquery()).scalar_subquery()


def counted_of(ranges: Sequence[Ranges], most: int = MOST) -> ScalarSelect[int]:
    """How many different rows several ranges have; of more than `most`, one more than that. Each is read no further."""
    return counted(_firsts_of(ranges, most + 1), most)


def _firsts_of(ranges: Sequence[Ranges], most: int) -> Select[Any]:
    """The first rows of each range, those they have in common once."""
    firsts = []
    for each in ranges:
        rows = each.rows.limit(most).correlate(each.of).lateral()
        firsts.append(select(rows).select_from(each.of.join(rows, true())))
    together = firsts[0].subquery() if len(firsts) == 1 else union_all(*firsts).subquery()
    return select(together).distinct()


def _edge(asked: Asked, keys: Sequence[Key]) -> _Edge:
    return _read(asked.cursor, keys) if asked.cursor else _Edge(back=False, position=0, values=[])


def _marked(statement: Select[Any], keys: Sequence[Key]) -> Select[Any]:
    return statement.add_columns(*(key.column.label(f"_key{number}") for number, key in enumerate(keys)))


def _page(rows: Sequence[AnyRow], keys: Sequence[Key], asked: Asked, edge: _Edge, total: int | None) -> Page[AnyRow]:
    more, shown = len(rows) > asked.limit, rows[: asked.limit]
    if edge.back:
        shown = shown[::-1]
    first = max(1, edge.position - len(shown)) if edge.back else edge.position + 1
    before, behind = (more, True) if edge.back else (bool(edge.values), more)
    return Page(
        rows=shown,
        next=_write(shown[-1], keys, back=False, position=first + len(shown) - 1) if behind and shown else None,
        previous=_write(shown[0], keys, back=True, position=first) if before and shown else None,
        first=first,
        total=total,
    )


def page_of(rows: Sequence[Item], key: Callable[[Item], tuple[int | str, ...]], asked: Asked) -> Page[Item]:
    """A page of a list that was worked out, sorted by a key that is unique in it. Raises UnknownCursor."""
    keys = [key(row) for row in rows]
    begin, end = 0, asked.limit
    if asked.cursor:
        back, values = _read_plain(asked.cursor, keys[0] if keys else ())
        begin = max(0, bisect_left(keys, values) - asked.limit) if back else bisect_right(keys, values)
        end = bisect_left(keys, values) if back else begin + asked.limit
    shown = rows[begin:end]
    return Page(
        rows=shown,
        next=_encoded([False, begin + len(shown), list(key(shown[-1]))]) if end < len(rows) and shown else None,
        previous=_encoded([True, begin + 1, list(key(shown[0]))]) if begin and shown else None,
        first=begin + 1,
        total=len(rows),
    )


def _read_plain(cursor: str, like: tuple[int | str, ...]) -> tuple[bool, tuple[Any, ...]]:
    try:
        back, _, values = json_text.decode(base64.urlsafe_b64decode(cursor.encode()))
        told = tuple(values)
    except (ValueError, TypeError, binascii.Error, msgspec.DecodeError):
        raise UnknownCursor from None
    if not isinstance(back, bool) or (like and [type(value) for value in told] != [type(value) for value in like]):
        raise UnknownCursor
    return back, told


def _sorted(keys: Sequence[Key], back: bool) -> list[ColumnElement[Any]]:
    return [_direction(key, descending=key.descending != back, back=back) for key in keys]


def _direction(key: Key, *, descending: bool, back: bool) -> ColumnElement[Any]:
    sort = key.column.desc() if descending else key.column.asc()
    if not key.nullable:
        return sort
    return sort.nulls_first() if back else sort.nulls_last()


def _beyond(keys: Sequence[Key], edge: _Edge) -> ColumnElement[bool]:
    """The rows on the far side of the edge. Keys of one direction compare as one row value, which an index answers."""
    if len({key.descending for key in keys}) == 1 and not any(key.nullable for key in keys):
        ours, theirs = tuple_(*(key.column for key in keys)), tuple_(*edge.values)
        return ours < theirs if keys[0].descending != edge.back else ours > theirs
    ways = []
    for number, key in enumerate(keys):
        same = [_equal(earlier, value) for earlier, value in zip(keys[:number], edge.values, strict=False)]
        ways.append(and_(*same, _past(key, edge.values[number], back=edge.back)))
    return or_(*ways)


def _equal(key: Key, value: Any) -> ColumnElement[bool]:
    return key.column.is_(None) if value is None else key.column == value


def _past(key: Key, value: Any, *, back: bool) -> ColumnElement[bool]:
    if value is None:  # the empty ones are last: nothing is behind them, everything else before
        return key.column.isnot(None) if back else false()
    beyond = key.column < value if key.descending != back else key.column > value
    return or_(beyond, key.column.is_(None)) if key.nullable and not back else beyond


def _write(row: AnyRow, keys: Sequence[Key], *, back: bool, position: int) -> str:
    values = [getattr(row, f"_key{number}") for number in range(len(keys))]
    texts = [None if value is None else value.isoformat() if isinstance(value, date) else str(value) for value in values]
    return _encoded([back, position, texts])


def _encoded(edge: list[Any]) -> str:
    return base64.urlsafe_b64encode(json_text.encode(edge)).decode()


def _read(cursor: str, keys: Sequence[Key]) -> _Edge:
    try:
        back, position, texts = json_text.decode(base64.urlsafe_b64decode(cursor.encode()))
        edge = _Edge(back, position, [_value(key, text) for key, text in zip(keys, texts, strict=True)])
    except (ValueError, TypeError, AttributeError, binascii.Error, InvalidOperation, msgspec.DecodeError):
        raise UnknownCursor from None
    if not isinstance(back, bool) or type(position) is not int or not 0 <= position < _LARGEST_KEY:
        raise UnknownCursor
    return edge


def _value(key: Key, text: Any) -> Any:
    if text is None and key.nullable:
        return None
    if not isinstance(text, str) or "\0" in text:
        raise TypeError
    column: Any = key.column
    value: Any = _READERS.get(column.type.python_type, str)(text)
    if isinstance(value, int | Decimal) and not -_LARGEST_KEY < value < _LARGEST_KEY:
        raise ValueError(text)
    return value


def _moment(text: str) -> datetime:
    value = read_moment(text.replace(" ", "T", 1))
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(text)
    return value


def _needed(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def value_of(text: str) -> Any:
        value = read(text)
        if value is None:
            raise ValueError(text)
        return value

    return value_of


_READERS: Mapping[type, Callable[[str], Any]] = {
    datetime: _moment,
    date: _needed(read_day),
    UUID: UUID,
    Decimal: _needed(read_decimal),
    int: _needed(read_whole),
    str: str,
}
