"""Databases that tests use one after the other: whoever comes next finds each as it was made, with connections that are warm.

A new database for each test, or new connections, cost more processor time than most tests do.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from weakref import WeakSet

import psycopg

from engine.store.unit_of_work import Database


class Standing:
    """A database lent to one test after the other. `keep` remembers what is in it; each `lend` ends with just that in it."""

    def __init__(self, url: str) -> None:
        self._shared = Database(url, pool_size=20)
        self._keeper: psycopg.Connection | None = None
        _made.add(self)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._shared.url

    def keep(self) -> None:
        """From now on this is how it is found."""
        self._run(_KEEP)

    @contextmanager
    def lend(self) -> Iterator[Database]:
        """The database to one test: what that listens to ends with it, what SQLAlchemy compiled stays for the next one."""
        lent = copy(self._shared)
        lent.engine = self._shared.engine.execution_options()
        yield lent
        self.restore()

    def restore(self) -> None:
        """Put it back to how it was kept. Whoever is in the middle of something there is ended."""
        others = self._run(_END_OTHERS).fetchone()
        if others != (0,):
            self._shared.close()
        self._run(_RESTORE)

    def close(self) -> None:
        """Give every connection back."""
        self._shared.close()
        if self._keeper is not None:
            self._keeper.close()

    def _run(self, statement: str) -> psycopg.Cursor:
        if self._keeper is None:
            self._keeper = self._connect()
        try:
            return self._keeper.execute(statement)
        except psycopg.OperationalError:  # a test ended every connection there is
            self._shared.close()
            self._keeper = self._connect()
            return self._keeper.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._shared.libpq_url, autocommit=True)

    def forget(self) -> None:
        """Leave the connections to the process that opened them, and open others from now on."""
        self._shared.engine.dispose(close=False)
        self._keeper = None


def _after_fork() -> None:
    for each in _made:
        each.forget()


_made: WeakSet[Standing] = WeakSet()
os.register_at_fork(after_in_child=_after_fork)  # the mutation tests fork

_KEEP = """
CREATE SCHEMA kept;
CREATE TABLE kept.restoring (statement text);
CREATE TABLE kept.house AS SELECT tablename FROM pg_tables WHERE schemaname = 'public';
CREATE TABLE kept.sequence AS SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public';
DO $$
DECLARE
  each record;
  found boolean;
BEGIN
  FOR each IN
    SELECT format('%I', relname) AS name, (
      SELECT string_agg(format('%I', attname), ', ') FROM pg_attribute
      WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ) AS columns
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
  LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || each.name || ')' INTO found;
    CONTINUE WHEN NOT found;
    EXECUTE format('CREATE TABLE kept.%1$s AS TABLE public.%1$s', each.name);
    INSERT INTO kept.restoring VALUES (
      format('INSERT INTO public.%1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM kept.%1$s', each.name, each.columns)
    );
  END LOOP;
END $$
"""
_END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND (state IS DISTINCT FROM 'idle' OR pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory'))
"""
# Drops the tables of tests, empties those that hold rows (the append-only ones too) and puts back what was kept.
# A table of a few rows is emptied ten times sooner by DELETE: TRUNCATE makes new files.
_RESTORE = """
DO $$
DECLARE
  large text[] := '{}';
  each record;
  found boolean;
BEGIN
  FOR each IN SELECT quote_ident(tablename) AS name FROM pg_tables LEFT JOIN kept.house USING (tablename)
    WHERE schemaname = 'public' AND house.tablename IS NULL
  LOOP
    EXECUTE 'DROP TABLE ' || each.name || ' CASCADE';
  END LOOP;
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR each IN SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || each.name || ')' INTO found;
    IF found AND pg_table_size(each.name) > 1000000 THEN large := large || each.name;
    ELSIF found THEN EXECUTE 'DELETE FROM ' || each.name; END IF;
  END LOOP;
  IF large <> '{}' THEN EXECUTE 'TRUNCATE ' || array_to_string(large, ', ') || ' CASCADE'; END IF;
  FOR each IN SELECT statement FROM kept.restoring LOOP
    EXECUTE each.statement;
  END LOOP;
  PERFORM setval(format('public.%I', now.sequencename), coalesce(kept.last_value, now.start_value), kept.last_value IS NOT NULL)
  FROM pg_sequences now JOIN kept.sequence kept USING (sequencename)
  WHERE now.schemaname = 'public' AND now.last_value IS DISTINCT FROM kept.last_value;
END $$
"""
