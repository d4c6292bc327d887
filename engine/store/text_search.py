"""Finds words anywhere in a column, by an index of its trigrams. Our PostgreSQL comes without pg_trgm; `trigrams()` is our own."""

from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, Text, and_, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session

_LENGTH = 3
#: So many rows are looked at to learn how common words are; one in fifty is common.
_SAMPLE = 500
_COMMON = _SAMPLE // 50


def contains_words(column: SQLColumnExpression[Any], words: str, *, common: bool = False) -> ColumnElement[bool]:
    """Whether a column has these words in it, in whatever case; the index of the column is `gin (trigrams(column))`.

    The index is asked for two trigrams only. They leave few rows to look at, and the planner takes trigrams to be independent: told of
    all those of a common word it would expect next to nothing, and collect a million rows to sort them. Of words that are known to be
    common the index is not asked at all: walking a list finds them soon.
    """
    found = column.icontains(words, autoescape=True)
    if common or len(words) < _LENGTH:
        return found
    last, middle = words[-_LENGTH:].lower(), words[(len(words) - _LENGTH) // 2 :][:_LENGTH].lower()
    asked: ColumnElement[Any] = cast(array(sorted({last, middle})), ARRAY(Text))
    return and_(found, func.trigrams(column, type_=ARRAY(Text)).contains(asked))


def is_common(tx: Session, rows: Select[Any], words: str) -> bool:
    """Whether words are common in the one column of these rows, by a sample of the first of them."""
    sample = rows.limit(_SAMPLE).subquery()
    (said,) = sample.c
    many = tx.scalar(select(func.count()).where(said.icontains(words, autoescape=True)))
    return (many or 0) >= _COMMON
