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


def insert_rows(tx: Session, table: type[Base], rows: Sequence[Row], *, returning: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Insert the rows, all with the same keys, in one statement; answer the `returning` columns of each."""
    if not rows:
        return []
    columns = ", ".join(rows[0])
    asked = f" RETURNING {', '.join(returning)}" if returning else ""
    name = table.__tablename__
    result = tx.execute(
        text(
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb)) "
            f"WITH ORDINALITY AS given ORDER BY given.ordinality{asked}"
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
        raise Conflict(
            f"{what} exists already.",
            code="exists",
            next_step="Choose another number, or change the one that exists.",
        )


def put(tx: Session, table: type[Base], draft: "DataclassInstance", key: Sequence[str]) -> None:
    """Insert a draft as one row, or bring the row with the same key up to date. Raises Invalid when it is not complete."""
    values = complete(draft)
    changes = {name: value for name, value in values.items() if name not in key} or {key[0]: values[key[0]]}
    tx.execute(insert(table).values(values).on_conflict_do_update(index_elements=list(key), set_=changes))
