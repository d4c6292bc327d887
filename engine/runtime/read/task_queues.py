"""How long the queue of each group is, and how much is on whose desk.

A name is found by jumping from one to the next in an index, however many tasks each has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.paging import MOST, AnyRow

_SHOWN = 12
#: More groups or people than anybody looks through.
_ALL = 200


@dataclass(frozen=True, slots=True)
class PersonsTasks:
    """The open tasks that somebody has taken, and those of them that are overdue; each counted up to MOST."""

    person: str
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class TaskQueue:
    """The open tasks of a group that nobody has taken, and those that are overdue; `by_load`: new ones go to one of its people."""

    group: str
    open: int
    late: int
    by_load: bool


def count_by_group(tx: Session) -> Sequence[AnyRow]:
    """Open tasks (`open`) and overdue ones (`late`) by candidate group, each counted up to MOST, the longest queue first. One statement."""
    return tx.execute(_BY_GROUP, {"first": "group:", "end": "group;", "kind": "candidate", "free": False, "most": MOST + 1}).all()[:_SHOWN]


def list_desks(tx: Session) -> list[PersonsTasks]:
    """On whose desk how much is, the most first. One statement."""
    asked = {"first": "user:", "end": "user;", "kind": "assignee", "free": False, "most": MOST + 1}
    return [PersonsTasks(row.grp, row.open, row.late) for row in tx.execute(_BY_GROUP, asked) if row.grp != "nobody"]


def list_queues(tx: Session, groups: Sequence[str], by_load: Sequence[str]) -> list[TaskQueue]:
    """What waits to be taken in each group, the longest queue first, then the groups in which nothing waits. One statement."""
    asked = {"first": "group:", "end": "group;", "kind": "candidate", "free": True, "most": MOST + 1}
    waiting = {row.grp: row for row in tx.execute(_BY_GROUP, asked)}
    found = [TaskQueue(name, row.open, row.late, name in by_load) for name, row in waiting.items()]
    return [*found, *(TaskQueue(name, 0, 0, name in by_load) for name in sorted({*groups, *by_load}) if name not in waiting)]


_BY_GROUP = text(f"""
WITH RECURSIVE names AS (
  (SELECT who FROM identity_link WHERE open AND who >= :first AND who < :end ORDER BY who LIMIT 1)
  UNION ALL
  SELECT (SELECT who FROM identity_link WHERE open AND who > names.who AND who < :end ORDER BY who LIMIT 1) FROM names
  WHERE names.who IS NOT NULL
)
SELECT coalesce(nullif(substr(named.who, length(:first) + 1), ''), 'nobody') AS grp, waiting.open, waiting.late
FROM (SELECT who FROM names WHERE who IS NOT NULL UNION ALL SELECT 'anybody') AS named
CROSS JOIN LATERAL (
  SELECT count(*) AS open, count(*) FILTER (WHERE first.due_at < business_now()) AS late
  FROM (
    SELECT due_at FROM identity_link WHERE who = named.who AND kind = :kind AND open AND (free OR NOT :free) ORDER BY due_at LIMIT :most
  ) AS first
) AS waiting
WHERE waiting.open > 0 ORDER BY waiting.open DESC, grp LIMIT {_ALL}
""")
