"""Service tasks as queues: how much of each is ready, being called, waits for its next attempt or failed, and what holds it back."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.bounds import Bounds
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.suspensions import PROCESS, SERVICE_TASK, Suspension, list_suspensions


@dataclass(frozen=True, slots=True)
class Queue:
    """One service task. `oldest_ready` is since when the first call waits for a worker; `done` counts the answers of the last hour.

    `circuit` is closed, open (nobody calls until `open_until`) or half-open (one call is tried), and null where failures are not counted.
    """

    name: str
    ready: int
    called: int
    retrying: int
    offered: int
    failed: int
    oldest_ready: datetime | None
    next_attempt: datetime | None
    done: int
    circuit: str | None
    failures: int
    open_until: datetime | None
    suspended: Suspension | None

    @property
    def waiting(self) -> int:
        """Everything that is not being called."""
        return self.ready + self.retrying + self.offered


@dataclass(frozen=True, slots=True)
class SuspendedProcess:
    """A process, or one version of it, that is suspended; `version` is null for every version. `instances` counts what it holds back."""

    suspension: Suspension
    name: str
    version: int | None
    instances: int


def list_queues(runtime: Runtime, tx: Session) -> list[Queue]:
    """Every service task that has something to do, has done something within the hour, or is stopped; the fullest first."""
    stopped = {each.name: each for each in list_suspensions(tx) if each.level == SERVICE_TASK}
    waiting = {row.handler: row for row in tx.execute(_WAITING)}
    failed: dict[str, int] = {row.handler: row.many for row in tx.execute(_FAILED)}
    loads = {row.handler: row for row in tx.execute(_LOADS)}
    done = _done(runtime, tx)
    names = {*stopped, *waiting, *failed, *done, *(name for name, row in loads.items() if row.failures)}
    found = [
        _queue(name, waiting.get(name), loads.get(name), _bounds(runtime, name), (failed.get(name, 0), done[name], stopped.get(name)))
        for name in names
    ]
    return sorted(found, key=lambda queue: (-queue.waiting - queue.called - queue.failed, queue.name))


def list_suspended_processes(tx: Session) -> list[SuspendedProcess]:
    """What is suspended of processes, each with how many instances that holds back. Two statements."""
    stopped = {(each.name, each.version_id): each for each in list_suspensions(tx) if each.level == PROCESS}
    rows = tx.execute(_PROCESSES) if stopped else ()
    return [SuspendedProcess(stopped[row.key, row.version_id], row.name, row.version, row.instances) for row in rows]


def _done(runtime: Runtime, tx: Session) -> Counter[str]:
    """Answers of the last hour by service task: the history says which elements, the models what they call."""
    found: Counter[str] = Counter()
    for row in tx.execute(_DONE):
        element = runtime.models.process(tx, row.process_version_id).elements.get(row.element_id)
        if element is not None and element.handler:
            found[element.handler] += row.many
    return found


def _bounds(runtime: Runtime, name: str) -> Bounds | None:
    return runtime.limits.bounds.get(name) or runtime.limits.bounds.get("*")


def _queue(name: str, row: Any, load: Any, bounds: Bounds | None, known: tuple[int, int, Suspension | None]) -> Queue:
    circuit, until = _circuit(load, bounds)
    return Queue(
        name=name,
        ready=row.ready if row else 0,
        called=row.called if row else 0,
        retrying=row.retrying if row else 0,
        offered=row.offered if row else 0,
        failed=known[0],
        oldest_ready=row.oldest_ready if row else None,
        next_attempt=row.next_attempt if row else None,
        done=known[1],
        circuit=circuit,
        failures=load.failures if load else 0,
        open_until=until,
        suspended=known[2],
    )


def _circuit(load: Any, bounds: Bounds | None) -> tuple[str | None, datetime | None]:
    if bounds is None or bounds.failures is None:
        return None, None
    if load is None or load.stopped_until is None or load.failures < bounds.failures:
        return "closed", None
    return ("open", load.stopped_until) if load.still else ("half-open", None)


_WAITING = text("""
SELECT w.handler, count(*) FILTER (WHERE w.state = 'ready') AS ready, count(*) FILTER (WHERE w.state = 'called') AS called,
  count(*) FILTER (WHERE w.state = 'waiting') AS retrying, count(*) FILTER (WHERE w.state = 'offered') AS offered,
  min(i.rung_at) FILTER (WHERE w.state = 'ready') AS oldest_ready, min(t.due_at) FILTER (WHERE w.state = 'waiting') AS next_attempt
FROM work AS w JOIN instance AS i ON i.id = w.instance_id LEFT JOIN timer AS t ON t.id = w.id AND w.state = 'waiting'
WHERE NOT EXISTS (SELECT FROM incident AS n WHERE n.task_id = w.id AND n.instance_id = w.instance_id AND n.state = 'open')
GROUP BY w.handler
""")
_FAILED = text("SELECT handler, count(*) AS many FROM incident WHERE state = 'open' AND handler IS NOT NULL GROUP BY handler")
_LOADS = text("SELECT handler, failures, stopped_until, stopped_until > now() AS still FROM service_task_load")
_DONE = text("""
SELECT i.process_version_id, h.element_id, count(*) AS many FROM history AS h JOIN instance AS i ON i.id = h.instance_id
WHERE h.ended_at > business_now() - interval '1 hour' AND h.element_type = 'serviceTask' AND h.outcome = 'completed'
GROUP BY i.process_version_id, h.element_id
""")
_PROCESSES = text("""
SELECT s.name AS key, s.version_id, v.name, CASE WHEN s.version_id > 0 THEN v.version END AS version, (
  SELECT count(*) FROM instance AS i WHERE i.process_key = s.name AND s.version_id IN (0, i.process_version_id)
    AND i.state IN ('running', 'waiting', 'incident', 'suspended')) AS instances
FROM suspension AS s JOIN process_version AS v ON v.process_key = s.name AND (v.id = s.version_id OR (s.version_id = 0 AND v.latest))
WHERE s.level = 'process' ORDER BY v.name
""")
