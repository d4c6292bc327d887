"""What a stretch of work costs: time, processor time of this process and of a local PostgreSQL, statements, commits, bytes kept."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import event, text

from engine.store.unit_of_work import Database
from handlers.documents.press import press

_HOUSE = Path(__file__).resolve().parents[2]
#: What only passes statements on is nobody's call site.
_PASS_ON = ("engine/store/", "handlers/rowsets.py", "api/benchmarks/meter.py")
_LONGEST_TEXT = 90


@dataclass(slots=True)
class Metered:
    """What was measured, in milliseconds and bytes. `callers` counts statements by call site and beginning, where that was asked for."""

    wall_ms: float = 0.0
    engine_ms: float = 0.0
    #: None where the server is not on this machine.
    database_ms: float | None = None
    #: The process that makes papers, once it is warm.
    papers_ms: float = 0.0
    statements: int = 0
    commits: int = 0
    #: Tables and indexes, the contents of documents left out; and those contents.
    storage_bytes: int = 0
    paper_bytes: int = 0
    callers: Counter[tuple[str, str]] = field(default_factory=Counter)


@contextmanager
def metered(database: Database, *, callers: bool = False) -> Iterator[Metered]:
    """Measure what happens within; the figures are there when the block has ended."""
    measured = Metered()
    with database.transaction() as tx:
        server = _server_of(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())
        before = tx.execute(_BYTES).one()

    def count_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        measured.statements += 1
        if callers:
            measured.callers[_caller(), " ".join(statement.split())[:_LONGEST_TEXT]] += 1

    def count_commit(*_: Any) -> None:
        measured.commits += 1

    event.listen(database.engine, "before_cursor_execute", count_statement)
    event.listen(database.engine, "commit", count_commit)
    wall, engine, served, pressed = time.perf_counter(), time.process_time(), _seconds(server), press.spent
    try:
        yield measured
    finally:
        measured.wall_ms, measured.engine_ms = (time.perf_counter() - wall) * 1000, (time.process_time() - engine) * 1000
        measured.papers_ms = (press.spent - pressed) * 1000
        measured.database_ms = (_seconds(server) - served) * 1000 if server else None
        event.remove(database.engine, "before_cursor_execute", count_statement)
        event.remove(database.engine, "commit", count_commit)
    with database.transaction() as tx:
        after = tx.execute(_BYTES).one()
    measured.storage_bytes, measured.paper_bytes = after.kept - before.kept, after.papers - before.papers


def _server_of(backend: int) -> psutil.Process | None:
    """The PostgreSQL whose backend answers us; None where no process here is it."""
    try:
        process = psutil.Process(backend)
        return process.parent() if process.name().startswith("postgres") else None
    except psutil.Error:
        return None


def _seconds(server: psutil.Process | None) -> float:
    """The processor time that a server and its backends have taken, those included that have ended."""
    if server is None:
        return 0.0
    spent = server.cpu_times()
    seconds = spent.user + spent.system + getattr(spent, "children_user", 0.0) + getattr(spent, "children_system", 0.0)
    for each in server.children():
        try:
            one = each.cpu_times()
        except psutil.Error:  # it ends in this moment, and its time is the server's
            continue
        seconds += one.user + one.system
    return float(seconds)


def _caller() -> str:
    """The place in the house that asked, and who called that."""
    found: list[str] = []
    frame = sys._getframe(2)  # noqa: SLF001  # the public way to a stack reads every source line
    while frame is not None and len(found) < 2:  # noqa: PLR2004  # the place and its caller
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_HOUSE) and ".venv" not in path.parts:
            place = path.relative_to(_HOUSE).as_posix()
            if not place.startswith(_PASS_ON):
                found.append(f"{place}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back  # type: ignore[assignment]  # the outermost frame has none
    return " < ".join(found)


_BYTES = text("""
SELECT (SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'document')::bigint AS kept,
       (SELECT coalesce(sum(length(content)), 0) FROM document)::bigint AS papers
""")
