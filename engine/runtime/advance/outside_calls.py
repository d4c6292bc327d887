"""External service tasks of a worker: the call is marked and saved before it is made, and made while no transaction is open.

Calls of parallel branches are made beside one another. Each answer is noted in a transaction of its own as soon as it is there, and the
instance goes on with it while the others are under way.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from engine.runtime.advance.apply import outcome_to_json
from engine.runtime.advance.loads import load_of
from engine.runtime.advance.service_tasks import call_outside, context_of, held_back_by
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


def next_calls(stretch: Stretch, under_way: Collection[UUID]) -> list[OutsideCall]:
    """Mark the next external tasks of the instance as called, beside those that are under way already, as many as may be at once."""
    most = stretch.runtime.limits.calls_at_once - len(under_way)
    rows = stretch.tx.execute(_NEXT, {"id": stretch.held.id, "under_way": list(under_way), "most": most}).all() if most > 0 else []
    if rows:
        stretch.tx.execute(_MARK, {"ids": [row.id for row in rows]})
    requests = [ServiceCall(row.id, row.element_id, row.handler, row.input, row.retry, row.attempt + 1) for row in rows]
    return [
        OutsideCall(request, context_of(stretch, request), again=row.state == "called") for row, request in zip(rows, requests, strict=True)
    ]


@dataclass(slots=True)
class UnderWay:
    """The calls of one instance that a worker makes. The instance is not given back before all of them have ended."""

    runtime: Runtime
    _calls: dict[Future[None], UUID] = field(default_factory=dict)
    _threads: ThreadPoolExecutor | None = None

    @property
    def task_ids(self) -> Collection[UUID]:
        """The steps whose calls have not ended."""
        return list(self._calls.values())

    def make(self, calls: Sequence[OutsideCall]) -> None:
        """Begin these calls, and return when an answer of one that is under way is noted. A call that is alone needs no other thread."""
        if len(calls) == 1 and not self._calls:
            make(self.runtime, calls[0])
            return
        for call in calls:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.runtime.limits.calls_at_once, thread_name_prefix="call")
            self._calls[self._threads.submit(make, self.runtime, call)] = call.request.task_id
        ended, _ = wait(self._calls, return_when=FIRST_COMPLETED)
        for future in ended:
            del self._calls[future]
        for future in ended:
            future.result()

    def end(self) -> None:
        """Wait until every call has ended; what goes wrong with one is a call that nobody knows the end of, and is made again."""
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        self._calls.clear()


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
    with runtime.database.transaction() as tx:
        held_back = held_back_by(runtime, tx, call.request.handler, call.context.now)
    if held_back is not None:
        return held_back
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
SELECT id, element_id, handler, input, attempt, retry, state FROM work
WHERE instance_id = :id AND state IN ('ready', 'called') AND id <> ALL(CAST(:under_way AS uuid[]))
ORDER BY called_at NULLS FIRST, id LIMIT :most
""")
_WHY = text("UPDATE work SET last_error = :why WHERE id = :id")
_MARK = text("UPDATE work SET state = 'called', attempt = attempt + 1, called_at = business_now(), under_way = false WHERE id = ANY(:ids)")
