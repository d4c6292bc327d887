"""Watches every statement of what runs under it: a lock that is taken too late in the written order fails there.

`locks.take` watches the rows it locks; this watches what UPDATE and DELETE lock by themselves. A statement that changes a table whose
place in the order is before a lock already held may only change rows that the transaction has locked before, or has written itself.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Lock, LockOrderError, highest

_CHANGES = re.compile(r"\b(?:UPDATE|DELETE FROM)\s+(?:ONLY\s+)?([a-z_]+)", re.IGNORECASE)
_INSERTS = re.compile(r"\bINSERT INTO\s+([a-z_]+)", re.IGNORECASE)
_BY_TABLE = {lock.value: lock for lock in Lock}
_ON_CONNECTION = "transaction_of_the_session"


@contextmanager
def watching() -> Iterator[None]:
    """Watch everything that happens meanwhile in this process; within itself it changes nothing."""
    if locks.watch.on:
        yield
        return
    locks.watch.on, locks.watch.broken = True, []
    event.listen(Session, "after_begin", _remember)
    event.listen(Engine, "before_cursor_execute", _judge)
    try:
        yield
    finally:
        locks.watch.on = False
        event.remove(Session, "after_begin", _remember)
        event.remove(Engine, "before_cursor_execute", _judge)


def _remember(session, _transaction, connection) -> None:
    connection.info[_ON_CONNECTION] = session


def _judge(connection, _cursor, statement, _parameters, _context, _executemany) -> None:
    session = connection.info.get(_ON_CONNECTION)
    if session is None or not session.in_transaction():
        return  # a statement of nobody's session: what the last one on this connection locked is free
    written = session.info.setdefault("tables_written", set())
    last, held = highest(session), session.info.get("locks_held", {})
    for lock in _changed(statement):
        if last is not None and lock.rank < last.rank and lock not in held and lock.value not in written:
            raise LockOrderError(f"{lock} is changed without having been locked, while {last} is held: {' '.join(statement.split())[:300]}")
    written.update(_INSERTS.findall(statement))


@lru_cache(maxsize=4096)
def _changed(statement: str) -> tuple[Lock, ...]:
    return tuple(sorted({_BY_TABLE[name] for name in _CHANGES.findall(statement) if name in _BY_TABLE}, key=lambda lock: lock.rank))
