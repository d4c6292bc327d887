"""Runs service tasks for real in a part of a transaction that is always rolled back: nobody sees, hears or waits for anything of it.

What a rollback does not undo is the next number of a series with gaps (orders, shipments) and of the tables' own row numbers; a legal
series, which has none, comes from a row and goes back.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.advance.service_tasks import call_inside
from engine.runtime.dry_run.record import Left
from engine.runtime.dry_run.scenario import Scenario
from engine.runtime.state.live_instances import LiveInstances
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import Kind, TaskContext
from engine.spiff.calls import CallOutcome, Failure, ServiceCall
from engine.store import clock, locks
from engine.store.unit_of_work import savepoint

Result = TypeVar("Result")
#: Longest statement of a dry run, and longest wait for a lock. Far below the database's own pause before it looks for a deadlock, so
#: that it is never somebody's real work that gives way.
_MOST: Final = {"statement_timeout": "5s", "lock_timeout": "100ms"}


#: What the driver calls a statement that passed one of them.
_STOPPED: Final = ("LockNotAvailable", "QueryCanceled")


class _Undone(Exception):
    """Ends the part of the transaction in which nothing may stay."""


class _Silent:
    """A doorbell that nobody hears."""

    def ring(self, tx: Session, instance_ids: Iterable[UUID]) -> None:
        """Ring for nobody."""

    def run(self, handle: Callable[[UUID], None]) -> None:
        """Hand nothing on."""

    def stop(self) -> None:
        """Nothing was begun."""


@dataclass(slots=True)
class ReallyInside:
    """Service tasks on the data there is, at the time of the dry run; `actor` and `now` follow the scenario."""

    runtime: Runtime
    tx: Session
    scenario: Scenario
    now: datetime
    actor: str | None = None
    instance_id: UUID = field(default_factory=uuid4)

    def goes_outside(self, handler: str) -> bool:
        """Whether it is registered as a call to the outside."""
        tasks = self.runtime.service_tasks
        return tasks.leave_the_house(handler) or (handler in tasks and tasks[handler].kind is Kind.EXTERNAL)

    def call(self, request: ServiceCall) -> tuple[CallOutcome, Sequence[Left]]:
        """Run it in a savepoint, at the time of the dry run."""
        clock.at(self.tx, self.now)
        locks.take_anew(self.tx)
        context = TaskContext(
            instance_id=self.instance_id,
            business_key=self.scenario.business_key,
            process_key=self.scenario.process,
            element_id=request.element_id,
            task_id=request.task_id,
            idempotency_key=f"{self.instance_id}:{request.task_id}",
            attempt=request.attempt,
            actor=self.actor,
            now=self.now,
        )
        outcome, effects = call_inside(self.runtime, self.tx, request, context)
        if isinstance(outcome, Failure) and any(name in outcome.message for name in _STOPPED):
            return _busy(request.handler), ()
        return outcome, [Left(each.kind, each.target, each.payload) for each in effects]


def _busy(handler: str) -> Failure:
    return Failure(
        "rows_busy",
        f"{handler} took too long, or needs what somebody is at work on at this moment; a dry run waits for nobody.",
        next_step="Play it again in a moment.",
    )


def undone(tx: Session, act: Callable[[Session], Result]) -> Result:
    """What an act answers; everything it did to the database, its locks and its settings are gone again."""
    answers: list[Result] = []
    try:
        with savepoint(tx):
            for setting, most in _MOST.items():
                tx.execute(text("SELECT set_config(:setting, :most, true)"), {"setting": setting, "most": most})
            answers.append(act(tx))
            raise _Undone  # noqa: TRY301  # what the savepoint is to see
    except _Undone:
        return answers[0]


def silenced(runtime: Runtime) -> Runtime:
    """The same runtime, which rings for nobody and takes no instance out of the memory of those at work."""
    return replace(runtime, dispatcher=_Silent(), live=LiveInstances())
