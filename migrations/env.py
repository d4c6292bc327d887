"""Alembic's entry: runs on the engine that `api.schema` hands over, under a lock so that processes starting together wait in line."""

from alembic import context
from sqlalchemy import text

from api.tables import metadata
from engine.store.locks import Advisory
from engine.store.patience import MIGRATION

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=False)
    with context.begin_transaction():
        MIGRATION.asked_of(connection)
        connection.execute(text(f"SELECT pg_advisory_xact_lock({int(Advisory.MIGRATE)})"))
        context.run_migrations()
    connection.commit()
