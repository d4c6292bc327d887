"""Many rows in one statement: rows travel as one JSON array, so an order of 1,000 lines costs as many statements as one of ten.

Numbers in JSON become exact NUMERIC; the row type of the table gives every other type. No limit of bind parameters applies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.store import json_text
from engine.store.base import Base
from handlers.countries import COUNTRY_WANTED
from handlers.identifiers import canonical

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = Mapping[str, Any]


def as_json(rows: "Sequence[Row | DataclassInstance]") -> str:
    """The rows as one JSON array, to be bound as `CAST(:rows AS jsonb)`; dataclasses are written as they are, not copied before."""
    return json_text.encode(rows).decode()


def insert_rows(
    tx: Session, table: type[Base], rows: Sequence[Row], *, returning: Sequence[str] = (), on_conflict: str = ""
) -> list[dict[str, Any]]:
    """Insert the rows, all with the same keys, in one statement; answer the `returning` columns of each that was written.

    `on_conflict` says in SQL what becomes of one that is there already; else that is an error.
    """
    if not rows:
        return []
    columns = ", ".join(rows[0])
    asked = f" RETURNING {', '.join(returning)}" if returning else ""
    name, crossed = table.__tablename__, f" ON CONFLICT {on_conflict}" if on_conflict else ""
    result = tx.execute(
        text(
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb)) "
            f"WITH ORDINALITY AS given ORDER BY given.ordinality{crossed}{asked}"
        ),
        {"rows": as_json(rows)},
    )
    return [dict(row._mapping) for row in result] if returning else []  # noqa: SLF001  # the public name of a row's mapping


def update_rows(tx: Session, table: type[Base], rows: Sequence[Row], *, key: str = "id") -> None:
    """Set the columns of each row, found by `key`, in one statement."""
    if not rows:
        return
    name = table.__tablename__
    changes = ", ".join(f"{column} = given.{column}" for column in rows[0] if column != key)
    tx.execute(
        text(
            f"UPDATE {name} AS kept SET {changes} FROM jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb)) AS given "
            f"WHERE kept.{key} = given.{key}"
        ),
        {"rows": as_json(rows)},
    )


def complete(draft: "DataclassInstance") -> dict[str, Any]:
    """The draft's values in their canonical form. Raises Invalid when one is none, or a text that has no default is blank."""
    values = asdict(canonical(draft))
    wrong = {
        field.name: ["must not be blank"]
        for field in fields(draft)
        if field.default is MISSING and isinstance(values[field.name], str) and not values[field.name]
    }
    if "country" in values and not values["country"]:
        wrong["country"] = [COUNTRY_WANTED]
    if wrong:
        what = "; ".join(f"{name} {texts[0]}" for name, texts in wrong.items())
        raise Invalid(f"It is not complete: {what}.", code="incomplete", next_step="Correct the named fields.", errors=wrong)
    return values


def add_once(tx: Session, table: type[Base], draft: "DataclassInstance", what: str) -> None:
    """Insert a draft as one row. Raises Invalid when it is not complete, Conflict when `what` exists already."""
    added = insert(table).values(complete(draft)).on_conflict_do_nothing().returning(*table.__table__.primary_key)
    if tx.execute(added).first() is None:
        raise _exists(what)


def add_all_once(tx: Session, table: type[Base], drafts: "Sequence[DataclassInstance]", key: str, what: str) -> None:
    """Insert drafts of one kind, each as one row known by `key`, in one statement. Raises Invalid, Conflict as `add_once` does."""
    rows = [complete(draft) for draft in drafts]
    added = {row[key] for row in insert_rows(tx, table, rows, returning=[key], on_conflict="DO NOTHING")}
    twice = next((row[key] for row in rows if row[key] not in added), None)
    if twice is not None or len(added) < len(rows):
        raise _exists(f"{what} {twice or rows[0][key]}")


def _exists(what: str) -> Conflict:
    return Conflict(f"{what} exists already.", code="exists", next_step="Choose another number, or change the one that exists.")


def put(tx: Session, table: type[Base], draft: "DataclassInstance", key: Sequence[str]) -> None:
    """Insert a draft as one row, or bring the row with the same key up to date. Raises Invalid when it is not complete."""
    values = complete(draft)
    changes = {name: value for name, value in values.items() if name not in key} or {key[0]: values[key[0]]}
    tx.execute(insert(table).values(values).on_conflict_do_update(index_elements=list(key), set_=changes))


def put_all(tx: Session, table: type[Base], drafts: "Sequence[DataclassInstance]", key: Sequence[str]) -> None:
    """Insert drafts of one kind, or bring the rows with the same keys up to date, in one statement. Raises Invalid as `put` does."""
    rows = [complete(draft) for draft in drafts]
    changes = ", ".join(f"{name} = excluded.{name}" for name in (rows[0] if rows else ()) if name not in key)
    insert_rows(tx, table, rows, on_conflict=f"({', '.join(key)}) DO UPDATE SET {changes}")
