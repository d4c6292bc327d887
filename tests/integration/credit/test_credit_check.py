"""The credit check over open items, shipped and booked orders."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from engine.problems import Invalid
from handlers.credit import tasks as credit
from handlers.ledger.books import set_rate
from handlers.ledger.model import OpenItem
from handlers.orders import tasks as orders
from handlers.orders.holds import apply_hold
from handlers.orders.story import order_story
from handlers.promising.promise import promise_lines
from tests.integration.orders.trade import STOCK_ONLY, D, add_coyote, context, open_trade, order, stock


def assessed(tx, order_no):
    return credit.assess_exposure(credit.OrderNumber(order_no), tx)


def owe(tx, document_no, amount, due_in_days, **more) -> None:
    today = tx.execute(text("SELECT current_date")).scalar_one()
    tx.execute(
        insert(OpenItem).values(
            {
                "kind": "AR",
                "party_no": "C-COYOTE",
                "document_no": document_no,
                "document_date": today,
                "due_date": today + timedelta(days=due_in_days),
                "original": amount,
                "open_amount": amount,
                "currency": "EUR",
            }
            | more
        )
    )


def booked(tx, qty, **more):
    order_no = order(tx, ("OMINOUS-ANVIL", qty), **more)
    orders.price_order(orders.OrderNumber(order_no), tx)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promise_lines(tx, order_no, STOCK_ONLY, context(tx).now)
    return order_no


def test_open_invoices_count_and_the_oldest_overdue_one_is_named(database):
    with database.transaction() as tx:
        open_trade(tx)
        owe(tx, "INV-1", 600, -40)
        owe(tx, "INV-2", 400, 10)
        order_no = order(tx, ("OMINOUS-ANVIL", 10))
        orders.price_order(orders.OrderNumber(order_no), tx)
        facts = assessed(tx, order_no)
        assert (facts.exposure, facts.available, facts.order_total) == (1000, 9000, 300)
        assert (facts.oldest_overdue_days, facts.overdue_share_pct, facts.customer_class) == (40, 60, "B")


def test_booked_orders_count_with_tax_until_they_ship_and_shipped_ones_until_they_are_billed(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        booked(tx, 10)
        asking = order(tx, ("OMINOUS-ANVIL", 1))
        assert assessed(tx, asking).exposure == 300
        tx.execute(text("UPDATE fulfil_line SET qty_shipped = 4"))
        assert assessed(tx, asking).exposure == 300, "6 booked and 4 shipped"
        tx.execute(text("UPDATE fulfil_line SET qty_invoiced = 4"))
        assert assessed(tx, asking).exposure == 180, "the 4 that are billed are an open item from now on"


def test_an_order_on_credit_hold_or_far_ahead_or_cancelled_does_not_count(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        held, far, cancelled = (booked(tx, 10) for _ in range(3))
        apply_hold(tx, held, "CREDIT_CHECK_FAILURE", "Over the limit")
        tx.execute(text("UPDATE fulfil_line SET sched_ship = current_date + 31 WHERE order_no = :far"), {"far": far})
        orders.cancel_order(orders.Reasoned(cancelled, "Not needed"), tx, context(tx))
        assert assessed(tx, order(tx, ("OMINOUS-ANVIL", 1))).exposure == 0


def test_an_order_does_not_count_against_itself(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 100)
        assert assessed(tx, booked(tx, 10)).exposure == 0


def test_what_is_owed_in_dollars_counts_at_the_rate_on_file(database):
    with database.transaction() as tx:
        open_trade(tx)
        owe(tx, "INV-1", 1000, 10, currency="USD")
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        with pytest.raises(Invalid, match="No exchange rate for USD"):
            assessed(tx, order_no)
        set_rate(tx, "USD", tx.execute(text("SELECT current_date")).scalar_one(), D("0.92"))
        assert assessed(tx, order_no).exposure == 920


def test_nobody_pays_for_the_debts_of_another(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-ROADRUNNER")
        owe(tx, "INV-1", 5000, -90, party_no="C-ROADRUNNER")
        facts = assessed(tx, order(tx, ("OMINOUS-ANVIL", 1)))
        assert (facts.exposure, facts.oldest_overdue_days) == (0, 0)


def test_the_decision_is_kept_with_its_figures_and_on_the_order(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        assessed(tx, order_no)
        credit.record_decision(credit.RecordDecision(order_no, "HOLD", "Too much"), tx, context(tx, "carla.credit"))
        kept = tx.execute(text("SELECT decision, reason, decided_by, exposure FROM credit_check")).one()
        assert kept == ("HOLD", "Too much", "carla.credit", 0)
        assert order_story(tx, order_no).order["credit_status"] == "HOLD"
        with pytest.raises(Invalid, match="no credit decision"):
            credit.record_decision(credit.RecordDecision(order_no, "MAYBE"), tx, context(tx))
