"""What pages and programs ask about an instance besides its explanation: the diagram it runs."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound

_MODEL = text(
    "SELECT f.content FROM instance i JOIN process_version v ON v.id = i.process_version_id "
    "JOIN deployment_file f ON f.deployment_id = v.deployment_id AND f.path = v.path WHERE i.id = :id"
)


def model_of(tx: Session, instance_id: UUID) -> bytes:
    """The diagram that runs, byte for byte as it was deployed. Raises NotFound."""
    content: bytes | None = tx.execute(_MODEL, {"id": instance_id}).scalar()
    if content is None:
        raise NotFound(f"There is no instance {instance_id}.", code="instance_unknown", next_step="Look for it in the list of instances.")
    return bytes(content)
