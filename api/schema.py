"""Brings a database's tables to this version of the product, with Alembic."""

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.orm import Session

import migrations
from engine.problems import Invalid
from engine.store.unit_of_work import Database


def migrate(database: Database) -> None:
    """Apply every migration that is missing. Safe to run again, and by several processes at once: they wait for each other."""
    config = _config()
    config.attributes["engine"] = database.engine
    command.upgrade(config, "head")


def grant(database: Database, role: str) -> None:
    """Let a role of the database run the product: rows of every table, and of the audit log only reading and adding. No table is its own.

    Raises Invalid when the server knows no such role.
    """
    from engine.jobs.pgqueuer import PgQueuerDispatcher  # its tables are there once it was made

    PgQueuerDispatcher(database)
    with database.transaction() as tx:
        known = tx.execute(text("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar_one_or_none()
        if known is None:
            raise Invalid(
                f"The database has no role {role}.",
                code="role_unknown",
                next_step="Name one that there is, or make it: CREATE ROLE … LOGIN.",
            )
        for schema in _SCHEMAS:
            for statement in _GRANTS:
                tx.execute(text(statement.format(schema=schema, role=known)))
        tx.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM {known}"))


def current_revision(tx: Session) -> str | None:
    """The migration the database is at."""
    return MigrationContext.configure(tx.connection()).get_current_revision()


@cache
def wanted_revision() -> str | None:
    """The migration this version of the product wants."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def differences(database: Database) -> list[str]:
    """What the tables lack or have too much, against the code, in words; empty when they are as they must be.

    A migration that somebody edited, or a table changed by hand, shows here and nowhere else.
    """
    from api.tables import metadata  # every table of the product: only who asks needs them all

    with database.engine.connect() as connection:
        options = {"include_name": _is_ours, "compare_server_default": False}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    return sorted(_in_words(each) for each in found)


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith(_OF_QUEUES)


def _in_words(difference: Any) -> str:
    """One difference as Alembic tells it: a tuple that begins with what would be done, or a list of those for one column."""
    change = difference[0] if isinstance(difference, list) else difference
    things = [str(getattr(part, "name", part)) for part in change[1:] if part is not None and not isinstance(part, dict)]
    verb = str(change[0]).replace("add_", "is missing: ").replace("remove_", "is not ours: ").replace("modify_", "differs: ")
    return f"{verb.replace('_', ' ')} {' '.join(things[:3])}"


_SCHEMAS = ("public", "pgqueuer")
_GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
)
_OF_QUEUES = ("pgqueuer", "procrastinate", "alembic_version")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    return config
