"""A worker: hears the bell, advances instances, and keeps the clock. In a thread of `serve`, or alone in `ordercraft worker`."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable
from uuid import UUID

import structlog

from engine.jobs.clock import Beat, Chore, Clock, Round
from engine.jobs.presence import Presence
from engine.runtime.advance.advance import advance
from engine.runtime.state.runtime import Runtime

_log = structlog.get_logger(__name__)


@runtime_checkable
class Threaded(Protocol):
    """A bell that runs its handlers in threads."""

    threads: int


class Worker:
    """`run` blocks until `stop` is called from another thread or a signal handler; what was begun is finished."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        threads: int | None = None,
        beat: Beat | None = None,
        chores: Iterable[Chore] = (),
        rounds: Iterable[Round] = (),
    ) -> None:
        self._runtime = runtime
        self._clock = Clock(runtime, beat, tuple(chores), tuple(rounds))
        if threads is not None and isinstance(runtime.dispatcher, Threaded):
            runtime.dispatcher.threads = threads
        at_once = runtime.dispatcher.threads if isinstance(runtime.dispatcher, Threaded) else 1
        self._presence = Presence(runtime.database, runtime.leases.process, at_once)

    def run(self) -> None:
        """Work until stopped."""
        _log.info("worker_started")
        self._presence.start()
        self._clock.start()
        try:
            self._runtime.dispatcher.run(self._advance)
        finally:
            self._clock.stop()
            self._presence.stop()
            _log.info("worker_stopped")

    def stop(self) -> None:
        """Take nothing new and let `run` return once everything begun is finished. May be called twice."""
        self._runtime.dispatcher.stop()

    def _advance(self, instance_id: UUID) -> None:
        advance(self._runtime, instance_id)
