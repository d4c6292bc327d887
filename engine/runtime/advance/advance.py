"""The heart: one stretch of one instance, from a fact to the next waits, as a pipe of named steps over one record.

note -> claim -> restore -> apply -> run -> settle -> save -> finish. A request does it in its own transaction (`act`); a worker does it
under a lease (`advance`) and may leave the transaction to call the outside, coming back fenced by lease and version.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound, Problem
from engine.runtime.advance import failures, outside_calls
from engine.runtime.advance.apply import apply, apply_or_drop
from engine.runtime.advance.outside_calls import OutsideCall
from engine.runtime.advance.save import save
from engine.runtime.advance.service_tasks import Calls
from engine.runtime.state import inbox, leases
from engine.runtime.state.leases import LostLease
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Advance, Fact, Held, lock
from engine.spiff.execution import Execution
from engine.spiff.records import Budget
from engine.store.tables import InstanceState
from engine.store.unit_of_work import Collision

_log = structlog.get_logger(__name__)
_ATTEMPTS_AT_A_LOCK = 3
#: An operator's word comes before what is noted: it may be what makes that possible.
_REPAIRS = frozenset({"retry", "skip", "move", "go_back"})
_GIVE_UP = text(
    "UPDATE instance SET lease_owner = NULL, lease_until = 'epoch', last_error = :error, rung_at = now() WHERE id "
    "= :id AND lease_owner = :token"
)
_STOP = text(
    "UPDATE instance SET state = CASE WHEN state = 'suspended' THEN state ELSE 'incident' END, "
    "done = wake, lease_owner = NULL, lease_until = 'epoch', last_error = "
    ":error, updated_at = now() "
    "WHERE id = :id AND lease_owner = :token RETURNING last_error"
)


@dataclass(frozen=True, slots=True)
class Acted:
    """Whether a fact was applied in the caller's transaction; if not, whoever is at work on the instance will apply it."""

    applied: bool
    state: InstanceState
    noted: bool = False


def act(runtime: Runtime, tx: Session, instance_id: UUID, fact: Fact, *, drop_late: bool = False) -> Acted:
    """Apply a fact now and run to the next waits; note it when a worker holds the instance or it is suspended.

    Raises NotFound, or Conflict when the instance has ended or the step the fact is for no longer waits; with `drop_late` the latter is
    no error, only not applied.
    """
    kept = runtime.live.take(instance_id)
    held = lock(tx, instance_id, kept[0] if kept else -1)
    if held is None:
        raise NotFound(f"There is no instance {instance_id}.", code="instance_unknown", next_step="Look for it in the list of instances.")
    if held.ended:
        raise Conflict(
            f"The instance is {held.state}.", code="instance_ended", next_step="Nothing more can happen to it; look at its history."
        )
    if held.leased or held.state == InstanceState.SUSPENDED:
        if not inbox.note(runtime, tx, instance_id, fact):
            raise Conflict("The same was asked for before and will be done.", code="already_noted", next_step="Look again in a moment.")
        return Acted(applied=False, state=InstanceState(held.state), noted=True)
    record = restore(runtime, tx, held, kept)
    # A worker that could not go on has left its facts there, so an incident has a look too.
    noted = inbox.take(tx, instance_id) if held.wake > held.done or held.state == InstanceState.INCIDENT else []
    repair = fact.kind in _REPAIRS
    _apply_noted(record, [] if repair else noted)
    applied = _apply(record, fact, drop_late=drop_late)
    run(record)
    _apply_noted(record, noted if repair else [])
    return Acted(applied, save(record).state)


def restore(runtime: Runtime, tx: Session, held: Held, kept: tuple[int, Execution] | None) -> Advance:
    """The instance in memory: as it was kept there, or else from its blob."""
    if kept and kept[0] == held.lock_version:
        execution = kept[1]
    else:
        execution = Execution.restore(runtime.models.process(tx, held.process_version_id), bytes(held.blob or b""))
    initial = execution.variables if held.lock_version == 0 else None
    return Advance(runtime, tx, replace(held, blob=None), execution, before=execution.waits, initial=initial)


def run(record: Advance) -> None:
    """Go on until every path waits or the budget of one transaction is spent."""
    limits = record.runtime.limits
    budget = Budget(limits.steps_per_transaction, limits.seconds_per_transaction)
    result = record.execution.run(Calls(record), now=record.now, budget=budget)
    record.steps, record.spent = record.steps + result.steps, result.spent
    record.trace.extend(record.execution.take_trace())
    record.outgoing.extend(record.execution.take_outgoing())


def advance(runtime: Runtime, instance_id: UUID) -> None:
    """The worker's entry: take the instance, work until it waits, give it back. Does nothing when it is idle or held by another."""
    token = runtime.leases.take(instance_id)
    try:
        with runtime.database.transaction() as tx:
            strikes = leases.claim(tx, instance_id, token, runtime.limits.lease)
        if strikes is None:
            return
        if strikes > runtime.limits.claims_without_progress:
            _stop(runtime, instance_id, token, _poisoned(strikes - 1))
            return
        _pursue(runtime, instance_id, token)
    except LostLease:
        _log.warning("lease_lost", instance=str(instance_id))
    finally:
        runtime.leases.drop(token)


def _pursue(runtime: Runtime, instance_id: UUID, token: UUID) -> None:
    fact: Fact | None = None
    while True:
        try:
            go_on, call = _stretch(runtime, instance_id, token, fact)
            fact = outside_calls.make(runtime, call) if call else None
        except LostLease:
            raise
        except Collision as collision:
            _give_up(runtime, instance_id, token, collision)
            return
        except Problem as problem:
            _stop(runtime, instance_id, token, problem)
            return
        except Exception as error:  # noqa: BLE001  # an unknown failure gives the instance back; five in a row make an incident
            _log.exception("advance_failed", instance=str(instance_id))
            _give_up(runtime, instance_id, token, error)
            return
        if not go_on:
            return


def _stretch(runtime: Runtime, instance_id: UUID, token: UUID, fact: Fact | None) -> tuple[bool, OutsideCall | None]:
    """One transaction of a worker. Answers whether there is more to do, and the external call to make first."""
    for attempt in range(_ATTEMPTS_AT_A_LOCK):
        try:
            with runtime.database.transaction() as tx:
                return _stretch_in(runtime, tx, (instance_id, token), fact)
        except Collision:  # two instances that send to each other may lock each other out; one of them tries again
            if attempt == _ATTEMPTS_AT_A_LOCK - 1:
                raise
    raise AssertionError


def _stretch_in(runtime: Runtime, tx: Session, lease: tuple[UUID, UUID], fact: Fact | None) -> tuple[bool, OutsideCall | None]:
    instance_id, token = lease
    kept = runtime.live.take(instance_id)
    held = lock(tx, instance_id, kept[0] if kept else -1)
    if held is None or held.lease_owner != token:
        raise LostLease
    if held.state == InstanceState.SUSPENDED:
        if fact:
            inbox.note(runtime, tx, instance_id, fact)
        leases.release(tx, instance_id, token)
        return False, None
    record = restore(runtime, tx, held, kept)
    record.token = token
    noted = inbox.take(tx, instance_id) if held.wake > held.done else []
    _apply_noted(record, [*noted, *([fact] if fact else [])])
    run(record)
    saved = save(record)
    return saved.more, outside_calls.next_call(record) if saved.more and saved.calls else None


def _apply(record: Advance, fact: Fact, *, drop_late: bool) -> bool:
    try:
        apply(record, fact)
    except Conflict:
        if drop_late:
            return False
        raise
    return True


def _apply_noted(record: Advance, facts: Iterable[Fact]) -> None:
    for fact in facts:  # one at a time: each may take away what the next one is for
        apply_or_drop(record, fact)
        run(record)


def _stop(runtime: Runtime, instance_id: UUID, token: UUID, problem: Problem) -> None:
    """No worker can go on with it: an incident of the whole instance, until an operator retries."""
    with runtime.database.transaction() as tx:
        stopped: Any = tx.execute(_STOP, {"id": instance_id, "token": token, "error": problem.detail}).first()
        if stopped is not None:
            failures.open_for_instance(tx, instance_id, problem.code, problem.detail, problem.next_step)


def _give_up(runtime: Runtime, instance_id: UUID, token: UUID, error: Exception) -> None:
    try:
        with runtime.database.transaction() as tx:
            tx.execute(_GIVE_UP, {"id": instance_id, "token": token, "error": f"{type(error).__name__}: {error}"[:2000]})
    except DBAPIError:  # the database is away: the lease runs out by itself
        _log.exception("release_failed", instance=str(instance_id))


def _poisoned(claims: int) -> Problem:
    return Problem(
        f"Workers took the instance {claims} times and could save nothing.",
        code="claims_without_progress",
        next_step="Look at the last error and the workers' logs, remove the cause, then retry.",
    )
