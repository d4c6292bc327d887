"""What a transaction has read and would read again: our own company, a customer, the numbers of a policy, an order that it holds.

An answer is kept until this transaction writes a table that it was read from, waits for a lock on one, moves its clock, or gives up a
savepoint; and never longer than the transaction. So what is decided on is read after its lock, as everywhere, and nobody sees an old row
that they changed themselves.
"""

import re
from collections.abc import Callable, Collection, Hashable
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.orm import Session

_KEPT = "read_once"
#: Where a statement says that it writes; what follows ON CONFLICT DO UPDATE is no table and harms nothing.
_WRITES = re.compile(r'\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?)\s+(?:ONLY\s+)?"?(\w+)', re.IGNORECASE)
#: What changes the clock or the schema changes everything.
_CHANGES_ALL = re.compile(r"^\s*(?:ALTER|CREATE|DROP|ROLLBACK|SET)\b|\bset_config\(", re.IGNORECASE)
_MOST_STATEMENTS = 4096

Answer = TypeVar("Answer")
#: What was read, by its key, and the tables that it was read from; without any it is forgotten with whatever is written.
_Answers = dict[Hashable, tuple[Collection[str], Any]]


def read_once(tx: Session, key: Hashable, read: Callable[[], Answer], *, of: Collection[str] = ()) -> Answer:
    """What `read` answers, which the transaction keeps under `key`; `of` names the tables it reads. Nobody changes what is answered."""
    answers = _answers(tx)
    if key in answers:
        kept: Answer = answers[key][1]
        return kept
    answer = read()
    answers[key] = (of, answer)
    return answer


def know(tx: Session, key: Hashable, answer: Any, *, of: Collection[str] = ()) -> None:
    """Keep what was read on the way."""
    _answers(tx)[key] = (of, answer)


def forget(tx: Session, table: str | None = None) -> None:
    """Read anew what was read of a table, or everything."""
    answers: _Answers | None = tx.info.get(_KEPT)  # the connection may have been lost, and then there is nothing to be asked of it
    if answers:
        _forget(answers, None if table is None else frozenset({table}))


def forget_what_is_written(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    """Before each statement of a connection; `Database` listens."""
    answers: _Answers | None = connection.info.get(_KEPT)
    if answers:
        written = _written_by(statement)
        if written is None or written:
            _forget(answers, written)


def end(connection: Connection) -> None:
    """When a transaction has ended; `Database` listens."""
    if not connection.invalidated:
        connection.info.pop(_KEPT, None)


def _answers(tx: Session) -> _Answers:
    answers: _Answers = tx.connection().info.setdefault(_KEPT, {})
    tx.info[_KEPT] = answers
    return answers


def _forget(answers: _Answers, tables: frozenset[str] | None) -> None:
    if tables is None:
        answers.clear()
        return
    for key in [key for key, (of, _) in answers.items() if not of or not tables.isdisjoint(of)]:
        del answers[key]


@lru_cache(maxsize=_MOST_STATEMENTS)
def _written_by(statement: str) -> frozenset[str] | None:
    """The tables that a statement writes; None where it may be any."""
    if _CHANGES_ALL.search(statement):
        return None
    return frozenset(_WRITES.findall(statement))
