"""An installation that may call loopback, and an address there that is told things."""

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from api.auth.sealing import ring_of
from handlers.calling import read_networks
from handlers.webhooks.delivering import Sending, send_due
from tests.applications import application_of
from tests.integration.api.conftest import application, client, installation, signed_in  # noqa: F401  # the same people and pages

LOOPBACK = read_networks("127.0.0.1")


class OpenHouse:
    """An installation; `send()` sends what is due and answers how many attempts that were."""

    def __init__(self, house):
        self.database, self.runtime, self.settings = house.database, house.runtime, house.settings
        self.ring = ring_of(house.settings)

    def send(self):
        return send_due(self.runtime, Sending(self.ring, LOOPBACK))


class Told:
    """What an address was told: `answers` are given one after the other, then 204; `headers` go with each."""

    def __init__(self):
        self.messages, self.answers, self.headers = [], [], {}

    def types(self):
        return [body["type"] for _, body, _ in self.messages]


@pytest.fixture
def told():
    """A server on loopback that keeps what it is told."""
    kept = Told()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):  # the library's own word
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            kept.messages.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(raw), raw.decode()))
            self.send_response(kept.answers.pop(0) if kept.answers else 204)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    kept.address = f"http://127.0.0.1:{server.server_port}/hook"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def open_house(installation):  # noqa: F811  # the fixture of the same name
    """The installation with loopback allowed."""
    house = replace(installation, settings=replace(installation.settings, inside_networks="127.0.0.1"))
    application_of(house)
    return OpenHouse(house)
