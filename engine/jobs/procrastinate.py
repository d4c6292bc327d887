"""Procrastinate as the doorbell: the second adapter, an optional extra, kept true by the same contract suite.

Only defer and deliver are used. A job left behind by a killed worker stays in its table and harms nobody: the sweep rings again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import UUID

import procrastinate
import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.jobs.urgency import Urgency
from engine.store.locks import Advisory, advisory
from engine.store.unit_of_work import Database

_log = structlog.get_logger(__name__)
_TASK = "advance"
_INSTALLED = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
_PRUNE = text("DELETE FROM procrastinate_jobs WHERE status = 'doing' AND id < (SELECT max(id) - 100000 FROM procrastinate_jobs)")
_RECONNECT_SECONDS = 1.0
_POLL_SECONDS = 0.5

logging.getLogger("procrastinate").setLevel(logging.WARNING)


class ProcrastinateDispatcher:
    """The port over Procrastinate. Its tables are made when they are missing."""

    def __init__(self, database: Database, *, threads: int = 8) -> None:
        self._database = database
        self.threads = max(threads, 2)
        self._urgency = Urgency()
        self._stopped = Event()
        self._shut_down: Callable[[], object] | None = None
        self._ringer = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=database.libpq_url))
        _install(database)

    def ring(self, tx: Session, instance_ids: Iterable[UUID]) -> None:
        """Put one job per instance on the caller's own connection: it is there when the caller commits, and only then."""
        rung = list(instance_ids)
        if not rung:
            return
        connection: Any = tx.connection().connection.driver_connection
        by_priority: dict[int, list[Any]] = {}
        for instance_id, priority in zip(rung, self._urgency.of(tx, rung), strict=True):
            by_priority.setdefault(priority, []).append({"instance_id": str(instance_id)})
        for priority, jobs in by_priority.items():
            self._ringer.configure_task(_TASK, connection=connection, priority=priority).batch_defer(*jobs)

    def look_again(self) -> None:
        """What is urgent has changed."""
        self._urgency.forget()

    def run(self, handle: Callable[[UUID], None]) -> None:
        """Deliver until `stop`. A lost database is waited for."""
        while not self._stopped.is_set():
            try:
                asyncio.run(self._listen(handle))
            except Exception:  # noqa: BLE001  # logged; what is left to do lies in the tables
                _log.exception("queue_lost")
                self._stopped.wait(_RECONNECT_SECONDS)

    def stop(self) -> None:
        """Take no more; what has begun is finished before `run` returns."""
        self._stopped.set()
        if self._shut_down is not None:
            self._shut_down()

    def prune(self, tx: Session) -> None:
        """Forget jobs that killed workers have left behind long ago."""
        tx.execute(_PRUNE)

    async def _listen(self, handle: Callable[[UUID], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self.threads, thread_name_prefix="worker"))
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=self._database.libpq_url, max_size=4))

        @app.task(name=_TASK)
        async def _deliver(instance_id: str) -> None:
            await asyncio.to_thread(_guarded, handle, UUID(instance_id))

        async with app.open_async():
            work = asyncio.create_task(
                app.run_worker_async(
                    concurrency=self.threads,
                    delete_jobs="always",
                    fetch_job_polling_interval=_POLL_SECONDS,
                    install_signal_handlers=False,
                )
            )
            self._shut_down = lambda: loop.call_soon_threadsafe(work.cancel)
            if self._stopped.is_set():
                work.cancel()
            try:
                await work
            except asyncio.CancelledError:
                if not self._stopped.is_set():
                    raise
            finally:
                self._shut_down = None


def _install(database: Database) -> None:
    with database.transaction() as tx:
        advisory(tx, Advisory.PROCRASTINATE_SCHEMA)
        if not tx.execute(_INSTALLED).scalar():
            connection: Any = tx.connection().connection.driver_connection
            connection.execute(procrastinate.schema.SchemaManager.get_schema())


def _guarded(handle: Callable[[UUID], None], instance_id: UUID) -> None:
    try:
        handle(instance_id)
    except Exception:  # noqa: BLE001  # logged; what is left to do lies in the tables
        _log.exception("delivery_failed", instance=str(instance_id))
