"""Keeps the load of a service task within its bounds, by all workers together: a call that may not be made now waits, and costs no attempt.

A task without bounds costs no statement.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from engine.runtime.state.bounds import Bounds
from engine.runtime.state.runtime import Runtime
from engine.spiff.calls import CallOutcome, Failure, ServiceCall
from engine.store.locks import Advisory, advisory

#: How long a call waits at least before it asks again: no bell tells it that another has ended.
_PAUSE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Load:
    """The bounds of one service task, and how they are kept."""

    runtime: Runtime
    handler: str
    bounds: Bounds

    def refuse(self, request: ServiceCall, now: datetime) -> Failure | None:
        """Why the call is not made now, with the time to ask again; None where it may be made, and then it is counted."""
        with self.runtime.database.transaction() as tx:
            if self.bounds.at_once is not None:
                advisory(tx, Advisory.SERVICE_TASK_LOAD, self.handler)
                under_way: int = tx.execute(_UNDER_WAY, {"handler": self.handler, "id": request.task_id}).scalar_one()
                if under_way >= self.bounds.at_once:
                    return self._later(f"{under_way} calls are under way, and at most {self.bounds.at_once} may be.", now, _PAUSE)
            stopped = None if self.bounds.failures is None else self._stopped(tx)
            if stopped is not None:
                return self._later(f"it failed {self.bounds.failures} times one after the other.", now, stopped)
            wait = None if self.bounds.calls is None else self._full(tx)
            if wait is None:
                tx.execute(_UNDER_WAY_TOO, {"id": request.task_id})
        if wait is None:
            return None
        return self._later(f"{self.bounds.calls} calls were begun within {self.bounds.per.total_seconds():g} s.", now, wait)

    def note(self, outcome: CallOutcome) -> None:
        """Count a failure of the outside; anything else ends the row of failures."""
        if self.bounds.failures is None:
            return
        failed = isinstance(outcome, Failure) and outcome.counts and not outcome.errors
        told = {"handler": self.handler, "most": self.bounds.failures, "pause": self.bounds.pause}
        with self.runtime.database.transaction() as tx:
            tx.execute(_FAILED if failed else _WENT_WELL, told)

    def _later(self, why: str, now: datetime, wait: timedelta) -> Failure:
        at = now + max(wait, _PAUSE)
        return Failure(
            "load_bounded", f"{self.handler} is not called now: {why}", "It is called by itself later.", retry_at=at, counts=False
        )

    def _stopped(self, tx: Any) -> timedelta | None:
        """How long nobody calls, where there were too many failures. Of those who may try again after the pause, one does."""
        asked = {"handler": self.handler, "most": self.bounds.failures, "pause": self.bounds.pause}
        row = tx.execute(_OPEN, asked).one_or_none()
        if row is None or tx.execute(_TRY_ONE, asked).first() is not None:
            return None
        return timedelta(seconds=float(tx.execute(_OPEN, asked).one().wait))

    def _full(self, tx: Any) -> timedelta | None:
        """How long the next call waits, where as many have begun as may; else it is counted."""
        asked = {"handler": self.handler, "most": self.bounds.calls, "per": self.bounds.per}
        if tx.execute(_COUNT, asked).first() is not None:
            return None
        return timedelta(seconds=float(tx.execute(_REST, asked).scalar_one()))


def load_of(runtime: Runtime, handler: str) -> Load | None:
    """The bounds that a service task has; None where it has none."""
    bounds = runtime.limits.bounds.get(handler) or runtime.limits.bounds.get("*")
    return None if bounds is None else Load(runtime, handler, bounds)


_UNDER_WAY = text("SELECT count(*) FROM work WHERE handler = :handler AND state = 'called' AND under_way AND id <> :id")
_UNDER_WAY_TOO = text("UPDATE work SET under_way = true WHERE id = :id")
_OPEN = text("""
SELECT greatest(extract(epoch FROM stopped_until - now()), 0) AS wait FROM service_task_load
WHERE handler = :handler AND failures >= :most AND stopped_until IS NOT NULL
""")
_TRY_ONE = text("""
UPDATE service_task_load SET stopped_until = now() + CAST(:pause AS interval)
WHERE handler = :handler AND failures >= :most AND stopped_until <= now() RETURNING handler
""")
_COUNT = text("""
INSERT INTO service_task_load AS load (handler, calls, counted_from) VALUES (:handler, 1, now())
ON CONFLICT (handler) DO UPDATE SET
  calls = CASE WHEN load.counted_from + CAST(:per AS interval) <= now() THEN 1 ELSE load.calls + 1 END,
  counted_from = CASE WHEN load.counted_from + CAST(:per AS interval) <= now() THEN now() ELSE load.counted_from END
WHERE load.calls < :most OR load.counted_from + CAST(:per AS interval) <= now()
RETURNING handler
""")
_REST = text("""
SELECT greatest(extract(epoch FROM counted_from + CAST(:per AS interval) - now()), 0) FROM service_task_load WHERE handler = :handler
""")
_FAILED = text("""
INSERT INTO service_task_load AS load (handler, failures, stopped_until)
VALUES (:handler, 1, CASE WHEN :most = 1 THEN now() + CAST(:pause AS interval) END)
ON CONFLICT (handler) DO UPDATE SET failures = load.failures + 1,
  stopped_until = CASE WHEN load.failures + 1 >= :most THEN now() + CAST(:pause AS interval) END
""")
_WENT_WELL = text("UPDATE service_task_load SET failures = 0, stopped_until = NULL WHERE handler = :handler AND failures > 0")
