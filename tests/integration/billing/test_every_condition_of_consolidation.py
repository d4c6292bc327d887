"""Each condition of what a billing run reads: beside every row that is meant stands one that is nearly the same."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from handlers.billing import consolidation
from handlers.billing.consolidation import Due, Kind, find_due, is_left_to_run, kinds_waiting, preview
from handlers.billing.rules import Cycle
from tests.integration.billing.test_consolidated import LAST_OF_MARCH, MONTHLY, bill, deliver, monthly  # noqa: F401  # a fixture
from tests.integration.golden.builders import CUSTOMER, Sold, one
from tests.integration.receivables.test_every_condition import NEIGHBOUR, neighbour

FIRST, SECOND, THIRD = "SH-000001", "SH-000002", "SH-000003"
CYCLE = Cycle("MONTHLY", 31)


@pytest.fixture
def three(monthly):  # noqa: F811  # the fixture above
    """Three deliveries that wait: two of our customer, and one of a neighbour who is billed by the week, by Peppol."""
    for number in range(3):
        deliver(monthly, Sold(str(number + 1), "10.00"))
    with monthly.transaction() as tx:
        neighbour(tx)
        tx.execute(
            text("UPDATE customer SET invoice_cycle = 'WEEKLY', invoice_channel = 'PEPPOL' WHERE customer_no = :no"), {"no": NEIGHBOUR}
        )
        tx.execute(text("UPDATE sales_order SET customer_no = :no WHERE order_no = 'SO-000003'"), {"no": NEIGHBOUR})
        tx.execute(
            text("UPDATE delivery_to_bill SET customer_no = :no WHERE shipment_no = :shipment"), {"no": NEIGHBOUR, "shipment": THIRD}
        )
    return monthly


def change(tx, *statements):
    """What the business would do by many steps, done at once."""
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    for statement in statements:
        assert tx.execute(text(statement)).rowcount, statement
    tx.execute(text("SET LOCAL session_replication_role = origin"))


def planned(tx, customer_no=CUSTOMER):
    """The shipments that a run would bill."""
    return sorted(number for each in preview(tx, Due(customer_no, CYCLE), LAST_OF_MARCH) for number in each.shipments)


def a_paper(shipment_no, kind="INV", cancelled="NULL"):
    """A paper that charges all of a shipment, nearly like an invoice that stands."""
    copied = "order_no, customer_no, bill_to, ship_to, currency"
    credits_ = "NULL" if kind == "INV" else "'INV-9'"
    return (
        f"""
        INSERT INTO invoice (invoice_no, kind, grouping, billing_policy, shipment_no, {copied}, invoice_date, delivery_date, net_days,
          due_date, net_total, tax_total, gross_total, cancelled_at, credits_invoice_no)
        SELECT 'P-1', '{kind}', 'x', 'ON_SHIP', sent.shipment_no, {copied}, '2026-03-10', '2026-03-10', 30, '2026-04-09', 0, 0, 0,
          {cancelled}, {credits_}
        FROM shipment AS sent JOIN sales_order USING (order_no) WHERE sent.shipment_no = '{shipment_no}'
        """,
        f"""
        INSERT INTO invoice_line (invoice_no, kind, line_no, charge_code, order_no, shipment_line_id, description, qty, uom, unit_price,
          amount, tax_category, tax_rate_pct, cancelled)
        SELECT 'P-1', '{kind}', row_number() OVER (), 'ITEM', sent.order_no, packed.id, 'x', 1, 'EA', 0, 0, 'S', 20, {cancelled} IS NOT NULL
        FROM shipment AS sent JOIN shipment_line AS packed USING (shipment_no) WHERE sent.shipment_no = '{shipment_no}'
        """,
    )


def test_a_shipment_is_left_to_a_run_by_its_own_customers_cycle_and_unless_an_invoice_of_it_stands(three):
    with three.transaction() as tx:
        assert [is_left_to_run(tx, number) for number in (FIRST, SECOND, THIRD)] == [True, True, True]
        change(tx, f"UPDATE customer SET invoice_cycle = 'SHIPMENT' WHERE customer_no = '{NEIGHBOUR}'")
        assert [is_left_to_run(tx, number) for number in (FIRST, THIRD)] == [True, False]


@pytest.mark.parametrize(
    ("paper", "left"),
    [(a_paper(FIRST), False), (a_paper(FIRST, "CM"), True), (a_paper(FIRST, cancelled="now()"), True), (a_paper(SECOND), True)],
    ids=["an invoice", "a credit memo", "a cancelled invoice", "an invoice of another shipment"],
)
def test_only_an_invoice_that_stands_takes_a_shipment_from_the_run(three, paper, left):
    with three.transaction() as tx:
        change(tx, *paper)
        assert is_left_to_run(tx, FIRST) is left
        assert (FIRST in planned(tx)) is left


def test_who_waits_is_told_by_cycle_and_channel_and_only_while_something_waits(three):
    with three.transaction() as tx:
        ours = one(tx, "SELECT invoice_channel FROM customer WHERE customer_no = :no", no=CUSTOMER)
        cycles = {Kind("MONTHLY", ours): CYCLE, Kind("WEEKLY", "PEPPOL"): Cycle("WEEKLY", 1)}
        assert set(kinds_waiting(tx)) == set(cycles)
        assert {due.customer_no for due in find_due(tx, cycles, LAST_OF_MARCH.date())} == {CUSTOMER, NEIGHBOUR}
        assert [due.customer_no for due in find_due(tx, cycles, LAST_OF_MARCH.date(), NEIGHBOUR)] == [NEIGHBOUR]
        assert consolidation.is_anything_waiting(tx, NEIGHBOUR)
        change(tx, f"UPDATE delivery_to_bill SET billed_at = now() WHERE shipment_no = '{THIRD}'")
        assert kinds_waiting(tx) == [Kind("MONTHLY", ours)]
        assert [due.customer_no for due in find_due(tx, cycles, LAST_OF_MARCH.date())] == [CUSTOMER]
        assert not consolidation.is_anything_waiting(tx, NEIGHBOUR)


def test_a_customer_is_billed_for_its_own_deliveries_that_wait_and_were_not_called_back(three):
    with three.transaction() as tx:
        assert planned(tx) == [FIRST, SECOND]
        assert planned(tx, NEIGHBOUR) == [THIRD]
        change(tx, f"UPDATE delivery_to_bill SET billed_at = now() WHERE shipment_no = '{FIRST}'")
        assert planned(tx) == [SECOND]
        change(tx, f"UPDATE shipment SET cancelled_at = now(), shipped_at = NULL, delivered_at = NULL WHERE shipment_no = '{SECOND}'")
        assert planned(tx) == []


HOLD = """
INSERT INTO hold (order_no, hold_code, blocks, reason, applied_by, until, released_at, released_by)
VALUES ('{order_no}', 'TAX', '{blocks}', 'Which rate?', 'rita', {until}, {released}, CASE WHEN {released} IS NOT NULL THEN 'max' END)
"""


@pytest.mark.parametrize(
    ("hold", "held"),
    [
        ({}, True),
        ({"until": "business_now() + interval '1 day'"}, True),
        ({"until": "business_now() - interval '1 day'"}, False),
        ({"released": "now()"}, False),
        ({"blocks": "ship"}, False),
        ({"order_no": "SO-000002"}, False),
    ],
    ids=["on hold", "until tomorrow", "until yesterday", "released", "of its shipping", "of another order"],
)
def test_what_is_on_hold_for_its_invoice_waits_for_the_next_run(three, hold, held):
    with three.transaction() as tx:
        given = {"order_no": "SO-000001", "blocks": "invoice", "until": "NULL", "released": "NULL"} | hold
        change(tx, HOLD.format(**given))
        assert (FIRST not in planned(tx)) is held


def test_the_term_of_instalments_is_the_customers_own_and_holds_only_for_its_own_terms_of_payment(three):
    with three.transaction() as tx:
        change(tx, f"UPDATE customer SET payment_term = 'HALVES' WHERE customer_no = '{NEIGHBOUR}'")
        assert [row["payment_term"] for row in consolidation._candidates(tx, CUSTOMER)] == ["", ""]
        change(tx, f"UPDATE customer SET payment_term = 'THIRDS' WHERE customer_no = '{CUSTOMER}'")
        assert [row["payment_term"] for row in consolidation._candidates(tx, CUSTOMER)] == ["THIRDS", "THIRDS"]
        change(tx, "UPDATE sales_order SET net_days = net_days + 1 WHERE order_no = 'SO-000001'")
        assert [row["payment_term"] for row in consolidation._candidates(tx, CUSTOMER)] == [None, "THIRDS"]


def test_the_categories_of_tax_are_those_of_the_shipment_and_of_what_is_not_charged(three):
    with three.transaction() as tx:
        change(tx, "UPDATE order_line SET tax_category = 'O' WHERE order_no = 'SO-000002'")
        found = {row["shipment_no"]: list(row["categories"]) for row in consolidation._candidates(tx, CUSTOMER)}
        assert found == {FIRST: ["S"], SECOND: ["O"]}


def test_a_run_goes_on_with_its_own_draft_that_the_customer_does_not_have(three):
    with three.transaction() as tx:
        begun = consolidation.draft_next(tx, MONTHLY, "C/2026-03-31", LAST_OF_MARCH)
        assert begun.order_nos == ("SO-000001", "SO-000002")
    with three.transaction() as tx:
        other = consolidation.draft_next(tx, Due(NEIGHBOUR, CYCLE), "N/2026-03-31", LAST_OF_MARCH)
        assert other.order_nos == ("SO-000003",)
    with three.transaction() as tx:
        again = consolidation.draft_next(tx, MONTHLY, "C/2026-03-31", LAST_OF_MARCH)
        assert again == begun
        assert consolidation.draft_next(tx, MONTHLY, "C/other", LAST_OF_MARCH).invoice_no is None
    assert bill(three) == begun.invoice_no
    with three.transaction() as tx:
        assert consolidation.draft_next(tx, MONTHLY, "C/2026-03-31", LAST_OF_MARCH).invoice_no is None


def test_what_was_charged_by_another_way_waits_no_more_and_what_was_not_goes_on_waiting(three):
    with three.transaction() as tx:
        change(tx, *a_paper(FIRST), f"UPDATE delivery_to_bill SET billable_on = '2026-06-01' WHERE shipment_no = '{SECOND}'")
    with three.transaction() as tx:
        assert consolidation.draft_next(tx, MONTHLY, "C/2026-03-31", LAST_OF_MARCH).invoice_no is None
        waiting = tx.execute(text("SELECT shipment_no FROM delivery_to_bill WHERE billed_at IS NULL ORDER BY 1")).scalars().all()
        assert waiting == [SECOND, THIRD]


def test_a_run_marks_what_it_bills_and_nothing_else_and_keeps_the_day_of_what_was_billed_before(three):
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    with three.transaction() as tx:
        change(tx, f"UPDATE delivery_to_bill SET billed_at = '2026-01-01 00:00+00' WHERE shipment_no = '{FIRST}'")
    with three.transaction() as tx:
        assert consolidation.draft_next(tx, MONTHLY, "C/2026-03-31", LAST_OF_MARCH).order_nos == ("SO-000002",)
    with three.transaction() as tx:
        rows = {row.shipment_no: row.billed_at for row in tx.execute(text("SELECT shipment_no, billed_at FROM delivery_to_bill"))}
        assert rows[FIRST] == long_ago
        assert rows[SECOND] is not None
        assert rows[THIRD] is None
