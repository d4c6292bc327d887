"""The audit log: who did what to which thing and why. Append-only and hash-chained, so that a change or a gap shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, insert, select, text
from sqlalchemy.orm import Session

from engine.store import json_text
from engine.store.locks import Advisory, advisory
from engine.store.tables import audit
from engine.store.unit_of_work import acts_at_commit, before_commit

_FIRST = "0" * 64
_LAST = text("SELECT (SELECT hash FROM audit ORDER BY id DESC LIMIT 1) AS hash, statement_timestamp() AS now")


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `target` names the thing by kind and id, such as `instance:6f1c…`."""

    actor: str
    action: str
    target: str
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def record(tx: Session, entry: Entry) -> None:
    """Append one row to the log, as the last act of the transaction: nobody waits for the log's lock longer than a commit takes."""
    before_commit(tx, _Appending(tx, entry))


def is_told(tx: Session) -> bool:
    """Whether the transaction tells the log something."""
    return any(isinstance(act, _Appending) for act in acts_at_commit(tx))


@dataclass(frozen=True, slots=True)
class _Appending:
    """An entry that is written at the commit."""

    tx: Session
    entry: Entry

    def __call__(self) -> None:
        _append(self.tx, self.entry)


def _append(tx: Session, entry: Entry) -> None:
    # One writer at a time: two rows must not name the same predecessor.
    advisory(tx, Advisory.AUDIT)
    last = tx.execute(_LAST).one()
    previous = last.hash or _FIRST
    row = {
        "at": last.now,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "reason": entry.reason,
        "detail": dict(entry.detail),
    }
    tx.execute(insert(audit).values(previous_hash=previous, hash=_hash(previous, row), **row))


def first_broken(tx: Session) -> int | None:
    """The id of the first row that does not follow from the one before it, or None when the log is whole."""
    previous = _FIRST
    with tx.execute(select(audit).order_by(audit.c.id).execution_options(yield_per=1000)) as rows:
        for row in rows:
            if row.previous_hash != previous or row.hash != _hash(previous, _content(row)):
                return int(row.id)
            previous = row.hash
    return None


def _content(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("at", "actor", "action", "target", "reason", "detail")}


def _hash(previous: str, row: Mapping[str, Any]) -> str:
    at: datetime = row["at"]
    content = {**row, "at": f"{at.timestamp():.6f}", "detail": json_text.decode(json_text.encode(row["detail"]))}
    return sha256(previous.encode() + json_text.encode(content)).hexdigest()
