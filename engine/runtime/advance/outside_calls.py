"""External service tasks of a worker: the call is marked and saved before it is made, and made while no transaction is open."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from engine.runtime.advance.apply import outcome_to_json
from engine.runtime.advance.loads import load_of
from engine.runtime.advance.service_tasks import call_outside, context_of
from engine.runtime.state import inbox
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact, Stretch
from engine.service_tasks import TaskContext
from engine.spiff.calls import CallOutcome, Failure, ServiceCall
from engine.spiff.plain import plain
from engine.store.rows import insert_rows
from engine.store.tables import history


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """One call to be made once the transaction is in. `again`: it was begun before and nobody knows how it ended."""

    request: ServiceCall
    context: TaskContext
    again: bool


def next_call(stretch: Stretch) -> OutsideCall | None:
    """Mark the next external task of the instance as called."""
    row = stretch.tx.execute(_NEXT, {"id": stretch.held.id}).one_or_none()
    if row is None:
        return None
    stretch.tx.execute(_MARK, {"id": row.id})
    request = ServiceCall(row.id, row.element_id, row.handler, row.input, row.retry, row.attempt + 1)
    return OutsideCall(request, context_of(stretch, request), again=row.state == "called")


def make(runtime: Runtime, call: OutsideCall) -> None:
    """Make the call, and note what came of it before anything else is done with it: an answer that is known is never asked for again."""
    handler = call.request.handler
    outcome: CallOutcome
    if call.again and handler in runtime.service_tasks and runtime.service_tasks[handler].at_most_once:
        outcome = Failure(
            "at_most_once",
            f"{handler} was begun before and must not be begun twice; nobody knows how it ended.",
            next_step="Find out at the other side whether it was done. Complete the step with its result, or retry to call it again.",
        )
    else:
        outcome = _within_bounds(runtime, call)
    body = {"task_id": call.request.task_id, **outcome_to_json(outcome)}
    fact = Fact("work_result", body, call.context.actor, f"work:{call.request.task_id}:{call.request.attempt}")
    with runtime.database.transaction() as tx:
        if isinstance(outcome, Failure) and not outcome.counts:  # no attempt, so the history does not tell of it
            tx.execute(_WHY, {"id": call.request.task_id, "why": outcome.message})
        if not inbox.keep(tx, call.context.instance_id, fact):  # it was cancelled meanwhile: what the outside did is told all the same
            insert_rows(tx, history, [_told_too_late(call, body)])


def _within_bounds(runtime: Runtime, call: OutsideCall) -> CallOutcome:
    """Make the call if the load of its service task allows it; else it waits for its turn."""
    load = load_of(runtime, call.request.handler)
    if load is None:
        return call_outside(runtime, call.request, call.context)
    refused = load.refuse(call.request, call.context.now)
    if refused is not None:
        return refused
    outcome = call_outside(runtime, call.request, call.context)
    load.note(outcome)
    return outcome


def _told_too_late(call: OutsideCall, body: dict[str, Any]) -> dict[str, Any]:
    context, request = call.context, call.request
    return {
        "instance_id": context.instance_id,
        "task_id": request.task_id,
        "element_id": request.element_id,
        "element_type": "serviceTask",
        "outcome": "too_late",
        "actor": context.actor,
        "attempt": request.attempt,
        "started_at": context.now,
        "ended_at": context.now,
        "detail": {"handler": request.handler, "answer": plain(body)},
    }


_NEXT = text("""
SELECT id, element_id, handler, input, attempt, retry, state FROM work WHERE instance_id = :id AND state IN ('ready', 'called')
ORDER BY called_at NULLS FIRST, id LIMIT 1
""")
_WHY = text("UPDATE work SET last_error = :why WHERE id = :id")
_MARK = text("UPDATE work SET state = 'called', attempt = attempt + 1, called_at = business_now(), under_way = false WHERE id = :id")
