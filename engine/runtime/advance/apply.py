"""Brings a fact into the instance in memory. A fact whose step no longer waits raises Conflict and changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from engine.problems import Conflict
from engine.runtime.advance.objections import send_back
from engine.runtime.advance.run import run
from engine.runtime.state import inbox
from engine.runtime.state.stretch import Fact, Stretch
from engine.spiff.calls import CallOutcome, Deferred, Done, Failure, Refusal
from engine.spiff.records import Executed
from engine.store import json_text

#: An operator's word comes before what is noted: it may be what makes that possible.
_REPAIRS: Final = frozenset({"retry", "complete", "skip", "move", "go_back", "change_data"})
#: What is left of the steps that an operator passed over is nobody's any more: see engine/runtime/post/ended_early.py.
_LEADING: Final = frozenset({"complete", "skip", "move", "go_back"})
#: Facts a person stands behind: when one comes too late, the history says so.
_BY_PERSONS: Final = frozenset({"user_task", "send_back", *_REPAIRS})
#: Facts that say something of their own, which a service task may find wrong.
_GIVING: Final = frozenset({"user_task", "message"})


def apply(stretch: Stretch) -> None:
    """Apply what was noted for the instance and what its caller brings, running in between: each may take away what the next is for.

    Raises Conflict when the caller's own fact comes too late, unless it may.
    """
    noted = inbox.take(stretch.tx, stretch.held.id) if stretch.held.has_facts else []
    if stretch.fact is not None and stretch.fact.kind in _REPAIRS:
        _apply_own(stretch, stretch.fact)
        if noted:
            _go_on(stretch)
    for number, fact in enumerate(noted):
        if number:
            _go_on(stretch)
        _apply_noted(stretch, fact)
    if stretch.fact is not None:
        if noted:
            _go_on(stretch)
        _apply_own(stretch, stretch.fact)


def _go_on(stretch: Stretch) -> None:
    """Run before the next fact, unless this one goes back."""
    run(stretch)
    send_back(stretch)


def _apply_own(stretch: Stretch, fact: Fact) -> None:
    try:
        _apply(stretch, fact)
        stretch.applied = True
    except Conflict:
        if not stretch.drop_late:
            raise
    stretch.fact = None


def _apply_noted(stretch: Stretch, fact: Fact) -> None:
    """Apply a fact whose sender has gone. A message that came too late is for the next place that waits for it, else for others."""
    try:
        _apply(stretch, fact)
    except Conflict as conflict:
        if fact.kind == "message" and fact.body.get("message") is not None:
            place = _next_place(stretch, fact.body["message"])
            if place is not None:
                _apply(stretch, replace(fact, body={**fact.body, "task_id": place}))
                return
            inbox.buffer_again(stretch.tx, [fact.body["message"]], stretch.held.id)
            stretch.message_returned = True
        elif fact.kind in _BY_PERSONS:
            stretch.trace.append(_too_late(stretch, fact, conflict))


def _next_place(stretch: Stretch, message: int) -> UUID | None:
    """Where the instance waits for a message by now, that was for a place it has left; the message may have reached others as well."""
    waits = [
        {"id": wait.task_id, "name": wait.name, "correlation": wait.correlation}
        for wait in stretch.execution.waits.subscriptions
        if wait.kind == "message"
    ]
    if not waits:
        return None
    place: UUID | None = stretch.tx.execute(_PLACE, {"id": message, "waits": json_text.encode(waits).decode()}).scalar()
    return place


def _apply(stretch: Stretch, fact: Fact) -> None:
    """Apply one fact; its actor is from now on the one whose action led here."""
    stretch.actor = fact.actor or stretch.actor
    stretch.execution.count_in(stretch.calendar)
    taker = stretch.execution.element_of(_id(fact.body)) if fact.kind in _GIVING else None
    _APPLY[fact.kind](stretch, fact.body)
    if fact.kind in _LEADING:
        stretch.led_by = fact.actor or stretch.held.led_by
    if taker is not None:
        stretch.given.append((taker, fact))


def _too_late(stretch: Stretch, fact: Fact, conflict: Conflict) -> Executed:
    """What a person decided while a worker was at it, and what no longer could be done."""
    task_id = UUID(str(fact.body.get("task_id") or stretch.held.id))
    waited = next((wait for wait in stretch.before.user_tasks if wait.task_id == task_id), None)
    return Executed(
        task_id=task_id,
        element_id=waited.element_id if waited else str(fact.body.get("element_id", "")),
        element_name=waited.name if waited else "",
        element_type=fact.kind,
        outcome="too_late",
        started_at=stretch.now,
        ended_at=stretch.now,
        detail={"reason": conflict.detail, "given": dict(fact.body.get("data") or fact.body.get("variables") or {})},
        actor=fact.actor,
    )


def outcome_to_json(outcome: CallOutcome) -> dict[str, Any]:
    """An outcome as it is noted when the instance cannot take it now. What is as always is left out: an older worker may read it."""
    said = {each.name: getattr(outcome, each.name) for each in fields(outcome) if getattr(outcome, each.name) != _usual(each)}
    return {"outcome": type(outcome).__name__, **said}


def _usual(each: "Field[Any]") -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


def _outcome(body: Mapping[str, Any]) -> CallOutcome:
    given = dict(body)
    given.pop("task_id")
    kind = _OUTCOMES[given.pop("outcome")]
    if isinstance(given.get("retry_at"), str):
        given["retry_at"] = datetime.fromisoformat(given["retry_at"])
    taken = {each.name for each in fields(kind)}
    return kind(**{name: value for name, value in given.items() if name in taken})


def _user_task(stretch: Stretch, body: Mapping[str, Any]) -> None:
    task_id = _id(body)
    stretch.execution.complete(task_id, body["data"], actor=stretch.actor, on_behalf_of=body.get("on_behalf_of"))
    stretch.completed[task_id] = body["data"]


def _send_back(stretch: Stretch, body: Mapping[str, Any]) -> None:
    task_id = _id(body)
    if not stretch.execution.send_back(task_id, body["code"], body["reason"], actor=stretch.actor):
        raise Conflict(
            "The task has no way back.", code="no_way_back", next_step="Decide one way or the other; no way back is drawn at this step."
        )
    stretch.completed[task_id] = {"sent_back": body["code"], "reason": body["reason"]}


def _timer(stretch: Stretch, body: Mapping[str, Any]) -> None:
    task_id = _id(body)
    stretch.fired.add(task_id)
    # The row says when it is due: an operator may have moved it to an earlier time than the state knows.
    due = next((wait.due_at for wait in stretch.execution.waits.timers if wait.task_id == task_id), stretch.now)
    stretch.execution.fire_timer(task_id, max(stretch.now, due))


def _message(stretch: Stretch, body: Mapping[str, Any]) -> None:
    stretch.execution.deliver(_id(body), body["payload"])


def _signal(stretch: Stretch, body: Mapping[str, Any]) -> None:
    stretch.execution.broadcast_signal(body["name"], body["payload"])


def _work_result(stretch: Stretch, body: Mapping[str, Any]) -> None:
    task_id, outcome = _id(body), _outcome(body)
    if isinstance(outcome, Done):
        stretch.execution.work_done(task_id, outcome.result, merged=outcome.merged)
    elif isinstance(outcome, Refusal):
        if not stretch.execution.throw_error(task_id, outcome.code, outcome.reason, outcome.variables):
            next_step = f"Catch the error {outcome.code} with a boundary event in the diagram, or remove its cause and retry."
            stretch.execution.fail(task_id, Failure("refused", f"{outcome.code}: {outcome.reason}", next_step=next_step), now=stretch.now)
    elif isinstance(outcome, Failure):
        stretch.execution.fail(task_id, outcome, now=stretch.now)


def _retry(stretch: Stretch, body: Mapping[str, Any]) -> None:
    task_id = _id(body)
    stretch.execution.retry(task_id, body.get("variables"), actor=stretch.actor)
    stretch.retried.add(task_id)


def _complete(stretch: Stretch, body: Mapping[str, Any]) -> None:
    task_id = _id(body)
    waits = stretch.execution.waits
    handlers = {each.task_id: each.handler or "" for each in waits.failed} | {each.task_id: each.handler for each in waits.work}
    merged = stretch.runtime.service_tasks.leave_the_house(handlers.get(task_id, ""))
    stretch.execution.finish(task_id, body["result"], actor=stretch.actor, merged=merged)
    stretch.resolution = "An operator gave the result of the step."


def _skip(stretch: Stretch, body: Mapping[str, Any]) -> None:
    stretch.execution.skip(_id(body), body["variables"], actor=stretch.actor)
    stretch.resolution = "An operator completed the step by hand."


def _move(stretch: Stretch, body: Mapping[str, Any]) -> None:
    stretch.execution.move(_id(body), body["element_id"], body["variables"], now=stretch.now)
    stretch.resolution = f"An operator moved the step to {body['element_id']}."


def _go_back(stretch: Stretch, body: Mapping[str, Any]) -> None:
    stretch.execution.go_back(body["element_id"], body["variables"], now=stretch.now)
    stretch.resolution = f"An operator went back to {body['element_id']}."


def _change_data(stretch: Stretch, body: Mapping[str, Any]) -> None:
    stretch.execution.change(body["variables"], now=stretch.now)
    stretch.trace.append(changed_by_hand(stretch, body["variables"]))


def changed_by_hand(stretch: Stretch, variables: Mapping[str, Any]) -> Executed:
    """What an operator wrote into an instance, as its history keeps it: at no step."""
    return Executed(
        task_id=stretch.held.id,
        element_id="",
        element_name="Data changed by hand",
        element_type="change_data",
        outcome="changed",
        started_at=stretch.now,
        ended_at=stretch.now,
        changed=variables,
        actor=stretch.actor,
    )


def _id(body: Mapping[str, Any]) -> UUID:
    return UUID(str(body["task_id"]))


_OUTCOMES: dict[str, type[Done | Deferred | Refusal | Failure]] = {kind.__name__: kind for kind in (Done, Deferred, Refusal, Failure)}
_APPLY: dict[str, Callable[[Stretch, Mapping[str, Any]], None]] = {
    "user_task": _user_task,
    "send_back": _send_back,
    "timer": _timer,
    "message": _message,
    "signal": _signal,
    "work_result": _work_result,
    "retry": _retry,
    "complete": _complete,
    "skip": _skip,
    "move": _move,
    "go_back": _go_back,
    "change_data": _change_data,
}

_PLACE = text("""
SELECT wait.id FROM message, jsonb_to_recordset(CAST(:waits AS jsonb)) AS wait(id uuid, name text, correlation jsonb)
WHERE message.id = :id AND message.name = wait.name AND message.correlation @> wait.correlation ORDER BY wait.id LIMIT 1
""")
