"""The doorbell: all the rest of the product knows of the queue."""

from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session


class Dispatcher(Protocol):
    """Delivers "advance instance X" at least once, in any order, to any number of processes. Lossy is allowed: `sweep` rings again."""

    def ring(self, tx: Session, instance_ids: Iterable[UUID]) -> None:
        """Ring for instances in the caller's transaction: a rollback rings nothing."""

    def run(self, handle: Callable[[UUID], None]) -> None:
        """Hand rung instances to `handle` until `stop`. Blocks."""

    def stop(self) -> None:
        """Let `run` finish what it has begun and return."""
