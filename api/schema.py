"""Brings a database's tables to this version of the product, with Alembic."""

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

import migrations
from engine.store.unit_of_work import Database


def migrate(database: Database) -> None:
    """Apply every migration that is missing. Safe to run again, and by several processes at once: they wait for each other."""
    config = _config()
    config.attributes["engine"] = database.engine
    command.upgrade(config, "head")


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


_OF_QUEUES = ("pgqueuer", "procrastinate", "alembic_version")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    return config
