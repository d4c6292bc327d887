"""Why an instance is where it is: one sentence, since when, what it waits for, and what would move it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.retry_policy import read_policy
from engine.runtime.read.hierarchy import Cause, causes_below
from engine.runtime.state.limits import DEFAULT_RETRY


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing an instance waits for: user_task, timer, message, signal, condition, work, external_task, retry or incident.

    `task_id` is the instance's own id when the incident is of the instance as a whole.
    """

    kind: str
    task_id: UUID
    element_id: str | None
    what: str
    since: datetime | None
    due_at: datetime | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, for the page, the API and the command line alike."""

    instance_id: UUID
    state: str
    sentence: str
    since: datetime
    next_step: str
    waits: Sequence[Wait] = field(default_factory=tuple)
    #: What has failed below it: the deepest is what it waits for in the end.
    causes: Sequence[Cause] = field(default_factory=tuple)


def explain(tx: Session, instance_id: UUID) -> Explanation:
    """Explain an instance. Raises NotFound."""
    row = tx.execute(_INSTANCE, {"id": instance_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no instance {instance_id}.", code="instance_unknown", next_step="Look for it in the list of instances.")
    waits = waits_of(tx, instance_id)
    sentence, next_step = _words(row, waits)
    since = next((wait.since for wait in waits if wait.since is not None), row.updated_at)
    state = "running" if row.runnable and row.state == "waiting" else row.state
    causes = () if row.ended_at else tuple(causes_below(tx, instance_id))
    return Explanation(instance_id, state, sentence, row.ended_at or since, next_step, tuple(waits), causes)


def waits_of(tx: Session, instance_id: UUID) -> list[Wait]:
    """Everything an instance waits for, the most urgent first. One statement."""
    return sorted((_wait(row) for row in tx.execute(_WAITS, {"id": instance_id})), key=_urgency)


def _wait(row: Any) -> Wait:
    """As it was read; of a call also how many attempts it has in all."""
    if "retry" in row.data:
        attempts = read_policy(row.data.pop("retry") or DEFAULT_RETRY).retries + 1
        row.data["attempts"] = max(attempts, row.data["attempt"])
    return Wait(*row)


def _words(row: Any, waits: Sequence[Wait]) -> tuple[str, str]:
    if row.state in _STOPPED:
        return _STOPPED[row.state](row)
    if row.suspended_by:
        why = row.suspended_why.rstrip(".")
        return f"The process is suspended by {row.suspended_by}: {why}.", "Resume the process under Operations, Work."
    incidents = [wait for wait in waits if wait.kind == "incident"]
    if incidents:
        return _also(_incident(incidents[0], row), incidents)
    return _under_way(row, waits)


def _under_way(row: Any, waits: Sequence[Wait]) -> tuple[str, str]:
    held_back = next((wait for wait in waits if wait.data.get("suspended_by")), None)
    if held_back is not None:
        return _also(_held_back(held_back), waits)
    if row.runnable or row.state == "running":
        return _runnable(row, waits)
    if not waits:
        return "It waits for nothing that is known.", "This is a defect: retry it, and report it with its history."
    if waits[0].kind == "timer" and waits[-1].kind in _SENT:
        return _whichever_comes_first(waits)
    return _also(_SENTENCES[waits[0].kind](waits[0], row), waits)


def _also(words: tuple[str, str], waits: Sequence[Wait]) -> tuple[str, str]:
    others = len(waits) - 1
    if others == 0:
        return words
    return f"{words[0][:-1]}, and for {others} more thing{'s' if others > 1 else ''}.", words[1]


def _runnable(row: Any, waits: Sequence[Wait]) -> tuple[str, str]:
    work = next((wait for wait in waits if wait.kind == "work"), None)
    if row.held:
        doing = f"calling {work.what}" if work else "running it"
        return f"A worker is {doing} at this moment.", "Wait a moment; if the worker dies, another takes over when its lease ends."
    rung = f" since {_time(row.rung_at)}" if row.rung_at else ""
    failed = f" The last try failed: {row.last_error}" if row.last_error else ""
    what = f"It is ready to call {work.what}" if work else "It is ready to go on"
    return f"{what} and no worker has picked it up yet{rung}.{failed}", "See that a worker runs; a lost bell is rung again within a minute."


def _user_task(wait: Wait, row: Any) -> tuple[str, str]:
    who = wait.data["assignee"] or " or ".join([*wait.data["groups"], *wait.data["users"]]) or "anybody"
    overdue = " and is overdue" if wait.due_at and wait.due_at < row.now else ""
    due = f", due {_time(wait.due_at)}{overdue}" if wait.due_at else ""
    return f"It waits for {who} to do {wait.data['title']!r}{due}.", f"Let {who} complete the task."


def _timer(wait: Wait, _row: Any) -> tuple[str, str]:
    return f"It waits at {wait.element_id} until {_time(wait.due_at)}.", "Wait, or move the timer."


def _message(wait: Wait, _row: Any) -> tuple[str, str]:
    return f"It waits for {_sent(wait, 'with')}.", f"Send {wait.what} with these keys."


def _condition(wait: Wait, _row: Any) -> tuple[str, str]:
    next_step = "It goes on when a step writes what makes it true; where none will, skip the event or go back with other variables."
    return f"It waits until {wait.what} is true.", next_step


def _whichever_comes_first(waits: Sequence[Wait]) -> tuple[str, str]:
    others = [wait for wait in waits if wait.kind in _SENT]
    comes = " or ".join(_sent(wait, "for") for wait in others)
    names = " or ".join(wait.what for wait in others)
    return f"It goes on by itself on {_day_and_time(waits[0].due_at)}, or when {comes} comes.", f"Wait, or send {names} with these keys."


def _sent(wait: Wait, joint: str) -> str:
    keys = ", ".join(f"{name} {value}" for name, value in wait.data["correlation"].items())
    return f"the {wait.kind} {wait.what}{f' {joint} {keys}' if keys else ''}"


def _work(wait: Wait, _row: Any) -> tuple[str, str]:
    return f"It waits for {wait.what} to be called.", "See that a worker runs."


def _external_task(wait: Wait, row: Any) -> tuple[str, str]:
    data = wait.data
    held = wait.due_at is not None and wait.due_at > row.now
    what = f"an external worker of the topic {wait.what}"
    if data["worker_id"]:
        until = f"until {_time(wait.due_at)}" if held else f"was not heard of since {_time(wait.due_at)}"
        return f"It waits for {what}: {data['worker_id']} has it {until}.", "Wait; when its time is over, another worker can have it."
    if held:
        return f"It waits for {what}, who may try again at {_time(wait.due_at)}: {data['last_error']}.", "Wait, or see to the cause."
    return f"It waits for {what}; none has it.", "See that a worker asks for this topic."


def _held_back(wait: Wait) -> tuple[str, str]:
    why = str(wait.data["suspended_why"]).rstrip(".")
    return f"{wait.what} is suspended by {wait.data['suspended_by']}: {why}.", "It is called when the service task is resumed."


def _retry(wait: Wait, _row: Any) -> tuple[str, str]:
    why = f": {wait.data['last_error']}" if wait.data["last_error"] else ""
    at = f" at {_time(wait.due_at)}" if wait.due_at else ""
    return (
        f"It tries {wait.what} again{at}, attempt {wait.data['attempt'] + 1} of {wait.data['attempts']}{why}.",
        "Wait; it becomes an incident when no retry is left.",
    )


def _incident(wait: Wait, _row: Any) -> tuple[str, str]:
    where = wait.element_id or "The instance"
    return f"{where} failed: {str(wait.data['message']).rstrip('.')}.", wait.data["next_step"]


#: What somebody sends, rather than what happens by itself.
_SENT = frozenset({"message", "signal"})
_STOPPED: dict[str, Callable[[Any], tuple[str, str]]] = {
    "completed": lambda row: (f"It reached its end at {_time(row.ended_at)}.", "It has nothing left to do."),
    "cancelled": lambda row: (
        f"It was cancelled at {_time(row.ended_at)}: {row.end_reason}.",
        "Nothing is left to do; start it anew if it is needed after all.",
    ),
    "suspended": lambda _row: ("An operator has suspended it; what comes in is noted and applied later.", "Resume it."),
}
_SENTENCES: dict[str, Callable[[Wait, Any], tuple[str, str]]] = {
    "user_task": _user_task,
    "timer": _timer,
    "message": _message,
    "signal": _message,
    "condition": _condition,
    "work": _work,
    "external_task": _external_task,
    "retry": _retry,
    "incident": _incident,
}


def _urgency(wait: Wait) -> tuple[int, str]:
    # What happens by itself is told before what somebody would have to send.
    rank = {"incident": 0, "user_task": 1, "work": 2, "external_task": 2, "retry": 3, "timer": 4, "message": 5, "signal": 6, "condition": 7}
    return rank[wait.kind], wait.due_at.isoformat() if wait.due_at else ""


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}" if moment else "an unknown time"


def _day_and_time(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%b %Y %H:%M %Z}" if moment else "an unknown day"


_INSTANCE = text("""
SELECT i.state, i.process_key, i.business_key, i.wake > i.done OR EXISTS (SELECT FROM inbox WHERE inbox.instance_id = i.id) AS runnable,
       i.lease_until >= now() AS held, i.lease_owner, i.rung_at, i.updated_at, i.ended_at, i.end_reason, i.last_error, i.strikes,
       business_now() AS now, s.suspended_by, s.reason AS suspended_why
FROM instance AS i LEFT JOIN LATERAL (
  SELECT suspended_by, reason FROM suspension
  WHERE level = 'process' AND name = i.process_key AND version_id IN (0, i.process_version_id) LIMIT 1
) AS s ON true WHERE i.id = :id
""")
_WAITS = text(
    "SELECT 'user_task' AS kind, t.id, t.element_id, t.name AS what, t.created_at AS since, t.due_at, "
    "jsonb_build_object('title', t.title, 'assignee', t.assignee, 'groups', t.candidate_groups, 'users', t.candidate_users) AS data "
    "FROM user_task t WHERE t.instance_id = :id AND t.state = 'open' UNION ALL "
    "SELECT 'timer', t.id, t.element_id, t.kind, NULL, t.due_at, jsonb_build_object('fired', t.fired) FROM timer t "
    "WHERE t.instance_id = :id AND t.kind = 'event' UNION ALL "
    "SELECT s.kind, s.id, s.element_id, s.name, s.created_at, NULL, jsonb_build_object('correlation', s.correlation) FROM subscription s "
    "WHERE s.instance_id = :id UNION ALL "
    "SELECT CASE WHEN w.state = 'waiting' THEN 'retry' ELSE 'work' END, w.id, w.element_id, w.handler, w.called_at, t.due_at, "
    "jsonb_build_object('state', w.state, 'attempt', w.attempt, 'retry', w.retry, 'last_error', w.last_error, "
    "'suspended_by', s.suspended_by, 'suspended_why', s.reason) FROM work w "
    "LEFT JOIN timer t ON t.id = w.id "
    "LEFT JOIN suspension s ON s.level = 'service_task' AND s.name = w.handler "
    "WHERE w.instance_id = :id AND w.state <> 'offered' UNION ALL "
    "SELECT 'external_task', w.id, w.element_id, substr(w.handler, 7), x.created_at, x.locked_until, jsonb_build_object("
    "'worker_id', x.worker_id, 'account', x.account, 'retries', x.retries, 'last_error', w.last_error, 'fetched', x.fetched, "
    "'suspended_by', s.suspended_by, 'suspended_why', s.reason) FROM work w JOIN external_task x ON x.id = w.id "
    "LEFT JOIN suspension s ON s.level = 'service_task' AND s.name = w.handler WHERE w.instance_id = :id UNION ALL "
    "SELECT 'incident', coalesce(n.task_id, n.instance_id), n.element_id, coalesce(n.handler, n.element_id, n.kind), n.opened_at, NULL, "
    "jsonb_build_object('incident_id', n.id, 'message', n.message, 'next_step', n.next_step, 'attempt', n.attempt, "
    "'acknowledged_by', n.acknowledged_by) FROM incident n WHERE n.instance_id = :id AND n.state = 'open'"
)
