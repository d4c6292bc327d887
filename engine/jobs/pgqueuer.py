"""PgQueuer as the doorbell: jobs are rows on the same PostgreSQL, in a schema of their own, rung in the caller's transaction.

Only fetch, deliver and acknowledge are used; what is to be done, retried or timed lies in the engine's own tables. The worker listens over
asyncpg and runs handlers in threads; PgQueuer's psycopg driver would hold the connection while it listens.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.queries import Queries, SyncQueries
from psycopg import RawCursor
from psycopg.rows import dict_row
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.jobs.urgency import Urgency
from engine.store.locks import Advisory, advisory
from engine.store.unit_of_work import Database

_log = structlog.get_logger(__name__)
_SETTINGS = DBSettings(db_schema="pgqueuer")
_RINGS = QueryQueueBuilder(_SETTINGS)
_ENTRYPOINT = "advance"
_INSTALLED = text("SELECT to_regclass(:name) IS NOT NULL")
_PRUNE = text(f"DELETE FROM {_SETTINGS.qualified.queue_table_log} WHERE created < now() - interval '1 day'")
#: How soon the worker comes back after it lost the database.
_RECONNECT_SECONDS = 1.0

logging.getLogger("pgqueuer").setLevel(logging.WARNING)


class PgQueuerDispatcher:
    """The port over PgQueuer. Its tables are made when they are missing."""

    def __init__(self, database: Database, *, threads: int = 8) -> None:
        self._database = database
        self.threads = max(threads, 2)
        self._urgency = Urgency()
        self._stopped = Event()
        self._shut_down: Callable[[], object] | None = None
        _install(database)

    def ring(self, tx: Session, instance_ids: Iterable[UUID]) -> None:
        """Put one job per instance on the caller's own connection: it is there when the caller commits, and only then."""
        rung = list(instance_ids)
        if rung:
            payloads: list[bytes | None] = [instance_id.bytes for instance_id in rung]
            driver: Any = _OnSession(tx)
            SyncQueries(driver, _RINGS).enqueue([_ENTRYPOINT] * len(payloads), payloads, self._urgency.of(tx, rung))

    def look_again(self) -> None:
        """What is urgent has changed."""
        self._urgency.forget()

    def run(self, handle: Callable[[UUID], None]) -> None:
        """Deliver until `stop`. A lost database is waited for: leases and the sweep see to what was in hand."""
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
        """Forget the log of yesterday's deliveries: PgQueuer never does."""
        tx.execute(_PRUNE)

    async def _listen(self, handle: Callable[[UUID], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self.threads, thread_name_prefix="worker"))
        connection = await asyncpg.connect(self._database.libpq_url)
        environment = (QueryBuilderEnvironment(_SETTINGS), _RINGS, QuerySchedulerBuilder(_SETTINGS))
        manager = QueueManager(Queries(AsyncpgDriver(connection), *environment))

        @manager.entrypoint(_ENTRYPOINT)
        async def _deliver(job: Any) -> None:
            await asyncio.to_thread(_guarded, handle, UUID(bytes=job.payload))

        self._shut_down = lambda: loop.call_soon_threadsafe(manager.shutdown.set)
        if self._stopped.is_set():
            manager.shutdown.set()
        try:
            await manager.run(
                batch_size=max(self.threads // 2, 1),
                max_concurrent_tasks=self.threads,
                dequeue_timeout=timedelta(seconds=5),
                heartbeat_timeout=timedelta(seconds=30),
                log_aggregation_interval=timedelta(0),
            )
        finally:
            self._shut_down = None
            await connection.close()


class _OnSession:
    """PgQueuer's synchronous driver over the session's own psycopg connection, inside its transaction."""

    def __init__(self, tx: Session) -> None:
        self._connection: Any = tx.connection().connection.driver_connection

    def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Run one query with `$1` parameters."""
        cursor = RawCursor(self._connection, row_factory=dict_row)
        cursor.execute(query, args or None)
        return cursor.fetchall()


def _install(database: Database) -> None:
    with database.transaction() as tx:
        advisory(tx, Advisory.PGQUEUER_SCHEMA)
        if not tx.execute(_INSTALLED, {"name": _SETTINGS.qualified.queue_table}).scalar():
            script = QueryBuilderEnvironment(_SETTINGS).build_install_query(create_schema=True)
            connection: Any = tx.connection().connection.driver_connection
            connection.execute(script)


def _guarded(handle: Callable[[UUID], None], instance_id: UUID) -> None:
    """A failing delivery is logged and acknowledged: what is left to do is in the tables, and the sweep rings for it again."""
    try:
        handle(instance_id)
    except Exception:  # noqa: BLE001  # logged; what is left to do lies in the tables
        _log.exception("delivery_failed", instance=str(instance_id))
