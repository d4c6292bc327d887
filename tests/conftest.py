"""What the tests share: one PostgreSQL for the run, a fresh database for each test that asks."""

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from engine.store.embedded import start_embedded
from engine.store.unit_of_work import Database, as_psycopg

_numbers = count(1)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the run."""
    directory = Path(tempfile.mkdtemp(prefix="ordercraft-test-"))
    yield as_psycopg(start_embedded(directory / "postgres"))
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(server_url: str) -> str:
    """A migrated, empty database that every test's own is copied from."""
    from api.schema import migrate

    _create(server_url, "ordercraft_template")
    database = Database(_url_of(server_url, "ordercraft_template"))
    migrate(database)
    database.close()
    return "ordercraft_template"


@pytest.fixture
def database(server_url: str, template_database: str) -> Iterator[Database]:
    """A fresh, migrated, empty database."""
    name = f"ordercraft_test_{next(_numbers)}"
    _create(server_url, name, template_database)
    database = Database(_url_of(server_url, name), pool_size=20)
    yield database
    database.close()
    _run(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _url_of(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _create(server_url: str, name: str, template: str = "template1") -> None:
    _run(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _run(server_url: str, statement: str) -> None:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
