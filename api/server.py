"""`serve`: pages, API and, unless workers run apart, a worker, in one process that stops cleanly."""

import errno
import logging
import resource
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from api.app import create_app
from api.camunda7.polls import FETCH, polls_of
from api.http_server import CONNECTIONS, HttpServer
from api.listening import port_taken
from api.product import Product

log = structlog.get_logger()
#: Connections, the database's and files, with room to spare.
_OPEN_FILES = 16_384


class Server:
    """One serving process. `run` blocks until `stop` is called or SIGTERM or SIGINT arrives."""

    def __init__(self, product: Product, listening: socket.socket) -> None:
        self._product = product
        application = create_app(product)
        self._polls = polls_of(application)
        self._polls.most = product.settings.waiting_fetches
        self._http = _listen(product, application, listening)
        self._worker_thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{self._product.settings.host}:{self._http.effective_port}"

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until stopped; what was begun is finished first."""
        worker = self._product.worker
        if worker:
            self._worker_thread = threading.Thread(target=worker.run, name="worker", daemon=True)
            self._worker_thread.start()
        log.info("serving", address=self.address, worker=bool(worker))
        on_ready()
        try:
            self._http.run()
        finally:
            self._finish()

    def stop(self) -> None:
        """Stop from another thread; `run` returns when what was begun is finished."""
        self._http.trigger.pull_trigger(self._close_sockets)

    def _close_sockets(self) -> None:
        self._polls.close()
        self._http.task_dispatcher.shutdown()
        wasyncore.close_all(self._http._map)  # noqa: SLF001  # waitress has no public way to end the loop from another thread

    def _finish(self) -> None:
        if self._product.worker and self._worker_thread:
            self._product.worker.stop()
            self._worker_thread.join(timeout=30)
        self._product.database.close()
        log.info("stopped")


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Threads that answer, and beside them threads for fetches that wait: however many workers wait, pages are answered."""

    def __init__(self, answering: int, waiting: int) -> None:
        super().__init__()
        self.set_thread_count(answering)
        self._waiting = ThreadedTaskDispatcher()
        self._waiting.queue_logger = logging.getLogger("waitress.fetches")
        self._waiting.queue_logger.setLevel(logging.ERROR)  # a thread is begun as one comes: that is no queue
        self._most = waiting

    def add_task(self, task: Any) -> None:
        """Hand a connection with a request to a thread; waiting ones are begun as they are needed."""
        if not _is_fetch(task):
            super().add_task(task)
            return
        busy = self._waiting.active_count + len(self._waiting.queue)
        if busy >= len(self._waiting.threads):
            self._waiting.set_thread_count(min(busy + 1, self._most))
        self._waiting.add_task(task)

    def shutdown(self, *args: Any, **kwargs: Any) -> bool:
        """Let both finish what they have begun."""
        self._waiting.shutdown(*args, **kwargs)
        return bool(super().shutdown(*args, **kwargs))


def _is_fetch(task: Any) -> bool:
    """Whether a connection asks for a fetch. A request that could not be read has no path, and is answered so by whoever is free."""
    return bool(task.requests) and (getattr(task.requests[0], "path", "") or "").endswith(FETCH)


def _listen(product: Product, application: Any, listening: socket.socket) -> Any:
    settings = product.settings
    _allow_connections()
    adjustments = Adjustments(
        sockets=[listening],
        threads=settings.web_threads,
        connection_limit=CONNECTIONS,
        cleanup_interval=1,
        channel_timeout=60,
        asyncore_use_poll=True,  # select ends at the descriptor 1024
        channel_request_lookahead=1,  # so that it is seen when somebody who waits hangs up
        max_request_body_size=settings.max_body_bytes,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **_believed(settings.trusted_proxy),
    )
    try:
        return HttpServer(
            application,
            _sock=listening,
            # One more than may wait: whoever comes then lets the one go that has waited longest.
            dispatcher=Threads(settings.web_threads, settings.waiting_fetches + 1),
            adj=adjustments,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:  # somebody else may begin to listen between our binding and our listening
            raise
        raise port_taken(listening.getsockname()[1]) from None


def _believed(proxy: str) -> dict[str, Any]:
    """One proxy, and what it says of the next before it; whoever else sends such headers has sent none.

    The host is the one it passes on: a proxy that is not told otherwise hands through whatever X-Forwarded-Host its visitor made up.
    """
    if not proxy:
        return {}
    headers = {"x-forwarded-for", "x-forwarded-proto"}
    return {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": headers}


def _allow_connections() -> None:
    """Many systems allow a process 1,024 open files unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def on_signals(stop: Callable[[], None]) -> None:
    """SIGTERM and SIGINT call `stop`, once; what was begun is finished."""

    def handle(number: int, _: FrameType | None) -> None:
        log.info("stopping", signal=signal.Signals(number).name)
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def leave() -> None:
    """End the process by unwinding it: what `run` began is finished on the way."""
    raise SystemExit(0)
