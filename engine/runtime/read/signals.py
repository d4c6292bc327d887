"""The signals that somebody would hear: how many instances wait for each, and which processes begin with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class KnownSignal:
    """A signal by its name, how many instances wait for it now, and the processes that begin with it."""

    name: str
    waiting: int
    begins: Sequence[str]


def list_signals(tx: Session) -> list[KnownSignal]:
    """Every signal that is waited for or begins a process, by name; at most 200."""
    return [KnownSignal(row.name, row.waiting, row.begins) for row in tx.execute(_SIGNALS)]


_SIGNALS = text("""
SELECT name, sum(waiting)::int AS waiting, array_remove(array_agg(process ORDER BY process), NULL) AS begins
FROM (
  SELECT name, count(DISTINCT instance_id) AS waiting, NULL AS process FROM subscription WHERE kind = 'signal' GROUP BY name
  UNION ALL
  SELECT event.name, 0, version.name FROM start_event AS event JOIN process_version AS version ON version.id = event.process_version_id
  WHERE event.kind = 'signal' AND version.latest AND NOT version.retired
) AS known
GROUP BY name ORDER BY name LIMIT 200
""")
