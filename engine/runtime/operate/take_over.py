"""Takes instances over to another version of their process: who could go by a plan, and then each in its turn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Invalid, Problem
from engine.runtime.operate import migrate
from engine.runtime.operate.migrate import Migration
from engine.runtime.operate.operations import Operated
from engine.runtime.state.runtime import Runtime

#: Instances that one act takes over.
AT_ONCE: Final = 200

Result = TypeVar("Result")
#: Does something in a transaction of its own.
Run = Callable[[Callable[[Session], Result]], Result]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What became of one instance: `state` is the one it is in now, or `problem` and `next_step` say why it stayed."""

    instance_id: UUID
    state: str | None
    problem: str = ""
    next_step: str = ""


def try_out(runtime: Runtime, tx: Session, migration: Migration, instance_ids: Sequence[UUID]) -> dict[UUID, Problem | None]:
    """For each instance why it could not go now, or None. Nothing is changed."""
    return {each: migrate.why_not(runtime, tx, each, migration) for each in instance_ids}


def take_over(runtime: Runtime, run: Run[Operated], migration: Migration, instance_ids: Sequence[UUID]) -> list[TakenOver]:
    """Take instances over one after the other, each in a transaction of its own: what cannot go keeps nobody else from going.

    Told again for the same instances it answers the same: who is there already stays there. Raises Invalid without a reason.
    """
    if not migration.reason.strip():
        raise Invalid(
            "To take instances over takes a reason.",
            code="reason_missing",
            next_step="Say why; it is kept.",
            errors={"reason": ["is missing"]},
        )
    return [_one(runtime, run, migration, each) for each in dict.fromkeys(instance_ids)]


def _one(runtime: Runtime, run: Run[Operated], migration: Migration, instance_id: UUID) -> TakenOver:
    try:
        moved = run(lambda tx: take_one(runtime, tx, instance_id, migration))
    except Problem as problem:
        return TakenOver(instance_id, None, problem.detail, problem.next_step)
    return TakenOver(instance_id, moved.state)


def take_one(runtime: Runtime, tx: Session, instance_id: UUID, migration: Migration) -> Operated:
    """Take one instance over; who is there already stays there. Raises Conflict when it cannot go."""
    there = tx.execute(_THERE, {"id": instance_id, "version_id": migration.version_id}).scalar_one_or_none()
    return Operated(instance_id, there) if there else migrate.migrate(runtime, tx, instance_id, migration)


_THERE = text("""
SELECT state FROM instance WHERE id = :id AND process_version_id = :version_id
""")
