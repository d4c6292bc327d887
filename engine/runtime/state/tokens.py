"""Where an instance stands on its diagram."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_TOKENS = text(
    "SELECT element_id, 'user_task' AS kind, id AS task_id FROM user_task WHERE instance_id = :id AND state = 'open' UNION ALL "
    "SELECT element_id, 'timer', id FROM timer WHERE instance_id = :id AND kind = 'event' UNION ALL "
    "SELECT element_id, kind, id FROM subscription WHERE instance_id = :id UNION ALL "
    "SELECT element_id, CASE state WHEN 'waiting' THEN 'retry' ELSE 'work' END, id FROM work WHERE instance_id = :id UNION ALL "
    "SELECT element_id, 'incident', task_id FROM incident WHERE instance_id = :id AND state = 'open' AND task_id IS NOT NULL "
    "ORDER BY element_id, kind"
)


def tokens_of(tx: Session, instance_id: UUID) -> list[dict[str, Any]]:
    """Where the instance stands on its diagram: element_id, kind (as in an explanation) and task_id of each waiting place."""
    return [dict(row) for row in tx.execute(_TOKENS, {"id": instance_id}).mappings()]
