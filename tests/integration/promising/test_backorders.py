"""Backorders are promised anew when supply is known, the most important customer first, and the first promise stays the first."""

from sqlalchemy import text

from handlers.invariants import check_all
from handlers.orders import tasks as orders
from handlers.orders.holds import apply_hold
from handlers.orders.story import order_story
from handlers.promising import tasks as promising
from handlers.promising.backorders import Wanted, waiting_orders
from tests.integration.orders.trade import STOCK_ONLY, context, open_trade, order, stock, supply_in


def promise(tx, order_no):
    return promising.promise_lines(promising.PromiseLines(order_no, STOCK_ONLY), tx, context(tx), None)


def backordered(tx, **more):
    order_no = order(tx, ("OMINOUS-ANVIL", 10), **more)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promise(tx, order_no)
    return order_no


def waiting(tx):
    return [order.order_no for order in waiting_orders(tx, Wanted())]


def test_a_backorder_is_promised_from_supply_that_became_known(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 4)
        order_no = backordered(tx)
        assert [part["group_no"] is None for part in order_story(tx, order_no).parts] == [False, True]
        assert order_story(tx, order_no).lines[0]["first_promised"] is None
        supply_in(tx, "OMINOUS-ANVIL", 50, days=20)
        again = promise(tx, order_no)
        assert (len(again.stock_groups), again.complete) == (1, True)
        story = order_story(tx, order_no)
        assert [int(part["qty"]) for part in story.parts] == [4, 6]
        assert story.lines[0]["first_promised"] == story.lines[0]["promised_arrival"]
        assert waiting(tx) == []
        assert [result.id for result in check_all(tx) if not result.ok] == []


def test_an_order_on_credit_hold_is_left_out_until_the_hold_is_over(database):
    with database.transaction() as tx:
        open_trade(tx)
        usual, held = backordered(tx), backordered(tx)
        apply_hold(tx, held, "CREDIT_CHECK_FAILURE", "Over the limit")
        assert waiting(tx) == [usual]
        tx.execute(text("UPDATE hold SET until = business_now() - interval '1 second'"))
        assert waiting(tx) == [usual, held]
