"""The workers: which processes work, since when, how they were heard of, and what each holds."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.leases import process_of
from engine.store.locks import present


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker. `alive`: it holds the lock that says so at this moment; one that does not was killed or lost its connection."""

    process: int
    name: str
    version: str
    threads: int
    since: datetime
    seen_at: datetime
    alive: bool
    holds: int


def list_workers(tx: Session) -> list[WorkerRow]:
    """Every worker, the oldest first; those that ended cleanly are gone. Three statements."""
    alive = present(tx)
    holds = Counter(process_of(token) for token in tx.execute(_HELD).scalars())
    return [WorkerRow(**row, alive=row["process"] in alive, holds=holds[row["process"]]) for row in tx.execute(_WORKERS).mappings()]


_HELD = text("SELECT lease_owner FROM instance WHERE wake > done AND lease_until > now() AND lease_owner IS NOT NULL")
_WORKERS = text("SELECT process, name, version, threads, since, seen_at FROM worker ORDER BY since, process")
