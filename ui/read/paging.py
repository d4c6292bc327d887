"""Pages of long lists: a slice of rows, and a count that stops counting where nobody would page to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

Item = TypeVar("Item")
#: A row of whatever columns the statement names.
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

SIZE = 50
#: Counting further would cost more than the number is worth.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list. `total` is exact up to MOST; `more_than` says that counting stopped there."""

    rows: Sequence[Item]
    number: int
    total: int
    more_than: bool

    @property
    def first(self) -> int:
        """The position of the first row shown, from 1."""
        return (self.number - 1) * SIZE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The position of the last row shown."""
        return (self.number - 1) * SIZE + len(self.rows)

    @property
    def previous(self) -> int | None:
        """The number of the page before."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The number of the page after."""
        return self.number + 1 if self.last < self.total else None

    def __str__(self) -> str:
        if not self.total:
            return "Nothing found"
        return f"{self.first}-{self.last} of {'more than ' if self.more_than else ''}{self.total:,}"


def page(tx: Session, statement: Select[Any], number: int) -> Page[AnyRow]:
    """Read one page of a sorted statement: two statements, whatever the page."""
    inner = statement.order_by(None).limit(MOST + 1).subquery()
    counted = tx.scalar(select(func.count()).select_from(inner)) or 0
    last_page = max(1, -(-min(counted, MOST) // SIZE))
    number = min(max(1, number), last_page)
    rows = tx.execute(statement.limit(SIZE).offset((number - 1) * SIZE)).all()
    return Page(rows, number, min(counted, MOST), counted > MOST)
