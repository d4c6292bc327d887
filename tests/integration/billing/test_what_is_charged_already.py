"""What an invoice takes as charged before: invoices that stand, of its own order, and no memo or cancelled one."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from tests.integration.billing.test_billing import invoice, ship
from tests.integration.golden.builders import Sold, company, customer, item, on_stock, one, order, warehouse
from tests.steps import commit_step

D = Decimal


@pytest.fixture
def world(database):
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
    return database


def sent(tx, group_no):
    shipment_no = ship(tx, group_no)
    commit_step(tx)
    return shipment_no


def charge(tx, shipment_no):
    made = invoice(tx, shipment_no)
    commit_step(tx)
    return made


def post_all(tx) -> None:
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    tx.execute(text("UPDATE invoice SET posted_at = now()"))
    commit_step(tx)


def cancel_all(tx) -> None:
    """As a cancellation would leave them; what was counted as invoiced is to be invoiced again."""
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    tx.execute(text("UPDATE fulfil_line SET qty_invoiced = 0"))
    tx.execute(text("UPDATE invoice SET cancelled_at = now()"))
    tx.execute(text("UPDATE invoice_line SET cancelled = true"))
    commit_step(tx)


def copied(tx, table: str, **changes: str) -> None:
    """A second copy of every row, with other values in some columns."""
    columns = tx.scalars(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = :name AND column_name <> 'id'"), {"name": table}
    ).all()
    values = ", ".join(changes.get(column, column) for column in columns)
    tx.execute(text(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"))


def credit_all(tx) -> None:
    """A memo of the customer's for every invoice, that takes nothing of it back from the order."""
    number = "replace(invoice_no, 'INV', 'CM')"
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    copied(tx, "invoice", invoice_no=number, kind="'CM'", created_at="created_at + interval '1 hour'")
    copied(tx, "invoice_line", invoice_no=number, kind="'CM'")
    copied(tx, "invoice_tax", invoice_no=number)
    commit_step(tx)


def totals(tx, invoice_no):
    sql = "SELECT net_total, freight_total, tax_total FROM invoice WHERE invoice_no = :no"
    return tuple(one(tx, sql, no=invoice_no))


def test_what_a_cancelled_invoice_charged_is_charged_again_with_its_carriage(world):
    with world.transaction() as tx:
        first = sent(tx, order(tx, [Sold("60", "22.50")], freight="40.00").groups[0])
        charge(tx, first)
        cancel_all(tx)
        again = charge(tx, first)
        assert (again.created, totals(tx, again.invoice_no)) == (True, (1350, 40, 278))


def test_what_cancelled_invoices_took_of_a_line_and_of_its_tax_is_there_for_the_next_ones(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("2", "3.33", ("1", "1"), header_discount="0.01")])
        shipments = [sent(tx, group) for group in made.groups]
        before = [totals(tx, charge(tx, each).invoice_no) for each in shipments]
        cancel_all(tx)
        again = [totals(tx, charge(tx, each).invoice_no) for each in shipments]
        assert again == before
        assert (sum(each[0] for each in again), sum(each[2] for each in again)) == (D("6.65"), D("1.33"))


def test_a_memo_charges_nothing(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("3", "3.33", ("1", "1", "1"), header_discount="0.01")], freight="5.00")
        shipments = [sent(tx, group) for group in made.groups]
        first = charge(tx, shipments[0])
        post_all(tx)
        credit_all(tx)
        assert charge(tx, shipments[0]).invoice_no == first.invoice_no, "a memo is not the invoice of its shipment"
        rest = [totals(tx, charge(tx, each).invoice_no) for each in shipments[1:]]
        every = [totals(tx, first.invoice_no), *rest]
        assert [sum(column) for column in zip(*every, strict=True)] == [D("9.98"), 5, D("3.00")]


def test_a_memo_for_carriage_and_goods_that_no_invoice_has_charged_stands_in_the_way_of_none(world):
    with world.transaction() as tx:
        shipment_no = sent(tx, order(tx, [Sold("60", "22.50")], freight="40.00").groups[0])
        charge(tx, shipment_no)
        credit_all(tx)
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("invoice_line", "invoice"):
            tx.execute(text(f"DELETE FROM {table} WHERE kind = 'INV'"))
        tx.execute(text("UPDATE fulfil_line SET qty_invoiced = 0"))
        commit_step(tx)
        assert totals(tx, charge(tx, shipment_no).invoice_no) == (1350, 40, 278)


def test_carriage_and_tax_are_those_of_the_order_whatever_another_was_charged(world):
    with world.transaction() as tx:
        theirs = sent(tx, order(tx, [Sold("9", "500.00", tax_rate="10")], freight="3.00").groups[0])
        charge(tx, theirs)
        ours = sent(tx, order(tx, [Sold("2", "0.13", tax_rate="20")], freight="7.00").groups[0])
        assert totals(tx, charge(tx, ours).invoice_no) == (D("0.26"), 7, D("1.45"))
