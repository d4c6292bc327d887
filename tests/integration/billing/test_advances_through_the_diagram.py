"""A deposit from its plan to its use, and an order that is cancelled after its deposit was billed: through the real diagrams."""

from decimal import Decimal

import pytest

from handlers.billing import advance_tasks
from handlers.invariants import check_all
from handlers.orders.cancellation import cancel_order
from handlers.orders.holds import blocking
from tests.integration.at_work import at_work, do, say
from tests.integration.golden.builders import Sold, company, customer, item, on_stock, one, order, warehouse
from tests.integration.golden.test_diagrams import pay

D = Decimal


@pytest.fixture
def runtime(database):
    made = at_work(database, "order-billing", "return-to-credit", "fulfillment-to-invoice", "invoice-to-receipt")
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
    return made


def planned(runtime):
    """An order of 100.00 of which 30 % is to be paid before its goods leave."""
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("4", "25.00")])
        steps = [advance_tasks.PlannedStep("Deposit", "DEPOSIT", D(30), "ORDER", 0, paid_first=True)]
        advance_tasks.plan_advances(advance_tasks.Plan(made.order_no, steps), tx)
    say(runtime, "billing.planned", made.order_no, order_no=made.order_no)
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
    return made


def broken(tx):
    return [(each.id, each.examples) for each in check_all(tx) if not each.ok]


def test_goods_wait_until_their_deposit_is_paid_and_their_invoice_takes_it_off(runtime):
    made = planned(runtime)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT gross_total, posted_at IS NOT NULL FROM invoice") == (36, True)
        assert (blocking(tx, made.order_no, "release"), broken(tx)) == (["PREPAYMENT_DUE"], [])
    pay(runtime, "INV-000001", "36.00")
    with runtime.database.transaction() as tx:
        assert (blocking(tx, made.order_no, "release"), broken(tx)) == ([], [])
    do(runtime, "Pick", packages=1, weight_kg=D(6))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT gross_total FROM invoice WHERE invoice_no = 'INV-000002' AND posted_at IS NOT NULL") == 84
        assert broken(tx) == []


def test_what_was_billed_of_an_order_that_is_cancelled_is_credited_by_a_second_person(runtime):
    made = planned(runtime)
    pay(runtime, "INV-000001", "36.00")
    with runtime.database.transaction() as tx:
        cancel_order(tx, made.order_no, "The site is not built", actor="olga")
    say(runtime, "order.cancelled", None, order_no=made.order_no)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT kind, gross_total, settled_total, posted_at IS NOT NULL FROM invoice WHERE kind = 'CM'") == (
            "CM",
            36,
            0,
            True,
        )
        assert one(tx, "SELECT state FROM instance WHERE process_key = 'order-billing'") == "completed"
        assert one(tx, "SELECT amount FROM refund") == 36
        assert broken(tx) == []
