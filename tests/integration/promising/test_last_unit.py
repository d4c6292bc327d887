"""Two orders race for the last unit; and orders that lock the same items in another order do not wait for one another in a circle."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from handlers.invariants import check_all
from handlers.orders.holds import apply_hold
from handlers.promising.promise import promise_lines
from tests.integration.orders.trade import STOCK_ONLY, context, open_trade, order, stock


def promise_together(database, order_nos):
    start = Barrier(len(order_nos))

    def promise(order_no):
        with database.transaction() as tx:
            now = context(tx).now
            start.wait()
            return promise_lines(tx, order_no, STOCK_ONLY, now).backordered_lines

    with ThreadPoolExecutor(len(order_nos)) as threads:
        return list(threads.map(promise, order_nos))


def test_two_orders_race_for_the_last_unit_and_exactly_one_reserves_it(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 1)
        order_nos = [order(tx, ("OMINOUS-ANVIL", 1)) for _ in range(2)]
    assert sorted(promise_together(database, order_nos)) == [0, 1]
    with database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM reservation WHERE state = 'ACTIVE'")).scalar_one() == 1
        assert tx.execute(text("SELECT on_hand, reserved FROM stock_balance")).one() == (1, 1)
        assert [result.id for result in check_all(tx) if not result.ok and result.id != "INV-37"] == []  # nobody is there to ship it


def test_eight_orders_over_the_same_items_in_any_order_never_promise_a_piece_twice(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 5)
        stock(tx, "TINY-PARASOL", 5)
        lines = [("OMINOUS-ANVIL", 1), ("TINY-PARASOL", 1)]
        order_nos = [order(tx, *(lines if number % 2 else reversed(lines))) for number in range(8)]
    assert sum(promise_together(database, order_nos)) == 6
    with database.transaction() as tx:
        assert tx.execute(text("SELECT sum(on_hand), sum(reserved) FROM stock_balance")).one() == (10, 10)
        assert [result.id for result in check_all(tx) if not result.ok and result.id != "INV-37"] == []  # nobody is there to ship it


def test_an_order_on_credit_hold_is_not_promised(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        apply_hold(tx, order_no, "CREDIT_CHECK_FAILURE", "Over the limit")
        with pytest.raises(Conflict, match="CREDIT_CHECK_FAILURE") as held:
            promise_lines(tx, order_no, STOCK_ONLY, context(tx).now)
        assert held.value.next_step == "Release the hold, then retry."


def test_a_line_for_which_the_decision_has_no_answer_is_named(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        with pytest.raises(Invalid, match="no answer for OMINOUS-ANVIL"):
            promise_lines(tx, order_no, [], context(tx).now)
