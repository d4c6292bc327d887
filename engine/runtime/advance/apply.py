"""Brings a fact into the instance in memory. A fact whose step no longer waits raises Conflict and changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from engine.problems import Conflict
from engine.runtime.advance.run import run
from engine.runtime.state import inbox
from engine.runtime.state.stretch import Advance, Fact
from engine.spiff.calls import CallOutcome, Deferred, Done, Failure, Refusal
from engine.spiff.records import Executed

#: An operator's word comes before what is noted: it may be what makes that possible.
_REPAIRS: Final = frozenset({"retry", "skip", "move", "go_back"})
#: Facts a person stands behind: when one comes too late, the history says so.
_BY_PERSONS: Final = frozenset({"user_task", *_REPAIRS})


def apply(record: Advance) -> None:
    """Apply what was noted for the instance and what its caller brings, running in between: each may take away what the next is for.

    Raises Conflict when the caller's own fact comes too late, unless it may.
    """
    noted = inbox.take(record.tx, record.held.id) if record.held.has_facts else []
    if record.fact is not None and record.fact.kind in _REPAIRS:
        _apply_own(record, record.fact)
        if noted:
            run(record)
    for number, fact in enumerate(noted):
        if number:
            run(record)
        _apply_noted(record, fact)
    if record.fact is not None:
        if noted:
            run(record)
        _apply_own(record, record.fact)


def _apply_own(record: Advance, fact: Fact) -> None:
    try:
        _apply(record, fact)
        record.applied = True
    except Conflict:
        if not record.drop_late:
            raise
    record.fact = None


def _apply_noted(record: Advance, fact: Fact) -> None:
    """Apply a fact whose sender has gone. A message that came too late goes back to wait for another receiver."""
    try:
        _apply(record, fact)
    except Conflict as conflict:
        if fact.kind == "message" and fact.body.get("message") is not None:
            record.tx.execute(_BUFFER_AGAIN, {"id": fact.body["message"], "instance_id": record.held.id})
            record.message_returned = True
        elif fact.kind in _BY_PERSONS:
            record.trace.append(_too_late(record, fact, conflict))


def _apply(record: Advance, fact: Fact) -> None:
    """Apply one fact; its actor is from now on the one whose action led here."""
    record.actor = fact.actor or record.actor
    _APPLY[fact.kind](record, fact.body)


def _too_late(record: Advance, fact: Fact, conflict: Conflict) -> Executed:
    """What a person decided while a worker was at it, and what no longer could be done."""
    task_id = UUID(str(fact.body.get("task_id") or record.held.id))
    waited = next((wait for wait in record.before.user_tasks if wait.task_id == task_id), None)
    return Executed(
        task_id=task_id,
        element_id=waited.element_id if waited else str(fact.body.get("element_id", "")),
        element_name=waited.name if waited else "",
        element_type=fact.kind,
        outcome="too_late",
        started_at=record.now,
        ended_at=record.now,
        detail={"reason": conflict.detail, "given": dict(fact.body.get("data") or fact.body.get("variables") or {})},
        actor=fact.actor,
    )


def outcome_to_json(outcome: CallOutcome) -> dict[str, Any]:
    """An outcome as it is noted when the instance cannot take it now."""
    return {"outcome": type(outcome).__name__, **asdict(outcome)}


def _outcome(body: Mapping[str, Any]) -> CallOutcome:
    given = dict(body)
    given.pop("task_id")
    kind = _OUTCOMES[given.pop("outcome")]
    if isinstance(given.get("retry_at"), str):
        given["retry_at"] = datetime.fromisoformat(given["retry_at"])
    return kind(**given)


def _user_task(record: Advance, body: Mapping[str, Any]) -> None:
    task_id = _id(body)
    record.execution.complete(task_id, body["data"], actor=record.actor)
    record.completed[task_id] = body["data"]


def _timer(record: Advance, body: Mapping[str, Any]) -> None:
    task_id = _id(body)
    record.fired.add(task_id)
    # The row says when it is due: an operator may have moved it to an earlier time than the state knows.
    due = next((wait.due_at for wait in record.execution.waits.timers if wait.task_id == task_id), record.now)
    record.execution.fire_timer(task_id, max(record.now, due))


def _message(record: Advance, body: Mapping[str, Any]) -> None:
    record.execution.deliver(_id(body), body["payload"])


def _signal(record: Advance, body: Mapping[str, Any]) -> None:
    record.execution.broadcast_signal(body["name"], body["payload"])


def _work_result(record: Advance, body: Mapping[str, Any]) -> None:
    task_id, outcome = _id(body), _outcome(body)
    if isinstance(outcome, Done):
        record.execution.work_done(task_id, outcome.result)
    elif isinstance(outcome, Refusal):
        if not record.execution.throw_error(task_id, outcome.code, outcome.reason):
            next_step = f"Catch the error {outcome.code} with a boundary event in the diagram, or remove its cause and retry."
            record.execution.fail(task_id, Failure("refused", f"{outcome.code}: {outcome.reason}", next_step=next_step), now=record.now)
    elif isinstance(outcome, Failure):
        record.execution.fail(task_id, outcome, now=record.now)


def _retry(record: Advance, body: Mapping[str, Any]) -> None:
    task_id = _id(body)
    record.execution.retry(task_id, body.get("variables"))
    record.retried.add(task_id)


def _skip(record: Advance, body: Mapping[str, Any]) -> None:
    record.execution.skip(_id(body), body["variables"])
    record.resolution = "An operator completed the step by hand."


def _move(record: Advance, body: Mapping[str, Any]) -> None:
    record.execution.move(_id(body), body["element_id"], body["variables"], now=record.now)
    record.resolution = f"An operator moved the step to {body['element_id']}."


def _go_back(record: Advance, body: Mapping[str, Any]) -> None:
    record.execution.go_back(body["element_id"], body["variables"], now=record.now)
    record.resolution = f"An operator went back to {body['element_id']}."


def _id(body: Mapping[str, Any]) -> UUID:
    return UUID(str(body["task_id"]))


_OUTCOMES: dict[str, Callable[..., CallOutcome]] = {"Done": Done, "Deferred": Deferred, "Refusal": Refusal, "Failure": Failure}
_APPLY: dict[str, Callable[[Advance, Mapping[str, Any]], None]] = {
    "user_task": _user_task,
    "timer": _timer,
    "message": _message,
    "signal": _signal,
    "work_result": _work_result,
    "retry": _retry,
    "skip": _skip,
    "move": _move,
    "go_back": _go_back,
}

# One that has reached somebody else as well is not sent round again.
_BUFFER_AGAIN = text("UPDATE message SET state = 'buffered', delivered_to = NULL WHERE id = :id AND delivered_to = :instance_id")
