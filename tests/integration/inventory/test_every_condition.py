"""Each condition of the room's SQL that the other tests leave out has a case here that goes wrong without it."""

import pytest
from sqlalchemy import text

from engine.store import locks
from engine.store.locks import Lock
from handlers.inventory.rules import Issue, Want
from handlers.inventory.stock import Receipt
from handlers.orders.fulfilment_lines import issue, release, reserve
from handlers.orders.receiving import receive_stock
from handlers.promising.promise import promise_lines
from tests.integration.orders.trade import STOCK_ONLY, D, context, open_trade, order, stock
from tests.steps import as_a_step, commit_step


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        open_trade(tx)
        yield tx


def test_what_comes_in_is_added_to_its_own_place_and_lot(tx):
    tx.execute(text("INSERT INTO warehouse (code, name, country, time_zone) VALUES ('GRAZ', 'Graz', 'AT', 'UTC')"))
    for number, (warehouse, lot) in enumerate((("VIENNA", ""), ("VIENNA", "L-1"), ("GRAZ", ""), ("GRAZ", "L-1")), start=1):
        receipt = Receipt(sku="OMINOUS-ANVIL", warehouse_code=warehouse, lot=lot, qty=D(number), unit_cost=D(2), reference=f"GR-{number}")
        as_a_step(receive_stock)(tx, [receipt])
    rows = tx.execute(text("SELECT warehouse_code, lot, on_hand, value FROM stock_balance ORDER BY id")).all()
    assert rows == [("VIENNA", "", 1, 2), ("VIENNA", "L-1", 2, 4), ("GRAZ", "", 3, 6), ("GRAZ", "L-1", 4, 8)]


def test_stock_is_taken_in_reserved_and_freed_beside_who_holds_the_stock_of_another_item(tx, database):
    """My line had parasols reserved before, which somebody else holds now."""
    stock(tx, "OMINOUS-ANVIL", 10)
    stock(tx, "TINY-PARASOL", 10)
    promise_lines(tx, order(tx, ("TINY-PARASOL", 4)), STOCK_ONLY, context(tx).now)
    commit_step(tx)
    line = tx.execute(text("SELECT id FROM fulfil_line")).scalar_one()
    assert as_a_step(release)(tx, [line]) == 4
    tx.execute(text("UPDATE fulfil_line SET sku = 'OMINOUS-ANVIL'"))
    commit_step(tx)
    with database.transaction() as neighbour:
        locks.take(neighbour, Lock.STOCK, ["TINY-PARASOL"], by="sku")
        tx.execute(text("SET lock_timeout = '2s'"))
        stock(tx, "OMINOUS-ANVIL", 1)
        commit_step(tx)
        assert as_a_step(reserve)(tx, [Want(fulfil_line_id=line, sku="OMINOUS-ANVIL", warehouse_code="VIENNA", qty=D(4))]) == []
        assert as_a_step(release)(tx, [line]) == 4
    tx.execute(text("RESET lock_timeout"))


def test_goods_leave_at_the_cost_of_their_own_stock(tx):
    stock(tx, "OMINOUS-ANVIL", 10, cost="14.00")
    stock(tx, "TINY-PARASOL", 10, cost="3.00")
    for sku in ("OMINOUS-ANVIL", "TINY-PARASOL"):
        promise_lines(tx, order(tx, (sku, 4)), STOCK_ONLY, context(tx).now)
        commit_step(tx)
    mine, _ = tx.scalars(text("SELECT id FROM fulfil_line ORDER BY id")).all()
    assert issue(tx, [Issue(fulfil_line_id=mine, qty=D(3))], "SH-1", "EUR") == {mine: 42}


def test_a_line_is_freed_beside_who_holds_the_stock_of_another_item(tx, database):
    stock(tx, "OMINOUS-ANVIL", 10)
    stock(tx, "TINY-PARASOL", 10)
    for sku in ("OMINOUS-ANVIL", "TINY-PARASOL"):
        promise_lines(tx, order(tx, (sku, 4)), STOCK_ONLY, context(tx).now)
        commit_step(tx)
    mine, other = tx.execute(text("SELECT id, sku FROM fulfil_line ORDER BY id")).all()
    with database.transaction() as neighbour:
        locks.take(neighbour, Lock.STOCK, [other.sku], by="sku")
        tx.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert release(tx, [mine.id]) == 4
