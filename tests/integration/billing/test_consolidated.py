"""A customer who is billed by the month: one invoice over its deliveries, each exactly once, whoever bills and whatever is killed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import text

from engine.problems import Invalid
from engine.runtime.verbs import housekeeping
from engine.store import clock
from engine.store.paging import Asked
from handlers.billing import consolidation, consolidation_tasks, credit_tasks, tasks
from handlers.billing.commands import BillingRun, begin_run, preview_run
from handlers.billing.consolidation import Due
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.rules import Cycle
from handlers.billing.ubl import write_ubl
from handlers.invariants import check_all
from handlers.open_things import Filter, list_open_things
from handlers.returns.requests import ReturnedLine, ReturnRequest, keep_request
from tests.integration.at_work import at_work, settle
from tests.integration.billing.test_before_posting import ship
from tests.integration.golden.builders import CUSTOMER, Sold, context, effects, one, order
from tests.lock_watch import watching

D = Decimal
LAST_OF_MARCH = datetime(2026, 3, 31, 9, tzinfo=UTC)
MONTHLY = Due(CUSTOMER, Cycle("MONTHLY", 31))


@pytest.fixture
def monthly(world):
    with world.transaction() as tx:
        tx.execute(text("UPDATE customer SET invoice_cycle = 'MONTHLY'"))
    return world


def deliver(database, *sold, **about):
    """An order that leaves whole, and waits to be billed; its number."""
    with database.transaction() as tx:
        made = order(tx, list(sold) or [Sold("2", "10.00")], **about)
    for group_no in made.groups:
        shipment_no = ship(database, group_no)
        with database.transaction() as tx:
            left = tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context())
            assert left.invoice_no is None
    return made.order_no


def bill(database, run="C/2026-03-31", due=MONTHLY, now=LAST_OF_MARCH, **how):
    """The next invoice of a run, checked, posted and sent; None where nothing is left."""
    with database.transaction() as tx:
        number = consolidation.draft_next(tx, due, run, now, **how).invoice_no
    if number:
        tasks.prepare_invoice(tasks.OfInvoice(number), database)
        with database.transaction() as tx:
            tasks.post_invoice(tasks.OfInvoice(number), tx)
            tasks.deliver_invoice(tasks.OfInvoice(number), tx, effects())
    return number


def broken(database):
    with database.transaction() as tx:
        return [(each.id, each.examples) for each in check_all(tx) if not each.ok]


def test_a_month_of_deliveries_is_one_invoice_whose_lines_name_their_orders(monthly):
    """Twice 0.33 at 20 % is 0.07 of tax for each order, and 0.14 together; carriage of the second one brings 0.80."""
    first = deliver(monthly, Sold("1", "0.33"), customer_po="PO-1")
    deliver(monthly, Sold("1", "0.33"), freight="4.00", customer_po="PO-2")
    with monthly.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM invoice") == 0
        open_ = list_open_things(tx, Filter(kind="shipment to invoice"), Asked()).rows
        assert {(each.mover, each.what) for each in open_} <= {("schedule", "billing-run"), ("none", None)}
    assert bill(monthly, now=datetime(2026, 3, 30, 9, tzinfo=UTC)) is None
    assert bill(monthly) == "INV-000001"
    assert bill(monthly) is None
    with monthly.transaction() as tx:
        facts = read_facts(tx, "INV-000001")
        assert (facts.order_no, facts.customer_po, facts.net_total, facts.freight_total, facts.tax_total) == (
            "",
            "",
            D("0.66"),
            4,
            D("0.94"),
        )
        assert (facts.lines[0].order_no, facts.lines[0].customer_po, facts.lines[0].shipment_no) == (first, "PO-1", "SH-000001")
        document = write_ubl(facts)
        assert validate_invoice(document) == []
        assert b"<cbc:Value>PO-2</cbc:Value>" in document
        assert one(tx, "SELECT count(*), sum(open_amount) FROM open_item") == (1, D("5.60"))
        assert one(tx, "SELECT count(*) FROM delivery_to_bill WHERE billed_at IS NULL") == 0
    assert broken(monthly) == []


def test_what_differs_is_billed_apart(monthly):
    deliver(monthly, customer_po="PO-1")
    deliver(monthly, customer_po="PO-2")
    deliver(monthly, customer_po="PO-1", net_days=60)
    by_order = Due(CUSTOMER, Cycle("MONTHLY", 31, by_purchase_order=True))
    numbers = [bill(monthly, due=by_order) for _ in range(4)]
    assert numbers == ["INV-000001", "INV-000002", "INV-000003", None]
    with monthly.transaction() as tx:
        rows = tx.execute(text("SELECT order_no, customer_po, net_days FROM invoice ORDER BY invoice_no")).all()
        assert [tuple(row) for row in rows] == [("SO-000001", "PO-1", 30), ("SO-000002", "PO-2", 30), ("SO-000003", "PO-1", 60)]
    assert broken(monthly) == []


def test_a_run_that_was_killed_goes_on_with_its_draft_and_another_one_bills_nothing_of_it(monthly):
    deliver(monthly)
    with monthly.transaction() as tx:
        assert consolidation.draft_next(tx, MONTHLY, "first", LAST_OF_MARCH).invoice_no == "INV-000001"
    deliver(monthly)
    assert (bill(monthly, "second"), bill(monthly, "second")) == ("INV-000002", None)
    assert (bill(monthly, "first"), bill(monthly, "first")) == ("INV-000001", None)
    with monthly.transaction() as tx:
        assert one(tx, "SELECT count(*), count(DISTINCT shipment_line_id) FROM invoice_line") == (2, 2)
    assert broken(monthly) == []


def test_two_runs_at_the_same_moment_bill_each_delivery_once(monthly):
    for _ in range(3):
        deliver(monthly)
    together = Barrier(2)

    def draft(run):
        with monthly.transaction() as tx:
            together.wait()
            return consolidation.draft_next(tx, MONTHLY, run, LAST_OF_MARCH).invoice_no

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(draft, ["one", "other"]), key=str) == ["INV-000001", None]
    with monthly.transaction() as tx:
        assert one(tx, "SELECT count(*), count(DISTINCT shipment_line_id) FROM invoice_line") == (3, 3)


def test_what_is_on_hold_waits_and_the_rest_goes_through(monthly):
    held = deliver(monthly)
    deliver(monthly)
    with monthly.transaction() as tx:
        tx.execute(
            text("INSERT INTO hold (order_no, hold_code, blocks, reason, applied_by) VALUES (:no, 'BILLING', 'invoice', 'x', 'rita')"),
            {"no": held},
        )
    assert (bill(monthly), bill(monthly)) == ("INV-000001", None)
    with monthly.transaction() as tx:
        assert one(tx, "SELECT order_no FROM invoice") == "SO-000002"
        tx.execute(text("UPDATE hold SET released_at = now(), released_by = 'rita'"))
    assert bill(monthly) == "INV-000002"


def test_goods_come_back_order_by_order_and_the_credit_takes_the_tax_of_their_order(monthly):
    deliver(monthly, Sold("3", "0.11"))
    deliver(monthly, Sold("3", "0.11"))
    bill(monthly)
    first, second = ReturnedLine(line_no=1, qty=D(1)), ReturnedLine(line_no=2, qty=D(1))
    with monthly.transaction() as tx, pytest.raises(Invalid) as caught:
        keep_request(tx, ReturnRequest(invoice_no="INV-000001", reason="DAMAGED", lines=[first, second]), "olga")
    assert list(caught.value.errors) == ["lines.1.line_no"]
    with monthly.transaction() as tx:
        kept = keep_request(tx, ReturnRequest(invoice_no="INV-000001", reason="DAMAGED", lines=[second]), "olga")
        assert kept.order_no == "SO-000002"
    with monthly.transaction() as tx:
        memo = credit_tasks.draft_credit_memo(
            credit_tasks.DraftCredit(kept.rma_no, "INV-000001", [credit_tasks.CreditedGoods(2, D(1))], D(0), "Damaged"), tx
        )
        assert (memo.net_total, memo.tax_total) == (D("0.11"), D("0.02"))
    with monthly.transaction() as tx:
        credit_tasks.post_credit_memo(credit_tasks.OfCreditMemo(memo.credit_memo_no), tx)
    assert broken(monthly) == []


def test_somebody_has_a_customer_billed_before_its_day_and_sees_first_what_it_comes_to(monthly):
    runtime = at_work(monthly, "billing-run", "invoice-to-receipt")
    deliver(monthly)
    deliver(monthly)
    with monthly.transaction() as tx:
        (planned,) = preview_run(tx, CUSTOMER, date(2026, 3, 12))
        assert (planned.order_nos, planned.gross_total, planned.due_on) == (("SO-000001", "SO-000002"), 48, date(2026, 3, 31))
        assert one(tx, "SELECT count(*) FROM invoice") == 0
        begin_run(runtime, tx, BillingRun(customer_no=CUSTOMER, everything=True), "rita")
    settle(runtime)
    with monthly.transaction() as tx:
        assert one(tx, "SELECT gross_total, billing_policy, delivered_at IS NOT NULL FROM invoice") == (48, "CONSOLIDATED", True)
        assert one(tx, "SELECT count(*) FROM instance WHERE process_key = 'invoice-to-receipt' AND state = 'waiting'") == 1
    assert broken(monthly) == []


def test_a_run_lets_others_in_between_two_invoices_for_the_next_is_about_other_orders(monthly):
    runtime = at_work(monthly, "billing-run", "invoice-to-receipt")
    for days in (30, 60, 90):
        deliver(monthly, net_days=days)
    with watching():
        with monthly.transaction() as tx:
            begin_run(runtime, tx, BillingRun(customer_no=CUSTOMER, everything=True), "rita")
        for billed in (1, 2, 3):
            settle(runtime)
            with monthly.transaction() as tx:
                assert one(tx, "SELECT count(*) FILTER (WHERE delivered_at IS NOT NULL) FROM invoice") == billed
                clock.move_company(tx, timedelta(seconds=2 * billed))
            housekeeping.sweep(runtime)
        settle(runtime)
    with monthly.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM instance WHERE process_key = 'customer-billing' AND state = 'completed'") == 1
    assert broken(monthly) == []


def test_a_table_that_names_no_day_of_the_week_is_refused():
    with pytest.raises(Invalid, match="day 9"):
        consolidation_tasks.cycle_of("WEEKLY", {"day": 9, "by_purchase_order": False, "by_ship_to": False})
