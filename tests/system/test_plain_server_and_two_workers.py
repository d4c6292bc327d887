"""On a PostgreSQL server of one's own, with serving and working in processes apart, the story is the same as on the embedded one."""

from itertools import count

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from engine.store.unit_of_work import Database
from tests.system.house import House, rows
from tests.system.told_story import ToldStory, shape_of

_numbers = count(1)


def test_one_server_and_two_workers_on_a_plain_postgresql_tell_the_same_story(house, server_url, undisturbed):
    name = f"ordercraft_system_{next(_numbers)}"
    _on_server(server_url, f'CREATE DATABASE "{name}"')
    url = make_url(server_url).set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    ours: House = house(DATABASE_URL=url)
    try:
        serving = ours.serve("--demo", "--no-worker")
        workers = [ours.start("worker") for _ in range(2)]
        report = ToldStory(ours.address).end()
        assert shape_of(report) == shape_of(undisturbed)
        assert ours.broken() == []
        assert not ours.postgres_runs()
        assert _busy_workers(url) == []
        assert [ours.stop(process) for process in (*workers, serving)] == [0, 0, 0]
        assert "Traceback" not in ours.log()
    finally:
        ours.leave()
        _on_server(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _busy_workers(url: str) -> list[object]:
    database = Database(url, pool_size=1)
    found = rows(database, "SELECT id, business_key FROM instance WHERE wake > done OR lease_owner IS NOT NULL")
    database.close()
    return list(found)


def _on_server(server_url: str, statement: str) -> None:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
