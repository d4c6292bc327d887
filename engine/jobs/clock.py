"""The clock of a worker: APScheduler with its jobs in memory. Nothing lives in it; it only says when to look into the tables."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.orm import Session

from engine.runtime.operate import batch_work
from engine.runtime.post import escalations, timers
from engine.runtime.state.leases import Rescue
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import held_decisions, housekeeping

_log = structlog.get_logger(__name__)
#: What else is to be tidied up from time to time, each in a transaction of its own.
Chore = Callable[[Session], object]
#: What else is to be done every so many seconds, which opens its own transactions: its name, the seconds, and what it does.
Round = tuple[str, float, Callable[[Runtime], object]]


@dataclass(frozen=True, slots=True)
class Beat:
    """Seconds between two rounds of each duty; leases are renewed three times in their life."""

    tick: float = 0.5
    rescue: float = 1.0
    sweep: float = 15.0
    effects: float = 1.0
    batches: float = 0.5
    housekeeping: float = 300.0


class Clock:
    """Ticks from `start` to `stop`. Any number of clocks may run: every duty locks what it takes."""

    def __init__(self, runtime: Runtime, beat: Beat | None = None, chores: Iterable[Chore] = (), rounds: Iterable[Round] = ()) -> None:
        beat = beat or Beat()
        # Renewing has a thread of its own: a long round of another duty must not let leases run out.
        executors = {"default": ThreadPoolExecutor(3), "renew": ThreadPoolExecutor(1)}
        self._scheduler = BackgroundScheduler(executors=executors, timezone="UTC")
        self._every(beat.tick, "tick", lambda: tick(runtime))
        self._every(beat.tick, "decisions", lambda: held_decisions.carry_out(runtime))
        self._every(beat.sweep, "sweep", lambda: housekeeping.sweep(runtime))
        rescue = Rescue()
        self._every(beat.rescue, "rescue", lambda: housekeeping.rescue(runtime, rescue))
        self._every(beat.effects, "effects", lambda: housekeeping.send_effects(runtime))
        self._every(beat.batches, "batches", lambda: batch_work.work(runtime))
        self._every(beat.housekeeping, "housekeeping", lambda: clean(runtime, chores))
        for name, seconds, act in rounds:
            self._every(seconds, name, partial(act, runtime))
        self._every(runtime.limits.lease.total_seconds() / 3, "renew", lambda: housekeeping.renew(runtime), executor="renew")

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Tick no more; a round that has begun is finished."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _every(self, seconds: float, name: str, act: Callable[[], object], executor: str = "default") -> None:
        def round_() -> None:
            try:
                act()
            except Exception:  # noqa: BLE001  # logged; what is left to do lies in the tables
                _log.exception("round_failed", duty=name)

        # Late is better than never: by default a round that comes a second late, as under load, is left out.
        rules: dict[str, Any] = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._scheduler.add_job(round_, "interval", seconds=seconds, id=name, executor=executor, **rules)


@runtime_checkable
class Prunable(Protocol):
    """A bell whose tables grow when nobody clears them."""

    def prune(self, tx: Session) -> None:
        """Forget what is of no use any more."""


def clean(runtime: Runtime, chores: Iterable[Chore] = ()) -> None:
    """One round of housekeeping."""
    housekeeping.clean(runtime)
    for chore in chores:
        with runtime.database.transaction() as tx:
            chore(tx)
    if isinstance(runtime.dispatcher, Prunable):
        with runtime.database.transaction() as tx:
            runtime.dispatcher.prune(tx)


def tick(runtime: Runtime) -> int:
    """One round of timers, schedules and escalations."""
    with runtime.database.transaction() as tx:
        fired = timers.tick(runtime, tx)
    with runtime.database.transaction() as tx:
        return fired + escalations.escalate(runtime, tx)
