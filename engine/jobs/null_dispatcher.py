"""A bell that does not ring: for processes that drain by themselves (tests, scenarios, the benchmark) and for a house without workers."""

from collections.abc import Callable, Iterable
from threading import Event
from uuid import UUID

from sqlalchemy.orm import Session


class NullDispatcher:
    """What is runnable stays in the tables until somebody drains or a worker's sweep finds it."""

    def __init__(self) -> None:
        self._stopped = Event()

    def ring(self, tx: Session, instance_ids: Iterable[UUID]) -> None:
        """Nobody hears it."""

    def run(self, handle: Callable[[UUID], None]) -> None:  # noqa: ARG002  # the port's signature
        """Wait for `stop`; nothing is delivered."""
        self._stopped.wait()

    def stop(self) -> None:
        """Let `run` return."""
        self._stopped.set()
