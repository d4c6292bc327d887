"""How urgent the work of each process is for workers, as a bell knows it: it looks again after a second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.tables.process_settings import USUAL_PRIORITY

_SECONDS: Final = 1.0


@dataclass(slots=True)
class Urgency:
    """Those of the database. Where nothing is set, a ring costs no statement more."""

    _known: Mapping[str, int] = field(default_factory=dict)
    _until: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def of(self, tx: Session, instance_ids: Sequence[UUID]) -> list[int]:
        """The priority of each instance: of two that wait, the higher one is delivered first."""
        known = self._look(tx)
        if not known:
            return [USUAL_PRIORITY] * len(instance_ids)
        keys = {row.id: row.process_key for row in tx.execute(_KEYS, {"ids": list(instance_ids)})}
        return [known.get(keys.get(each, ""), USUAL_PRIORITY) for each in instance_ids]

    def forget(self) -> None:
        """Look again at the next question."""
        self._until = 0.0

    def _look(self, tx: Session) -> Mapping[str, int]:
        if monotonic() >= self._until:
            with self._lock:
                rows = tx.execute(_SET, {"usual": USUAL_PRIORITY})
                self._known, self._until = {row.process_key: row.work_priority for row in rows}, monotonic() + _SECONDS
        return self._known


_SET = text("SELECT process_key, work_priority FROM process_setting WHERE work_priority <> :usual")
_KEYS = text("SELECT id, process_key FROM instance WHERE id = ANY(:ids)")
