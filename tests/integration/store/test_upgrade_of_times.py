"""What an installation of the first release has stored of schedules and correlation keys is read by this one."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

import migrations

_OLD = """
SET LOCAL session_replication_role = replica;
INSERT INTO schedule (process_version_id, element_id, expression, next_due_at) VALUES
  (1, 'thrice', '"R3/PT1H"', '2026-12-01T09:00:00Z'), (1, 'for_ever', 'R/2026-12-01T09:00:00Z/P1D', '2026-12-02T09:00:00Z'),
  (1, 'once', '"2026-12-24T09:00:00Z"', '2026-12-24T09:00:00Z'), (1, 'over', 'R1/PT1H', NULL);
INSERT INTO subscription (id, instance_id, element_id, kind, name, correlation) VALUES
  (gen_random_uuid(), gen_random_uuid(), 'wait', 'message', 'pay.in', '{"invoice": 4711, "amount": 10.50, "paid": true, "by": " bank "}'),
  (gen_random_uuid(), gen_random_uuid(), 'any', 'message', 'pay.in', '{}');
INSERT INTO message (name, correlation, payload, payload_hash, state, expires_at) VALUES
  ('pay.in', '{"invoice": 4711.0}', '{}', 'h1', 'buffered', '2027-01-01'),
  ('pay.in', '{"invoice": 4711}', '{}', 'h2', 'delivered', '2027-01-01');
"""


@pytest.fixture
def upgraded(own_database):
    """A database of the first release with these rows in it, brought to this one."""
    with own_database.transaction() as tx:
        tx.execute(text("DROP SCHEMA public CASCADE"))
        tx.execute(text("CREATE SCHEMA public"))
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    config.attributes["engine"] = own_database.engine
    command.upgrade(config, "0001")
    with own_database.transaction() as tx:
        for statement in _OLD.split(";\n"):
            if statement.strip():
                tx.connection().exec_driver_sql(statement)
    command.upgrade(config, "head")
    return own_database


def rows(database, sql):
    with database.transaction() as tx:
        return [tuple(row) for row in tx.execute(text(sql))]


def test_a_schedule_keeps_its_count_and_its_rhythm(upgraded):
    found = dict(rows(upgraded, "SELECT element_id, rhythm FROM schedule"))
    assert found == {
        "thrice": {"due": "2026-12-01T09:00:00+00:00", "left": 2, "every": "PT1H"},
        "for_ever": {"due": "2026-12-02T09:00:00+00:00", "left": None, "every": "P1D"},
        "once": None,
        "over": None,
    }


def test_keys_that_were_stored_are_in_their_canonical_form(upgraded):
    assert rows(upgraded, "SELECT element_id, correlation FROM subscription ORDER BY 1") == [
        ("any", {}),
        ("wait", {"invoice": "4711", "amount": "10.5", "paid": "true", "by": "bank"}),
    ]
    assert rows(upgraded, "SELECT state, correlation FROM message ORDER BY 1") == [
        ("buffered", {"invoice": "4711"}),
        ("delivered", {"invoice": 4711}),
    ]
