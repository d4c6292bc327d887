"""Runs service tasks and judges how they went: done, refused, not yet, broken, or to be tried again.

`Calls` serves the engine inside a transaction: transactional tasks run there in a savepoint, external ones are put off. `call_outside`
runs one external task in no transaction.
"""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from json import JSONDecodeError
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.retry_policy import read_policy
from engine.runtime.state.effects import Effect, EffectLedger
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Objection, Stretch
from engine.runtime.state.suspensions import LOOK_AGAIN
from engine.service_tasks import Broken, Kind, NotYet, Refused, ServiceTask, TaskContext
from engine.spiff.calls import CallOutcome, Deferred, Done, Failure, Refusal, ServiceCall
from engine.spiff.plain import keepable, plain, within_limit
from engine.store.constraints import deterministic, problem_of
from engine.store.unit_of_work import Collision, Database, collided, savepoint

_TRACEBACK_LINES = 30


@dataclass(slots=True)
class Calls:
    """The service tasks of one advance, as the engine calls them."""

    stretch: Stretch

    def call(self, request: ServiceCall) -> CallOutcome:
        """Run a transactional task now in a savepoint; put an external one off."""
        stretch = self.stretch
        outcome, effects = call_inside(stretch.runtime, stretch.tx, request, context_of(stretch, request))
        stretch.effects.extend(effects)
        if isinstance(outcome, Failure) and outcome.errors:
            stretch.objections.append(Objection(request.element_id, outcome))
        return outcome


def call_inside(runtime: Runtime, tx: Session, request: ServiceCall, context: TaskContext) -> tuple[CallOutcome, Sequence[Effect]]:
    """Run a transactional task now in a savepoint and answer its effects too, which the caller writes; put an external one off."""
    if runtime.service_tasks.leave_the_house(request.handler):
        return Deferred(), ()
    try:
        task = runtime.service_tasks[request.handler]
    except Problem as problem:
        return Failure(problem.code, problem.detail, next_step=problem.next_step), ()
    if task.kind is Kind.EXTERNAL:
        return Deferred(), ()
    held_back = held_back_by(runtime, tx, request.handler, context.now)
    if held_back is not None:
        return held_back, ()
    ledger = EffectLedger(context)
    own = {Session: tx, TaskContext: context, EffectLedger: ledger, Runtime: runtime}
    try:
        given = task.read(request.parameters)
        with savepoint(tx):
            ports = {port: own[port] if port in own else _bound(runtime, task, port) for port in task.ports.values()}
            result = _kept(task(given, ports))
    except Exception as error:  # noqa: BLE001  # whatever a handler does is an outcome, never the end of the advance
        return judge(error, request, context.now, runtime), ()
    return Done(result), ledger.recorded


def held_back_by(runtime: Runtime, tx: Session, handler: str, now: datetime) -> Failure | None:
    """Why a service task is not called now that an operator has suspended; it costs no attempt."""
    found = runtime.suspensions.of_service_task(tx, handler)
    if found is None:
        return None
    why = f"{handler} is suspended by {found.suspended_by}: {found.reason}"
    return Failure("suspended", why, "It is called when it is resumed.", retry_at=now + LOOK_AGAIN, counts=False)


def call_outside(runtime: Runtime, request: ServiceCall, context: TaskContext) -> CallOutcome:
    """Run an external task; no transaction is open."""
    own = {TaskContext: context, Database: runtime.database}
    try:
        task = runtime.service_tasks[request.handler]
        given = task.read(request.parameters)
        ports = {port: own[port] if port in own else _bound(runtime, task, port) for port in task.ports.values()}
        return Done(_kept(task(given, ports)))
    except Exception as error:  # noqa: BLE001  # whatever a handler does is an outcome, never the end of the worker
        return judge(error, request, context.now, runtime)


def context_of(stretch: Stretch, request: ServiceCall) -> TaskContext:
    """Who is calling, for the task that asks."""
    held = stretch.held
    return TaskContext(
        instance_id=held.id,
        business_key=held.business_key,
        process_key=held.process_key,
        element_id=request.element_id,
        task_id=request.task_id,
        idempotency_key=f"{held.id}:{request.task_id}",
        attempt=request.attempt,
        actor=stretch.actor,
        now=stretch.now,
    )


def judge(error: Exception, request: ServiceCall, now: datetime, runtime: Runtime) -> CallOutcome:
    """What an exception of a service task means. A lost connection or a deadlock is nobody's outcome: it ends the advance."""
    if isinstance(error, Refused):
        return Refusal(error.code, keepable(str(error)))
    if isinstance(error, NotYet):
        return Failure("not_yet", keepable(str(error)), retry_at=now + error.after, counts=False)
    trace = keepable("".join(traceback.format_exception(error)[-_TRACEBACK_LINES:]))
    if isinstance(error, Broken):
        return Failure("broken", keepable(str(error)), next_step=error.next_step, traceback=trace)
    if isinstance(error, Problem) and not isinstance(error, Collision):
        next_step = keepable(error.next_step or _CORRECT)
        return Failure(error.code, keepable(error.detail), next_step=next_step, traceback=trace, errors=error.errors)
    if isinstance(error, DBAPIError) and (error.connection_invalidated or collided(error)):
        raise error
    return _of_the_rest(error, request, now, runtime)


def _of_the_rest(error: Exception, request: ServiceCall, now: datetime, runtime: Runtime) -> CallOutcome:
    """What nobody foresaw. A value or reference that the database refuses stays refused, and so does a fault of our own."""
    trace = keepable("".join(traceback.format_exception(error)[-_TRACEBACK_LINES:]))
    code, text, next_step = "error", f"{type(error).__name__}: {error}", _CORRECT
    if isinstance(error, IntegrityError | DataError):
        known = problem_of(error, runtime.constraints)
        code, text, next_step = known.code, known.detail, known.next_step
    policy = read_policy(request.retry or runtime.limits.retry)
    pause = None if _never_heals(error) else policy.pause(request.attempt, runtime.limits.retry_ceiling)
    if pause is None:
        return Failure(code, keepable(text), next_step=keepable(next_step), traceback=trace)
    return Failure(code, keepable(text), next_step="It is tried again by itself.", traceback=trace, retry_at=now + pause)


def _never_heals(error: Exception) -> bool:
    """Whether the same call must fail the same way. An answer of the other side that cannot be read may be better next time."""
    return deterministic(error) or (isinstance(error, _OUR_FAULTS) and not isinstance(error, JSONDecodeError | UnicodeDecodeError))


def _kept(result: Any) -> Any:
    """A result as variables can keep it; one they cannot keep fails the call, and takes with it what the call wrote."""
    kept = plain(result)
    within_limit(kept)
    return kept


_OUR_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    NotImplementedError,
    TypeError,
    ValueError,
    ProgrammingError,
)
_CORRECT = "Remove the cause the message names, then retry the step."


def _bound(runtime: Runtime, task: ServiceTask, port: Any) -> object:
    if port not in runtime.ports:
        name = getattr(port, "__name__", port)
        raise Broken(
            f"{task.name} needs a {name}, and none is bound.", next_step=f"Bind an adapter for {name} in the settings, then retry."
        )
    return runtime.ports[port]
