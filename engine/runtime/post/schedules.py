"""Processes that begin by the clock: the timer start events of the latest versions. One fire time begins one instance."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any

from sqlalchemy import Row, insert, text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.post import message_starts
from engine.runtime.state.runtime import Runtime
from engine.spiff.failures import StepFailed
from engine.spiff.process import CompiledProcess
from engine.spiff.timers import Timer, compile_timer, due_from_data, due_to_data
from engine.store import json_text
from engine.store.clock import business_now
from engine.store.locks import Lock, take
from engine.store.tables import schedule

#: The schedules that are due, in SQL.
DUE = """
SELECT s.id FROM schedule AS s JOIN process_version AS v ON v.id = s.process_version_id
WHERE s.next_due_at <= business_now() AND NOT v.retired
"""


def timers_of(process: CompiledProcess, zone: tzinfo) -> dict[str, Timer]:
    """The timers a process begins by, by their element."""
    events = [(element.id, event) for element in process.start_events for event in element.events]
    return {element_id: compile_timer(event, element_id, zone) for element_id, event in events if event.kind == "timer"}


def replace(tx: Session, process_key: str, version_id: int, timers: Mapping[str, Timer]) -> None:
    """The schedules of a process are those of its latest version, counted from now. Raises Invalid where a text gives no time."""
    tx.execute(_DROP, {"key": process_key})
    now = business_now(tx)
    for element_id, timer in timers.items():
        try:
            due = timer.due({}, now)
        except StepFailed as failure:
            raise Invalid(failure.message, code="schedule", next_step=failure.next_step, element_id=element_id) from None
        row = {"process_version_id": version_id, "element_id": element_id, "expression": timer.text, "next_due_at": due.at}
        tx.execute(insert(schedule).values(rhythm=due_to_data(due) if due.every else None, **row))


def fire(runtime: Runtime, tx: Session) -> int:
    """Begin an instance for every schedule that is due; answers how many. By the clock, in every worker: the row's lock makes it once."""
    begun = 0
    free = take(tx, Lock.SCHEDULE, tx.execute(_DUE_NOW, {"most": runtime.limits.batch}).scalars(), skip_locked=True)
    for due in tx.execute(_DUE, {"ids": free}).all() if free else ():
        new = message_starts.NewInstance(
            process_version_id=due.process_version_id,
            process_key=due.process_key,
            element_id=due.element_id,
            variables={},
            now=due.now,
            dedupe_key=f"schedule:{due.element_id}:{due.next_due_at.astimezone(UTC).isoformat()}",
            started_by="clock",
        )
        begun += message_starts.try_to_begin(runtime, tx, new) is not None
        tx.execute(_NEXT, {"id": due.id, **_following(due, runtime.time_zone)})
    return begun


def _following(due: Row[Any], zone: tzinfo) -> dict[str, Any]:
    """When it fires next, never again for one that has fired as often as it should."""
    following = None
    if due.rhythm is not None:
        timer = Timer("cycle", due.expression, f"Timer of {due.element_id}", zone, None)
        following = timer.again(due_from_data(due.rhythm), due.now)
    if following is None:
        return {"next_due_at": None, "rhythm": None}
    return {"next_due_at": following.at, "rhythm": json_text.encode(due_to_data(following)).decode()}


_DROP = text("DELETE FROM schedule USING process_version v WHERE v.id = schedule.process_version_id AND v.process_key = :key")
_DUE_NOW = text(f"{DUE} ORDER BY s.next_due_at, s.id LIMIT :most")
_DUE = text("""
SELECT s.id, s.process_version_id, v.process_key, s.element_id, s.expression, s.next_due_at, s.rhythm, business_now() AS now
FROM schedule AS s JOIN process_version AS v ON v.id = s.process_version_id
WHERE s.id = ANY(:ids) AND s.next_due_at <= business_now() ORDER BY s.next_due_at, s.id
""")
_NEXT = text("UPDATE schedule SET next_due_at = :next_due_at, rhythm = CAST(:rhythm AS jsonb) WHERE id = :id")
