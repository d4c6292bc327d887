from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound
from engine.service_tasks import Refused
from handlers.dropship import tasks
from handlers.dropship.inbound import (
    AcknowledgedDraft,
    AcknowledgementDraft,
    AsnDraft,
    BilledDraft,
    ShippedDraft,
    SupplierInvoiceDraft,
    record_acknowledgement,
    record_asn,
    record_supplier_invoice,
)
from handlers.ledger import posting
from handlers.ledger.model import FxRate
from handlers.ledger.posting import balances
from handlers.orders.fulfilment_lines import drop_backorders
from tests.integration.golden.builders import (
    SKU,
    SUPPLIER,
    Sold,
    company,
    context,
    count_statements,
    customer,
    effects,
    item,
    one,
    order,
    supplier,
)

D = Decimal
DAY = date(2026, 3, 12)
ASN = AsnDraft(po_no="PO-000001", document_no="LS-77", shipped_on=DAY, lines=[ShippedDraft(line_no=1, qty=D(10))], tracking_no="1Z")
BILL = SupplierInvoiceDraft(
    po_no="PO-000001",
    document_no="RE-2026-5",
    invoice_date=DAY,
    currency="EUR",
    lines=[BilledDraft(line_no=1, qty=D(10), unit_price=D("55.80"), tax_rate_pct=D(20))],
    tax_total=D("111.60"),
    gross_total=D("669.60"),
)


def answer(code="AP", *, document_no="AB-1", qty="10", price="55.00", ship=DAY):
    line = AcknowledgedDraft(line_no=1, qty=D(qty), unit_price=D(price), ship_date=ship)
    return AcknowledgementDraft(po_no="PO-000001", document_no=document_no, code=code, lines=[line])


@pytest.fixture
def group(database):
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        supplier(tx)
        return order(tx, [Sold("10", "80.00")], kind="DROP").groups[0]


def ordered(tx, group):
    po_no = tasks.create_purchase_order(tasks.GroupFrom(group, SUPPLIER), tx).po_no
    tasks.send_purchase_order(tasks.OfOrder(po_no), tx, effects())
    return po_no


def received(tx, group):
    po_no = ordered(tx, group)
    record_acknowledgement(tx, answer())
    tasks.confirm(tasks.Confirm(po_no), tx)
    return tasks.receive_asn(tasks.OfAsn(po_no, record_asn(tx, ASN)), tx).shipment_no


def test_the_supplier_is_chosen_with_its_margin(database, group):
    with database.transaction() as tx:
        assert tasks.select_supplier(tasks.Group(group), tx, context()) == tasks.Selection(SUPPLIER, D("31.25"), D("13.25"), 5)


def test_a_supplier_that_let_the_group_down_is_not_chosen_again(database, group):
    with database.transaction() as tx:
        supplier(tx, "S-SECOND", price="60.00", rank=2)
        po_no = ordered(tx, group)
        ledger = effects()
        for _ in range(2):
            tasks.cancel_purchase_order(tasks.Cancel(po_no, "rejected"), tx, ledger)
        assert [effect.kind for effect in ledger.recorded] == ["purchase_order_cancellation"]
        assert tasks.select_supplier(tasks.Group(group), tx, context()).supplier_no == "S-SECOND"
        assert one(tx, "SELECT supplier_no FROM fulfil_line") == "S-SECOND"
        second = tasks.create_purchase_order(tasks.GroupFrom(group, "S-SECOND"), tx).po_no
        tasks.cancel_purchase_order(tasks.Cancel(second, "too dear"), tx, ledger)
        with pytest.raises(Refused) as refusal:
            tasks.select_supplier(tasks.Group(group), tx, context())
        assert refusal.value.code == "NO_SUPPLIER"


def test_a_group_is_ordered_once(database, group):
    ledger = effects()
    with database.transaction() as tx:
        po_no = tasks.create_purchase_order(tasks.GroupFrom(group, SUPPLIER), tx).po_no
        assert tasks.create_purchase_order(tasks.GroupFrom(group, SUPPLIER), tx).po_no == po_no
        with pytest.raises(Conflict, match="is on order with S-OMINOUS"):
            tasks.create_purchase_order(tasks.GroupFrom(group, "S-OTHER"), tx)
        tasks.send_purchase_order(tasks.OfOrder(po_no), tx, ledger)
        tasks.remind_supplier(tasks.OfOrder(po_no), tx, ledger)
        assert [(effect.kind, effect.target) for effect in ledger.recorded] == [
            ("purchase_order", "orders@ominous.example"),
            ("purchase_order_reminder", "orders@ominous.example"),
        ]
        assert one(tx, "SELECT net_total, reminders, sent_at IS NOT NULL FROM purchase_order") == (550, 1, True)
        assert one(tx, "SELECT media_type FROM document") == "application/pdf"


def test_a_supplier_without_a_price_cannot_be_ordered_from(database, group):
    with database.transaction() as tx:
        tx.execute(text("DELETE FROM supplier_item"))
        with pytest.raises(Conflict, match=f"no price for {SKU}"):
            tasks.create_purchase_order(tasks.GroupFrom(group, SUPPLIER), tx)
        assert one(tx, "SELECT count(*) FROM purchase_order") == 0


def test_an_acknowledgement_is_recorded_once_and_read(database, group):
    with database.transaction() as tx:
        po_no = ordered(tx, group)
        with pytest.raises(Conflict, match="not acknowledged"):
            tasks.read_acknowledgement(tasks.OfOrder(po_no), tx)
        record_acknowledgement(tx, answer(qty="8", price="56.10", ship=date(2026, 3, 13)))
        record_acknowledgement(tx, answer(qty="8", price="56.10", ship=date(2026, 3, 13)))
        facts = tasks.read_acknowledgement(tasks.OfOrder(po_no), tx)
        assert (facts.code, facts.days_late, facts.price_change_pct, facts.qty_short) == ("CA", 3, D("2.00"), 2)
        with pytest.raises(Conflict, match="with other content"):
            record_acknowledgement(tx, answer(qty="7"))


@pytest.mark.parametrize(
    "draft",
    [
        answer("OK"),
        answer(qty="11"),
        answer(qty="-1"),
        answer(price="-0.01"),
        replace(answer(), lines=[AcknowledgedDraft(line_no=9, qty=D(1), unit_price=D(1))]),
        replace(answer(), lines=[*answer().lines, *answer().lines]),
    ],
)
def test_an_acknowledgement_that_makes_no_sense_is_refused_and_not_kept(database, group, draft):
    with database.transaction() as tx:
        ordered(tx, group)
    with pytest.raises(Invalid) as refusal, database.transaction() as tx:
        record_acknowledgement(tx, draft)
    assert refusal.value.next_step
    with database.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM po_acknowledgement") == 0


def test_what_the_supplier_does_not_ship_becomes_a_backorder(database, group):
    with database.transaction() as tx:
        po_no = ordered(tx, group)
        record_acknowledgement(tx, answer("CA", qty="7"))
        tasks.confirm(tasks.Confirm(po_no), tx)
        tasks.confirm(tasks.Confirm(po_no), tx)
        lines = tx.execute(text("SELECT qty - qty_cancelled, group_no, seq FROM fulfil_line ORDER BY seq")).all()
        assert [tuple(line) for line in lines] == [(7, group, 1), (3, None, 2)]
        assert one(tx, "SELECT confirmed_qty, confirmed_price, confirmed_ship FROM po_line") == (7, 55, DAY)


def test_a_line_the_supplier_refuses_whole_leaves_the_group(database, group):
    with database.transaction() as tx:
        po_no = ordered(tx, group)
        record_acknowledgement(tx, answer("CA", qty="0"))
        tasks.confirm(tasks.Confirm(po_no), tx)
        open_lines = "SELECT qty, group_no FROM fulfil_line WHERE qty > qty_cancelled"
        assert one(tx, open_lines) == (10, None)
        drop_backorders(tx, [one(tx, "SELECT DISTINCT order_no FROM fulfil_line")])  # the purchase order names the old line, not this one
        assert tx.execute(text(open_lines)).all() == []


def test_a_despatch_advice_books_three_journals_once(database, group):
    with database.transaction() as tx:
        shipment_no = received(tx, group)
        assert record_asn(tx, ASN) == "ASN-000001"
        assert tasks.receive_asn(tasks.OfAsn("PO-000001", "ASN-000001"), tx).shipment_no == shipment_no
        assert {account: amount for account, amount in balances(tx).items() if amount} == {"1500": 550, "2100": -550}
        assert one(tx, "SELECT count(*) FROM journal") == 3
        assert one(tx, "SELECT qty_shipped FROM fulfil_line") == 10
        assert one(tx, "SELECT kind, shipped_at IS NOT NULL FROM shipment") == ("DROP", True)


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        (replace(ASN, lines=[ShippedDraft(line_no=1, qty=D("10.0001"))]), Invalid),
        (replace(ASN, lines=[ShippedDraft(line_no=1, qty=D(0))]), Invalid),
        (replace(ASN, lines=[ShippedDraft(line_no=2, qty=D(1))]), Invalid),
        (replace(ASN, po_no="PO-404404"), NotFound),
    ],
)
def test_a_despatch_advice_that_makes_no_sense_is_refused_and_not_kept(database, group, draft, problem):
    with database.transaction() as tx:
        ordered(tx, group)
    with pytest.raises(problem) as refusal, database.transaction() as tx:
        record_asn(tx, draft)
    assert refusal.value.next_step
    with database.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM asn") == 0


def test_no_message_is_taken_for_a_cancelled_order(database, group):
    with database.transaction() as tx:
        po_no = ordered(tx, group)
        tasks.cancel_purchase_order(tasks.Cancel(po_no, "late"), tx, effects())
        for record in (
            lambda: record_asn(tx, ASN),
            lambda: record_acknowledgement(tx, answer()),
            lambda: record_supplier_invoice(tx, BILL),
        ):
            with pytest.raises(Conflict, match="was cancelled"):
                record()


def test_an_order_on_which_goods_were_shipped_cannot_be_cancelled(database, group):
    with database.transaction() as tx:
        received(tx, group)
        with pytest.raises(Conflict, match="has shipped"):
            tasks.cancel_purchase_order(tasks.Cancel("PO-000001", "too late"), tx, effects())


def test_a_bill_is_recorded_once_matched_approved_and_paid_once(database, group):
    ledger = effects()
    with database.transaction() as tx:
        received(tx, group)
        number = record_supplier_invoice(tx, BILL)
        assert record_supplier_invoice(tx, BILL) == number
        bill = tasks.OfBill("PO-000001", number)
        facts = tasks.match_facts(bill, tx)
        assert (facts.price_var_pct, facts.price_var_amount, facts.received, facts.duplicate) == (D("1.45"), D("8.00"), True, False)
        with pytest.raises(Conflict, match="not approved"):
            tasks.pay_supplier(tasks.Bill(number), tx, context(), ledger)
        for _ in range(2):
            tasks.approve_supplier_invoice(bill, tx, context())
            assert one(tx, "SELECT kind, open_amount FROM open_item") == ("AP", D("669.60"))
        for _ in range(2):
            tasks.pay_supplier(tasks.Bill(number), tx, context(), ledger)
        assert [effect.kind for effect in ledger.recorded] == ["payment"]
        assert one(tx, "SELECT open_amount FROM open_item") == 0
        assert {account: amount for account, amount in balances(tx).items() if amount} == {
            "1000": D("-669.60"), "1250": D("111.60"), "1500": D("550.00"), "5100": D("8.00"),
        }  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        (replace(BILL, gross_total=D("669.61")), Invalid),
        (replace(BILL, tax_total=D(-1), gross_total=D("557.00")), Invalid),
        (replace(BILL, currency="USD"), Invalid),
        (replace(BILL, lines=[]), Invalid),
        (replace(BILL, lines=[replace(BILL.lines[0], qty=D(-10))]), Invalid),
        (replace(BILL, po_no="PO-404404"), NotFound),
    ],
)
def test_a_bill_that_does_not_add_up_is_refused_and_not_kept(database, group, draft, problem):
    with database.transaction() as tx:
        ordered(tx, group)
    with pytest.raises(problem) as refusal, database.transaction() as tx:
        record_supplier_invoice(tx, draft)
    assert refusal.value.next_step
    with database.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM supplier_invoice") == 0


def test_the_same_bill_under_another_number_is_a_duplicate(database, group):
    with database.transaction() as tx:
        received(tx, group)
        record_supplier_invoice(tx, BILL)
        second = record_supplier_invoice(tx, replace(BILL, document_no="RE-2026-6"))
        assert tasks.match_facts(tasks.OfBill("PO-000001", second), tx).duplicate


def test_a_bill_for_nothing_received_cannot_be_approved(database, group):
    with database.transaction() as tx:
        ordered(tx, group)
        number = record_supplier_invoice(tx, BILL)
        assert not tasks.match_facts(tasks.OfBill("PO-000001", number), tx).received
        with pytest.raises(Refused, match="Nothing of what RE-2026-5 bills was received"):
            tasks.approve_supplier_invoice(tasks.OfBill("PO-000001", number), tx, context())


def billed_in_dollars(tx, group):
    """A bill in dollars that is approved; the dollar is at 0.90 when it is ordered, 0.92 on the bill's day and 0.95 a week later."""
    tx.execute(text("UPDATE supplier_item SET currency = 'USD'"))
    for day, rate in ((1, "0.90"), (13, "0.92"), (20, "0.95")):
        tx.add(FxRate(currency="USD", valid_from=date(2026, 3, day), rate=D(rate)))
    tx.flush()
    received(tx, group)
    number = record_supplier_invoice(tx, replace(BILL, currency="USD", invoice_date=date(2026, 3, 13)))
    tasks.approve_supplier_invoice(tasks.OfBill("PO-000001", number), tx, context())
    return number


def test_a_foreign_supplier_leaves_no_accrual_and_the_exchange_differences_apart(database, group):
    with database.transaction() as tx:
        number = billed_in_dollars(tx, group)
        tasks.pay_supplier(tasks.Bill(number), tx, context(datetime(2026, 3, 20, tzinfo=UTC)), effects())
        booked = balances(tx)
        assert (booked["2100"], booked["2000"], booked["1500"]) == (0, 0, D("495.00"))
        assert booked["1000"] == D("-636.12")
        assert booked["7110"] == D("11.00") + D("20.09")
        assert sum(booked.values()) == 0


def test_a_payment_clears_what_the_books_owe_and_a_failed_one_owes_just_that_again(database, group):
    """The bill was revalued at the end of the month: 616.03 became 622.73 in the books."""
    with database.transaction() as tx:
        number = billed_in_dollars(tx, group)
        lines = [posting.Line("2000", accounted=D("-6.70"), party_no=SUPPLIER, reference=number), posting.Line("7120", accounted=D("6.70"))]
        posting.post(tx, posting.Entry("revaluation", number, "USD", lines, fx_rate=D("0.93")))
        tx.execute(text("UPDATE open_item SET open_in_books = 622.73 WHERE kind = 'AP'"))
        tasks.pay_supplier(tasks.Bill(number), tx, context(datetime(2026, 3, 20, tzinfo=UTC)), effects())
        paid = balances(tx)
        assert (paid["2000"], paid["7110"]) == (0, D("11.00") + D("13.39"))
        assert one(tx, "SELECT open_amount, open_in_books FROM open_item WHERE kind = 'AP'") == (0, 0)
        tasks.take_payment_back(tasks.Bill(number), tx)
        assert one(tx, "SELECT open_amount, open_in_books FROM open_item WHERE kind = 'AP'") == (D("669.60"), D("622.73"))
        assert balances(tx)["2000"] == D("-622.73")


def test_the_number_of_statements_does_not_grow_with_the_lines(database):
    sent = count_statements(database)
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        supplier(tx)

    def run(lines: int, number: int) -> int:
        with database.transaction() as tx:
            group = order(tx, [Sold("10", "80.00")] * lines, kind="DROP").groups[0]
        sent.clear()
        po_no = f"PO-{number:06d}"
        with database.transaction() as tx:
            ordered(tx, group)
            record_acknowledgement(tx, AcknowledgementDraft(po_no=po_no, document_no=f"AB-{number}", code="AP"))
            tasks.confirm(tasks.Confirm(po_no), tx)
            shipped = [ShippedDraft(line_no=line, qty=D(10)) for line in range(1, lines + 1)]
            asn_no = record_asn(tx, replace(ASN, po_no=po_no, document_no=f"LS-{number}", lines=shipped))
            tasks.receive_asn(tasks.OfAsn(po_no, asn_no), tx)
        return len(sent)

    assert run(1, 1) == run(40, 2) < 110
