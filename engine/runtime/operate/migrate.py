"""Takes a running instance over to another version of its process. Timers keep their time, user tasks their drafts and holders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound, Problem
from engine.runtime.advance.advance import GOING_ON, take_steps
from engine.runtime.advance.apply import changed_by_hand
from engine.runtime.advance.restore import restore
from engine.runtime.operate.operations import Operated, held_for
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Held, Stretch
from engine.spiff.migration import propose_plan
from engine.spiff.plain import plain_mapping
from engine.spiff.records import Waits
from engine.store import json_text
from engine.store.unit_of_work import savepoint

_VERSION = text("SELECT process_key, retired FROM process_version WHERE id = :id")
_REBIND = text("UPDATE instance SET process_version_id = :version_id WHERE id = :id")
_RENAME = {
    name: text(
        f"UPDATE {name} AS w SET element_id = r.element_id "
        "FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, element_id text) WHERE w.id = r.id"
    )
    for name in ("user_task", "timer", "subscription", "work")
}


@dataclass(frozen=True, slots=True)
class Migration:
    """Where to, and which elements became which; elements not named keep their id."""

    version_id: int
    actor: str
    reason: str
    plan: Mapping[str, str | None] = field(default_factory=dict)
    #: What the new version asks for and the old one did not know: written on the way.
    variables: Mapping[str, Any] = field(default_factory=dict)


class _OnlyTried(Exception):
    """It would have gone: everything is taken back."""


def propose(runtime: Runtime, tx: Session, from_version_id: int, to_version_id: int) -> dict[str, str | None]:
    """A plan to begin with: for each element of the old version the one of the new, or None where there is none."""
    return propose_plan(runtime.models.process(tx, from_version_id), runtime.models.process(tx, to_version_id))


def why_not(runtime: Runtime, tx: Session, instance_id: UUID, migration: Migration) -> Problem | None:
    """Try without changing anything; answers why the instance cannot go, or None when it can."""
    try:
        with savepoint(tx):
            migrate(runtime, tx, instance_id, migration)
            raise _OnlyTried  # noqa: TRY301  # leaving the savepoint takes everything back
    except _OnlyTried:
        return None
    except Problem as problem:
        return problem


def migrate(runtime: Runtime, tx: Session, instance_id: UUID, migration: Migration) -> Operated:
    """Take one instance over. Raises Conflict with the reasons by element when it cannot go, and changes nothing then."""
    held = held_for(tx, "migrate", instance_id, migration.reason)
    if held.wake > held.done or held.has_facts:
        raise Conflict("The instance is not at rest.", code="instance_busy", next_step="Wait until it waits, and try again.")
    _check_version(tx, held, migration.version_id)
    stretch = take_steps(Stretch(runtime, tx, held), (restore,))
    target = runtime.models.process(tx, migration.version_id)
    stretch.live = stretch.execution.migrate(target, migration.plan)
    stretch.actor = migration.actor
    stretch.resolution = "The instance was migrated."
    tx.execute(_REBIND, {"id": instance_id, "version_id": migration.version_id})
    if migration.variables:
        stretch.live.change(plain_mapping(migration.variables, "The variables"), now=stretch.now)
        stretch.trace.append(changed_by_hand(stretch, migration.variables))
    renamed = _renamed(stretch)
    take_steps(stretch, GOING_ON)
    for name, rows in renamed.items():
        if rows:
            tx.execute(_RENAME[name], {"rows": json_text.encode(rows).decode()})
    detail = {
        "from": held.process_version_id,
        "to": migration.version_id,
        "plan": dict(migration.plan),
        "variables": dict(migration.variables),
    }
    audit.record(tx, audit.Entry(migration.actor, "migrate", f"instance:{instance_id}", migration.reason, detail))
    return Operated(instance_id, stretch.saved.state)


def _check_version(tx: Session, held: Held, version_id: int) -> None:
    row = tx.execute(_VERSION, {"id": version_id}).one_or_none()
    if row is None or row.process_key != held.process_key:
        raise NotFound(
            f"Version {version_id} is no version of {held.process_key}.",
            code="process_version_unknown",
            next_step="Choose a version of the same process.",
        )
    if version_id == held.process_version_id:  # also whoever asks again because no answer came
        raise Conflict(
            f"The instance runs on version {version_id} already.",
            code="same_version",
            next_step="Nothing is left to do; to go to another step of this version, move it.",
        )


def _renamed(stretch: Stretch) -> dict[str, list[dict[str, str]]]:
    """Waits whose element has another id in the new version."""
    after = stretch.execution.waits
    kinds = {"user_task": "user_tasks", "timer": "timers", "subscription": "subscriptions", "work": "work"}
    return {name: _changed(stretch.before, after, kind) for name, kind in kinds.items()}


def _changed(before: Waits, after: Waits, kind: str) -> list[dict[str, str]]:
    known = {wait.task_id: wait.element_id for wait in getattr(before, kind)}
    return [
        {"id": str(wait.task_id), "element_id": wait.element_id}
        for wait in getattr(after, kind)
        if known.get(wait.task_id, wait.element_id) != wait.element_id
    ]
