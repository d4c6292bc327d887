"""Statements that are plain text go to the driver directly: no compiling, no cursor of their own, no description of each column.

What SQLAlchemy does around a `text()` takes three times as long as the driver takes to ask and to read the answer. The answer is an
ordinary `Result`, errors are SQLAlchemy's, and whoever listens to statements hears of these too. Statements with options, typed or
preset parameters, and lists of parameters go the ordinary way.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, TextClause, text
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

_CURSOR = "direct_cursor"
_MOST_STATEMENTS = 4096
_PLAIN: Any = psycopg_dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped


class Answer(IteratorResult[Any]):
    """The rows of a statement, and how many it touched."""

    def __init__(self, keys: SimpleResultMetaData, rows: Sequence[tuple[Any, ...]] | None, rowcount: int) -> None:
        super().__init__(keys, iter(rows or ()))
        self.rowcount, self.returns_rows = rowcount, rows is not None


class Transaction(Session):
    """A session whose plain statements take the short way."""

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As `Session.execute`."""
        if type(statement) is TextClause and not options and (params is None or isinstance(params, Mapping)):
            connection = self.connection()
            if _is_plain(statement) and not connection.dispatch.before_execute:
                return _execute(connection, _written(statement.text), params or {})
        return super().execute(statement, params, **options)


def _is_plain(statement: TextClause) -> bool:
    """Whether its parameters come with each call, as they are."""
    if statement.get_execution_options():
        return False
    return all(each.required and each.type._isnull and not each.expanding for each in statement._bindparams.values())  # noqa: SLF001


@lru_cache(maxsize=_MOST_STATEMENTS)
def _written(statement: str) -> str:
    """A statement as the driver takes it: `:name` becomes `%(name)s`."""
    return str(text(statement).compile(dialect=_PLAIN))


def _execute(connection: Connection, statement: str, given: Mapping[str, Any]) -> Answer:
    cursor = connection.info.get(_CURSOR)
    if cursor is None:
        cursor = connection.info[_CURSOR] = connection.connection.cursor()
    try:
        for listen in connection.dispatch.before_cursor_execute:
            listen(connection, cursor, statement, given, None, False)  # noqa: FBT003  # as SQLAlchemy calls its listeners
        cursor.execute(statement, given)
        result = cursor.pgresult
        rows = cursor.fetchall() if result.status == ExecStatus.TUPLES_OK else None
        return Answer(_keys_of(statement, tuple(map(result.fname, range(result.nfields)))), rows, cursor.rowcount)
    except psycopg.Error as error:
        dialect: Any = connection.dialect
        lost = dialect.is_disconnect(error, connection.connection.driver_connection, cursor)
        told = DBAPIError.instance(statement, given, error, psycopg.Error, connection_invalidated=lost, dialect=dialect)
        if lost:
            connection.invalidate(error)
        raise told from error
    except BaseException as error:
        if not isinstance(error, Exception):  # nobody knows how far the server has come
            connection.invalidate(error)
        raise


@lru_cache(maxsize=_MOST_STATEMENTS)
def _keys_of(_statement: str, names: tuple[bytes, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData([name.decode() for name in names])
