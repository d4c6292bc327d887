"""Which groups' tasks go to one of their people by load, as a process knows them: it looks again after a second."""

from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.store.tables import group_routing

_SECONDS: Final = 1.0


@dataclass(slots=True)
class RoutedGroups:
    """Their names."""

    _known: frozenset[str] = frozenset()
    _until: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def names(self, tx: Session) -> frozenset[str]:
        """Those of the database."""
        if monotonic() >= self._until:
            with self._lock:
                self._known, self._until = frozenset(tx.scalars(select(group_routing.c.group_name))), monotonic() + _SECONDS
        return self._known

    def forget(self) -> None:
        """Look again at the next question."""
        self._until = 0.0
