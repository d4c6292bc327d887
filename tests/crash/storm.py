"""A load of orders under which workers and servers are killed, and what must be true of every one of them in the end.

Each order makes three calls outside, two postings with an effect each, waits for a timer and for a message that comes twice. Whoever
starts one or sends the message repeats it until it is acknowledged, as a caller does who had no answer.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Self

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from engine.runtime.verbs import deploy, messages, start
from engine.runtime.verbs.messages import Message
from engine.store.unit_of_work import Database
from tests import tiny_models as m
from tests.crash.worker_process import build

ROOT = Path(__file__).resolve().parents[2]
#: How long nothing at all may come to its end once nothing disturbs it any more.
PATIENCE_SECONDS = 120
#: Orders that may be open: on a slow machine workers are killed faster than they begin, and what waits would only grow.
_MOST_OPEN = 300
_PAUSE = 0.3

_STEPS = (
    m.service("book", "carrier.book", result="booking", order_no="order_no"),
    m.service("post", "ledger.post", order_no="order_no"),
    m.timer("pause", "PT1S"),
    m.service("label", "carrier.book", result="label", order_no="order_no"),
    m.catch("wait_paid", "paid", "={ order_no: order_no }"),
    m.service("notify", "carrier.book", result="notice", order_no="order_no"),
    m.service("close", "ledger.post", order_no="order_no"),
)
_FLOWS = "start -> book -> post -> pause -> label -> wait_paid -> notify -> close -> done"
CALLS, POSTINGS = 3, 2
_HELD = "SELECT count(*) FROM instance WHERE lease_owner IS NOT NULL AND lease_until > now()"
_OPEN = "SELECT count(*) FROM instance WHERE state <> 'completed'"


class Storm:
    """Orders on one database, begun one after the other by a thread of their own, and the workers that see to them."""

    def __init__(self, database: Database, *, workers: int = 2, seed: int = 20260101, most: int = 100_000) -> None:
        self.database = database
        self.chance = random.Random(seed)
        self.acknowledged: list[str] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self._number, self._most = workers, most
        self._enough = Event()
        self._orders = Thread(target=self._begin_orders, daemon=True)

    def __enter__(self) -> Self:
        self.runtime = build(self.database.url)
        with self.database.transaction() as tx:
            tx.execute(text("CREATE TABLE outside (key text)"))
            tx.execute(text("CREATE TABLE posting (key text)"))
            bundle = m.bundle("orders", m.start() + "".join(_STEPS) + m.end(), _FLOWS, outside=m.message("paid"))
            deploy.deploy(self.runtime, tx, bundle, "ada")
        self.workers = [self._spawn() for _ in range(self._number)]
        self._orders.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.runtime.database.close()

    # ---------------------------------------------------------------------------------------------------------------- the orders
    def _begin_orders(self) -> None:
        number = 0
        while number < self._most and not self._enough.is_set():
            number += 1
            order_no = f"SO-{number}"
            if self._acknowledged(lambda: self._start(order_no)):  # noqa: B023  # called at once
                self.acknowledged.append(order_no)
                self._acknowledged(lambda: self._pay(order_no))  # noqa: B023
                self._acknowledged(lambda: self._pay(order_no))  # noqa: B023
            self._enough.wait(0.1)
            while number % 50 == 0 and not self._enough.is_set() and self.count(_OPEN) > _MOST_OPEN:
                self._enough.wait(1)

    def _acknowledged(self, request: Callable[[], None]) -> bool:
        """Repeat until there is an answer, as long as there are to be orders at all."""
        for _ in range(1000):
            try:
                request()
            except SQLAlchemyError:
                time.sleep(_PAUSE)
            else:
                return True
        return False

    def _start(self, order_no: str) -> None:
        with self.runtime.database.transaction() as tx:
            start.start(self.runtime, tx, "orders", {"order_no": order_no}, start.StartOptions(order_no, dedupe_key=order_no))

    def _pay(self, order_no: str) -> None:
        with self.runtime.database.transaction() as tx:
            messages.note(self.runtime, tx, Message("paid", {"order_no": order_no}, message_id=f"paid-{order_no}"))

    # --------------------------------------------------------------------------------------------------------------- the workers
    def kill_one(self) -> None:
        """With SIGKILL, at whatever it is; another one comes in its place."""
        victim = self.chance.randrange(len(self.workers))
        os.kill(self.workers[victim].pid, signal.SIGKILL)
        self.workers[victim].wait()
        self.workers[victim] = self._spawn()

    def freeze_one(self) -> subprocess.Popen[bytes]:
        """With SIGSTOP, while it is at work; another one comes beside it. It keeps its connections, its presence and its leases."""
        victim = self.workers[self.chance.randrange(len(self.workers))]
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if self.count(_HELD):
                os.kill(victim.pid, signal.SIGSTOP)
                time.sleep(0.1)
                if self.count(_HELD):
                    self.workers.append(self._spawn())
                    return victim
                os.kill(victim.pid, signal.SIGCONT)
        raise AssertionError("It was never seen at work.")

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.crash.worker_process", self.database.url]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # ------------------------------------------------------------------------------------------------------------------- the end
    def come_to_an_end(self) -> None:
        """No order is begun any more; those that were are waited for. The workers are the ones there were, asked to stop in the end."""
        self.wait_for_all()
        for worker in self.workers:
            worker.terminate()
        stopped = {worker.wait(20) for worker in self.workers}
        assert stopped <= {0, -signal.SIGTERM}  # the latter: it had not yet begun

    def wait_for_all(self) -> None:
        """Until every order there is has come to its end, if it ever does."""
        self._enough.set()
        self._orders.join(PATIENCE_SECONDS)
        least, since = sys.maxsize, time.monotonic()
        while (left := self.count(_OPEN) + self.count("SELECT count(*) FROM effect WHERE state = 'pending'")) and (
            left < least or time.monotonic() < since + PATIENCE_SECONDS
        ):
            if left < least:
                least, since = left, time.monotonic()
            time.sleep(_PAUSE)

    def count(self, sql: str) -> int:
        """A number out of the database, which may just have come back."""
        for _ in range(100):
            try:
                with self.database.transaction() as tx:
                    return int(tx.execute(text(sql)).scalar_one())
            except DBAPIError:
                time.sleep(_PAUSE)
        raise AssertionError("The database does not come back.")

    def nothing_is_lost_and_nothing_is_there_twice(self) -> None:
        """Every acknowledged order came to its end, each call has one key, and each posting and effect is there once."""
        number = self.count("SELECT count(*) FROM instance")
        assert number >= len(self.acknowledged) > 0
        known = "SELECT count(*) FROM instance WHERE state = 'completed' AND business_key = ANY(string_to_array('{}', ','))"
        assert self.count(known.format(",".join(self.acknowledged))) == len(self.acknowledged)
        assert self.count("SELECT count(*) FROM instance WHERE state = 'completed'") == number
        assert self.count("SELECT count(DISTINCT key) FROM outside") == CALLS * number
        assert self.count("SELECT count(*) FROM posting") == self.count("SELECT count(DISTINCT key) FROM posting") == POSTINGS * number
        assert (
            self.count("SELECT count(*) FROM effect WHERE state = 'kept'") == self.count("SELECT count(*) FROM effect") == POSTINGS * number
        )
        twice = "SELECT count(*) FROM (SELECT instance_id, element_id FROM history GROUP BY 1, 2 HAVING count(*) > 1) AS twice"
        assert self.count(twice) == 0
        assert self.count("SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM timer) + (SELECT count(*) FROM work)") == 0
        assert self.count("SELECT count(*) FROM incident") == 0
