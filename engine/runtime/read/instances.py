"""What pages and programs ask about an instance besides its explanation: where it stands, and the diagram it runs."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound

_TOKENS = text(
    "SELECT element_id, 'user_task' AS kind, id AS task_id FROM user_task WHERE instance_id = :id AND state = 'open' UNION ALL "
    "SELECT element_id, 'timer', id FROM timer WHERE instance_id = :id AND kind = 'event' UNION ALL "
    "SELECT element_id, kind, id FROM subscription WHERE instance_id = :id UNION ALL "
    "SELECT element_id, CASE state WHEN 'waiting' THEN 'retry' ELSE 'work' END, id FROM work WHERE instance_id = :id UNION ALL "
    "SELECT element_id, 'incident', task_id FROM incident WHERE instance_id = :id AND state = 'open' AND task_id IS NOT NULL "
    "ORDER BY element_id, kind"
)
_MODEL = text(
    "SELECT f.content FROM instance i JOIN process_version v ON v.id = i.process_version_id "
    "JOIN deployment_file f ON f.deployment_id = v.deployment_id AND f.path = v.path WHERE i.id = :id"
)


def tokens_of(tx: Session, instance_id: UUID) -> list[dict[str, Any]]:
    """Where the instance stands on its diagram: element_id, kind (as in an explanation) and task_id of each waiting place."""
    return [dict(row) for row in tx.execute(_TOKENS, {"id": instance_id}).mappings()]


def model_of(tx: Session, instance_id: UUID) -> bytes:
    """The diagram that runs, byte for byte as it was deployed. Raises NotFound."""
    content: bytes | None = tx.execute(_MODEL, {"id": instance_id}).scalar()
    if content is None:
        raise NotFound(f"There is no instance {instance_id}.", code="instance_unknown", next_step="Look for it in the list of instances.")
    return bytes(content)
