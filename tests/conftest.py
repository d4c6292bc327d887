"""What the tests share: one PostgreSQL for the run, a fresh database for each test that asks."""

import os
from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from engine.store.embedded import start_embedded
from engine.store.unit_of_work import Database, as_psycopg
from tests.keeper import kept_directory

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each process that takes part begin with one of the random lives: they take longest, and the list is dealt out in stretches."""
    lives = [item for item in items if item.nodeid.startswith("tests/life/")]
    items[:] = [item for item in items if item not in lives]
    stretch = len(items) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) + 1
    for number, life in enumerate(lives):
        items.insert(min(number * stretch, len(items)), life)


@pytest.fixture(scope="session")
def server_url() -> str:
    """The URL of a PostgreSQL server that lives as long as the run."""
    url = as_psycopg(start_embedded(kept_directory() / "postgres"))
    # Copying and dropping a database per test syncs whole directories; no test outlives this server, so nothing is worth a sync.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _run(url, f"ALTER SYSTEM SET {setting} = off")
    _run(url, "SELECT pg_reload_conf()")
    return url


@pytest.fixture(scope="session")
def template_database(server_url: str) -> str:
    """A migrated, empty database that every test's own is copied from."""
    from api.schema import migrate

    _create(server_url, "ordercraft_template")
    database = Database(_url_of(server_url, "ordercraft_template"))
    migrate(database)
    database.close()
    return "ordercraft_template"


@pytest.fixture(scope="session")
def shared_database(server_url: str, template_database: str) -> str:
    """The database that tests use one after the other; each leaves it as empty as it found it."""
    _create(server_url, "ordercraft_shared", template_database)
    return _url_of(server_url, "ordercraft_shared")


@pytest.fixture
def database(shared_database: str) -> Iterator[Database]:
    """A migrated, empty database."""
    database = Database(shared_database, pool_size=20)
    yield database
    database.close()
    _run(shared_database, _EMPTY)


@pytest.fixture
def own_database(server_url: str, template_database: str) -> Iterator[Database]:
    """A migrated, empty database for a test that changes the tables themselves or fills it from other processes."""
    name = f"ordercraft_test_{next(_numbers)}"
    _create(server_url, name, template_database)
    database = Database(_url_of(server_url, name), pool_size=20)
    yield database
    database.close()
    _run(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


# Ends whoever is still connected, empties every table that holds rows (the append-only ones too) and sets every sequence back.
_EMPTY = """
DO $$
DECLARE
  filled text[] := '{}';
  each record;
  found boolean;
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR each IN SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || each.name || ')' INTO found;
    IF found THEN filled := filled || each.name; END IF;
  END LOOP;
  IF filled <> '{}' THEN EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE'; END IF;
  FOR each IN SELECT format('%I', sequencename) AS name FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    EXECUTE 'ALTER SEQUENCE ' || each.name || ' RESTART';
  END LOOP;
END $$
"""


def _url_of(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _create(server_url: str, name: str, template: str = "template1") -> None:
    _run(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _run(server_url: str, statement: str) -> None:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
