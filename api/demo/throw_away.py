"""A database for one making, thrown away afterwards."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from api.schema import migrate
from engine.store.embedded import start_embedded
from engine.store.unit_of_work import Database


@contextmanager
def throw_away() -> Iterator[Database]:
    """A migrated database on an embedded PostgreSQL of its own, removed afterwards: nothing in it is worth a wait for the disk."""
    directory = Path(tempfile.mkdtemp(prefix="ordercraft-demo-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)  # last in, first out: after the server that lives in it has stopped
    database = Database(start_embedded(directory / "postgres"))
    try:
        migrate(database)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield database
    finally:
        database.close()
