"""Databases that tests use one after the other: whoever comes next finds each as it was made, with connections that are warm.

A new database for each test, or new connections, cost more processor time than most tests do.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from weakref import WeakSet

import psycopg
from sqlalchemy.engine import make_url

from engine.store.unit_of_work import Database
from tests.keeper import in_memory


class Standing:
    """A database lent to one test after the other. `keep` remembers what is in it; each `lend` ends with just that in it."""

    def __init__(self, url: str) -> None:
        self._shared = Database(url, pool_size=20)
        self._keeper: psycopg.Connection | None = None
        #: How the tables and sequences are looked at, and the transaction that left them as they were kept.
        self._look, self._restored = "", 0
        _made.add(self)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._shared.url

    def keep(self, fill: Callable[[Database], None] | None = None) -> None:
        """From now on this is how it is found, with what `fill` puts into it."""
        if fill is not None:
            fill(self._shared)
        for statement in _KEEP:
            self._run(statement)

    @contextmanager
    def lend(self) -> Iterator[Database]:
        """The database to one test: what that listens to ends with it, what SQLAlchemy compiled stays for the next one."""
        lent = copy(self._shared)
        lent.engine = self._shared.engine.execution_options()
        try:
            yield lent
        finally:
            self.restore()

    def restore(self) -> None:
        """Put it back to how it was kept. Whoever is in the middle of something there is ended."""
        others = self._run(_END_OTHERS).fetchone()
        if others != (0,):
            self._shared.close()
        if not self._look:
            ((self._look,),) = self._run(_HOW_TO_LOOK).fetchall()
        changed = self._run(self._look, {"since": self._restored}).fetchall()
        if changed:
            ((self._restored,),) = self._run(_RESTORE, {"changed": [name for (name,) in changed]}).fetchall()

    def close(self) -> None:
        """Give every connection back."""
        self._shared.close()
        if self._keeper is not None:
            self._keeper.close()

    def _run(self, statement: str, values: Mapping[str, object] | None = None) -> psycopg.Cursor:
        if self._keeper is None:
            self._keeper = self._connect()
        try:
            return self._keeper.execute(statement, values)
        except psycopg.OperationalError:  # a test ended every connection there is
            self._shared.close()
            self._keeper = self._connect()
            return self._keeper.execute(statement, values)

    def _connect(self) -> psycopg.Connection:
        # No trigger and no foreign key hinders it. Set for good: each change of it throws away what the server has planned.
        return psycopg.connect(self._shared.libpq_url, autocommit=True, options="-c session_replication_role=replica")

    def forget(self) -> None:
        """Leave the connections to the process that opened them, and open others from now on."""
        self._shared.engine.dispose(close=False)
        self._keeper = None


def _after_fork() -> None:
    for each in _made:
        each.forget()


_made: WeakSet[Standing] = WeakSet()
os.register_at_fork(after_in_child=_after_fork)  # the mutation tests fork

_KEEP = (
    "CREATE SCHEMA kept",
    """
CREATE TABLE kept.house AS
SELECT relname::text AS name, relkind AS kind, ''::text AS look, ''::text AS restoring FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') AND relname <> 'alembic_version'
""",
    # A table is as it was kept when it has as many rows and none was written since; a sequence when it stands where it stood.
    """
DO $$
DECLARE
  each record;
  place bigint;
  called boolean;
  filled bigint;
  written text;
BEGIN
  FOR each IN SELECT name FROM kept.house WHERE kind = 'r' LOOP
    EXECUTE format('SELECT count(*) FROM public.%I', each.name) INTO filled;
    UPDATE kept.house SET look = format(
      'SELECT %1$L FROM public.%1$I HAVING count(*) <> %2$s OR max(xmin::text::bigint) > %%(since)s', name, filled
    ) WHERE name = each.name;
    CONTINUE WHEN filled = 0;
    SELECT string_agg(quote_ident(attname), ', ') INTO written FROM pg_attribute
    WHERE attrelid = format('public.%I', each.name)::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', each.name);
    UPDATE kept.house SET restoring = format(
      'INSERT INTO public.%1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM kept.%1$I', name, written
    ) WHERE name = each.name;
  END LOOP;
  FOR each IN SELECT name FROM kept.house WHERE kind = 'S' LOOP
    EXECUTE format('SELECT last_value, is_called FROM public.%I', each.name) INTO place, called;
    UPDATE kept.house SET
      look = format('SELECT %1$L FROM public.%1$I WHERE last_value <> %2$s OR is_called <> %3$L', name, place, called),
      restoring = format('SELECT setval(''public.%1$I'', %2$s, %3$L)', name, place, called)
    WHERE name = each.name;
  END LOOP;
END $$
""",
    # Drops the tables of tests, empties those that are not as they were (the append-only ones too) and puts back what was kept.
    # A table of a few rows is emptied ten times sooner by DELETE: TRUNCATE makes new files.
    """
CREATE FUNCTION kept.restore(changed text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  large text;
  each record;
BEGIN
  FOR each IN SELECT unknown FROM unnest(changed) AS unknown WHERE unknown NOT IN (SELECT name FROM kept.house) LOOP
    EXECUTE format('DROP TABLE public.%I CASCADE', each.unknown);
  END LOOP;
  SELECT string_agg(format('public.%I', name), ', ') INTO large FROM kept.house
  WHERE kind = 'r' AND name = ANY(changed) AND pg_table_size(format('public.%I', name)) > 1000000;
  IF large IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || large || ' CASCADE';
    changed := changed || ARRAY(SELECT name FROM kept.house WHERE kind = 'r' AND restoring <> '');
  END IF;
  FOR each IN SELECT name, kind, restoring FROM kept.house WHERE name = ANY(changed) LOOP
    IF each.kind = 'r' THEN EXECUTE format('DELETE FROM public.%I', each.name); END IF;
    IF each.restoring <> '' THEN EXECUTE each.restoring; END IF;
  END LOOP;
  RETURN pg_current_xact_id()::text::bigint;
END $$
""",
)
_HOW_TO_LOOK = """
SELECT string_agg(look, ' UNION ALL ') || ' UNION ALL ' || $$
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
  AND relname NOT IN (SELECT name FROM kept.house)
$$ FROM kept.house
"""
_RESTORE = "SELECT kept.restore(%(changed)s)"
_END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND (state IS DISTINCT FROM 'idle' OR pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory'))
"""


def standing_from(server_url: str, name: str, template: str, fill: Callable[[Database], None] | None = None) -> Iterator[Standing]:
    """A copy of the template with what `fill` puts into it, for as long as tests use it."""
    create_database(server_url, name, template)
    made = Standing(url_of(server_url, name))
    made.keep(fill)
    yield made
    made.close()


def url_of(server_url: str, name: str) -> str:
    """The URL of a database of the server."""
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def create_database(server_url: str, name: str, template: str = "template1") -> None:
    """Make a database, a copy of another one."""
    strategy = "FILE_COPY" if in_memory() else "WAL_LOG"
    run_on_server(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {strategy}')


def run_on_server(server_url: str, statement: str) -> None:
    """Do something to the server itself, in no transaction."""
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)
