"""Opens, refreshes and resolves incidents as an instance is saved: what failed is a row with a cause and a next step, not a log line."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.runtime.advance.fingerprint import fingerprint
from engine.runtime.state.stretch import Stretch
from engine.spiff.records import FailedStep, Waits
from engine.store.rows import insert_rows
from engine.store.tables import InstanceState, incident

_RESOLVE = text(
    "UPDATE incident SET state = 'resolved', resolved_at = business_now(), resolved_by = :actor, resolution = :resolution "
    "WHERE instance_id = :instance_id AND state = 'open' AND id = ANY(:ids)"
)
_OPEN_OF = select(incident.c.id, incident.c.task_id).where(incident.c.state == "open")


def settle_failures(stretch: Stretch, after: Waits) -> bool:
    """Bring the incidents in line with what has failed now; answers whether any is open."""
    failed = {step.task_id: step for step in after.failed}
    rows: Sequence[Any] = ()
    if stretch.held.state == InstanceState.INCIDENT or stretch.before.failed:
        rows = stretch.tx.execute(_OPEN_OF.where(incident.c.instance_id == stretch.held.id)).all()
    opened = {row.task_id: row.id for row in rows}
    underway = {wait.task_id for wait in after.work}
    passed = [row.id for row in rows if row.task_id not in failed and row.task_id not in underway]
    if passed:
        resolve(stretch.tx, stretch.held.id, passed, stretch.actor, stretch.resolution)
    # A call of the outside fails again in a later stretch than that of its retry: what had not failed before it has failed in this one.
    failed_now = stretch.retried | (failed.keys() - {step.task_id for step in stretch.before.failed})
    for task_id in failed_now & failed.keys() & opened.keys():
        _refresh(stretch, opened[task_id], failed[task_id])
    new = [step for task_id, step in failed.items() if task_id not in opened]
    insert_rows(stretch.tx, incident, [_row(stretch.held.id, step) for step in new])
    return bool(failed) or len(passed) < len(rows)


def open_for_instance(tx: Session, instance_id: UUID, problem: Problem) -> None:
    """An incident of the instance as a whole: no step of it failed, but it could not go on. Opened once per kind, then kept up to date."""
    same = (
        incident.c.instance_id == instance_id,
        incident.c.task_id.is_(None),
        incident.c.kind == problem.code,
        incident.c.state == "open",
    )
    row = {
        "message": problem.detail,
        "element_id": problem.element_id,
        "fingerprint": fingerprint(problem.code, problem.element_id or "instance", problem.detail),
        "next_step": problem.next_step,
    }
    if tx.execute(update(incident).where(*same).values(**row).returning(incident.c.id)).first() is None:
        tx.execute(insert(incident).values(instance_id=instance_id, kind=problem.code, **row))


def resolve(tx: Session, instance_id: UUID, ids: Iterable[int], actor: str | None, resolution: str) -> None:
    """Close incidents."""
    tx.execute(_RESOLVE, {"instance_id": instance_id, "ids": list(ids), "actor": actor or "engine", "resolution": resolution})


def _refresh(stretch: Stretch, number: int, step: FailedStep) -> None:
    row = _row(stretch.held.id, step)
    changes = {name: row[name] for name in ("kind", "message", "traceback", "fingerprint", "next_step", "attempt")}
    stretch.tx.execute(update(incident).where(incident.c.id == number).values(**changes))


def _row(instance_id: UUID, step: FailedStep) -> dict[str, Any]:
    return {
        "instance_id": instance_id,
        "task_id": step.task_id,
        "element_id": step.element_id,
        "handler": step.handler,
        "kind": step.kind,
        "message": step.message,
        "traceback": step.traceback,
        "fingerprint": fingerprint(step.kind, step.handler or step.element_id, step.message),
        "attempt": step.attempt,
        "next_step": step.next_step,
        "state": "open",
    }
