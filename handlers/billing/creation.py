"""Makes an invoice from a shipment, ours or a supplier's. A second run finds nothing left to charge and makes nothing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.service_tasks import NotYet
from handlers.billing.model import Invoice, InvoiceLine, InvoiceTax
from handlers.billing.rules import Billable, Charge, Terms, amount_of, freight_tax, revenue, schedule, taxes
from handlers.documents.numbers import next_number
from handlers.orders.fulfilment_lines import Change, count
from handlers.orders.holds import blocking
from handlers.orders.rules import HOLDS
from handlers.rowsets import insert_rows

ZERO = Decimal(0)
_REASONS = {
    "K": "Intra-Community supply: the customer owes the tax.",
    "G": "Export outside the European Union.",
    "AE": "Reverse charge: the customer owes the tax.",
    "E": "Exempt from tax.",
    "O": "Not subject to tax.",
}


@dataclass(frozen=True, slots=True)
class Created:
    """The invoice of a shipment, and whether this run made it."""

    invoice_no: str
    created: bool


def create_invoice(tx: Session, shipment_no: str, today: date) -> Created:
    """Charge what a shipment carries and no invoice has charged yet. Raises NotFound, Conflict when it has not left."""
    head = tx.execute(_HEAD, {"shipment_no": shipment_no}).mappings().one_or_none()
    if head is None:
        raise NotFound(
            f"There is no shipment {shipment_no}.", code="shipment_unknown", next_step="Look the shipment up on the page of its order."
        )
    if head["shipped_at"] is None:
        raise Conflict(f"Shipment {shipment_no} has not left.", code="not_shipped", next_step="Confirm the shipment before it is invoiced.")
    _wait_for_holds(tx, head["order_no"])
    sources = tx.execute(_UNCHARGED, {"shipment_no": shipment_no, "order_no": head["order_no"]}).mappings().all()
    if not sources:
        return Created(_existing(tx, shipment_no), created=False)
    lines = _goods(sources, head["currency"])
    charges = [Charge(line["amount"], line["tax_category"], line["tax_rate_pct"]) for line in lines]
    freight = ZERO if head["freight_charged"] else head["freight"]
    carried = _freight_line(head, freight, charges) if freight else []
    invoice_no = next_number(tx, "INV")
    _write(tx, invoice_no, head, _totals(head, charges, freight, today) | {"invoice_date": today}, [*lines, *carried])
    count(tx, [Change(line_id=line["fulfil_line_id"], invoiced=line["qty"]) for line in lines])
    return Created(invoice_no, created=True)


def _wait_for_holds(tx: Session, order_no: str) -> None:
    """Goods that left are owed for: only a hold that is about the invoice itself stops it."""
    codes = [code for code in blocking(tx, order_no, "invoice") if HOLDS[code].blocks == "invoice"]
    if codes:
        raise NotYet(timedelta(minutes=15), f"The invoice of order {order_no} is on hold: {', '.join(codes)}.")


def _existing(tx: Session, shipment_no: str) -> str:
    found = tx.execute(_INVOICE_OF, {"shipment_no": shipment_no}).scalar_one_or_none()
    if found is None:
        raise Conflict(
            f"Shipment {shipment_no} carries nothing to charge.", code="nothing_to_invoice", next_step="Check the shipment's lines."
        )
    return str(found)


def _goods(sources: Sequence[RowMapping], currency: str) -> list[dict[str, Any]]:
    """The lines for goods; several parts of one order line are charged one after the other."""
    done: dict[int, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    lines = []
    for number, row in enumerate(sources, start=1):
        key = row["order_line_id"]
        qty_before, amount_before = done[key] if key in done else (row["qty_before"], row["amount_before"])
        amount = amount_of(Billable(row["qty"], row["qty_ordered"], row["line_worth"], qty_before, amount_before), currency)
        done[key] = (qty_before + row["qty"], amount_before + amount)
        copied = ("shipment_line_id", "fulfil_line_id", "order_line_id", "sku", "description", "qty", "uom", "tax_category", "tax_rate_pct")
        lines.append(
            {"line_no": number, "charge_code": "ITEM", "amount": amount, "unit_price": row["unit_net"]}
            | {name: row[name] for name in copied}
        )
    return lines


def _freight_line(head: RowMapping, freight: Decimal, charges: Sequence[Charge]) -> list[dict[str, Any]]:
    category, rate_pct = freight_tax(charges)
    charges_of_goods = len(charges)
    return [
        {
            "line_no": charges_of_goods + 1,
            "charge_code": "FREIGHT",
            "amount": freight,
            "unit_price": freight,
            "shipment_line_id": None,
            "fulfil_line_id": None,
            "order_line_id": None,
            "sku": "",
            "description": f"Carriage of order {head['order_no']}",
            "qty": 1,
            "uom": "EA",
            "tax_category": category,
            "tax_rate_pct": rate_pct,
        }
    ]


def _totals(head: RowMapping, goods: Sequence[Charge], freight: Decimal, today: date) -> dict[str, Any]:
    currency = head["currency"]
    carried = [Charge(freight, *freight_tax(goods))] if freight else []
    groups = taxes([*goods, *carried], currency)
    sums = revenue(goods, freight, groups)
    due = schedule(Terms(head["net_days"], head["discount_pct"], head["discount_days"]), today, sums.gross, currency)
    return {
        "groups": groups,
        "net_total": sums.net,
        "freight_total": sums.freight,
        "tax_total": sums.tax,
        "gross_total": sums.gross,
        "due_date": due.due_date,
        "discount_date": due.discount_date,
        "discount_amount": due.discount_amount,
    }


def _write(tx: Session, invoice_no: str, head: RowMapping, totals: dict[str, Any], lines: Sequence[dict[str, Any]]) -> None:
    groups = totals.pop("groups")
    copied = (
        "order_no",
        "customer_no",
        "customer_po",
        "bill_to",
        "ship_to",
        "currency",
        "net_days",
        "discount_pct",
        "delivery_date",
        "shipment_no",
    )
    key = "|".join(str(head[name]) for name in ("customer_no", "currency", "net_days", "discount_pct", "customer_po", "order_no"))
    insert_rows(
        tx, Invoice, [{"invoice_no": invoice_no, "kind": "INV", "grouping": key, **{name: head[name] for name in copied}, **totals}]
    )
    shared = {"invoice_no": invoice_no, "kind": "INV", "order_no": head["order_no"]}
    insert_rows(tx, InvoiceLine, [shared | line for line in lines])
    insert_rows(
        tx,
        InvoiceTax,
        [
            {
                "invoice_no": invoice_no,
                "category": group.category,
                "rate_pct": group.rate_pct,
                "taxable": group.taxable,
                "tax": group.tax,
                "exemption_reason": _REASONS.get(group.category, ""),
            }
            for group in groups
        ],
    )


_HEAD = text("""
SELECT shipment.shipment_no, shipment.shipped_at, coalesce(shipment.delivered_at, shipment.shipped_at)::date AS delivery_date,
  sold.order_no, sold.customer_no, sold.customer_po, sold.bill_to, sold.ship_to, sold.currency, sold.net_days, sold.discount_pct,
  sold.discount_days, sold.freight,
  EXISTS (SELECT 1 FROM invoice_line AS charged
          WHERE charged.order_no = sold.order_no AND charged.charge_code = 'FREIGHT' AND NOT charged.cancelled) AS freight_charged
FROM shipment JOIN sales_order AS sold ON sold.order_no = shipment.order_no
WHERE shipment.shipment_no = :shipment_no FOR UPDATE OF shipment, sold
""")
_UNCHARGED = text("""
WITH charged AS (
  SELECT order_line_id, sum(qty) AS qty, sum(amount) AS amount FROM invoice_line
  WHERE order_no = :order_no AND charge_code = 'ITEM' AND kind = 'INV' AND NOT cancelled GROUP BY order_line_id
)
SELECT packed.id AS shipment_line_id, line.id AS fulfil_line_id, line.order_line_id, line.sku, packed.qty, sold.uom, sold.unit_net,
  coalesce(nullif(sold.description, ''), item.name) AS description, sold.qty_ordered, sold.line_net - sold.header_discount AS line_worth,
  sold.tax_category, sold.tax_rate_pct, coalesce(charged.qty, 0) AS qty_before, coalesce(charged.amount, 0) AS amount_before
FROM shipment_line AS packed JOIN fulfil_line AS line ON line.id = packed.fulfil_line_id
JOIN order_line AS sold ON sold.id = line.order_line_id JOIN item ON item.sku = line.sku
LEFT JOIN charged ON charged.order_line_id = sold.id
WHERE packed.shipment_no = :shipment_no AND NOT EXISTS (
  SELECT 1 FROM invoice_line AS already
  WHERE already.shipment_line_id = packed.id AND already.charge_code = 'ITEM' AND already.kind = 'INV' AND NOT already.cancelled)
ORDER BY sold.line_no, packed.id
""")
_INVOICE_OF = text("""
SELECT DISTINCT line.invoice_no FROM invoice_line AS line JOIN shipment_line AS packed ON packed.id = line.shipment_line_id
WHERE packed.shipment_no = :shipment_no AND NOT line.cancelled AND line.kind = 'INV' ORDER BY line.invoice_no LIMIT 1
""")
