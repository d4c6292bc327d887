"""A company lives through random days; after each of them every invariant holds and every amount is owed, paid or explained."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from sqlalchemy import text

from handlers.billing import tasks as billing
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.ubl import write_ubl
from handlers.dropship import tasks as dropship
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
from handlers.fulfillment import tasks as fulfillment
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from handlers.receivables import tasks as receivables
from handlers.receivables.manual_application import reverse_receipt
from handlers.receivables.rules import ACTIONS
from tests.integration.golden.builders import (
    PAYER_IBAN,
    SUPPLIER,
    Sold,
    company,
    context,
    customer,
    effects,
    item,
    on_stock,
    order,
    stored,
    supplier,
    warehouse,
)
from tests.steps import commit_step
from tests.unit.receivables.statement_files import Credit, camt053

D = Decimal
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Life:
    """One company and its random days."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = START
        self.bank = D(0)
        self.statements = 0

    def begin(self, tx) -> None:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        supplier(tx)
        on_stock(tx, "5000", cost="13.37")

    def day(self, tx) -> None:
        self.now += timedelta(days=self.random.randint(0, 4))
        self.random.choice([self.sell_stock, self.sell_dropship, self.bank_day, self.bank_day, self.money_back])(tx)

    def sold(self) -> Sold:
        parts = tuple(str(self.random.randint(1, 9)) for _ in range(2))
        unit = D(self.random.randint(1, 99999)) / 1000
        discount = D(self.random.randint(0, 50)) / 100
        return Sold(
            str(sum(map(int, parts))), f"{unit:.4f}", parts, header_discount=str(discount), tax_rate=self.random.choice(["20", "10", "0"])
        )

    def sell_stock(self, tx) -> None:
        freight = self.random.choice(["0", "7.77"])
        made = order(tx, [self.sold() for _ in range(self.random.randint(1, 4))], freight=freight)
        commit_step(tx)
        tx.execute(
            text("UPDATE order_line SET line_net = round(line_net, 2), tax_category = CASE tax_rate_pct WHEN 0 THEN 'Z' ELSE 'S' END")
        )
        for group in made.groups:
            fulfillment.reserve(fulfillment.Group(group), tx)
            commit_step(tx)
            packed = fulfillment.confirm_pick(fulfillment.PickAndPack(group, self.random.randint(1, 3), D(12)), tx)
            commit_step(tx)
            if self.random.random() < 0.2:
                fulfillment.cancel_shipment(fulfillment.OfShipment(packed.shipment_no), tx)
                commit_step(tx)
                fulfillment.release_reservation(fulfillment.Group(group), tx)
                commit_step(tx)
                continue
            fulfillment.ship_confirm(fulfillment.OfShipment(packed.shipment_no), tx, context(self.now))
            commit_step(tx)
            self.bill(tx, packed.shipment_no)

    def bill(self, tx, shipment_no) -> None:
        if self.random.random() < 0.1:
            return
        for _ in range(self.random.randint(1, 2)):
            made = billing.create_invoice(billing.OfShipment(shipment_no), tx, context(self.now))
            commit_step(tx)
            billing.post_invoice(billing.OfInvoice(made.invoice_no), tx)
            commit_step(tx)
        assert validate_invoice(write_ubl(read_facts(tx, made.invoice_no))) == []

    def sell_dropship(self, tx) -> None:
        qty = self.random.randint(1, 20)
        group = order(tx, [Sold(str(qty), "80.01")], kind="DROP").groups[0]
        commit_step(tx)
        po_no = dropship.create_purchase_order(dropship.GroupFrom(group, SUPPLIER), tx).po_no
        commit_step(tx)
        dropship.send_purchase_order(dropship.OfOrder(po_no), tx, effects())
        commit_step(tx)
        confirmed = self.random.randint(0, qty)
        price = D(self.random.randint(5000, 6000)) / 100
        line = AcknowledgedDraft(line_no=1, qty=D(confirmed), unit_price=price)
        record_acknowledgement(tx, AcknowledgementDraft(po_no=po_no, document_no=f"AB-{po_no}", code="CA", lines=[line]))
        commit_step(tx)
        dropship.confirm(dropship.Confirm(po_no), tx)
        commit_step(tx)
        left = confirmed
        while left:
            part = self.random.randint(1, left)
            left -= part
            shipped = [ShippedDraft(line_no=1, qty=D(part))]
            advice = AsnDraft(po_no=po_no, document_no=f"LS-{po_no}-{left}", shipped_on=self.now.date(), lines=shipped)
            received = dropship.receive_asn(dropship.OfAsn(po_no, record_asn(tx, advice)), tx)
            commit_step(tx)
            self.bill(tx, received.shipment_no)
        if confirmed:
            self.pay_supplier(tx, po_no, confirmed)

    def pay_supplier(self, tx, po_no, confirmed) -> None:
        qty, price = D(self.random.randint(1, confirmed + 2)), D(self.random.randint(5000, 6000)) / 100
        net = qty * price
        tax = (net / 5).quantize(D("0.01"))
        lines = [BilledDraft(line_no=1, qty=qty, unit_price=price, tax_rate_pct=D(20))]
        draft = SupplierInvoiceDraft(
            po_no=po_no,
            document_no=f"RE-{po_no}",
            invoice_date=self.now.date(),
            currency="EUR",
            lines=lines,
            tax_total=tax,
            gross_total=net + tax,
        )
        number = record_supplier_invoice(tx, draft)
        commit_step(tx)
        dropship.approve_supplier_invoice(dropship.OfBill(po_no, number), tx, context(self.now))
        commit_step(tx)
        if self.random.random() < 0.5:
            dropship.pay_supplier(dropship.Bill(number), tx, context(self.now), effects())
            commit_step(tx)

    def bank_day(self, tx) -> None:
        self.statements += 1
        items = tx.execute(
            text("SELECT document_no, open_amount, discount_amount FROM open_item WHERE kind = 'AR' AND open_amount > 0")
        ).all()
        self.random.shuffle(items)
        credits_ = [self.payment(row, number) for number, row in enumerate(items[: self.random.randint(0, 4)])]
        credits_.append(Credit("12.34", "who knows", ref=f"S{self.statements}-X", iban=self.random.choice(["", PAYER_IBAN])))
        closing = self.bank + sum(D(credit.amount) for credit in credits_)
        content = camt053(credits_, opening=f"{self.bank:.2f}", closing=f"{closing:.2f}", statement=f"S{self.statements}")
        self.bank = closing
        statement = receivables.OfStatement(stored(tx, content)[0])
        receivables.read_statement(statement, tx)
        commit_step(tx)
        receivables.record_receipts(statement, tx)
        commit_step(tx)
        cases = receivables.propose_applications(receivables.Propose(statement.statement_no), tx).residual_cases
        commit_step(tx)
        decisions = [self.random.choice(sorted(ACTIONS)) for _ in cases]
        receivables.apply_receipts(receivables.Apply(statement.statement_no, cases, decisions), tx)
        commit_step(tx)

    def payment(self, row, number) -> Credit:
        change = self.random.choice([D(0), D(0), -row.discount_amount, D("-1.23"), D("4.56"), -row.open_amount / 2, row.open_amount])
        amount = max(D("0.01"), (row.open_amount + change).quantize(D("0.01")))
        return Credit(f"{amount:.2f}", f"for {row.document_no}", ref=f"S{self.statements}-{number}", day=str(self.now.date()))

    def money_back(self, tx) -> None:
        numbers = tx.execute(text("SELECT receipt_no FROM receipt ORDER BY receipt_no")).scalars().all()
        if numbers:
            reverse_receipt(tx, self.random.choice(numbers), "returned by the bank")


def test_every_invariant_holds_after_every_day(database):
    life = Life(1)
    with database.transaction() as tx:
        life.begin(tx)
    for day in range(25):
        with database.transaction() as tx:
            life.day(tx)
        with database.transaction() as tx:
            broken = [(checked.id, checked.sentence, checked.examples[:2]) for checked in check_all(tx) if not checked.ok]
            assert broken == [], f"day {day}"
            assert sum(balances(tx).values()) == 0
