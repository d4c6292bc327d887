"""What the tests share: one PostgreSQL for the run, a fresh database for each test that asks."""

from collections.abc import Iterator
from copy import copy
from itertools import count

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from engine.store import locks
from engine.store.embedded import start_embedded
from engine.store.unit_of_work import Database, as_psycopg
from tests.checked_once import checked_once
from tests.examples import load_profile
from tests.keeper import in_memory, kept_directory
from tests.lock_watch import watching
from tests.order import dealt

load_profile()
_numbers = count(1)
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "128MB"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:] = dealt(items, getattr(config, "workerinput", {}).get("workercount", 1))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the run. From now on the order of locks is watched."""
    url = as_psycopg(start_embedded(kept_directory() / "postgres"))
    # Copying and dropping a database per test syncs whole directories; no test outlives this server, so nothing is worth a sync.
    for setting, value in _SETTINGS.items():
        _run(url, f"ALTER SYSTEM SET {setting} = '{value}'")
    _run(url, "SELECT pg_reload_conf()")
    with watching(), checked_once():
        yield url


@pytest.fixture(autouse=True)
def locks_taken_in_order() -> Iterator[None]:
    """Fails the test in which a lock was taken too late, also where somebody caught the error and tried again."""
    yield
    broken, locks.watch.broken = locks.watch.broken, []
    assert broken == [], "A lock is taken too late: see engine/store/locks.py."


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
def shared_database(server_url: str, template_database: str) -> Iterator[Database]:
    """The database that tests use one after the other; each leaves it as empty as it found it."""
    _create(server_url, "ordercraft_shared", template_database)
    shared = Database(_url_of(server_url, "ordercraft_shared"), pool_size=20)
    yield shared
    shared.close()


@pytest.fixture
def database(shared_database: Database) -> Iterator[Database]:
    """A migrated, empty database."""
    lent = lend(shared_database)
    yield lent
    lent.close()
    _run(shared_database.url, _EMPTY)


@pytest.fixture(scope="session")
def shared_company(server_url: str, template_database: str) -> Iterator[Database]:
    """The name under which each test that asks for the demo company finds a copy of it that is its own."""
    from api.demo.company import load_company

    _create(server_url, "ordercraft_loaded", template_database)
    loaded = Database(_url_of(server_url, "ordercraft_loaded"))
    load_company(loaded)
    loaded.close()
    shared = Database(_url_of(server_url, "ordercraft_company"), pool_size=20)
    yield shared
    shared.close()


@pytest.fixture
def company_database(server_url: str, shared_company: Database) -> Iterator[Database]:
    """A database with the demo company as it is loaded, and nothing else."""
    _create(server_url, "ordercraft_company", "ordercraft_loaded")
    lent = lend(shared_company)
    yield lent
    lent.close()
    _run(server_url, 'DROP DATABASE "ordercraft_company" WITH (FORCE)')


def lend(shared: Database) -> Database:
    """The same database to a test of its own: what it listens to ends with it, what SQLAlchemy compiled stays for the next one."""
    lent = copy(shared)
    lent.engine = shared.engine.execution_options()
    return lent


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
# A table of a few rows is emptied ten times sooner by DELETE: TRUNCATE makes new files.
_EMPTY = """
DO $$
DECLARE
  large text[] := '{}';
  each record;
  found boolean;
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR each IN SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || each.name || ')' INTO found;
    IF found AND pg_table_size(each.name) > 1000000 THEN large := large || each.name;
    ELSIF found THEN EXECUTE 'DELETE FROM ' || each.name; END IF;
  END LOOP;
  IF large <> '{}' THEN EXECUTE 'TRUNCATE ' || array_to_string(large, ', ') || ' CASCADE'; END IF;
  FOR each IN SELECT format('%I', sequencename) AS name FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    EXECUTE 'ALTER SEQUENCE ' || each.name || ' RESTART';
  END LOOP;
END $$
"""


def _url_of(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _create(server_url: str, name: str, template: str = "template1") -> None:
    strategy = "FILE_COPY" if in_memory() else "WAL_LOG"
    _run(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {strategy}')


def _run(server_url: str, statement: str) -> None:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
