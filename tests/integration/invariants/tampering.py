"""Tampers with one thing and asks who noticed: a watchman that never barks watches nothing.

To guard a new invariant, add a `Tamper` to the `TAMPERED` of `test_<capability>.py`. Each statement runs with triggers and foreign keys
switched off, because a tamperer does not ask them; a check constraint or unique index in the way is dropped in the same text.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import text

from engine.store.unit_of_work import Database
from handlers.invariants import Invariant, all_invariants

#: Some process exists: what is open is expected to be with one.
DEPLOYED = """
INSERT INTO process_version (deployment_id, process_key, version, name, path) VALUES (1, 'backorder-run', 1, 'Backorder run', 'x')
"""


class Tamper(NamedTuple):
    """The invariant that must notice, and what is done to the company's rows; several statements are parted by a semicolon."""

    invariant_id: str
    sql: str


def waits(process_key: str, keys: str) -> str:
    """A statement that lets an instance of the process wait for each of the business keys that the query answers."""
    return f"""
    INSERT INTO instance (id, process_version_id, process_key, business_key, state)
    SELECT gen_random_uuid(), 1, '{process_key}', carried.key, 'waiting' FROM ({keys}) AS carried(key)
    """


def unnoticed(database: Database, tampers: Iterable[Tamper]) -> list[Tamper]:
    """The tampers that the invariant they name did not notice."""
    return [tamper for tamper in tampers if not noticed_by(database, tamper)]


def noticed_by(database: Database, tamper: Tamper) -> set[Invariant]:
    """The parts of the invariant that notice the tampering; it is taken back afterwards."""
    parts = [invariant for invariant in all_invariants() if invariant.id == tamper.invariant_id]
    with database.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in filter(str.strip, tamper.sql.split(";")):
            assert connection.execute(text(statement)).rowcount != 0, f"{statement} touched nothing: the company needs more of a life."
        found = {invariant for invariant in parts if connection.execute(text(invariant.sql)).first() is not None}
        transaction.rollback()
    return found
