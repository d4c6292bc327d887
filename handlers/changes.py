"""Changes of master data: checked like a new record, refused when somebody was faster, and told in the audit log field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.state import audit
from engine.store import json_text
from engine.store.base import Base
from engine.store.locks import Lock, take
from handlers.identifiers import canonical
from handlers.rowsets import complete

Values = Mapping[str, Any]
#: By field: what it was, what it is.
Differences = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something and why; `version` is what the author saw, where another one refuses the change."""

    name: str
    reason: str = ""
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A kind of master data: its table, the column that names a row, its draft, and what else than the draft's fields may change.

    `noun` names it in problems and in the audit log. Rows are locked by `lock`, found in the column `lock_by` of the row.
    """

    noun: str
    table: type[Base]
    key: str
    draft: type[Any]
    lock: Lock
    lock_by: str = ""
    also: frozenset[str] = frozenset()

    @property
    def columns(self) -> set[str]:
        """What may be changed."""
        return {field.name for field in fields(self.draft)} - {self.key} | self.also


def change(tx: Session, record: Record, key: Any, changes: Values, by: Author) -> Differences:
    """Change a row and say what was different; nothing different, nothing written.

    Raises NotFound, Invalid (by field), Conflict when the row is no longer what the author saw.
    """
    unknown = {name: ["cannot be changed"] for name in changes if name not in record.columns}
    if unknown:
        raise Invalid(
            f"{', '.join(unknown)} of {record.noun} {key} cannot be changed.",
            code="field_unchangeable",
            next_step=f"Change one of {', '.join(sorted(record.columns))}.",
            errors=unknown,
        )
    found = row_of(tx, record, key)
    take(tx, record.lock, [found[record.lock_by or record.key]])
    before = row_of(tx, record, key)
    if by.version is not None and by.version != version_of(before):
        raise Conflict(
            f"Somebody changed {record.noun} {key} meanwhile.",
            code="version_lost",
            next_step="Load it again, and repeat what is still to be changed.",
        )
    after = {**_checked(record, before, changes), **{name: changes[name] for name in record.also & changes.keys()}}
    different = {name: {"from": before[name], "to": value} for name, value in after.items() if before[name] != value}
    if different:
        values = {name: each["to"] for name, each in different.items()}
        tx.execute(update(record.table).where(_column(record) == key).values(values).execution_options(synchronize_session=False))
        note(tx, by, "change", f"{record.noun}:{key}", different)
    return different


def add(tx: Session, record: Record, draft: Any, more: Values, by: Author) -> Any:
    """Add a row of a kind whose key the database gives; answers the key. `more` are columns beside the draft's."""
    values = {**complete(canonical(draft)), **more}
    key = tx.execute(insert(record.table).values(values).returning(_column(record))).scalar_one()
    note(tx, by, "add", f"{record.noun}:{key}", {name: {"from": None, "to": value} for name, value in values.items()})
    return key


def note_added(tx: Session, record: Record, draft: Any, by: Author) -> Any:
    """Tell the audit log of a row that was added under a key of its own, field by field; answers the key as it is kept."""
    values = complete(draft)
    key = values[record.key]
    note(tx, by, "add", f"{record.noun}:{key}", {name: {"from": None, "to": value} for name, value in values.items()})
    return key


def note(tx: Session, by: Author, action: str, target: str, detail: Values) -> None:
    """Tell the audit log. Texts stand for what JSON cannot say, such as days."""
    audit.record(tx, audit.Entry(by.name, action, target, by.reason or None, json_text.decode(json_text.encode(detail))))


def row_of(tx: Session, record: Record, key: Any) -> dict[str, Any]:
    """The row as it is. Raises NotFound."""
    found = tx.execute(select(*record.table.__table__.c).where(_column(record) == key)).mappings().one_or_none()
    if found is None:
        raise NotFound(
            f"There is no {record.noun} {key}.", code=f"{record.noun}_unknown", next_step="Check the number in the list, or add it first."
        )
    return dict(found)


def version_of(row: Values) -> str:
    """What a row holds, in sixteen letters: two readers with the same version saw the same."""
    return sha256(json_text.encode({name: row[name] for name in sorted(row)})).hexdigest()[:16]


def _checked(record: Record, before: Values, changes: Values) -> dict[str, Any]:
    names = {field.name for field in fields(record.draft)}
    merged = {name: changes[name] if name in changes else before[name] for name in names}
    return {name: value for name, value in complete(canonical(record.draft(**merged))).items() if name != record.key}


def _column(record: Record) -> Any:
    return record.table.__table__.c[record.key]
