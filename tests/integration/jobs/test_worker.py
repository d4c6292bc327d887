"""A whole worker: it hears the bell, makes outside calls, fires timers, and stops cleanly."""

import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.jobs.clock import Beat
from engine.jobs.pgqueuer import PgQueuerDispatcher
from engine.jobs.worker import Worker
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, start
from engine.service_tasks import Kind, ServiceTasks, TaskContext
from tests import tiny_models as m
from tests.waiting import until

QUICK = Beat(tick=0.1, sweep=0.5, effects=0.2, housekeeping=60)


@dataclass(frozen=True)
class Parcel:
    order_no: str


class House:
    def __init__(self, database) -> None:
        self.database = database
        self.calls: list[int] = []
        self.began, self.go_on = threading.Event(), threading.Event()
        tasks = ServiceTasks()

        @tasks.register("carrier.book", kind=Kind.EXTERNAL)
        def book(parcel: Parcel, context: TaskContext) -> None:
            """Book a carrier."""
            self.began.set()
            self.go_on.wait(10)
            self.calls.append(context.attempt)

        self.runtime = Runtime(database, tasks, {}, PgQueuerDispatcher(database))
        pause = m.timer("pause", "PT1S")
        elements = m.start() + pause + m.service("book", "carrier.book", order_no="order_no") + m.end()
        with database.transaction() as tx:
            deploy.deploy(self.runtime, tx, m.bundle("parcels", elements, "start -> pause -> book -> done"), "ada")

    def start(self):
        with self.database.transaction() as tx:
            return start.start(self.runtime, tx, "parcels", {"order_no": "SO-1"})

    def state(self, instance) -> str:
        with self.database.transaction() as tx:
            return tx.execute(text("SELECT state FROM instance WHERE id = :id"), {"id": instance}).scalar_one()


@pytest.fixture
def house(database):
    return House(database)


def test_a_worker_fires_a_timer_calls_outside_and_brings_the_instance_to_its_end(house):
    house.go_on.set()
    worker = Worker(house.runtime, threads=4, beat=QUICK)
    thread = threading.Thread(target=worker.run)
    thread.start()
    instance = house.start()
    until(lambda: house.state(instance) == "completed")
    worker.stop()
    thread.join(15)
    assert not thread.is_alive()
    assert house.calls == [1]


def test_a_stopping_worker_finishes_the_call_it_has_begun(house):
    worker = Worker(house.runtime, threads=4, beat=QUICK)
    thread = threading.Thread(target=worker.run)
    thread.start()
    instance = house.start()
    assert house.began.wait(15)
    worker.stop()
    time.sleep(0.3)
    assert thread.is_alive()
    house.go_on.set()
    thread.join(15)
    assert not thread.is_alive()
    assert (house.state(instance), house.calls) == ("completed", [1])


def test_the_sweep_finds_what_no_bell_told(house):
    house.go_on.set()
    deaf = replace(house.runtime, limits=replace(house.runtime.limits, sweep_grace=timedelta(seconds=0.5)))
    instance = house.start()
    worker = Worker(deaf, threads=4, beat=QUICK)
    with house.database.transaction() as tx:
        tx.execute(text("UPDATE timer SET due_at = now() + interval '1 day'"))
        tx.execute(text("DELETE FROM timer"))
        tx.execute(text("UPDATE instance SET wake = wake + 1, rung_at = now() - interval '1 hour'"))
    thread = threading.Thread(target=worker.run)
    thread.start()
    runnable = text("SELECT wake > done FROM instance WHERE id = :id")

    def seen() -> bool:
        with house.database.transaction() as tx:
            return not tx.execute(runnable, {"id": instance}).scalar_one()

    until(seen)
    worker.stop()
    thread.join(15)
