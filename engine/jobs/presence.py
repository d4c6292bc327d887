"""Says to all others that this process lives: it holds a lock that ends with its connection, and the connection ends with it.

A lease says until when an instance is somebody's; the lock says whether there is still somebody. So what a killed worker had is rescued
within seconds, and a lease may be as long as a slow call needs. Who only lost the connection has it again before anybody acts on it, and
whatever is taken from them too early they cannot save: every save is fenced by the lease.
"""

from threading import Event, Thread
from typing import Final

import psycopg
import structlog

from engine.store.locks import hold_presence
from engine.store.unit_of_work import Database

_log = structlog.get_logger(__name__)
#: Seconds between two looks at the connection, and before it is made anew.
_BEAT: Final = 1.0


class Presence:
    """Of one process, from `start` to `stop`."""

    def __init__(self, database: Database, process: int) -> None:
        self._url = database.libpq_url
        self._process = process
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Be there."""
        self._thread = Thread(target=self._run, name="presence", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be there no more."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                    hold_presence(connection, self._process)
                    while not self._stopped.wait(_BEAT):
                        connection.execute("SELECT 1")
            except psycopg.Error:
                _log.warning("presence_lost", exc_info=True)
                self._stopped.wait(_BEAT)
