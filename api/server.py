"""`serve`: pages, API and, unless workers run apart, a worker, in one process that stops cleanly."""

import errno
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog
from waitress import wasyncore
from waitress.server import create_server

from api.app import create_app
from api.listening import port_taken
from api.product import Product

log = structlog.get_logger()


class Server:
    """One serving process. `run` blocks until `stop` is called or SIGTERM or SIGINT arrives."""

    def __init__(self, product: Product, listening: socket.socket) -> None:
        self._product = product
        self._http = _listen(product, listening)
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
        self._http.task_dispatcher.shutdown()
        wasyncore.close_all(self._http._map)  # noqa: SLF001  # waitress has no public way to end the loop from another thread

    def _finish(self) -> None:
        if self._product.worker and self._worker_thread:
            self._product.worker.stop()
            self._worker_thread.join(timeout=30)
        self._product.database.close()
        log.info("stopped")


def _listen(product: Product, listening: socket.socket) -> Any:
    try:
        return create_server(
            create_app(product),
            sockets=[listening],
            threads=product.settings.web_threads,
            max_request_body_size=product.settings.max_body_bytes,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:  # somebody else may begin to listen between our binding and our listening
            raise
        raise port_taken(listening.getsockname()[1]) from None


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
