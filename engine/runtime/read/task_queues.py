"""How long the queue of each group is. A group is found by jumping from one to the next in an index, however many tasks each has."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.paging import MOST, AnyRow


def count_by_group(tx: Session) -> Sequence[AnyRow]:
    """Open tasks (`open`) and overdue ones (`late`) by candidate group, each counted up to MOST, the longest queue first. One statement."""
    return tx.execute(_BY_GROUP, {"most": MOST + 1}).all()


_BY_GROUP = text("""
WITH RECURSIVE names AS (
  (SELECT who FROM identity_link WHERE open AND who >= 'group:' AND who < 'group;' ORDER BY who LIMIT 1)
  UNION ALL
  SELECT (SELECT who FROM identity_link WHERE open AND who > names.who AND who < 'group;' ORDER BY who LIMIT 1) FROM names
  WHERE names.who IS NOT NULL
)
SELECT coalesce(nullif(substr(named.who, length('group:') + 1), ''), 'nobody') AS grp, waiting.open, waiting.late
FROM (SELECT who FROM names WHERE who IS NOT NULL UNION ALL SELECT 'anybody') AS named
CROSS JOIN LATERAL (
  SELECT count(*) AS open, count(*) FILTER (WHERE first.due_at < business_now()) AS late
  FROM (SELECT due_at FROM identity_link WHERE who = named.who AND kind = 'candidate' AND open ORDER BY due_at LIMIT :most) AS first
) AS waiting
WHERE waiting.open > 0 ORDER BY waiting.open DESC, grp LIMIT 12
""")
