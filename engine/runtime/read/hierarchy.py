"""The instances above and below one: who began it, and the failures far down that it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.paging import AnyRow

#: So many levels are gone up or down.
_DEEPEST: Final = 20
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Cause:
    """An open incident of an instance that was begun by another one, at some remove: the deepest is what all above it wait for."""

    instance_id: UUID
    business_key: str | None
    process_name: str
    element_id: str | None
    message: str
    next_step: str
    since: datetime
    #: How many instances it is below: 1 for one that the instance itself began.
    depth: int


def causes_below(tx: Session, instance_id: UUID) -> Sequence[Cause]:
    """What has failed among the instances that this one began, and those that they began; the deepest first. One statement."""
    return [Cause(*row) for row in tx.execute(_BELOW, {"id": instance_id, "deepest": _DEEPEST, "shown": _SHOWN})]


def callers(tx: Session, instance_id: UUID) -> Sequence[AnyRow]:
    """The instances that began this one, the first of all at the top: `id`, `business_key`, `process_name`. One statement."""
    return tx.execute(_ABOVE, {"id": instance_id, "deepest": _DEEPEST}).all()


_BELOW = text("""
WITH RECURSIVE below AS (
  SELECT i.id, i.state, i.business_key, i.process_version_id, 1 AS depth FROM instance AS i WHERE i.started_by_instance_id = :id
  UNION ALL
  SELECT i.id, i.state, i.business_key, i.process_version_id, below.depth + 1
  FROM instance AS i JOIN below ON i.started_by_instance_id = below.id WHERE below.depth < :deepest
)
SELECT below.id, below.business_key, v.name, n.element_id, n.message, n.next_step, n.opened_at, below.depth
FROM below JOIN incident AS n ON n.instance_id = below.id AND n.state = 'open' JOIN process_version AS v ON v.id = below.process_version_id
WHERE below.state IN ('incident', 'suspended') ORDER BY below.depth DESC, n.id LIMIT :shown
""")
_ABOVE = text("""
WITH RECURSIVE above AS (
  SELECT id, started_by_instance_id, business_key, process_version_id, 0 AS height FROM instance WHERE id = :id
  UNION ALL
  SELECT i.id, i.started_by_instance_id, i.business_key, i.process_version_id, above.height + 1
  FROM instance AS i JOIN above ON i.id = above.started_by_instance_id WHERE above.height < :deepest
)
SELECT above.id, above.business_key, v.name AS process_name FROM above JOIN process_version AS v ON v.id = above.process_version_id
WHERE above.height > 0 ORDER BY above.height DESC
""")
