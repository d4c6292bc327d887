"""Transactions over a server that comes and goes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import InvalidRequestError

from engine.runtime.state import audit
from engine.store import unit_of_work
from engine.store.patience import USUAL
from engine.store.rows import insert_rows
from engine.store.tables import audit as audit_table
from engine.store.unit_of_work import Collision, Database, after_commit


def kill_connections(database) -> None:
    with database.transaction() as tx:
        tx.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )


def test_a_connection_that_died_while_it_rested_is_replaced(database, monkeypatch):
    with database.transaction() as one, database.transaction() as two:
        one.execute(text("SELECT 1"))
        two.execute(text("SELECT 1"))
    kill_connections(database)
    monkeypatch.setattr(unit_of_work, "_TRUSTED_SECONDS", 0.0)
    with database.transaction() as one, database.transaction() as two:
        assert one.execute(text("SELECT 1")).scalar() == two.execute(text("SELECT 1")).scalar() == 1


def test_a_table_that_an_upgrade_changed_under_prepared_statements_is_read_anew(own_database):
    def read(tx):
        return tx.execute(text("SELECT * FROM business_clock")).all()

    with own_database.transaction() as one, own_database.transaction() as two:
        for _ in range(8):
            read(one)
            read(two)
    other = Database(own_database.url)
    with other.transaction() as tx:
        tx.execute(text("ALTER TABLE business_clock ADD COLUMN told text"))
    other.close()
    with pytest.raises(Collision), own_database.transaction() as tx:
        read(tx)
    with own_database.transaction() as one, own_database.transaction() as two:
        assert read(one) == read(two) == []


def test_what_is_to_follow_a_commit_follows_only_a_commit(database):
    done = []
    with database.transaction() as tx:
        after_commit(tx, lambda: done.append("kept"))
        assert done == []

    def fail() -> None:
        with database.transaction() as tx:
            after_commit(tx, lambda: done.append("taken back"))
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    assert done == ["kept"]


def test_a_transaction_that_is_over_takes_no_connection_any_more(database):
    with database.transaction() as kept:
        kept.execute(text("SELECT 1"))
    with pytest.raises(InvalidRequestError, match="permanently closed"):
        kept.execute(text("SELECT 1"))
    assert database.engine.pool.checkedout() == 0


def test_many_rows_travel_in_one_statement_exactly(database):
    rows = [
        {
            "actor": name,
            "action": "note",
            "target": "x",
            "detail": {"amount": Decimal("0.10")},
            "previous_hash": "-",
            "hash": "-",
            "reason": None,
        }
        for name in ("ada", "bob")
    ]
    with database.transaction() as tx:
        insert_rows(tx, audit_table, rows)
        found = tx.execute(select(audit_table.c.actor, audit_table.c.detail, audit_table.c.reason).order_by(audit_table.c.id)).all()
    assert [(row.actor, str(row.detail["amount"]), row.reason) for row in found] == [("ada", "0.10", None), ("bob", "0.10", None)]


def test_the_audit_log_is_one_chain_even_when_many_write_at_once(database):
    def write(name: str) -> None:
        for _ in range(10):
            with database.transaction() as tx:
                audit.record(tx, audit.Entry(name, "note", "thing:1", detail={"amount": Decimal("1.50")}))

    threads = [Thread(target=write, args=(name,)) for name in ("ada", "bob", "cyd")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.transaction() as tx:
        assert audit.first_broken(tx) is None
        tx.execute(text("DELETE FROM audit WHERE id = (SELECT min(id) + 5 FROM audit)"))
        assert audit.first_broken(tx) is not None


def test_of_two_who_lock_each_other_out_one_is_told_to_repeat(database):
    with database.transaction() as tx:
        tx.execute(text("CREATE TABLE IF NOT EXISTS shelf (id int PRIMARY KEY, stock int)"))
        tx.execute(text("INSERT INTO shelf VALUES (1, 5), (2, 5)"))
    gate, outcomes = Barrier(2), []

    def take(first: int, second: int) -> None:
        try:
            with database.transaction() as tx:
                tx.execute(text("UPDATE shelf SET stock = stock - 1 WHERE id = :id"), {"id": first})
                gate.wait()
                tx.execute(text("UPDATE shelf SET stock = stock - 1 WHERE id = :id"), {"id": second})
        except Collision as collision:
            outcomes.append((collision.code, collision.next_step))

    threads = [Thread(target=take, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [("collision", "Repeat the request.")]
    with database.transaction() as tx:
        assert tx.execute(text("SELECT stock FROM shelf ORDER BY id")).scalars().all() == [4, 4]


def test_who_freezes_in_the_middle_of_a_transaction_gives_its_locks_back(database):
    frozen = Database(database.url, pool_size=1, patience=replace(USUAL, idle=timedelta(milliseconds=200)))
    lock = text("SELECT pg_advisory_xact_lock(4711)")

    def freeze(tx):
        tx.execute(lock)
        with database.transaction() as other:
            other.execute(lock)  # comes as soon as the server has ended the frozen one
        tx.execute(text("SELECT 1"))

    with pytest.raises(Collision), frozen.transaction() as tx:
        freeze(tx)
    with frozen.transaction() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1, "the next transaction has a fresh connection"
    frozen.close()


def test_no_statement_is_compiled_for_a_second_to_run_for_a_tenth_of_one(database):
    with database.transaction() as tx:
        assert tx.scalar(text("SHOW jit")) == "off"
