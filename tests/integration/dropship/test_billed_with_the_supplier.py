"""A project is charged as its suppliers charge it: the customer is billed when the supplier has billed, and not before."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from tests.integration.dropship.desk import Desk

D = Decimal


def desk_of(database, order_type):
    desk = Desk(database)
    desk.order()
    with desk.transaction() as tx:
        tx.execute(text("UPDATE sales_order SET order_type = :kind"), {"kind": order_type})
    desk.acknowledge()
    desk.ship("10")
    return desk


def invoices(desk):
    return desk.ask("SELECT count(*) FROM invoice WHERE posted_at IS NOT NULL")


def test_the_customer_of_a_project_is_billed_when_the_supplier_has_billed(database):
    desk = desk_of(database, "PROJECT")
    assert invoices(desk) == 0
    assert desk.ask("SELECT qty_shipped FROM fulfil_line") == 10
    assert desk.broken() == []  # the goods are booked, and the despatch advice owns what is not billed
    desk.ring_of("supplier-despatch-advice", "bill_awaited")
    assert invoices(desk) == 0
    desk.bill("10")
    desk.ring_of("supplier-despatch-advice", "bill_awaited")
    assert invoices(desk) == 1
    assert desk.ask("SELECT qty_invoiced FROM fulfil_line") == 10
    assert desk.broken() == []


def test_a_bill_for_a_part_is_not_enough(database):
    desk = desk_of(database, "PROJECT")
    desk.bill("9")
    desk.ring_of("supplier-despatch-advice", "bill_awaited")
    assert invoices(desk) == 0


def test_a_bill_that_nobody_expects_any_more_keeps_no_customer_from_being_billed(database):
    desk = desk_of(database, "PROJECT")
    with desk.transaction() as tx:
        tx.execute(text("UPDATE po_line SET qty_given_up = qty_received"))
    desk.ring_of("supplier-despatch-advice", "bill_awaited")
    assert invoices(desk) == 1


@pytest.mark.parametrize("order_type", ["STANDARD", "RUSH"])
def test_everybody_else_is_billed_when_the_goods_are_despatched(database, order_type):
    assert invoices(desk_of(database, order_type)) == 1
