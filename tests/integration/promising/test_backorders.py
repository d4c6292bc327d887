"""Backorders are promised anew when supply is known, the most important customer first, and the first promise stays the first."""

from handlers.invariants import check_all
from handlers.orders import tasks as orders
from handlers.orders.holds import apply_hold
from handlers.orders.story import order_story
from handlers.promising import tasks as promising
from tests.integration.orders.trade import STOCK_ONLY, add_coyote, context, open_trade, order, stock, supply_in


def promise(tx, order_no):
    return promising.promise_lines(promising.PromiseLines(order_no, STOCK_ONLY), tx, context(tx))


def backordered(tx, **more):
    order_no = order(tx, ("OMINOUS-ANVIL", 10), **more)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promise(tx, order_no)
    return order_no


def waiting(tx):
    return [row["order_no"] for row in promising.list_backorders(promising.Nothing(), tx).orders]


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


def test_an_important_customer_is_served_first_and_an_order_on_credit_hold_not_at_all(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-VIP", customer_class="A")
        usual, held, important = (backordered(tx), backordered(tx), backordered(tx, customer_no="C-VIP"))
        apply_hold(tx, held, "CREDIT_CHECK_FAILURE", "Over the limit")
        assert waiting(tx) == [important, usual]
