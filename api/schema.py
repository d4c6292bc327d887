"""Brings a database's tables to this version of the product."""

from engine.store import tables  # noqa: F401  # the engine's tables join the MetaData by import
from engine.store.base import metadata
from engine.store.unit_of_work import Database
from handlers.registry import load_models


def migrate(database: Database) -> None:
    """Create or update every table. Safe to run again."""
    load_models()
    metadata.create_all(database.engine)
