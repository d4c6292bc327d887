"""A worker of the crash test in a process of its own: `python -m tests.crash.worker_process URL`. It is killed at any moment."""

import signal
import sys
import time
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.jobs.clock import Beat
from engine.jobs.pgqueuer import PgQueuerDispatcher
from engine.jobs.worker import Worker
from engine.runtime.state.effects import EffectLedger
from engine.runtime.state.limits import Limits
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import Kind, ServiceTasks, TaskContext
from engine.store.patience import USUAL
from engine.store.unit_of_work import Database

#: Short leases, so that what a killed worker held is taken over within the test's time.
LIMITS = Limits(lease=timedelta(seconds=3), sweep_grace=timedelta(seconds=1), retry="R9/PT1S", effect_answer=timedelta(seconds=3))


@dataclass(frozen=True)
class Line:
    order_no: str


@dataclass(frozen=True)
class Answer:
    reference: str


def build(url: str) -> Runtime:
    tasks = ServiceTasks()

    @tasks.register("carrier.book", kind=Kind.EXTERNAL)
    def book(line: Line, context: TaskContext, database: Database) -> Answer:
        """Call the outside: slow, and every call leaves its key there."""
        with database.transaction() as tx:
            tx.execute(text("INSERT INTO outside (key) VALUES (:key)"), {"key": context.idempotency_key})
        time.sleep(0.05)
        return Answer(f"R-{line.order_no}")

    @tasks.register("ledger.post")
    def post(line: Line, context: TaskContext, tx: Session, effects: EffectLedger) -> Answer:
        """Write to our own database and leave an effect, exactly once."""
        tx.execute(text("INSERT INTO posting (key) VALUES (:key)"), {"key": context.idempotency_key})
        effects.record("mail", "customer", {"order_no": line.order_no})
        return Answer("posted")

    database = Database(url, patience=USUAL.within(LIMITS.lease))
    return Runtime(database, tasks, {}, PgQueuerDispatcher(database, threads=6), LIMITS)


def main(url: str) -> None:
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])  # the coloured default takes seconds for one traceback
    worker = Worker(build(url), beat=replace(Beat(), tick=0.2, sweep=0.5, effects=0.3))
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()


if __name__ == "__main__":
    main(sys.argv[1])
