"""Says to all others that this process lives: it holds a lock that ends with its connection, and the connection ends with it.

A lease says until when an instance is somebody's; the lock says whether there is still somebody. So what a killed worker had is rescued
within seconds, and a lease may be as long as a slow call needs. Who only lost the connection has it again before anybody acts on it, and
whatever is taken from them too early they cannot save: every save is fenced by the lease.
"""

from importlib.metadata import PackageNotFoundError, version
from os import getpid
from socket import gethostname
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

    def __init__(self, database: Database, process: int, threads: int = 1) -> None:
        self._url = database.libpq_url
        self._process = process
        self._row = {"process": process, "name": f"{gethostname()}:{getpid()}", "version": _version(), "threads": threads}
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
                    connection.execute(_HERE, self._row)
                    while not self._stopped.wait(_BEAT):
                        connection.execute(_STILL_HERE, self._row)
                    connection.execute(_GONE, self._row)
            except psycopg.Error:
                _log.warning("presence_lost", exc_info=True)
                self._stopped.wait(_BEAT)


def _version() -> str:
    try:
        return version("ordercraft")
    except PackageNotFoundError:  # run from its sources, not installed
        return "unknown"


_HERE: Final = """
INSERT INTO worker (process, name, version, threads) VALUES (%(process)s, %(name)s, %(version)s, %(threads)s)
ON CONFLICT (process) DO UPDATE SET seen_at = now()
"""
# What is written once in ten seconds costs nothing, and the question in between tells whether the connection is there.
_STILL_HERE: Final = "UPDATE worker SET seen_at = now() WHERE process = %(process)s AND seen_at < now() - interval '10 s'"
# Those that were killed are nobody's to take away but ours.
_GONE: Final = "DELETE FROM worker WHERE process = %(process)s OR seen_at < now() - interval '1 day'"
