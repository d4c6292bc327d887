"""Makes a life the same each time: its clock moves only when it is moved, and what comes by chance elsewhere comes from its seed."""

import random
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from engine.spiff import token
from engine.store.unit_of_work import Database

#: By how much time goes on with each step: acts of one moment have no order.
A_STEP = timedelta(minutes=1)


def make_repeatable(database: Database, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a database of its own, before anything is in it. Every life begins on the same Monday morning."""
    begin_chance(seed, monkeypatch)
    with database.transaction() as tx:
        tx.execute(text(_STANDING_CLOCK))
        tx.execute(text(_SAME_PLANS))


def begin_chance(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on: also what was drawn before, while everything was laid out, is no part of the story."""
    chance = random.Random(seed)
    monkeypatch.setattr(uuid, "os", SimpleNamespace(urandom=chance.randbytes))
    monkeypatch.setattr(token, "urandom", chance.randbytes)
    random.seed(seed)


_STANDING_CLOCK = """
CREATE OR REPLACE FUNCTION business_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
SELECT timestamptz '2040-01-02 09:00:00Z' + coalesce((SELECT ahead FROM business_clock), interval '0')
$$
"""
# Statistics that are taken while it goes on change plans, and with them the order of rows that nobody orders.
_SAME_PLANS = """
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'ALTER TABLE ' || name || ' SET (autovacuum_enabled = false)';
  END LOOP;
END $$
"""
