"""One company for all tampering tests: each tampers in a transaction that is taken back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from engine.store.unit_of_work import Database
from tests.integration.invariants.company import live

_NAME = "ordercraft_lived_in"


@pytest.fixture(scope="session")
def lived_in(server_url: str, template_database: str) -> Iterator[Database]:
    """A database in which something of everything has happened. Whoever changes it takes the change back."""
    server = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{_NAME}" TEMPLATE "{template_database}"'))
    database = Database(make_url(server_url).set(database=_NAME).render_as_string(hide_password=False))
    with database.transaction() as tx:
        live(tx)
    yield database
    database.close()
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{_NAME}" WITH (FORCE)'))
    server.dispose()
