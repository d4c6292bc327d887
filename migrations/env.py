"""Alembic's entry: runs on the engine that `api.schema` hands over, under a lock so that processes starting together wait in line."""

from alembic import context
from sqlalchemy import text

from api.tables import metadata

_LOCK = 7_351_903  # any number, ours alone

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=False)
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        context.run_migrations()
    connection.commit()
