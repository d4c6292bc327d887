"""Fetches that wait: each in a thread for waiting ones, woken by the database when a task of its topics is there.

One connection listens for all of them, and only while somebody waits. Whoever waits holds no transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Final, TypeVar

import psycopg
import structlog
from flask import current_app, request
from psycopg import sql

from api.product import product
from engine.runtime.advance.offers import CHANNEL

Found = TypeVar("Found")
#: How the address of every fetch ends.
FETCH: Final = "/external-task/fetchAndLock"
_log = structlog.get_logger(__name__)
_EXTENSION: Final = "ordercraft-polls"
#: Seconds: how long the connection stays when nobody waits any more, how often it is looked whether to end, and how long a fetch waits
#: at most until it looks by itself, for a call may be lost.
_LINGER: Final = 5.0
_BEAT: Final = 0.5
_LOOK: Final = 10.0
#: Nobody who asked to wait is answered sooner: some clients ask again at once.
_SHORTEST: Final = 1.0


@dataclass(eq=False, slots=True)
class Waiter:
    """One fetch that waits."""

    topics: frozenset[str]
    called: Event = field(default_factory=Event)
    #: Another needs its thread, or the server ends.
    leaves: bool = False


class Polls:
    """The fetches that wait in this process."""

    def __init__(self) -> None:
        #: How many may wait at once; of more, the one that has waited longest is answered early. None: as many as come.
        self.most: int | None = None
        self._waiting: list[Waiter] = []
        self._lock = Lock()
        self._listeners: dict[str, _Listener] = {}
        self._closed = False

    def until_found(
        self, look: Callable[[], tuple[Sequence[Found], float | None]], topics: Sequence[str], seconds: float
    ) -> Sequence[Found]:
        """What `look` finds, at once or within so many seconds. It also answers in how many seconds it may find something by itself."""
        if seconds <= 0:
            return look()[0]
        begun = monotonic()
        with self._waiter(topics) as waiter:
            while not (_gone() or self._closed):
                waiter.called.clear()
                found, soonest = look()
                left = (min(seconds, _SHORTEST) if waiter.leaves else seconds) - (monotonic() - begun)
                if found or left <= 0:
                    return found
                waiter.called.wait(min(left, _LOOK, _LOOK if soonest is None else soonest + 0.01))
        return ()

    def close(self) -> None:
        """Let everybody go: the server ends."""
        with self._lock:
            self._closed = True
            for waiter in self._waiting:
                waiter.called.set()

    def call(self, topic: str) -> None:
        """A task of a topic is there."""
        with self._lock:
            for waiter in self._waiting:
                if topic in waiter.topics:
                    waiter.called.set()

    @property
    def waits(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting) and not self._closed

    @contextmanager
    def _waiter(self, topics: Sequence[str]) -> Iterator[Waiter]:
        url = product().database.libpq_url
        waiter = Waiter(frozenset(topics))
        with self._lock:
            self._waiting.append(waiter)
            staying = [each for each in self._waiting if not each.leaves]
            if self.most is not None and len(staying) > self.most:
                staying[0].leaves = True
                staying[0].called.set()
            listener = self._listeners.get(url)
            if listener is None or not listener.is_alive():
                listener = self._listeners[url] = _Listener(self, url)
                listener.start()
        listener.listening.wait(_BEAT)
        try:
            yield waiter
        finally:
            with self._lock:
                self._waiting.remove(waiter)


class _Listener(Thread):
    """Hears the database's calls until nobody has waited for a while."""

    def __init__(self, polls: Polls, url: str) -> None:
        super().__init__(name="external-task-calls", daemon=True)
        self._polls = polls
        self._url = url
        self.listening = Event()

    def run(self) -> None:
        """Listen. A connection that is lost ends it: fetches look by themselves, and the next one begins it anew."""
        try:
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                self.listening.set()
                self._listen(connection)
        except psycopg.Error:
            _log.warning("external_task_calls_lost", exc_info=True)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        idle_since = monotonic()
        while monotonic() - idle_since < _LINGER:
            for call in connection.notifies(timeout=_BEAT):
                self._polls.call(call.payload)
            if self._polls.waits:
                idle_since = monotonic()


def polls() -> Polls:
    """Those of the application that answers."""
    found: Polls = current_app.extensions.setdefault(_EXTENSION, Polls())
    return found


def polls_of(application: Any) -> Polls:
    """Those of an application that is served."""
    found: Polls = application.extensions.setdefault(_EXTENSION, Polls())
    return found


def _gone() -> bool:
    """Whether whoever asked has hung up: nothing is locked for them then."""
    asked: Callable[[], bool] | None = request.environ.get("waitress.client_disconnected")
    return asked is not None and asked()
