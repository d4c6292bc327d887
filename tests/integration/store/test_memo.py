"""What a transaction has read is read once, and anew as soon as it may be otherwise."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from engine.store import clock, locks
from engine.store.locks import Lock
from engine.store.memo import read_once
from engine.store.unit_of_work import savepoint

ADD = text("INSERT INTO business_clock (ahead) VALUES (interval '1 day') ON CONFLICT (one) DO UPDATE SET ahead = excluded.ahead")


@pytest.fixture
def counted():
    """A reading, and how often it was really done."""
    done = []
    return done, lambda: done.append(1) or len(done)


def test_the_same_is_read_once_a_transaction_and_anew_in_the_next(database, counted):
    done, read = counted
    with database.transaction() as tx:
        assert [read_once(tx, "us", read) for _ in range(3)] == [1, 1, 1]
    with database.transaction() as tx:
        assert read_once(tx, "us", read) == 2
    assert len(done) == 2


def test_what_the_transaction_writes_it_reads_anew_and_keeps_the_rest(database, counted):
    _, read = counted
    with database.transaction() as tx:
        read_once(tx, "clock", read, of=["business_clock"])
        read_once(tx, "other", read, of=["message"])
        read_once(tx, "anything", read)
        tx.execute(text("SELECT 'DROP TABLE', 1 AS update_of_nothing"))
        assert read_once(tx, "clock", read, of=["business_clock"]) == 1
        tx.execute(ADD)
        assert read_once(tx, "clock", read, of=["business_clock"]) == 4
        assert read_once(tx, "other", read, of=["message"]) == 2
        assert read_once(tx, "anything", read) == 5


@pytest.mark.parametrize(
    "statement",
    [
        "WITH gone AS (DELETE FROM business_clock RETURNING one) SELECT * FROM gone",
        "UPDATE ONLY business_clock SET ahead = ahead",
        "TRUNCATE business_clock",
        "ALTER TABLE business_clock ALTER COLUMN ahead SET DEFAULT interval '0'",
        "SELECT set_config('ordercraft.business_time', '', true)",
    ],
)
def test_every_way_of_writing_is_heard_of(own_database, counted, statement):
    _, read = counted
    with own_database.transaction() as tx:
        read_once(tx, "clock", read, of=["business_clock"])
        tx.execute(text(statement))
        assert read_once(tx, "clock", read, of=["business_clock"]) == 2


def test_what_a_lock_protects_is_read_after_it(database, counted):
    _, read = counted
    with database.transaction() as tx:
        read_once(tx, "order", read, of=["sales_order"])
        locks.take(tx, Lock.ORDER, ["SO-1"])
        assert read_once(tx, "order", read, of=["sales_order"]) == 2
        with pytest.raises(ValueError, match="wrong"), savepoint(tx):
            raise ValueError("wrong")
        assert read_once(tx, "order", read, of=["sales_order"]) == 3


def test_a_transaction_asks_the_time_once_and_again_when_it_moves_its_clock(database):
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    moved = datetime(2027, 1, 31, 23, 30, tzinfo=UTC)
    with database.transaction() as tx:
        assert clock.business_now(tx).date() == clock.business_today(tx) == tx.execute(text("SELECT business_today()")).scalar()
        clock.at(tx, moved)
        assert clock.business_now(tx) == clock.business_now(tx) == moved
        assert clock.business_today(tx) == tx.execute(text("SELECT business_today()")).scalar()
    assert asked.count("SELECT business_now()") == 2
