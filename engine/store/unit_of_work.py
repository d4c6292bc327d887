"""Transactions. `.commit(` occurs in this file and nowhere else; a test counts it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from random import uniform
from time import monotonic, sleep
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import Session

from engine.iso8601 import zone_of
from engine.problems import Conflict
from engine.store import json_text, memo
from engine.store.direct import Transaction
from engine.store.locks import forgotten_on_rollback
from engine.store.patience import USUAL, Patience

_BEFORE_COMMIT = "before_commit"
_AFTER_COMMIT = "after_commit"
#: A connection that was used within these seconds is taken to be alive; asking it before each use would cost a round trip.
_TRUSTED_SECONDS = 2.0
#: How many statements a connection keeps prepared. An order from intake to cash is about 250 different ones; a connection that keeps fewer
#: prepares, plans and forgets them in turn.
_PREPARED = 500
#: How often something is tried that another transaction locked out, and the longest pause in seconds before the next time.
ATTEMPTS = 3
_PAUSE = 0.05

Result = TypeVar("Result")


def after_commit(tx: Session, act: Callable[[], None]) -> None:
    """Do something in memory once the transaction is in; a rollback forgets it. It must not fail and not touch the database."""
    tx.info.setdefault(_AFTER_COMMIT, []).append(act)


def before_commit(tx: Session, act: Callable[[], None]) -> None:
    """Do something as the transaction's last act: what takes a lock that everybody wants takes it here, and holds it for a moment."""
    tx.info.setdefault(_BEFORE_COMMIT, []).append(act)


def acts_at_commit(tx: Session) -> Sequence[Callable[[], None]]:
    """What the transaction will do as its last acts, as far as it is known now."""
    acts: Sequence[Callable[[], None]] = tx.info.get(_BEFORE_COMMIT, ())
    return acts


@contextmanager
def savepoint(tx: Session) -> Iterator[None]:
    """A part of a transaction that may fail alone: what it wrote goes with it, and what it would have done at and after the commit.

    Every `except` around a verb that writes is around one of these: a test looks for those that are not.
    """
    lists: list[list[Callable[[], None]]] = [tx.info.setdefault(name, []) for name in (_BEFORE_COMMIT, _AFTER_COMMIT)]
    lengths = [len(acts) for acts in lists]
    try:
        with forgotten_on_rollback(tx), tx.begin_nested():
            yield
    except BaseException:
        memo.forget(tx)
        for acts, length in zip(lists, lengths, strict=True):
            del acts[length:]
        raise


class Collision(Conflict):
    """Two transactions locked each other out, and the database gave this one up; nothing was changed."""

    default_code = "collision"

    def __init__(self) -> None:
        super().__init__("Somebody else changed the same things at the same moment.", next_step="Repeat the request.")


def collided(error: DBAPIError) -> bool:
    """Whether the database gave the transaction up for the sake of others: deadlock, serialization failure, one that asked nothing long.

    Or because another version changed a table under a statement that was prepared.
    """
    return getattr(error.orig, "sqlstate", None) in {"40P01", "40001", "25P03"} or _outdated(error)


def _outdated(error: DBAPIError) -> bool:
    """Whether a table was changed under a statement that this connection has prepared."""
    return getattr(error.orig, "sqlstate", None) == "0A000" and "cached plan" in str(error.orig)


class Database:
    """A PostgreSQL database. `url` is a SQLAlchemy or libpq URL of a server; `time_zone` is the company's, in which its dates are.

    `application` is how the server names our connections to others; `patience` is how long it lets things last. Raises ValueError for a
    zone that does not exist.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 16,
        time_zone: str = "UTC",
        application: str = "ordercraft",
        patience: Patience = USUAL,
    ) -> None:
        self.url = as_psycopg(url)
        self.time_zone: tzinfo = zone_of(time_zone)
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_use_lifo=True,  # few connections are warm rather than all of them lukewarm
            # Compiling costs more than it wins here: what is open, over ninety days, took 1.6 to 2.0 s with it and 0.4 to 0.6 s without.
            connect_args={"options": f"-c TimeZone={time_zone} -c jit=off {patience.options}", "application_name": application},
            json_serializer=lambda value: json_text.encode(value).decode(),
            json_deserializer=json_text.decode,
        )
        event.listen(self.engine, "connect", _remember_statements)
        event.listen(self.engine, "checkin", _note_use)
        event.listen(self.engine, "commit", memo.end)
        event.listen(self.engine, "rollback", memo.end)
        event.listen(self.engine, "before_cursor_execute", memo.forget_what_is_written)
        event.listen(self.engine, "checkout", _ping_when_idle)

    def revived_by(self, revive: Callable[[], object]) -> None:
        """Whenever nobody answers where the server should be, call this once, and connect again."""
        event.listen(self.engine, "do_connect", _reviving(revive))

    @contextmanager
    def transaction(self, patience: Patience | None = None) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises. What may last longer than usual says its `patience`.

        Only the edge (API, pages, worker, command line) opens one.
        """
        # Whoever keeps it and asks again would take another connection, outside of every transaction, and never give it back.
        with Transaction(self.engine, expire_on_commit=False, close_resets_only=False) as session:
            try:
                if patience is not None:
                    patience.asked_of(session)
                yield session
                for act in session.info.get(_BEFORE_COMMIT, ()):
                    act()
                session.commit()
            except DBAPIError as error:
                session.rollback()
                if _outdated(error):  # every resting connection may know it too
                    self.engine.dispose()
                if collided(error):
                    raise Collision from error
                raise
            except BaseException:
                session.rollback()
                raise
        for act in session.info.get(_AFTER_COMMIT, ()):
            act()

    def run(self, act: Callable[[Session], Result], patience: Patience | None = None) -> Result:
        """Do something in one transaction; when another one locked it out, do all of it anew in a fresh one, three times in all.

        Nothing of the attempt before is left, and nobody was told of it: what `act` returns counts once the transaction is in.
        Raises Collision when even the last attempt was given up.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                with self.transaction(patience) as tx:
                    return act(tx)
            except Collision:
                sleep(uniform(0, _PAUSE * attempt))  # noqa: S311  # spreads two that met, guards nothing
        with self.transaction(patience) as tx:
            return act(tx)

    @property
    def libpq_url(self) -> str:
        """The same server for clients that are not SQLAlchemy (asyncpg, psql)."""
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)

    def begin_anew(self) -> None:
        """Connect anew from here on: a connection keeps a buffer as large as the largest thing it ever sent, for ever."""
        self.engine.dispose()

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def as_psycopg(url: str) -> str:
    """Name the driver in a plain `postgres://` or `postgresql://` URL."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def _reviving(revive: Callable[[], object]) -> Callable[..., Any]:
    """Connect, and where nobody answers let the server be started again and connect once more."""

    def connect(dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        try:
            return dialect.connect(*arguments, **named)
        except psycopg.OperationalError:
            revive()
            return dialect.connect(*arguments, **named)

    return connect


def _remember_statements(connection: Any, _record: Any) -> None:
    connection.prepared_max = _PREPARED


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = monotonic()


def _ping_when_idle(connection: Any, record: Any, _proxy: Any) -> None:
    if monotonic() - record.info.get("used", 0.0) < _TRUSTED_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error
