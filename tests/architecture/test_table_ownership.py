"""A capability writes its own tables only: whoever wants something changed elsewhere calls a verb of the owner."""

import re

import sqlglot
from sqlglot import exp

from tests.architecture.house_sql import Statement, owners, room_of, statements, table_writes

#: Rooms that hold the tables of a capability above them, so that others may read what only that capability writes.
WRITTEN_BY = {"handlers.quotes": "handlers.quoting"}
#: Fills a database of its own with very many rows that only stand there, set by set: no verb could.
FILLS_MANY = "api.benchmarks.many_rows"
#: What never says so writes nothing: most statements need no parser.
WRITES = re.compile(r"\b(insert|update|delete|merge)\b", re.IGNORECASE)


def written_tables(statement: Statement) -> set[str]:
    if not WRITES.search(statement.sql):
        return set()
    parsed = sqlglot.parse_one(statement.sql, dialect="postgres")
    writes = parsed.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge)
    tables = (each.this if isinstance(each.this, exp.Table) else each.this.find(exp.Table) for each in writes if each.this is not None)
    return {table.name for table in tables if table is not None}


def test_only_the_room_that_declares_a_table_writes_it():
    spelled = [(each.module, each.line, table) for each in statements() for table in written_tables(each)]
    unknown = {table for _, _, table in spelled if table not in owners()}
    strangers: dict[tuple[str, str], list[str]] = {}
    for module, line, table in [*spelled, *table_writes()]:
        if table in owners() and module != FILLS_MANY and room_of(module) not in {owners()[table], WRITTEN_BY.get(owners()[table])}:
            strangers.setdefault((room_of(module), table), []).append(f"{module}:{line}")
    assert unknown == {"pgqueuer_log", "procrastinate_jobs"}  # the queues make their own
    assert strangers == {}


def test_a_write_within_a_common_table_expression_is_seen():
    sql = "WITH given AS (UPDATE fulfil_group SET supplier_no = $1) INSERT INTO hold (order_no) SELECT order_no FROM given"
    assert written_tables(Statement("handlers.billing.creation", 1, sql)) == {"fulfil_group", "hold"}
