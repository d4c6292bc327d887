"""External service tasks of a worker: the call is marked and saved before it is made, and made while no transaction is open."""

from dataclasses import dataclass

from sqlalchemy import text

from engine.runtime.advance.apply import outcome_to_json
from engine.runtime.advance.service_tasks import call_outside, context_of
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Advance, Fact
from engine.service_tasks import TaskContext
from engine.spiff.calls import CallOutcome, Failure, ServiceCall

_NEXT = text(
    "SELECT id, element_id, handler, input, attempt, retry, state FROM work WHERE instance_id = :id AND state IN ('ready', 'called') "
    "ORDER BY called_at NULLS FIRST, id LIMIT 1"
)
_MARK = text("UPDATE work SET state = 'called', attempt = attempt + 1, called_at = now() WHERE id = :id")


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """One call to be made once the transaction is in. `again`: it was begun before and nobody knows how it ended."""

    request: ServiceCall
    context: TaskContext
    again: bool


def next_call(record: Advance) -> OutsideCall | None:
    """Mark the next external task of the instance as called."""
    row = record.tx.execute(_NEXT, {"id": record.held.id}).one_or_none()
    if row is None:
        return None
    record.tx.execute(_MARK, {"id": row.id})
    request = ServiceCall(row.id, row.element_id, row.handler, row.input, row.retry, row.attempt + 1)
    return OutsideCall(request, context_of(record, request), again=row.state == "called")


def make(runtime: Runtime, call: OutsideCall) -> Fact:
    """Make the call; what came of it is a fact for the instance."""
    handler = call.request.handler
    outcome: CallOutcome
    if call.again and handler in runtime.service_tasks and runtime.service_tasks[handler].at_most_once:
        outcome = Failure(
            "at_most_once",
            f"{handler} was begun before and must not be begun twice; nobody knows how it ended.",
            next_step="Find out at the other side whether it was done. Complete the step with its result, or retry to call it again.",
        )
    else:
        outcome = call_outside(runtime, call.request, call.context)
    body = {"task_id": call.request.task_id, **outcome_to_json(outcome)}
    return Fact("work_result", body, call.context.actor, f"work:{call.request.task_id}:{call.request.attempt}")
