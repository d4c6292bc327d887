"""Everything a paper shows of an invoice, read in a constant number of statements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.billing.creation import EXEMPTION_REASONS, Planned
from handlers.billing.payment_terms import as_read
from handlers.billing.posting import of_orders
from handlers.billing.rules import Part, Schedule, Terms, describe_instalments, describe_terms
from handlers.documents.seller import seller
from handlers.parties.master_data import find_customer

#: Stands where the number of an invoice will be that is only tried.
PLANNED_NUMBER: Final = "INV-PLANNED"
_NO_ITEM: Final = {"order_line_no": "", "gtin": ""}
#: What only lines of a consolidated invoice say, and what only a credit memo's do.
_NOT_PLANNED: Final = frozenset({"order_no", "customer_po", "shipment_no", "delivered_on", "restocking_fee"})
#: Policies by which an order is billed before its goods leave.
IN_ADVANCE: Final = frozenset({"DEPOSIT", "ON_ORDER", "MILESTONE"})
NO_FREIGHT: Final = ("S", Decimal(0))


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A charge beside carriage: goods, a part in advance or taken off again, or another price."""

    line_no: int
    #: The buyer's own number of the line it ordered; ours where it gave none; empty where it is about no line.
    order_line_no: str
    sku: str
    gtin: str
    description: str
    qty: Decimal
    uom: str
    unit_price: Decimal
    amount: Decimal
    tax_category: str
    tax_rate_pct: Decimal
    #: Kept back of a line that is credited.
    restocking_fee: Decimal = Decimal(0)
    #: Of a consolidated invoice: our order, the buyer's, the shipment and the day of its delivery; else empty.
    order_no: str = ""
    customer_po: str = ""
    shipment_no: str = ""
    delivered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The order, the buyer's order and the shipment that lines of a consolidated invoice are of; empty where it is about one alone."""

    order_no: str
    customer_po: str
    shipment_no: str


@dataclass(frozen=True, slots=True)
class TaxFacts:
    """The tax of one category and rate."""

    category: str
    rate_pct: Decimal
    taxable: Decimal
    tax: Decimal
    exemption_reason: str


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """An invoice, or the credit memo of one, as people and machines read it."""

    invoice_no: str
    #: Empty for a consolidated invoice of several orders, as is `customer_po` where they are several.
    order_no: str
    #: Empty for an invoice in advance, whose delivery is then when it is expected, and for a consolidated one.
    shipment_no: str
    customer_po: str
    invoice_date: date
    delivery_date: date
    due_date: date
    terms: str
    currency: str
    seller: Mapping[str, str]
    buyer: Mapping[str, str]
    bill_to: Mapping[str, str]
    ship_to: Mapping[str, str]
    lines: tuple[LineFacts, ...]
    taxes: tuple[TaxFacts, ...]
    freight_tax: tuple[str, Decimal]
    net_total: Decimal
    freight_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    discount_date: date | None
    discount_amount: Decimal
    created_at: datetime
    #: The invoice that a credit memo or debit note is about; empty for an invoice.
    credits_invoice_no: str = ""
    kind: str = "INV"
    #: The invoices in advance that it takes off.
    advances: tuple[str, ...] = ()
    billing_policy: str = "ON_SHIP"
    #: The first day of delivery of a consolidated invoice.
    delivered_from: date | None = None
    #: Where it is paid in parts: the parts in the order they are due; `due_date` is the first (EN 16931 BT-9).
    instalments: tuple[Part, ...] = ()

    @property
    def is_credit_memo(self) -> bool:
        """Whether it gives back instead of asking for money."""
        return self.kind == "CM"

    @property
    def is_in_advance(self) -> bool:
        """Whether it is about goods that have not left."""
        return self.billing_policy in IN_ADVANCE

    @property
    def about(self) -> str:
        """What it is about, in words."""
        return of_orders(self.order_no)

    @property
    def goods(self) -> Iterator[tuple[Delivery, list[LineFacts]]]:
        """The lines, those of one delivery behind one another, each with the delivery; what is of none stands with the one before."""
        for delivery, lines in groupby(self.lines, key=lambda line: Delivery(line.order_no, line.customer_po, line.shipment_no)):
            yield delivery, list(lines)


def read_facts(tx: Session, invoice_no: str) -> InvoiceFacts:
    """All an invoice says. Raises NotFound."""
    row = tx.execute(text("SELECT * FROM invoice WHERE invoice_no = :no"), {"no": invoice_no}).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no invoice {invoice_no}.", code="invoice_unknown", next_step="Look the invoice up on the page of its order."
        )
    lines = tx.execute(_LINES, {"no": invoice_no}).mappings().all()
    groups = tx.execute(_TAXES, {"no": invoice_no}).mappings().all()
    due = Schedule(row.due_date, row.discount_date, row.discount_amount)
    parts = as_read(row.instalments)
    copied = (
        "invoice_no", "kind", "order_no", "customer_po", "invoice_date", "delivery_date", "due_date", "currency", "net_total",
        "freight_total", "tax_total", "gross_total", "discount_date", "discount_amount", "created_at", "billing_policy", "delivered_from",
    )  # fmt: skip
    return InvoiceFacts(
        **{name: getattr(row, name) for name in copied} | {"order_no": row.order_no or ""},
        terms=f"Credit for invoice {row.credits_invoice_no}: {row.credit_reason}."
        if row.kind == "CM"
        else describe_instalments(parts, row.currency)
        if parts
        else describe_terms(Terms(row.net_days, row.discount_pct), due, row.currency),
        instalments=tuple(parts),
        shipment_no=row.shipment_no or "",
        credits_invoice_no=row.credits_invoice_no or "",
        advances=tuple(dict.fromkeys(line["advance_no"] for line in lines if line["advance_no"])),
        seller=seller(tx),
        buyer=_buyer(tx, row.customer_no),
        bill_to=row.bill_to,
        ship_to=row.ship_to,
        lines=tuple(LineFacts(**{name: line[name] for name in LineFacts.__slots__}) for line in lines if line["charge_code"] != "FREIGHT"),
        taxes=tuple(TaxFacts(**group) for group in groups),
        freight_tax=next(((line["tax_category"], line["tax_rate_pct"]) for line in lines if line["charge_code"] == "FREIGHT"), NO_FREIGHT),
    )


def planned_facts(tx: Session, planned: Planned) -> InvoiceFacts:
    """What the invoice would say if the goods left today; it has no number yet."""
    head, draft = planned.head, planned.draft
    currency = head["currency"]
    terms = Terms(head["net_days"], head["discount_pct"])
    due = Schedule(*(draft.totals[name] for name in ("due_date", "discount_date", "discount_amount")))
    copied = ("order_no", "shipment_no", "customer_po", "delivery_date", "currency", "bill_to", "ship_to")
    return InvoiceFacts(
        **{name: head[name] for name in copied},
        **draft.totals,
        invoice_no=PLANNED_NUMBER,
        terms=describe_terms(terms, due, currency),
        seller=seller(tx),
        buyer=_buyer(tx, head["customer_no"]),
        lines=_planned_lines(planned),
        advances=tuple(dict.fromkeys(line["advance_no"] for line in draft.lines if line["advance_no"])),
        taxes=tuple(
            TaxFacts(group.category, group.rate_pct, group.taxable, group.tax, EXEMPTION_REASONS.get(group.category, ""))
            for group in draft.groups
        ),
        freight_tax=next(
            ((line["tax_category"], line["tax_rate_pct"]) for line in draft.lines if line["charge_code"] == "FREIGHT"), NO_FREIGHT
        ),
        created_at=datetime.combine(head["delivery_date"], time(), UTC),
    )


def _planned_lines(planned: Planned) -> tuple[LineFacts, ...]:
    goods, others = planned.draft.lines[: len(planned.sources)], planned.draft.lines[len(planned.sources) :]
    rows = [*zip(goods, planned.sources, strict=True), *((line, _NO_ITEM) for line in others if line["charge_code"] != "FREIGHT")]
    names = [name for name in LineFacts.__slots__ if name not in _NOT_PLANNED]
    return tuple(LineFacts(**{name: line[name] if name in line else row[name] for name in names}) for line, row in rows)


def _buyer(tx: Session, customer_no: str) -> dict[str, str]:
    customer = find_customer(tx, customer_no)
    return {
        name: getattr(customer, name)
        for name in ("customer_no", "name", "country", "vat_no", "legal_id", "gln", "peppol_id", "email", "invoice_pdf")
    }


_LINES = text("""
SELECT line.line_no, coalesce(nullif(sold.buyer_line_no, ''), sold.line_no::text, '') AS order_line_no, line.sku, line.advance_no,
  CASE WHEN several.are THEN line.order_no ELSE '' END AS order_no, CASE WHEN several.are THEN asked.customer_po ELSE '' END AS customer_po,
  CASE WHEN several.are THEN coalesce(sent.shipment_no, '') ELSE '' END AS shipment_no,
  CASE WHEN several.are THEN coalesce(sent.delivered_at, sent.shipped_at)::date END AS delivered_on,
  coalesce(item.gtin, '') AS gtin, line.description,
  line.qty, line.uom, line.unit_price, line.amount, line.tax_category, line.tax_rate_pct, line.charge_code, line.restocking_fee
FROM invoice_line AS line JOIN invoice AS paper ON paper.invoice_no = line.invoice_no
CROSS JOIN LATERAL (SELECT paper.billing_policy = 'CONSOLIDATED' AS are) AS several
JOIN sales_order AS asked ON asked.order_no = line.order_no
LEFT JOIN shipment_line AS packed ON packed.id = line.shipment_line_id LEFT JOIN shipment AS sent ON sent.shipment_no = packed.shipment_no
LEFT JOIN order_line AS sold ON sold.id = line.order_line_id LEFT JOIN item ON item.sku = line.sku
WHERE line.invoice_no = :no ORDER BY line.line_no
""")
#: An invoice says its tax by category and rate, whichever orders it is on.
_TAXES = text("""
SELECT category, rate_pct, sum(taxable) AS taxable, sum(tax) AS tax, min(exemption_reason) AS exemption_reason
FROM invoice_tax WHERE invoice_no = :no GROUP BY category, rate_pct ORDER BY category, rate_pct
""")
