"""Many rows in one statement: the rows travel as one JSON parameter, so the statement's text never changes and is planned once."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from engine.store import json_text


def insert_rows(tx: Session, table: Table, rows: Iterable[Mapping[str, Any]], *, on_conflict: str = "") -> None:
    """Insert rows that all have the same columns, in their order; columns not given take their defaults.

    `on_conflict` is a clause such as `(id) DO NOTHING`.
    """
    rows = list(rows)
    if rows:
        statement = _insert(table, tuple(rows[0]), on_conflict)
        tx.execute(statement, {"rows": json_text.encode(rows).decode()})


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...], on_conflict: str) -> TextClause:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    typed = ", ".join(f"{name} {table.c[name].type.compile(dialect)}" for name in columns)
    names = ", ".join(columns)
    clause = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    return text(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({typed}){clause}")
