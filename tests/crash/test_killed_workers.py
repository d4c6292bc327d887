"""Workers are killed with SIGKILL at random: nothing is lost, nothing is posted twice, and a repeated call has the key it had before."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.runtime.verbs import deploy, start
from engine.store.unit_of_work import Database
from tests import tiny_models as m
from tests.crash.worker_process import build

ROOT = Path(__file__).resolve().parents[2]
INSTANCES = 60
CHAOS_SECONDS = 14
PATIENCE_SECONDS = 45


@pytest.fixture
def busy(own_database: Database):
    """Orders with three outside calls, a timer and two postings each, all started."""
    runtime = build(own_database.url)
    with own_database.transaction() as tx:
        tx.execute(text("CREATE TABLE outside (key text)"))
        tx.execute(text("CREATE TABLE posting (key text)"))
    steps = [
        m.service("book", "carrier.book", result="booking", order_no="order_no"),
        m.service("post", "ledger.post", order_no="order_no"),
        m.timer("pause", "PT1S"),
        m.service("label", "carrier.book", result="label", order_no="order_no"),
        m.service("notify", "carrier.book", result="notice", order_no="order_no"),
        m.service("close", "ledger.post", order_no="order_no"),
    ]
    bundle = m.bundle("orders", m.start() + "".join(steps) + m.end(), "start -> book -> post -> pause -> label -> notify -> close -> done")
    with own_database.transaction() as tx:
        deploy.deploy(runtime, tx, bundle, "ada")
    for number in range(INSTANCES):
        with own_database.transaction() as tx:
            start.start(runtime, tx, "orders", {"order_no": f"SO-{number}"}, start.StartOptions(f"SO-{number}"))
    yield own_database
    runtime.database.close()


def spawn(database: Database) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.crash.worker_process", database.url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def count(database: Database, sql: str) -> int:
    with database.transaction() as tx:
        return int(tx.execute(text(sql)).scalar_one())


def test_killed_workers_lose_nothing_and_invent_no_key(busy: Database):
    chance = random.Random(20260101)
    workers = [spawn(busy) for _ in range(2)]
    kills = 0
    try:
        until = time.monotonic() + CHAOS_SECONDS
        while kills < 3 or (time.monotonic() < until and count(busy, "SELECT count(*) FROM instance WHERE state <> 'completed'")):
            time.sleep(chance.uniform(0.8, 1.6))
            victim = chance.randrange(len(workers))
            os.kill(workers[victim].pid, signal.SIGKILL)
            workers[victim].wait()
            workers[victim] = spawn(busy)
            kills += 1
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and count(busy, "SELECT count(*) FROM instance WHERE state <> 'completed'"):
            time.sleep(0.3)
    finally:
        for worker in workers:
            worker.terminate()
        stopped = [worker.wait(20) for worker in workers]
    assert set(stopped) <= {0, -signal.SIGTERM}  # the latter: it had not yet begun
    assert count(busy, "SELECT count(*) FROM instance WHERE state = 'completed'") == INSTANCES
    assert count(busy, "SELECT count(DISTINCT key) FROM outside") == 3 * INSTANCES
    assert count(busy, "SELECT count(*) FROM posting") == count(busy, "SELECT count(DISTINCT key) FROM posting") == 2 * INSTANCES
    assert count(busy, "SELECT count(*) FROM effect") == 2 * INSTANCES
    assert count(busy, "SELECT count(*) FROM (SELECT instance_id, element_id FROM history GROUP BY 1, 2 HAVING count(*) > 1) AS twice") == 0
    assert count(busy, "SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM timer) + (SELECT count(*) FROM work)") == 0
    assert count(busy, "SELECT count(*) FROM incident") == 0
