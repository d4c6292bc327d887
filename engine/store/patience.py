"""How long the database lets one kind of work last: a statement, a wait for a lock, and a transaction that asks nothing.

Behind every lease stands the database: whoever freezes in the middle of a transaction is ended by the server, not by themselves. The limits
of a connection are those of a request or a worker; what takes longer by its nature says so when it begins its transaction.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

_NONE: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Patience:
    """The three limits; zero is none. `idle` is never longer than a lease: a frozen worker's locks are free when its lease is over."""

    idle: timedelta
    statement: timedelta
    lock: timedelta

    @property
    def options(self) -> str:
        """As the server takes them when a connection begins."""
        return " ".join(f"-c {name}={value}" for name, value in self._settings().items())

    def asked_of(self, tx: Session | Connection) -> None:
        """For the rest of a transaction."""
        tx.execute(_SET, self._settings())

    def within(self, lease: timedelta) -> "Patience":
        """The same, where nobody asks nothing for longer than a lease."""
        return replace(self, idle=min(self.idle, lease))

    def _settings(self) -> dict[str, str]:
        limits = {
            "idle_in_transaction_session_timeout": self.idle,
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
        }
        return {name: str(round(limit.total_seconds() * 1000)) for name, limit in limits.items()}


_SET: Final = text("""
SELECT set_config('idle_in_transaction_session_timeout', :idle_in_transaction_session_timeout, true),
       set_config('statement_timeout', :statement_timeout, true), set_config('lock_timeout', :lock_timeout, true)
""")
#: A request, one stretch of a worker, one round of the clock.
USUAL: Final = Patience(idle=timedelta(seconds=60), statement=timedelta(seconds=60), lock=timedelta(seconds=20))
#: What reads all of something once: the audit chain, the invariants, exports, what happened in a process.
REPORT: Final = replace(USUAL, statement=timedelta(minutes=10))
#: Bringing tables to this version: it takes what it takes, but does not stand in line for ever with everybody behind it.
MIGRATION: Final = Patience(idle=_NONE, statement=_NONE, lock=timedelta(minutes=2))
