"""Brings a database's tables to this version of the product, with Alembic."""

from functools import cache
from pathlib import Path

from alembic import command
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


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    return config
