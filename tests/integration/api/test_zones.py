import pytest
from sqlalchemy import text

from api.surroundings import Surroundings
from api.zones import name_in, refuse_other_zones
from engine.store.unit_of_work import Database


@pytest.fixture
def vienna(database):
    """A process that serves in Vienna and does nothing just now."""
    there = Database(database.url, time_zone="Europe/Vienna", application=name_in("Europe/Vienna"))
    with there.transaction() as tx:
        tx.execute(text("SELECT 1"))
    yield there
    there.close()


def here(database, zone, application=None):
    return Database(database.url, time_zone=zone, application=application or name_in(zone))


def test_a_worker_in_another_zone_than_the_server_is_refused_at_its_start(database, vienna):
    worker = here(database, "UTC")
    with pytest.raises(Surroundings, match="time zone UTC, another one on the same database is in Europe/Vienna") as refused:
        refuse_other_zones(worker, "UTC")
    worker.close()
    assert "ORDERCRAFT_TIME_ZONE=Europe/Vienna" in refused.value.next_step
    assert refused.value.code == "time_zone_differs"


def test_any_number_of_processes_in_one_zone_are_welcome(database, vienna):
    worker = here(database, "Europe/Vienna")
    refuse_other_zones(worker, "Europe/Vienna")
    worker.close()


def test_a_command_that_ends_stands_in_nobody_s_way(database):
    command = here(database, "UTC", "ordercraft")
    with command.transaction() as tx:
        tx.execute(text("SELECT 1"))
    server = here(database, "Europe/Vienna")
    refuse_other_zones(server, "Europe/Vienna")
    command.close()
    server.close()


def test_a_company_moves_once_all_its_processes_have_stopped(database, vienna):
    vienna.close()
    moved = here(database, "Asia/Tokyo")
    for _ in range(50):  # the server notices a moment later
        with moved.transaction() as tx:
            if not tx.execute(text("SELECT 1 FROM pg_stat_activity WHERE application_name LIKE '%Vienna'")).first():
                break
            tx.execute(text("SELECT pg_sleep(0.1)"))
    refuse_other_zones(moved, "Asia/Tokyo")
    moved.close()
