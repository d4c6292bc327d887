"""Writes what follows from an instance's new state: the rows of its waits, its history, and its effects.

Only differences are written: what it waited for before is known from the state it was restored from.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from engine.problems import Conflict, TooLarge
from engine.runtime.advance import offers, routing_by_load
from engine.runtime.state import effects
from engine.runtime.state.directory import Directory
from engine.runtime.state.stretch import Stretch
from engine.spiff.records import Subscription, UserTaskWait, Waits, Work
from engine.store import json_text
from engine.store.rows import insert_rows
from engine.store.tables import history, subscription, timer, user_task, work

_COMPLETE = text(
    "UPDATE user_task SET state = 'completed', completed_at = business_now(), completed_by = :actor, outcome = "
    "CAST(:outcome AS jsonb), draft = NULL, "
    "version = version + 1 WHERE id = :id"
)
_CANCEL = text("UPDATE user_task SET state = 'cancelled', completed_at = business_now(), version = version + 1 WHERE id = ANY(:ids)")
_LONGEST_CORRELATION = 1_000
_DELETE = {name: text(f"DELETE FROM {name} WHERE id = ANY(:ids)") for name in ("timer", "subscription", "work")}


def settle(stretch: Stretch) -> None:
    """Write every derived row."""
    after = stretch.after
    _history(stretch)
    _user_tasks(stretch, after)
    _timers(stretch, after)
    _subscriptions(stretch, after)
    _work(stretch, after)
    if stretch.effects:
        effects.record(stretch.tx, *stretch.effects)


def _history(stretch: Stretch) -> None:
    rows: list[dict[str, Any]] = [
        {
            "instance_id": stretch.held.id,
            "task_id": each.task_id,
            "element_id": each.element_id,
            "element_name": each.element_name,
            "element_type": each.element_type,
            "outcome": each.outcome,
            "actor": each.actor,
            "attempt": each.attempt,
            "started_at": each.started_at,
            "ended_at": each.ended_at,
            "changed": each.changed or None,
            "detail": each.detail or None,
        }
        for each in stretch.trace
    ]
    if stretch.initial:  # the start event has run
        rows[0]["changed"] = {**stretch.initial, **(rows[0]["changed"] or {})}
    insert_rows(stretch.tx, history, rows)


def _user_tasks(stretch: Stretch, after: Waits) -> None:
    known = {wait.task_id for wait in stretch.before.user_tasks}
    open_now = {wait.task_id for wait in after.user_tasks}
    closed = known - open_now
    for task_id in closed & stretch.completed.keys():
        outcome = json_text.encode(stretch.completed[task_id]).decode()
        stretch.tx.execute(_COMPLETE, {"id": task_id, "actor": stretch.actor, "outcome": outcome})
    if cancelled := closed - stretch.completed.keys():
        stretch.tx.execute(_CANCEL, {"ids": list(cancelled)})
    new = [wait for wait in after.user_tasks if wait.task_id not in known]
    _refuse_tasks_for_nobody(stretch, new)
    rows = [_user_task_row(stretch, wait) for wait in new]
    routed = routing_by_load.choose(stretch, rows)
    insert_rows(stretch.tx, user_task, [row | _with(routed.get(row["id"]), stretch) for row in rows])


def _with(name: str | None, stretch: Stretch) -> dict[str, Any]:
    return {"assignee": name, "claimed_at": stretch.now if name else None}


def _refuse_tasks_for_nobody(stretch: Stretch, tasks: Collection[UserTaskWait]) -> None:
    """A task that is offered to no group and no person that exists would wait for ever: it is an incident that names it."""
    directory: Any = stretch.runtime.ports.get(Directory)
    if directory is None or not tasks:
        return
    groups = {name for task in tasks for name in task.candidate_groups}
    users = {name for task in tasks for name in task.candidate_users}
    known: frozenset[str] = directory.known(stretch.tx, groups, users)
    for task in tasks:
        offered = (*task.candidate_groups, *task.candidate_users)
        if offered and not known.intersection(offered):
            raise Conflict(
                f"{task.title!r} would be offered to nobody: {', '.join(offered)} is no group and no person.",
                code="task_for_nobody",
                next_step="Add the group or person, or correct what the diagram or decision gives as candidates; then retry.",
                element_id=task.element_id,
            )


def _user_task_row(stretch: Stretch, wait: UserTaskWait) -> dict[str, Any]:
    return {
        "id": wait.task_id,
        "instance_id": stretch.held.id,
        "process_key": stretch.held.process_key,
        "element_id": wait.element_id,
        "name": wait.name,
        "title": wait.title,
        "form_key": wait.form_key,
        "form_data": wait.form_data,
        "state": "open",
        "candidate_groups": list(wait.candidate_groups),
        "candidate_users": list(wait.candidate_users),
        "excluded_users": _excluded(stretch, wait),
        "decides_on": wait.decides_on,
        "works_on": wait.works_on,
        "decision_round": wait.decision_round,
        **_decided_amount(wait),
        "priority": wait.priority,
        "due_at": wait.due_at,
        "sla_at": wait.sla_at,
        "escalate_at": wait.escalate_at,
        "escalate_to": list(wait.escalate_to),
        "instructions": wait.instructions,
        "found_by": " ".join(filter(None, (wait.title, stretch.held.business_key))),
    }


def _decided_amount(wait: UserTaskWait) -> dict[str, Any]:
    kind, amount, currency = wait.decides_amount or ("", None, "")
    return {"decision_kind": kind, "decision_amount": amount, "decision_currency": currency}


def _excluded(stretch: Stretch, wait: UserTaskWait) -> list[str]:
    """Who may not, as the diagram says; where it decides on something, whoever began the instance does not either."""
    began = {stretch.held.started_by} if wait.decides_on and stretch.held.started_by else set()
    return sorted({*wait.excluded_users, *began})


def _timers(stretch: Stretch, after: Waits) -> None:
    known = {wait.task_id: wait.due_at for wait in stretch.before.timers}
    due = {wait.task_id: wait for wait in after.timers}
    _delete(stretch, "timer", (known.keys() - due.keys()) | (stretch.fired - due.keys()))
    rows = [
        {"id": wait.task_id, "instance_id": stretch.held.id, "element_id": wait.element_id, "kind": wait.kind, "due_at": wait.due_at}
        for wait in due.values()
        if known.get(wait.task_id) != wait.due_at or wait.task_id in stretch.fired
    ]
    insert_rows(stretch.tx, timer, rows, on_conflict="(id) DO UPDATE SET due_at = excluded.due_at, kind = excluded.kind, fired = false")


def _subscriptions(stretch: Stretch, after: Waits) -> None:
    known = {wait.task_id for wait in stretch.before.subscriptions}
    _delete(stretch, "subscription", known - {wait.task_id for wait in after.subscriptions})
    rows = [
        {
            "id": wait.task_id,
            "instance_id": stretch.held.id,
            "element_id": wait.element_id,
            "kind": wait.kind,
            "name": wait.name,
            "correlation": _small(wait),
        }
        for wait in after.subscriptions
        if wait.task_id not in known
    ]
    insert_rows(stretch.tx, subscription, rows)


def _small(wait: Subscription) -> Mapping[str, Any]:
    """A correlation is looked up by an index, which takes no long values."""
    if len(json_text.encode(wait.correlation)) > _LONGEST_CORRELATION:
        raise TooLarge(
            f"The correlation of {wait.element_id} takes more than {_LONGEST_CORRELATION} bytes.",
            code="correlation_too_large",
            next_step="Correlate by a number or a short key.",
            element_id=wait.element_id,
        )
    return wait.correlation


def _work(stretch: Stretch, after: Waits) -> None:
    known: Mapping[UUID, Work] = {wait.task_id: wait for wait in stretch.before.work}
    _delete(stretch, "work", known.keys() - {wait.task_id for wait in after.work})
    failures = {each.task_id: each.detail.get("message") for each in stretch.trace if each.outcome == "failed"}
    rows = [
        {
            "id": wait.task_id,
            "instance_id": stretch.held.id,
            "element_id": wait.element_id,
            "handler": wait.handler,
            "input": wait.parameters,
            "state": _state_of(stretch, wait),
            "attempt": max(wait.attempt - 1, 0),
            "idempotency_key": f"{stretch.held.id}:{wait.task_id}",
            "retry": wait.retry,
            "last_error": failures.get(wait.task_id),
        }
        for wait in after.work
        if known.get(wait.task_id) != wait
    ]
    clause = (
        "(id) DO UPDATE SET handler = excluded.handler, state = excluded.state, attempt = excluded.attempt, "
        "last_error = coalesce(excluded.last_error, work.last_error)"
    )
    insert_rows(stretch.tx, work, rows, on_conflict=clause)
    offers.make(stretch, [wait for wait in after.work if known.get(wait.task_id) != wait])


def _state_of(stretch: Stretch, wait: Work) -> str:
    if stretch.runtime.service_tasks.leave_the_house(wait.handler):
        return "offered"
    return "ready" if wait.retry_at is None else "waiting"


def _delete(stretch: Stretch, name: str, ids: Collection[UUID]) -> None:
    if ids:
        stretch.tx.execute(_DELETE[name], {"ids": list(ids)})
