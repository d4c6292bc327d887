"""The heart: one stretch of one instance, from a fact to the next waits, as a pipe of named steps.

A request does it in its own transaction (`act`); a worker does it under a lease (`advance`) and may leave the transaction to call the
outside, coming back fenced by lease and version. What the outside answered is noted first, and only then does anything else happen with it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound, Problem, TooLarge, TooNew
from engine.runtime.advance import failures, objections, outside_calls
from engine.runtime.advance.apply import apply
from engine.runtime.advance.objections import SentBack, send_back
from engine.runtime.advance.outgoing import hand_over_what_is_left, match_kept, send
from engine.runtime.advance.outside_calls import OutsideCall, UnderWay
from engine.runtime.advance.restore import restore
from engine.runtime.advance.run import run
from engine.runtime.advance.save import finish, judge, write
from engine.runtime.advance.settle import settle
from engine.runtime.state import inbox, leases
from engine.runtime.state.leases import LostLease
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact, Held, Stretch, lock
from engine.runtime.state.verbs_by_state import Answer, answer_to
from engine.store.tables import InstanceState
from engine.store.unit_of_work import Collision, savepoint
from engine.work import unbounded

_log = structlog.get_logger(__name__)
_ATTEMPTS_AT_A_LOCK = 3

#: What happens to a stretch, in this order. A fresh instance begins at `run`; a test may stop anywhere.
STEPS: Final[tuple[Callable[[Stretch], None], ...]] = (
    restore,
    apply,
    run,
    send_back,
    judge,
    write,
    settle,
    match_kept,
    send,
    hand_over_what_is_left,
    finish,
)
#: The steps of an instance that is in memory already.
GOING_ON: Final = STEPS[STEPS.index(run) :]
#: Facts that come from outside and not from a person who waits for the answer: what fails behind them is the instance's own affair.
#: What an operator does to one instance is done also where its process is suspended; anything else is noted.
_FROM_ELSEWHERE: Final = frozenset({"user_task", "message", "signal", "timer", "work_result"})
_FROM_OUTSIDE: Final = frozenset({"message", "signal", "work_result"})


@dataclass(frozen=True, slots=True)
class Acted:
    """Whether a fact was applied in the caller's transaction; if not, whoever is at work on the instance will apply it."""

    applied: bool
    state: InstanceState
    noted: bool = False


def take_steps(stretch: Stretch, steps: tuple[Callable[[Stretch], None], ...] = STEPS) -> Stretch:
    """Take a stretch through steps, and answer it."""
    with unbounded():  # it has bounds of its own, behind which a worker goes on
        for step in steps:
            step(stretch)
    return stretch


def act(runtime: Runtime, tx: Session, instance_id: UUID, fact: Fact, *, drop_late: bool = False) -> Acted:
    """Apply a fact now and run to the next waits; note it when a worker holds the instance or it is suspended.

    Raises NotFound, or Conflict when the instance has ended or the step the fact is for no longer waits; with `drop_late` that is no error,
    only not applied. A message behind which the instance itself fails is noted: a worker then makes an incident of it.
    Raises Invalid with the errors by field when a service task finds wrong what the fact says.
    """
    kept = runtime.live.take(instance_id)
    held = lock(tx, instance_id, kept[0] if kept else -1)
    if held is None:
        raise NotFound(f"There is no instance {instance_id}.", code="instance_unknown", next_step="Look for it in the list of instances.")
    answer = answer_to(fact.kind, held)
    if answer is Answer.DO and fact.kind in _FROM_ELSEWHERE and _process_suspended(runtime, tx, held):
        answer = Answer.NOTE
    if isinstance(answer, Problem):
        if drop_late:
            return Acted(applied=False, state=InstanceState(held.state))
        raise answer
    if answer is Answer.NOTE:
        return _noted(runtime, tx, held, fact, drop_late=drop_late)
    stretch = Stretch(runtime, tx, held, kept[1] if kept and kept[0] == held.lock_version else None, fact, drop_late)
    if not _taken(stretch, fact):
        return _noted(runtime, tx, held, fact, drop_late=drop_late)
    return Acted(stretch.applied, stretch.saved.state)


def _process_suspended(runtime: Runtime, tx: Session, held: Held) -> bool:
    return runtime.suspensions.of_process(tx, held.process_key, held.process_version_id) is not None


def _taken(stretch: Stretch, fact: Fact) -> bool:
    """Take the stretch. False, with nothing done, where a worker is to see to it: what is wrong is not the asker's.

    That takes a savepoint. Without it, where all that can go wrong is the asker's own, whatever goes wrong ends the asker's transaction.
    """
    if not stretch.held.has_facts and fact.kind not in _FROM_OUTSIDE:
        try:
            take_steps(stretch)
        except SentBack as back:
            raise back.problem from None
        return True
    try:
        with savepoint(stretch.tx):
            take_steps(stretch)
    except SentBack as back:
        if back.fact is fact:
            raise back.problem from None
        return False  # what others had noted is wrong: a worker gives that back first
    except (Collision, TooLarge):
        raise
    except Problem as problem:
        never_applied = stretch.fact is not None and not isinstance(problem, TooNew)  # what a newer release has written, its worker reads
        if never_applied or fact.kind not in _FROM_OUTSIDE:  # a person waits for the answer
            raise
        return False
    return True


def _noted(runtime: Runtime, tx: Session, held: Held, fact: Fact, *, drop_late: bool) -> Acted:
    noted = inbox.note(runtime, tx, held.id, fact)
    if not noted and not drop_late:
        raise Conflict("The same was asked for before and will be done.", code="already_noted", next_step="Look again in a moment.")
    return Acted(applied=False, state=InstanceState(held.state), noted=noted)


def advance(runtime: Runtime, instance_id: UUID) -> bool:
    """The worker's entry: take the instance, work until it waits, give it back. Does nothing when it is idle or held by another.

    Answers False where it gave the instance back with its work undone.
    """
    token = runtime.leases.take(instance_id)
    try:
        with runtime.database.transaction() as tx:
            strikes = leases.claim(tx, instance_id, token, runtime.limits.lease)
            if strikes is None:
                for fact in inbox.give_back(tx, instance_id):
                    _log.warning("fact_too_late", instance=str(instance_id), kind=fact.kind, actor=fact.actor)
        if strikes is None:
            return True
        if strikes > runtime.limits.claims_without_progress:
            _stop(runtime, instance_id, token, _poisoned(strikes - 1))
            return True
        return _pursue(runtime, instance_id, token)
    except LostLease:
        _log.warning("lease_lost", instance=str(instance_id))
        return True
    finally:
        runtime.leases.drop(token)


def _pursue(runtime: Runtime, instance_id: UUID, token: UUID) -> bool:
    under_way = UnderWay(runtime)
    try:
        return _go_on(runtime, instance_id, token, under_way)
    finally:
        under_way.end()


def _go_on(runtime: Runtime, instance_id: UUID, token: UUID, under_way: UnderWay) -> bool:
    go_on = True
    while go_on:
        try:
            go_on, calls = _stretch(runtime, instance_id, token, under_way)
            if go_on and (calls or under_way.task_ids):
                under_way.make(calls)
        except LostLease:
            raise
        except SentBack as back:
            _give_back(runtime, instance_id, token, back)
        except Collision as collision:
            under_way.end()
            _give_up(runtime, instance_id, token, collision)
            return False
        except Problem as problem:
            under_way.end()
            return _set_down(runtime, instance_id, token, problem)
        except Exception as error:  # noqa: BLE001  # an unknown failure gives the instance back; five in a row make an incident
            _log.exception("advance_failed", instance=str(instance_id))
            under_way.end()
            _give_up(runtime, instance_id, token, error)
            return False
    return True


def _stretch(runtime: Runtime, instance_id: UUID, token: UUID, under_way: UnderWay) -> tuple[bool, list[OutsideCall]]:
    """One transaction of a worker. Answers whether there is more to do, and the external calls to make first."""
    for attempt in range(_ATTEMPTS_AT_A_LOCK):
        try:
            with runtime.database.transaction() as tx:
                return _stretch_in(runtime, tx, instance_id, token, under_way.task_ids)
        except Collision:  # locks that a person's SQL took out of order; one of the two tries again
            if attempt == _ATTEMPTS_AT_A_LOCK - 1:
                raise
    raise AssertionError


def _stretch_in(
    runtime: Runtime, tx: Session, instance_id: UUID, token: UUID, under_way: Collection[UUID]
) -> tuple[bool, list[OutsideCall]]:
    kept = runtime.live.take(instance_id)
    held = lock(tx, instance_id, kept[0] if kept else -1)
    if held is None or held.lease_owner != token:
        raise LostLease
    if held.state == InstanceState.SUSPENDED or _process_suspended(runtime, tx, held):
        if under_way:  # it is given back when nothing is asked for any more, so that nobody asks a second time
            return True, []
        leases.release(tx, instance_id, token)
        return False, []
    live = kept[1] if kept and kept[0] == held.lock_version else None
    stretch = take_steps(Stretch(runtime, tx, held, live, token=token))
    saved = stretch.saved
    return saved.more, outside_calls.next_calls(stretch, under_way) if saved.more and saved.calls else []


def _give_back(runtime: Runtime, instance_id: UUID, token: UUID, back: SentBack) -> None:
    """What was noted cannot be taken: it goes back to whom it came from, and the instance goes on without it."""
    with runtime.database.transaction() as tx:
        held = lock(tx, instance_id)
        if held is None or held.lease_owner != token:
            raise LostLease
        objections.give_back(runtime, tx, held, back)


def _set_down(runtime: Runtime, instance_id: UUID, token: UUID, problem: Problem) -> bool:
    """Nobody of this release goes on with it. Answers whether that is all there is to do."""
    if not isinstance(problem, TooNew):
        _stop(runtime, instance_id, token, problem)
        return True
    _log.warning("state_of_newer_release", instance=str(instance_id), reason=problem.detail)
    _leave(runtime, instance_id, token, problem)
    return False


def _stop(runtime: Runtime, instance_id: UUID, token: UUID, problem: Problem) -> None:
    """No worker can go on with it: an incident of the whole instance, until an operator retries. What was noted stays noted."""
    with runtime.database.transaction() as tx:
        stopped: Any = tx.execute(_STOP, {"id": instance_id, "token": token, "error": problem.detail}).first()
        if stopped is not None:
            inbox.set_aside(tx, instance_id)
            failures.open_for_instance(tx, instance_id, problem)


def _give_up(runtime: Runtime, instance_id: UUID, token: UUID, error: Exception) -> None:
    try:
        with runtime.database.transaction() as tx:
            tx.execute(_GIVE_UP, {"id": instance_id, "token": token, "error": f"{type(error).__name__}: {error}"[:2000]})
    except DBAPIError:  # the database is away: the lease runs out by itself
        _log.exception("release_failed", instance=str(instance_id))


def _leave(runtime: Runtime, instance_id: UUID, token: UUID, newer: TooNew) -> None:
    """Leave it as it is, for a worker that can read it; that it was taken counts for nothing."""
    with runtime.database.transaction() as tx:
        tx.execute(_LEAVE, {"id": instance_id, "token": token, "error": newer.detail})


def _poisoned(claims: int) -> Problem:
    return Problem(
        f"Workers took the instance {claims} times and could save nothing.",
        code="claims_without_progress",
        next_step="Look at the last error and the workers' logs, remove the cause, then retry.",
    )


_GIVE_UP = text("""
UPDATE instance SET lease_owner = NULL, lease_until = 'epoch', last_error = :error, rung_at = now() WHERE id = :id AND lease_owner = :token
""")
_LEAVE = text("""
UPDATE instance SET lease_owner = NULL, lease_until = 'epoch', last_error = :error, rung_at = now(), strikes = greatest(strikes - 1, 0)
WHERE id = :id AND lease_owner = :token
""")
_STOP = text("""
UPDATE instance SET state = CASE WHEN state = 'suspended' THEN state ELSE 'incident' END, done = wake, lease_owner = NULL,
  lease_until = 'epoch', last_error = :error, updated_at = business_now()
WHERE id = :id AND lease_owner = :token RETURNING last_error
""")
