"""Workers outside fetch what is to be done, and each task is locked for whoever gets it.

A fetch locks external tasks and nothing else, for the moment of the fetch: no instance is held while somebody outside is at work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.people import Person
from engine.store import json_text
from engine.store.locks import Lock, take

#: Of two who ask at once, one may find that the other was faster, and looks again.
_ROUNDS: Final = 3
#: Whoever holds a task longer has most likely been forgotten.
LONGEST_LOCK: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Topic:
    """Tasks of which topic, locked for how long; each filter that is given must hold."""

    name: str
    lock: timedelta
    business_key: str | None = None
    process_keys: tuple[str, ...] = ()
    #: Versions of processes: key and number.
    versions: tuple[tuple[str, int], ...] = ()
    #: Variables that the instance must have with these values.
    having: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetch:
    """What a worker asks for. Without an order it is the oldest first."""

    worker_id: str
    topics: tuple[Topic, ...]
    most: int = 1
    by_priority: bool = False
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A task that is locked for a worker. `parameters` are what the diagram gives it, `variables` all that the step sees."""

    id: UUID
    topic: str
    worker_id: str
    locked_until: datetime
    created_at: datetime
    retries: int | None
    priority: int
    element_id: str
    instance_id: UUID
    process_key: str
    process_version: int
    process_version_id: int
    deployment_id: int
    business_key: str | None
    suspended: bool
    last_error: str | None
    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]


def fetch(tx: Session, person: Person, asked: Fetch) -> list[Fetched]:
    """Lock up to `most` tasks for a worker and answer them. Topics that the person may not serve have nothing for them."""
    topics = [topic for topic in asked.topics if person.serves(topic.name)]
    got: list[UUID] = []
    for _ in range(_ROUNDS):
        found = _free(tx, asked, topics, got)
        got += take(tx, Lock.EXTERNAL_TASK, found, skip_locked=True)
        if len(got) >= asked.most or not found:
            break
    if not got:
        return []
    lengths = {topic.name: topic.lock.total_seconds() for topic in topics}
    given = {"ids": got, "account": person.name, "worker_id": asked.worker_id, "lengths": json_text.encode(lengths).decode()}
    locked = tx.execute(_LOCK, given).scalars().all()
    return _in_order(tx, locked, asked)


def next_moment(tx: Session, person: Person, topics: Sequence[str]) -> float | None:
    """In how many seconds a task of these topics is free again whose lock or pause runs out; None where none does."""
    served = [topic for topic in topics if person.serves(topic)]
    seconds: float | None = tx.execute(_NEXT, {"topics": served}).scalar()
    return seconds


def _free(tx: Session, asked: Fetch, topics: Sequence[Topic], without: Sequence[UUID]) -> list[UUID]:
    rows = [
        {
            "topic": topic.name,
            "business_key": topic.business_key,
            "process_keys": topic.process_keys or None,
            "versions": [f"{key}:{version}" for key, version in topic.versions] or None,
            "wanted": topic.having,
        }
        for topic in topics
    ]
    given = {
        "topics": json_text.encode(rows).decode(),
        "without": list(without),
        "most": asked.most - len(without),
        "by_priority": asked.by_priority,
        "newest_first": asked.newest_first,
    }
    return list(tx.execute(_FREE, given).scalars())


def _in_order(tx: Session, ids: Sequence[UUID], asked: Fetch) -> list[Fetched]:
    given = {"ids": list(ids), "by_priority": asked.by_priority, "newest_first": asked.newest_first}
    return [Fetched(**{name: row[name] for name in Fetched.__dataclass_fields__}) for row in tx.execute(_READ, given).mappings()]


_IS_FREE = "(e.locked_until IS NULL OR e.locked_until < now()) AND (e.retries IS NULL OR e.retries > 0)"
_ORDER = """
ORDER BY CASE WHEN :by_priority THEN e.priority END DESC NULLS LAST, CASE WHEN :newest_first THEN e.created_at END DESC NULLS LAST,
  e.created_at, e.id
"""
_FREE = text(f"""
SELECT e.id
FROM jsonb_to_recordset(CAST(:topics AS jsonb)) AS t(topic text, business_key text, process_keys text[], versions text[], wanted jsonb)
JOIN external_task e ON e.topic = t.topic JOIN work w ON w.id = e.id JOIN instance i ON i.id = w.instance_id
JOIN process_version v ON v.id = i.process_version_id
WHERE {_IS_FREE} AND i.state <> 'suspended' AND e.id <> ALL(:without)
  AND NOT EXISTS (SELECT FROM suspension AS s WHERE s.level = 'service_task' AND s.name = w.handler
    OR s.level = 'process' AND s.name = i.process_key AND s.version_id IN (0, i.process_version_id))
  AND (t.business_key IS NULL OR i.business_key = t.business_key)
  AND (t.process_keys IS NULL OR i.process_key = ANY(t.process_keys))
  AND (t.versions IS NULL OR i.process_key || ':' || v.version = ANY(t.versions)) AND i.variables @> t.wanted
{_ORDER} LIMIT :most
""")
_LOCK = text(f"""
UPDATE external_task AS e SET account = :account, worker_id = :worker_id, fetched = fetched + 1,
  expired = expired + (worker_id IS NOT NULL)::int,
  locked_until = now() + (CAST(:lengths AS jsonb) ->> topic)::float * interval '1 second'
WHERE id = ANY(:ids) AND {_IS_FREE} RETURNING id
""")
_READ = text(f"""
SELECT e.id, e.topic, e.worker_id, e.locked_until, e.created_at, e.retries, e.priority, w.element_id, w.instance_id, i.process_key,
  v.version AS process_version, i.process_version_id, v.deployment_id, i.business_key,
  i.state = 'suspended' AS suspended, e.last_error, w.input AS parameters, i.variables || e.variables AS variables
FROM external_task e JOIN work w ON w.id = e.id JOIN instance i ON i.id = w.instance_id
JOIN process_version v ON v.id = i.process_version_id
WHERE e.id = ANY(:ids) {_ORDER}
""")
_NEXT = text("""
SELECT extract(epoch FROM min(locked_until) - now())::float FROM external_task
WHERE topic = ANY(:topics) AND locked_until >= now() AND (retries IS NULL OR retries > 0)
""")
