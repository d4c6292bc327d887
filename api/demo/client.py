"""A small client of our own API: signs in as a person, repeats what a dying server did not answer, and never does a thing twice.

Every POST carries an idempotency key made of the story's run and the step, so that a repeat after a crash finds the first answer.
"""

import http.client
import http.cookiejar
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from engine.problems import Problem
from engine.store import json_text

_PATIENCE_SECONDS = 90
_PAUSE_SECONDS = 0.15


class Person:
    """A signed-in person of the demo."""

    def __init__(self, address: str, name: str, run: str) -> None:
        self.name = name
        self._address = address
        self._run = run
        self._steps = 0
        self._csrf = ""
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())).open

    def get(self, path: str) -> Any:
        """The JSON of an address."""
        return self._call("GET", path)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON."""
        return self._call("POST", path, json_text.encode(body or {}), "application/json")

    def send(self, path: str, body: bytes, media_type: str) -> Any:
        """Send a document."""
        return self._call("POST", path, body, media_type)

    def _call(self, method: str, path: str, body: bytes | None = None, media_type: str = "") -> Any:
        headers = {"Accept": "application/json"}
        if method == "POST":
            self._steps += 1
            headers |= {"Content-Type": media_type, "Idempotency-Key": f"{self._run}:{self.name}:{self._steps}"}
        return self._until_answered(lambda: self._once(method, path, body, headers))

    def _until_answered(self, attempt: Callable[[], Any]) -> Any:
        patience = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                if not self._csrf:
                    self._sign_in()
                return attempt()
            except (ConnectionError, TimeoutError, http.client.HTTPException, urllib.error.URLError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    raise _problem(error) from None
                if time.monotonic() > patience:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        request = urllib.request.Request(self._address + path, data=body, method=method, headers={**headers, "X-CSRF-Token": self._csrf})  # noqa: S310  # our own address
        with self._open(request, timeout=60) as answer:
            data = answer.read()
        return json_text.decode(data) if data else None

    def _sign_in(self) -> None:
        form = urllib.parse.urlencode({"persona": self.name, "next": "/health/live"}).encode()
        with self._open(self._address + "/login", data=form, timeout=60) as answer:
            answer.read()
        self._csrf = self._once("GET", "/api/v1/me", None, {})["csrf_token"]


def _problem(error: urllib.error.HTTPError) -> Problem:
    try:
        body = json_text.decode(error.read())
    except ValueError:
        body = {}
    return Problem(
        f"{error.url}: {error.code} {body.get('detail', error.reason)}",
        code=body.get("code"),
        next_step=body.get("next_step", ""),
        errors=body.get("errors"),
    )
