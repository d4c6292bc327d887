"""What an invoice takes as charged before: invoices that stand, of its own order, and no memo or cancelled one."""

from decimal import Decimal

from sqlalchemy import text

from handlers.billing.creation import planned_invoices
from tests.integration.billing.test_billing import invoice, ship
from tests.integration.golden.builders import Sold, context, one, order
from tests.steps import commit_step

D = Decimal


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
    """A memo of the customer's for every invoice, with a tax of its own, that takes nothing of it back from the order."""
    number = "replace(invoice_no, 'INV', 'CM')"
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    copied(tx, "invoice", invoice_no=number, kind="'CM'", credits_invoice_no="invoice_no", created_at="created_at + interval '1 hour'")
    copied(tx, "invoice_line", invoice_no=number, kind="'CM'")
    copied(tx, "invoice_tax", invoice_no=number, tax="tax * 2")
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


#: Seven for 10.00: the first costs 1.43, the next two 2.86 and the last four 5.71.
SEVEN = Sold("7", "1.43", ("1", "2", "4"), header_discount="0.01")


def test_what_cancelled_invoices_took_of_a_line_and_of_its_tax_is_there_for_the_next_ones(world):
    with world.transaction() as tx:
        second = sent(tx, order(tx, [SEVEN]).groups[1])
        pennies = sent(tx, order(tx, [Sold("1", "0.12")]).groups[0])
        for _ in range(2):
            assert totals(tx, charge(tx, second).invoice_no) == (D("2.86"), 0, D("0.57"))
            assert totals(tx, charge(tx, pennies).invoice_no) == (D("0.12"), 0, D("0.02"))
            cancel_all(tx)


def test_a_memo_charges_nothing(world):
    with world.transaction() as tx:
        shipments = [sent(tx, group) for group in order(tx, [SEVEN], freight="5.00").groups]
        first = charge(tx, shipments[0])
        post_all(tx)
        credit_all(tx)
        assert charge(tx, shipments[0]).invoice_no == first.invoice_no, "a memo is not the invoice of its shipment"
        every = [totals(tx, number) for number in (first.invoice_no, *(charge(tx, each).invoice_no for each in shipments[1:]))]
        assert [each[0] for each in every] == [D("1.43"), D("2.86"), D("5.71")]
        assert [sum(column) for column in zip(*every, strict=True)] == [10, 5, 3]


def test_what_was_charged_beside_the_goods_of_a_line_is_none_of_them(world):
    with world.transaction() as tx:
        made = order(tx, [SEVEN], freight="5.00")
        charge(tx, sent(tx, made.groups[0]))
        tx.execute(text("UPDATE invoice_line SET order_line_id = (SELECT id FROM order_line) WHERE charge_code = 'FREIGHT'"))
        commit_step(tx)
        (planned,) = planned_invoices(tx, made.groups[1], context().now)
        assert planned.draft.totals["net_total"] == D("2.86")
        assert totals(tx, charge(tx, sent(tx, made.groups[1])).invoice_no)[0] == D("2.86")


# ---- the same for an invoice that is only tried


def planned(tx, group_no):
    (found,) = planned_invoices(tx, group_no, context().now)
    return tuple(found.draft.totals[name] for name in ("net_total", "freight_total"))


def test_a_planned_invoice_is_of_its_own_group_and_order_and_of_what_will_be_shipped(world):
    with world.transaction() as tx:
        charge(tx, sent(tx, order(tx, [Sold("9", "500.00")], freight="3.00").groups[0]))
        made = order(tx, [SEVEN, Sold("7", "2.00", ("1", "2", "4"))], freight="5.00")
        tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty WHERE order_no = :no AND qty = 2 AND order_line_id = "
                        "(SELECT max(id) FROM order_line)"), {"no": made.order_no})  # fmt: skip
        commit_step(tx)
        (found,) = planned_invoices(tx, made.groups[1], context().now)
        assert [source["qty"] for source in found.sources] == [2]
        assert planned(tx, made.groups[1]) == (D("2.86"), 5)


def test_neither_a_memo_nor_a_cancelled_invoice_changes_what_is_planned(world):
    with world.transaction() as tx:
        first, second, _ = order(tx, [SEVEN], freight="5.00").groups
        charge(tx, sent(tx, first))
        assert planned(tx, second) == (D("2.86"), 0)
        credit_all(tx)
        assert planned(tx, second) == (D("2.86"), 0)
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("invoice_line", "invoice"):
            tx.execute(text(f"DELETE FROM {table} WHERE kind = 'INV'"))
        commit_step(tx)
        assert planned(tx, second) == (D("2.86"), 5)


def test_what_a_cancelled_invoice_charged_is_planned_again(world):
    with world.transaction() as tx:
        first, second, _ = order(tx, [Sold("7", "1.43", ("3", "2", "2"), header_discount="0.01")], freight="5.00").groups
        charge(tx, sent(tx, first))
        assert planned(tx, second) == (D("2.85"), 0)
        cancel_all(tx)
        assert planned(tx, second) == (D("2.86"), 5)


def test_each_line_is_planned_once_and_carriage_that_was_agreed_later_with_them(world):
    with world.transaction() as tx:
        made = order(tx, [SEVEN, Sold("7", "2.00", ("1", "2", "4"))])
        charge(tx, sent(tx, made.groups[0]))
        tx.execute(text("UPDATE sales_order SET freight = 5, gross_total = gross_total + 5"))
        commit_step(tx)
        assert planned(tx, made.groups[1]) == (D("6.86"), 5)


# ---- and of no other order


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


def test_the_pennies_of_another_orders_tax_are_not_rounded_with_ours(world):
    with world.transaction() as tx:
        charge(tx, sent(tx, order(tx, [Sold("1", "0.12")]).groups[0]))
        ours = sent(tx, order(tx, [Sold("2", "0.13")], freight="7.00").groups[0])
        assert totals(tx, charge(tx, ours).invoice_no) == (D("0.26"), 7, D("1.45"))
