"""A company behind which a whole life lies: something of everything has happened, so that every invariant has rows to look at.

Two trades share one database: tables that were sold, shipped, invoiced and paid (from stock and by drop-ship), and anvils of which one
order is promised and one quote was sent.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.billing import advance_tasks, credit_tasks
from handlers.billing import tasks as billing
from handlers.credit.decisions import Ruling, decide
from handlers.credit.exposure import assess
from handlers.dropship import tasks as dropship
from handlers.dropship.credit_notes import CreditedDraft, SupplierCreditDraft, approve, record_credit_note
from handlers.dropship.inbound import (
    AcknowledgementDraft,
    AsnDraft,
    BilledDraft,
    ShippedDraft,
    SupplierInvoiceDraft,
    record_acknowledgement,
    record_asn,
    record_supplier_invoice,
)
from handlers.fulfillment import tasks as fulfillment
from handlers.ledger.books import close_period
from handlers.orders import tasks as orders
from handlers.promising.promise import promise_lines
from handlers.quoting import life
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft, create_quote
from handlers.receivables import tasks as receivables
from handlers.receivables.late_charges import LateTerms, charge
from handlers.receivables.late_interest import RateFrom
from handlers.returns import requests
from handlers.returns import tasks as returns
from tests.integration.golden import builders as tables
from tests.integration.orders import trade as anvils
from tests.steps import commit_step
from tests.unit.receivables.statement_files import Credit, camt053

D = anvils.D
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def live(tx: Session) -> None:
    """Everything that the tampering tests need to have happened."""
    sell_tables(tx)
    promise_anvils(tx)


def sell_tables(tx: Session) -> None:
    """62 of stock and 10 by drop-ship are sold and invoiced; two invoices are paid, one with discount; 17.00 came unasked.

    Of the drop-shipped, 6 are billed and paid for, 3 are billed, and 1 is still to be billed.
    """
    tables.company(tx)
    tables.customer(tx)
    tables.item(tx)
    tables.warehouse(tx)
    tables.supplier(tx)
    tables.on_stock(tx, "100")
    first = ship(tx, tables.order(tx, [tables.Sold("60", "22.50")], freight="40.00").groups[0])
    dropped = tables.order(tx, [tables.Sold("10", "80.00")], kind="DROP").groups[0]
    po_no = dropship.create_purchase_order(dropship.GroupFrom(dropped, tables.SUPPLIER), tx).po_no
    dropship.send_purchase_order(dropship.OfOrder(po_no), tx, tables.effects())
    record_acknowledgement(tx, AcknowledgementDraft(po_no=po_no, document_no="A1", code="AP"))
    dropship.confirm(dropship.Confirm(po_no), tx)
    advised = AsnDraft(po_no=po_no, document_no="L1", shipped_on=NOW.date(), lines=[ShippedDraft(line_no=1, qty=D(10))])
    second = dropship.receive_asn(dropship.OfAsn(po_no, record_asn(tx, advised)), tx).shipment_no
    dropship.pay_supplier(dropship.Bill(billed_by_supplier(tx, po_no, "6")), tx, tables.context(NOW), tables.effects())
    billed_by_supplier(tx, po_no, "3")
    credited_by_supplier(tx, po_no, "R6", "RETURN", "55.00")
    credited_by_supplier(tx, po_no, "R3", "PRICE", "1.00")
    third = ship(tx, tables.order(tx, [tables.Sold("2", "50.00")]).groups[0])
    for number in (first, second, third):
        made = billing.create_invoice(billing.OfShipment(number), tx, tables.context(NOW))
        billing.post_invoice(billing.OfInvoice(made.invoice_no), tx)
    bill_with_deposit(tx)
    send_back(tx, "INV-000002", "1")
    paid = [Credit("1668.00", "INV-000001", ref="B1"), Credit("7.00", "?", ref="B2"), Credit("117.60", "INV-000003", ref="B4")]
    bank_day(tx, camt053(paid, opening="0.00", closing="1792.60"))
    bank_day(tx, camt053([Credit("10.00", "?", ref="B3")], opening="1792.60", closing="1802.60", statement="STMT-078"))
    charge_late(tx, "INV-000002")
    close_period(tx, date(2025, 1, 1), date(2025, 12, 31), "freddie")


def charge_late(tx: Session, invoice_no: str) -> None:
    """A reminder charges a fee and ten days of interest."""
    commit_step(tx)
    due = tx.execute(text("SELECT due_date FROM open_item WHERE document_no = :no"), {"no": invoice_no}).scalar_one()
    terms = LateTerms(level=3, fee=D(15), minimum=D(0), rates=[RateFrom(due, D(8))], basis="Our terms")
    charge(tx, invoice_no, terms, datetime.combine(due + timedelta(days=10), time(9), UTC))


def bill_with_deposit(tx: Session) -> None:
    """A table of which 40 % is billed with its order, and the rest when it leaves."""
    made = tables.order(tx, [tables.Sold("1", "50.00")])
    steps = [advance_tasks.PlannedStep("Deposit", "DEPOSIT", D(40), "ORDER")]
    advance_tasks.plan_advances(advance_tasks.Plan(made.order_no, steps), tx)
    ahead = advance_tasks.bill_in_advance(advance_tasks.OfStep(made.order_no, 1), tx, tables.context(NOW)).invoice_no
    billing.post_invoice(billing.OfInvoice(str(ahead)), tx)
    final = billing.create_invoice(billing.OfShipment(ship(tx, made.groups[0])), tx, tables.context(NOW)).invoice_no
    billing.post_invoice(billing.OfInvoice(final), tx)


def send_back(tx: Session, invoice_no: str, qty: str) -> None:
    """Goods of an invoice that is still owed come back, are put on stock and credited on it."""
    request = requests.ReturnRequest(invoice_no=invoice_no, reason="DAMAGED", lines=[requests.ReturnedLine(line_no=1, qty=D(qty))])
    rma_no = requests.keep_request(tx, request, "dora").rma_no
    returns.accept_return(returns.AcceptReturn(rma_no, D(0)), tx, tables.effects())
    came = returns.receive_goods(returns.ReceiveReturn(rma_no, [returns.CountedGoods(1, D(qty))]), tx)
    returns.inspect_goods(returns.InspectReturn(rma_no, [returns.JudgedGoods(1, D(qty))]), tx)
    lines = [credit_tasks.CreditedGoods(line.line_no, line.qty) for line in came.lines]
    memo = credit_tasks.draft_credit_memo(credit_tasks.DraftCredit(rma_no, invoice_no, lines, D(0), "Damaged on the way"), tx)
    credit_tasks.post_credit_memo(credit_tasks.OfCreditMemo(memo.credit_memo_no), tx)
    requests.close(tx, rma_no)


def ship(tx: Session, group_no: str) -> str:
    """A group from stock leaves; the number of its shipment."""
    fulfillment.reserve(fulfillment.Group(group_no), tx)
    shipment_no = fulfillment.confirm_pick(fulfillment.PickAndPack(group_no, 1, D(1)), tx).shipment_no
    fulfillment.ship_confirm(fulfillment.OfShipment(shipment_no), tx, tables.context(NOW))
    return shipment_no


def billed_by_supplier(tx: Session, po_no: str, qty: str) -> str:
    """A bill of the supplier is taken and approved; answer our number for it."""
    net = D(qty) * D("55.00")
    draft = SupplierInvoiceDraft(
        po_no=po_no,
        document_no=f"R{qty}",
        invoice_date=NOW.date(),
        currency="EUR",
        lines=[BilledDraft(line_no=1, qty=D(qty), unit_price=D("55.00"), tax_rate_pct=D(20))],
        tax_total=net / 5,
        gross_total=net + net / 5,
    )
    number = record_supplier_invoice(tx, draft)
    dropship.approve_supplier_invoice(dropship.OfBill(po_no, number), tx, tables.context(NOW))
    return number


def credited_by_supplier(tx: Session, po_no: str, on: str, reason: str, price: str) -> None:
    """One of what a bill is about went back, or was too dear: a credit note is taken and posted."""
    draft = SupplierCreditDraft(
        po_no=po_no,
        bill_no=on,
        document_no=f"G{on}",
        reason=reason,
        credit_date=NOW.date(),
        lines=[CreditedDraft(line_no=1, qty=D(1), unit_price=D(price))],
        tax_total=D(price) / 5,
        gross_total=D(price) * 6 / 5,
    )
    approve(tx, record_credit_note(tx, draft))


def bank_day(tx: Session, content: bytes) -> None:
    """A statement is taken, its receipts are recorded and, where they fit, applied."""
    for number in tables.stored(tx, content):
        statement = receivables.OfStatement(number)
        receivables.read_statement(statement, tx)
        receivables.record_receipts(statement, tx)
        cases = receivables.propose_applications(receivables.Propose(statement.statement_no), tx).residual_cases
        receivables.apply_receipts(receivables.Apply(number, cases, [{"action": "EARNED_DISCOUNT"} for _ in cases]), tx)


def promise_anvils(tx: Session) -> None:
    """An order of anvils and a magnet is priced, checked and promised; a quote is approved and sent."""
    anvils.open_trade(tx)
    anvils.stock(tx, "OMINOUS-ANVIL", 10)
    order_no = anvils.order(tx, ("OMINOUS-ANVIL", 2), ("GIANT-MAGNET", 2))
    orders.price_order(orders.OrderNumber(order_no), tx)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promise_lines(tx, order_no, anvils.ANYWHERE, anvils.context(tx).now)
    assess(tx, order_no)
    decide(tx, Ruling(order_no, None, "APPROVED", "Within the credit limit", "decision:credit-check"))
    asked = QuoteDraft(customer_no="C-COYOTE", requester="mia", lines=[QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(1))])
    quote_no = create_quote(tx, asked)
    life.price_quote(tx, quote_no)
    life.record_approval(tx, quote_no, [life.Decision(approver="sam.manager")], anvils.context(tx).now)
    life.send_quote(tx, quote_no, anvils.context(tx).now)
