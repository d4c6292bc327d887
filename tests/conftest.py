"""What the tests share: one PostgreSQL for the run, a fresh database for each test that asks."""

import gc
from collections.abc import Iterator
from itertools import count

import pytest

from engine.store import locks
from engine.store.embedded import start_embedded
from engine.store.unit_of_work import Database, as_psycopg
from tests.checked_once import checked_once
from tests.databases import Standing, create_database, run_on_server, standing_from, url_of
from tests.examples import load_profile
from tests.keeper import kept_directory
from tests.lock_watch import watching
from tests.order import dealt

load_profile()
_numbers = count(1)
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "128MB"}


# What is loaded for the run stays: the collector looks for garbage among what tests make, and seldom. A tenth of the run's time is won.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:] = dealt(items, getattr(config, "workerinput", {}).get("workercount", 1))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the run. From now on the order of locks is watched."""
    url = as_psycopg(start_embedded(kept_directory() / "postgres"))
    # Copying and dropping a database per test syncs whole directories; no test outlives this server, so nothing is worth a sync.
    for setting, value in _SETTINGS.items():
        run_on_server(url, f"ALTER SYSTEM SET {setting} = '{value}'")
    run_on_server(url, "SELECT pg_reload_conf()")
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

    create_database(server_url, "ordercraft_template")
    database = Database(url_of(server_url, "ordercraft_template"))
    migrate(database)
    database.close()
    return "ordercraft_template"


@pytest.fixture(scope="session")
def shared_database(server_url: str, template_database: str) -> Iterator[Standing]:
    """The migrated, empty database that tests use one after the other."""
    yield from standing_from(server_url, "ordercraft_shared", template_database)


@pytest.fixture
def database(shared_database: Standing) -> Iterator[Database]:
    """A migrated, empty database."""
    with shared_database.lend() as lent:
        yield lent


@pytest.fixture(scope="session")
def shared_company(server_url: str, template_database: str) -> Iterator[Standing]:
    """The database of the demo company that tests use one after the other."""
    from api.demo.company import load_company

    yield from standing_from(server_url, "ordercraft_company", template_database, load_company)


@pytest.fixture
def company_database(shared_company: Standing) -> Iterator[Database]:
    """A database with the demo company as it is loaded, and nothing else."""
    with shared_company.lend() as lent:
        yield lent


@pytest.fixture
def own_database(server_url: str, template_database: str) -> Iterator[Database]:
    """A migrated, empty database for a test that changes the tables themselves or fills it from other processes."""
    yield from _created(server_url, template_database)


@pytest.fixture
def another_database(server_url: str, template_database: str) -> Iterator[Database]:
    """A second one, for what goes from one to the other."""
    yield from _created(server_url, template_database)


def _created(server_url: str, template: str) -> Iterator[Database]:
    name = f"ordercraft_test_{next(_numbers)}"
    create_database(server_url, name, template)
    database = Database(url_of(server_url, name), pool_size=20)
    yield database
    database.close()
    run_on_server(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')
