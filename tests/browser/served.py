"""One address for the sites that tests serve one after the other: a browser that stays keeps what it fetched and compiled of it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any

from werkzeug.exceptions import ServiceUnavailable
from werkzeug.serving import make_server

from tests.waiting import until

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Address:
    """A server on the loopback that answers with the application of the moment."""

    def __init__(self) -> None:
        self._application: Application = ServiceUnavailable("No test is served.")
        self._busy = 0
        self._counting = Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def serving(self, application: Application) -> Iterator[str]:
        """Answer with the application; gives the URL."""
        before, self._application = self._application, application
        try:
            yield self.url
        finally:
            self._application = before
            # A page that was left may still be asking: whoever takes the database away now would leave its connection open.
            until(lambda: self._busy == 0)

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self._count(1)
        try:
            return self._application(environ, start_response)
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        with self._counting:
            self._busy += step
