"""Gives a new task of a group that is routed by load to the one of its people who has the least open tasks and is there.

Nobody is given what they may not decide; where nobody of the group is there, the task stays with the group as any other.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from engine.runtime.state import audit
from engine.runtime.state.directory import Directory
from engine.runtime.state.stretch import Stretch

#: As whom the log knows who has given a task to somebody.
ACTOR = "routing"


def choose(stretch: Stretch, rows: Sequence[Mapping[str, Any]]) -> Mapping[UUID, str]:
    """Who gets which of some new tasks, given as their rows; those that stay with their group are left out."""
    routed = stretch.runtime.routed.names(stretch.tx) if rows else frozenset()
    directory: Any = stretch.runtime.ports.get(Directory)
    if not routed or directory is None:
        return {}
    chosen: dict[UUID, str] = {}
    for row in rows:
        groups = sorted(routed.intersection(row["candidate_groups"]))
        people = directory.people(stretch.tx, groups, ()) if groups else ()
        name = _least(stretch, people, {**row})
        if name is not None:
            chosen[row["id"]] = name
            detail = {"to": name, "groups": groups}
            audit.record(stretch.tx, audit.Entry(ACTOR, "assign", f"user_task:{row['id']}", detail=detail))
    return chosen


def _least(stretch: Stretch, people: Collection[str], row: Mapping[str, Any]) -> str | None:
    free = {"people": list(people), "excluded": row["excluded_users"], "about": row["decides_on"], "round": row["decision_round"]}
    found: str | None = stretch.tx.execute(_LEAST, free).scalar() if people else None
    return found


# Who is away has a deputy for what is theirs already; of new work they get none.
_LEAST = text("""
SELECT candidate FROM unnest(CAST(:people AS text[])) AS candidate
LEFT JOIN LATERAL (
  SELECT count(*) AS open, max(claimed_at) AS last FROM user_task WHERE assignee = candidate AND state = 'open'
) AS load ON true
WHERE candidate <> ALL(CAST(:excluded AS text[]))
  AND NOT EXISTS (SELECT FROM duty_hand WHERE subject = :about AND subject <> '' AND person = candidate AND round IN ('', :round))
  AND NOT EXISTS (SELECT FROM substitution WHERE person = candidate AND begins_at <= business_now() AND ends_at > business_now())
ORDER BY load.open, load.last NULLS FIRST, candidate LIMIT 1
""")
