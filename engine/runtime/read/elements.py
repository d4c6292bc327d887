"""One element of one instance: each time it ran with data before and after, what it waits for, what failed, what it sent, who acted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.read.explain import Wait, waits_of
from engine.store.paging import AnyRow

#: The latest runs and changes that are looked at; a loop may have thousands.
_MOST_RUNS: Final = 50
_MOST_CHANGES: Final = 2_000
_UNKNOWN: Final = object()


@dataclass(frozen=True, slots=True)
class Written:
    """A variable that a run wrote: its value before, null where there was none (then `new`), and after."""

    name: str
    before: Any
    after: Any
    new: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One time an element ran, or one attempt at it. `before` is all the data it began with."""

    id: int
    task_id: UUID
    outcome: str
    actor: str | None
    attempt: int
    started_at: datetime
    ended_at: datetime
    written: Sequence[Written]
    before: Mapping[str, Any]
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ElementStory:
    """What there is to know of one element of an instance; runs, incidents, effects and acts come with the latest first."""

    element_id: str
    waits: Sequence[Wait]
    runs: Sequence[Run]
    incidents: Sequence[AnyRow]
    effects: Sequence[AnyRow]
    acts: Sequence[AnyRow]


def get_element(tx: Session, instance_id: UUID, element_id: str) -> ElementStory:
    """The story of an element; empty where the instance was never there. Six statements."""
    asked = {"id": instance_id, "element_id": element_id, "most": _MOST_RUNS}
    rows = list(tx.execute(_RUNS, asked))
    found = {name: tx.execute(statement, asked).all() for name, statement in _PARTS.items()}
    waits = [wait for wait in waits_of(tx, instance_id) if wait.element_id == element_id]
    return ElementStory(element_id, waits, _runs(tx, instance_id, rows), **found)


def _runs(tx: Session, instance_id: UUID, rows: Sequence[Any]) -> list[Run]:
    """The runs with the data each began with: what was written before it, put together."""
    if not rows:
        return []
    asked = {"id": instance_id, "until": rows[0].id, "most": _MOST_CHANGES}
    changes = sorted(tx.execute(_CHANGES, asked), key=lambda row: row.id)
    then: dict[str, Any] = {}
    told: list[Run] = []
    waiting = iter(changes)
    change = next(waiting, None)
    for row in reversed(rows):
        while change is not None and change.id < row.id:
            then.update(change.changed)
            change = next(waiting, None)
        told.append(_run(row, then))
    return told[::-1]


def _run(row: Any, then: Mapping[str, Any]) -> Run:
    written = [
        Written(name, None if then.get(name, _UNKNOWN) is _UNKNOWN else then[name], value, new=name not in then)
        for name, value in sorted((row.changed or {}).items())
    ]
    shown = (row.id, row.task_id, row.outcome, row.actor, row.attempt, row.started_at, row.ended_at)
    return Run(*shown, written, dict(then), row.detail or {})


_RUNS = text("""
SELECT id, task_id, outcome, actor, attempt, started_at, ended_at, changed, detail FROM history
WHERE instance_id = :id AND element_id = :element_id ORDER BY id DESC LIMIT :most
""")
_CHANGES = text("""
SELECT id, changed FROM history WHERE instance_id = :id AND changed IS NOT NULL AND id < :until ORDER BY id DESC LIMIT :most
""")
_PARTS = {
    "incidents": text("""
    SELECT id, handler, kind, message, next_step, traceback, attempt, state, opened_at, acknowledged_by, note, owner, resolved_at,
      resolved_by, resolution
    FROM incident WHERE instance_id = :id AND element_id = :element_id ORDER BY state, id DESC LIMIT :most
    """),
    "effects": text("""
    SELECT key, kind, target, state, attempts, first_sent_at, last_sent_at, due_at, payload, answer FROM effect
    WHERE instance_id = :id AND element_id = :element_id ORDER BY created_at DESC LIMIT :most
    """),
    "acts": text("""
    SELECT at, actor, action, reason FROM audit
    WHERE target = 'instance:' || CAST(CAST(:id AS uuid) AS text) AND detail->>'element_id' = :element_id
      OR target IN (SELECT 'incident:' || id FROM incident WHERE instance_id = :id AND element_id = :element_id)
    ORDER BY id DESC LIMIT :most
    """),
}
