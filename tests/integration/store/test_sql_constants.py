"""Every SQL text of the house fits the migrated schema: a misspelt column is found here, not by the first person who needs it."""

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import asyncpg

from handlers.holdings import all_holdings
from handlers.invariants import all_invariants
from tests.architecture.house_sql import statements

#: They read the tables of a queue, which that queue makes in a schema of its own.
_QUEUES = {"engine.jobs.pgqueuer", "engine.jobs.procrastinate"}


def test_postgresql_can_prepare_every_statement(database):
    texts = [(f"{each.module}:{each.line}", each.sql) for each in statements() if each.module not in _QUEUES]
    texts += [(each.id, each.sql) for each in all_invariants()]
    texts += [(each.kind, str(text(each.sql).compile(dialect=asyncpg.dialect()))) for each in all_holdings()]
    refused = {}
    with database.transaction() as tx:
        connection = tx.connection()
        for number, (place, sql) in enumerate(texts):
            savepoint = connection.begin_nested()
            try:
                connection.exec_driver_sql(f"PREPARE p{number} AS {sql}", execution_options={"no_parameters": True})
            except Exception as error:  # noqa: BLE001  # whatever PostgreSQL says is the finding
                refused[place] = str(error).splitlines()[0]
                savepoint.rollback()
    assert len(texts) > 200
    assert refused == {}
