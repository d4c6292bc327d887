"""Whoever has no account does all at once that holds a server: who is signed in is answered, health is said, memory comes back."""

import socket
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from api.auth.accounts import NewAccount, add_account
from tests.waiting import until

PASSWORD = "orchid-lantern-42"
HALF = b"GET /login HTTP/1.1\r\nHost: he"
SLOW = b"POST /login HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500000\r\n\r\nname="
#: The bounds of the promise, in seconds: what is measured lies far below.
HEALTH, PAGE = 1.0, 3.0
SECONDS, HALVES, BODIES, GUESSERS = 12, 400, 60, 8


class Attack:
    """Half-sent heads that are opened anew when they are cut, bodies that drip, and wrong passwords, until it is over."""

    def __init__(self, port):
        self._at, self._over = ("127.0.0.1", port), threading.Event()
        self.guesses, self.opened = [], 0
        work = [self._hold(HALF)] * HALVES + [self._hold(SLOW)] * BODIES
        self._threads = [
            threading.Thread(target=self._keep, args=(work,)),
            *(threading.Thread(target=self._guess) for _ in range(GUESSERS)),
        ]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for each in self._threads:
            each.join()

    def _hold(self, beginning):
        def open_one():
            connection = socket.create_connection(self._at, timeout=5)
            connection.sendall(beginning)
            connection.settimeout(0)
            self.opened += 1
            return connection

        return open_one

    def _keep(self, work):
        """One thread holds them all: each drips a byte a second and is opened anew when it was cut."""
        held = [None] * len(work)
        while not self._over.wait(1):
            for number, begin in enumerate(work):
                try:
                    held[number] = held[number] or begin()
                    held[number].send(b"x")
                except OSError:
                    with suppress(OSError, AttributeError):
                        held[number].close()
                    held[number] = None
        for each in filter(None, held):
            each.close()

    def _guess(self):
        with httpx.Client(timeout=30) as client:
            while not self._over.is_set():
                name = f"nobody-{len(self.guesses)}" if len(self.guesses) % 2 else "nora"
                answer = client.post(f"http://127.0.0.1:{self._at[1]}/login", data={"name": name, "password": "hunter2"})
                self.guesses.append(answer.status_code)


def resident(pid):
    """What a process holds in memory, in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def asked(client, address, every, during):
    """How long an address took to answer, again and again while it lasts."""
    times, end = [], time.monotonic() + during
    while time.monotonic() < end:
        began = time.monotonic()
        assert client.get(address).status_code == 200, address
        times.append(time.monotonic() - began)
        time.sleep(every)
    return times


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_half_sent_requests_slow_bodies_and_wrong_passwords_at_once_keep_nobody_waiting_and_memory_comes_back(house, capsys):
    installation = house()
    process = installation.serve()
    with closing(installation.postgres()) as database, database.transaction() as tx:
        add_account(tx, NewAccount("nora", "Nora Newcomer", ("sales",), password=PASSWORD))
    with httpx.Client(base_url=installation.address, timeout=30) as nora, httpx.Client(base_url=installation.address, timeout=30) as probe:
        assert nora.post("/login", data={"name": "nora", "password": PASSWORD}).status_code == 302
        asked(nora, "/worklist", 0.1, 2)
        fresh, pages = resident(process.pid), []
        with Attack(installation.port) as attack:
            reader = threading.Thread(target=lambda: pages.extend(asked(nora, "/worklist", 0.2, SECONDS)))
            reader.start()
            health = asked(probe, "/health/live", 0.05, SECONDS)
            reader.join()
        until(lambda: resident(process.pid) < fresh + 100)
        after = resident(process.pid)
    assert set(attack.guesses) <= {401, 429, 503}, "refused, told to wait, or told that too many ask"
    assert max(health) < HEALTH
    assert max(pages) < PAGE
    with capsys.disabled():
        print(  # noqa: T201  # what was measured
            f"\n{attack.opened} connections half-sent or dripping, {len(attack.guesses)} wrong passwords in {SECONDS} s: "
            f"/health/live {len(health)} times, longest {max(health) * 1000:.0f} ms; a signed-in page {len(pages)} times, "
            f"longest {max(pages) * 1000:.0f} ms; memory {fresh:.0f} MB, then {after:.0f} MB"
        )
