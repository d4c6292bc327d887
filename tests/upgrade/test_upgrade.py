"""Every schema that was ever released comes to today's, with what was in it; what was released is never edited again."""

from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

import migrations
from api.schema import current_revision, differences, migrate, wanted_revision
from engine.store.unit_of_work import Database
from handlers.invariants import check_all
from tests.databases import create_database, run_on_server, url_of

VERSIONS = Path(migrations.__path__[0]) / "versions"
#: What is released is frozen: a change is a migration of its own.
FROZEN = {"0001_initial.sql": "c074869f36b10b14107131322aef70b42322026d15bb1aa49bf7df3112143b58"}

#: What 0001 lacked while it was young and was edited in place: a database of that time says 0001 all the same.
YOUNG = """
DROP INDEX message_buffered_correlation_ix; ALTER TABLE reminder DROP COLUMN hold_orders; DROP INDEX instance_started_ix;
DROP INDEX instance_updated_ix; DROP INDEX instance_started_by_ix; DROP INDEX fulfil_line_open_ix; DROP INDEX fulfil_line_unbilled_ix;
DROP INDEX subscription_name_ix; CREATE INDEX subscription_name_ix ON subscription (kind, name);
"""
FILLED = """
INSERT INTO user_account (name, full_name) VALUES ('tom', 'Tom Eriksen');
INSERT INTO deployment (name, version, sha256, deployed_by) VALUES ('order', 1, 'x', 'ravi');
INSERT INTO process_version (deployment_id, process_key, version, name, path) VALUES (1, 'order', 1, 'Order', 'order.bpmn');
INSERT INTO instance (id, process_version_id, process_key, business_key, state)
VALUES ('00000000-0000-0000-0000-000000000001', 1, 'order', 'SO-000001', 'waiting');
INSERT INTO subscription (id, instance_id, element_id, kind, name, correlation)
VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 'wait', 'message', 'paid', '{"invoice": 4711}');
INSERT INTO message (name, correlation, payload, payload_hash, state, expires_at)
VALUES ('paid', '{"invoice": 4711}', '{}', 'x', 'buffered', now() + interval '7 days');
INSERT INTO effect (key, kind, target, payload, payload_hash, state, answer)
VALUES ('k', 'mail', 'a@b.example', '{}', 'x', 'sent', '{"sink": "database", "accepted": "k", "attempt": 1}');
"""


@pytest.mark.parametrize(("name", "digest"), FROZEN.items())
def test_what_was_released_is_never_edited(name, digest):
    assert sha256((VERSIONS / name).read_bytes()).hexdigest() == digest, "Write a new migration instead."


@pytest.fixture
def released(server_url):
    """A database at 0001, as an installation of that release has it."""
    create_database(server_url, "ordercraft_released")
    database = Database(url_of(server_url, "ordercraft_released"))
    with database.engine.connect() as connection:
        connection.exec_driver_sql((VERSIONS / "0001_initial.sql").read_text(encoding="utf-8"))
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
        connection.exec_driver_sql(FILLED)
        connection.commit()
    yield database
    database.close()
    run_on_server(server_url, 'DROP DATABASE "ordercraft_released" WITH (FORCE)')


@pytest.mark.parametrize("age", ["as released", "while it was young"])
def test_a_released_schema_comes_to_today_s_with_what_is_in_it(released, age):
    if age == "while it was young":
        with released.engine.connect() as connection:
            connection.exec_driver_sql(YOUNG)
            connection.commit()
    migrate(released)
    assert differences(released) == []
    with released.transaction() as tx:
        assert current_revision(tx) == wanted_revision()
        assert tx.execute(text("SELECT business_key FROM instance")).scalar_one() == "SO-000001"
        assert tx.execute(text("SELECT state FROM effect")).scalar_one() == "kept"
        waits, sent = (tx.execute(text(f"SELECT correlation FROM {name}")).scalar_one() for name in ("subscription", "message"))
        assert waits == sent, "a message that was kept still fits the wait it is for"
        assert [each.id for each in check_all(tx) if not each.ok and each.id not in {"INV-40", "INV-22"}] == []


def test_tables_that_somebody_changed_by_hand_are_told_apart_in_words(own_database):
    assert differences(own_database) == []
    with own_database.transaction() as tx:
        tx.execute(text("ALTER TABLE reminder DROP COLUMN hold_orders"))
        tx.execute(text("DROP INDEX instance_started_ix"))
        tx.execute(text("CREATE TABLE notes_of_tom (id int)"))
    told = differences(own_database)
    assert len(told) == 3
    assert any("is missing" in each and "hold_orders" in each for each in told)
    assert any("is missing" in each and "instance_started_ix" in each for each in told)
    assert any("is not ours" in each and "notes_of_tom" in each for each in told)
