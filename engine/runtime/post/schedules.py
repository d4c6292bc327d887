"""Processes that begin by the clock: the timer start events of the latest versions. One fire time begins one instance."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.runtime.post import message_starts
from engine.runtime.post.calendar import next_time
from engine.runtime.state.runtime import Runtime
from engine.store.tables import schedule

_DROP = text("DELETE FROM schedule USING process_version v WHERE v.id = schedule.process_version_id AND v.process_key = :key")
_DUE = text(
    "SELECT s.id, s.process_version_id, v.process_key, s.element_id, s.expression, s.next_due_at, now() AS now FROM schedule s "
    "JOIN process_version v ON v.id = s.process_version_id WHERE s.next_due_at <= now() AND NOT v.retired "
    "ORDER BY s.next_due_at LIMIT :most FOR UPDATE OF s SKIP LOCKED"
)
_NEXT = text("UPDATE schedule SET next_due_at = :next_due_at WHERE id = :id")
_NOW = text("SELECT now()")


def replace(tx: Session, process_key: str, version_id: int, starts: Iterable[Mapping[str, Any]]) -> None:
    """The schedules of a process are those of its latest version."""
    tx.execute(_DROP, {"key": process_key})
    for start in starts:
        now: datetime = tx.execute(_NOW).scalar_one()
        row = {"process_version_id": version_id, "element_id": start["element_id"], "expression": start["name"]}
        tx.execute(insert(schedule).values(next_due_at=_following(start["name"], None, now), **row))


def fire(runtime: Runtime, tx: Session) -> int:
    """Begin an instance for every schedule that is due; answers how many. By the clock, in every worker: the row's lock makes it once."""
    begun = 0
    for due in tx.execute(_DUE, {"most": runtime.limits.batch}).all():
        birth = message_starts.Birth(
            process_version_id=due.process_version_id,
            process_key=due.process_key,
            element_id=due.element_id,
            variables={},
            now=due.now,
            dedupe_key=f"schedule:{due.element_id}:{due.next_due_at.isoformat()}",
            started_by="clock",
        )
        begun += message_starts.try_to_begin(runtime, tx, birth) is not None
        tx.execute(_NEXT, {"id": due.id, "next_due_at": _following(due.expression, due.next_due_at, due.now)})
    return begun


def _following(expression: str, last: datetime | None, now: datetime) -> datetime | None:
    try:
        return next_time(expression, last, now)
    except Problem:
        if last is None:
            raise
        return None
