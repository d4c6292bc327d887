"""What operators have stopped for a while above one instance: all calls of a service task, all instances of a process or a version of it.

Every process keeps them in memory and looks again after a second: a worker elsewhere may begin one more thing within that time.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.store.tables import suspension

SERVICE_TASK: Final = "service_task"
PROCESS: Final = "process"
#: Of a process: every version.
EVERY_VERSION: Final = 0
#: When a call that was held back looks again by itself; who resumes a service task brings it forward.
LOOK_AGAIN: Final = timedelta(minutes=10)
_SECONDS: Final = 1.0
#: Of an `instance` in SQL: no suspension of its process holds it back.
GOES_ON: Final = """NOT EXISTS (SELECT FROM suspension AS s
    WHERE s.level = 'process' AND s.name = instance.process_key AND s.version_id IN (0, instance.process_version_id))"""


@dataclass(frozen=True, slots=True)
class Suspension:
    """What is stopped, by whom, since when and why. `version_id` is 0 for every version of a process, and for a service task."""

    level: str
    name: str
    version_id: int
    reason: str
    suspended_by: str
    suspended_at: datetime


@dataclass(slots=True)
class Suspensions:
    """Those of the database, as this process knows them."""

    _known: tuple[Suspension, ...] = ()
    _until: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def of_service_task(self, tx: Session, name: str) -> Suspension | None:
        """The one that holds back the calls of a service task."""
        return next((each for each in self._look(tx) if each.level == SERVICE_TASK and each.name == name), None)

    def of_process(self, tx: Session, process_key: str, version_id: int) -> Suspension | None:
        """The one that holds back the instances of a version."""
        versions = {EVERY_VERSION, version_id}
        found = (each for each in self._look(tx) if each.level == PROCESS and each.name == process_key and each.version_id in versions)
        return next(found, None)

    def forget(self) -> None:
        """Look again at the next question."""
        self._until = 0.0

    def _look(self, tx: Session) -> tuple[Suspension, ...]:
        if monotonic() >= self._until:
            with self._lock:
                self._known, self._until = tuple(list_suspensions(tx)), monotonic() + _SECONDS
        return self._known


def list_suspensions(tx: Session) -> list[Suspension]:
    """Everything that is stopped, by name. One statement."""
    columns = [suspension.c[name] for name in Suspension.__dataclass_fields__]
    return [Suspension(*row) for row in tx.execute(select(*columns).order_by(suspension.c.level, suspension.c.name))]
