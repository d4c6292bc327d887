"""Makes an invoice from a shipment, ours or a supplier's. A second run finds nothing left to charge and makes nothing.

An invoice is a draft until it is posted: it has its number, and what it says is still brought up to date. Goods outside VAT are
charged apart from others, so that one shipment may need two invoices, one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.service_tasks import NotYet
from engine.store import locks
from engine.store.locks import Lock
from handlers.billing.charging import Draft, OrderTaxes, Row, apart, draft, order_taxes
from handlers.billing.model import Invoice, InvoiceLine, InvoiceTax
from handlers.billing.payment_terms import with_instalments
from handlers.billing.rules import OpenAdvance, TaxGroup, Terms, schedule, tax_key
from handlers.documents.numbers import next_number
from handlers.orders.fulfilment_lines import Change, count
from handlers.orders.holds import blocking
from handlers.rowsets import insert_rows, update_rows
from handlers.shipments.records import lock_shipment

#: Why no tax is charged, by category (UNCL5305).
EXEMPTION_REASONS: Mapping[str, str] = {
    "K": "Intra-Community supply: the customer owes the tax.",
    "G": "Export outside the European Union.",
    "AE": "Reverse charge: the customer owes the tax.",
    "E": "Exempt from tax.",
    "O": "Not subject to tax.",
}
_OF_ORDER = ("order_no", "customer_no", "customer_po", "bill_to", "ship_to", "currency", "net_days", "discount_pct", "delivery_date")
_GROUPING = ("customer_no", "currency", "net_days", "discount_pct", "customer_po", "order_no")


@dataclass(frozen=True, slots=True)
class Created:
    """An invoice of a shipment, whether this run made it, and whether all the shipment carries is charged."""

    invoice_no: str
    created: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """An invoice that is only tried: the order it is about, its draft, and the rows its lines come from."""

    head: Row
    draft: Draft
    sources: Sequence[Row]


def create_invoice(tx: Session, shipment_no: str, now: datetime, billing_policy: str = "ON_SHIP") -> Created:
    """Charge what a shipment carries and no invoice has charged yet; one that is not with the customer yet is gone on with instead.

    Raises NotFound, Conflict when it has not left or carries nothing to charge, NotYet while a hold is about the invoice.
    """
    lock_shipment(tx, shipment_no)
    (head,) = heads_of(tx, [shipment_no], now)
    head = {**head, "billing_policy": billing_policy}
    if head["shipped_at"] is None:
        raise Conflict(f"Shipment {shipment_no} has not left.", code="not_shipped", next_step="Confirm the shipment before it is invoiced.")
    wait_for_holds(tx, head["order_no"])
    sources = uncharged(tx, [shipment_no], [head["order_no"]])
    made = _made_before(tx, shipment_no)
    if made is not None and (made["delivered_at"] is None or not sources):
        bring_up_to_date(tx, made, head)
        return Created(made["invoice_no"], created=False, complete=not sources)
    if not sources:
        raise Conflict(
            f"Shipment {shipment_no} carries nothing to charge.", code="nothing_to_invoice", next_step="Check the shipment's lines."
        )
    goods, *rest = apart(sources)
    charged = draft(head, goods, taxed_order(tx, head["order_no"]), head["today"])
    invoice_no = next_number(tx, "INV")
    write_draft(tx, invoice_no, head, charged)
    count(tx, [Change(line_id=line["fulfil_line_id"], invoiced=line["qty"]) for line in charged.lines if line["fulfil_line_id"]])
    return Created(invoice_no, created=True, complete=not rest)


def heads_of(tx: Session, shipment_nos: Sequence[str], now: datetime) -> list[Row]:
    """What invoices of shipments say of their orders and of themselves, by number. One statement."""
    return _rows(tx, _HEADS, shipments=list(shipment_nos), now=now)


def uncharged(tx: Session, shipment_nos: Sequence[str], order_nos: Sequence[str]) -> list[Row]:
    """What shipments carry and no invoice charges, in the order of the shipments and their lines. One statement."""
    return _rows(tx, _UNCHARGED, shipments=list(shipment_nos), orders=list(order_nos))


def planned_invoices(tx: Session, group_no: str, now: datetime) -> list[Planned]:
    """The invoices that would charge what a group has not shipped yet, if all of it left today. Raises NotFound."""
    heads = _rows(tx, _PLANNED_HEAD, group_no=group_no, now=now)
    if not heads:
        raise NotFound(f"There is no group {group_no}.", code="group_unknown", next_step="Look the group up on the page of its order.")
    (head,) = heads
    sources = _rows(tx, _PLANNED, group_no=group_no, orders=[head["order_no"]])
    taxed = taxed_order(tx, head["order_no"])
    return [Planned(head, draft(head, goods, taxed, head["today"]), goods) for goods in apart(sources)]


def wait_for_holds(tx: Session, order_no: str) -> None:
    """Goods that left are owed for: only a hold that is about the invoice itself stops it."""
    codes = blocking(tx, order_no, "invoice", only=True)
    if codes:
        raise NotYet(timedelta(minutes=15), f"The invoice of order {order_no} is on hold: {', '.join(codes)}.")


def _rows(tx: Session, query: TextClause, **given: Any) -> list[Row]:
    return [dict(row) for row in tx.execute(query, given).mappings()]


def _made_before(tx: Session, shipment_no: str) -> Row | None:
    """The shipment's invoice that the customer does not have yet, else its last; locked. No other is begun while there is one."""
    found = tx.execute(_LAST_INVOICE, {"shipment_no": shipment_no}).scalar_one_or_none()
    if found is None:
        return None
    locks.take(tx, Lock.INVOICE, [found])
    (made,) = _rows(tx, text("SELECT * FROM invoice WHERE invoice_no = :no"), no=found)
    return made


def bring_up_to_date(tx: Session, made: Row, head: Row) -> None:
    """A draft says what its order says now, and is dated today; a posted invoice stays as it is."""
    if made["posted_at"] is not None:
        return
    terms = Terms(made["net_days"], made["discount_pct"], head["discount_days"])
    due = schedule(terms, head["today"], made["gross_total"], made["currency"])
    changes = {name: head[name] for name in ("bill_to", "ship_to", "customer_po")}
    dates = {"invoice_date": head["today"], "due_date": due.due_date, "discount_date": due.discount_date}
    if made["instalments"]:
        totals = dates | {"gross_total": made["gross_total"], "discount_amount": made["discount_amount"]}
        found = with_instalments(tx, {**made, "payment_term": head.get("payment_term", "")}, totals)
        dates = {name: found.get(name, []) for name in (*dates, "instalments")}
    update_rows(tx, Invoice, [{"invoice_no": made["invoice_no"], **changes, **dates}], key="invoice_no")


def taxed_order(tx: Session, order_no: str) -> OrderTaxes:
    """How an order is taxed, what was charged of it, and what of it was billed in advance and is not used yet."""
    return taxed_orders(tx, [order_no])[order_no]


def taxed_orders(tx: Session, order_nos: Sequence[str]) -> dict[str, OrderTaxes]:
    """As `taxed_order`, for several orders at once: two statements, and one where nothing was billed in advance."""
    rows = _by_order(_rows(tx, _ORDER_TAXES, orders=list(order_nos)))
    ahead = [order_no for order_no, parts in rows.items() if any(row["in_advance"] for row in parts)]
    open_ = _by_order(_rows(tx, _OPEN_ADVANCES, orders=ahead)) if ahead else {}
    return {
        order_no: order_taxes(
            parts,
            [OpenAdvance(row["invoice_no"], tax_key(row["category"], row["rate_pct"]), row["rest"]) for row in open_.get(order_no, [])],
        )
        for order_no, parts in rows.items()
    }


def _by_order(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["order_no"], []).append(row)
    return found


def write_draft(tx: Session, invoice_no: str, head: Row, charged: Draft) -> None:
    """Write an invoice that nobody has yet: head, lines, and tax by rate. A line or tax of another order than the head's names it."""
    key = "|".join(str(head[name]) for name in _GROUPING)
    copied = {name: head[name] for name in (*_OF_ORDER, "shipment_no", "billing_policy")}
    own = {name: head[name] for name in ("billing_run", "delivered_from") if name in head}
    totals = with_instalments(tx, head, charged.totals)
    insert_rows(tx, Invoice, [{"invoice_no": invoice_no, "kind": "INV", "grouping": key, **copied, **own, **totals}])
    insert_rows(tx, InvoiceLine, [{"invoice_no": invoice_no, "kind": "INV"} | dict(line) for line in charged.lines])
    insert_rows(tx, InvoiceTax, tax_rows(invoice_no, charged.groups))


def tax_rows(invoice_no: str, groups: Sequence[TaxGroup]) -> list[dict[str, Any]]:
    """The tax of a paper as it is kept."""
    return [
        {
            "invoice_no": invoice_no,
            "order_no": group.order_no,
            "category": group.category,
            "rate_pct": group.rate_pct,
            "taxable": group.taxable,
            "tax": group.tax,
            "exemption_reason": EXEMPTION_REASONS.get(group.category, ""),
        }
        for group in groups
    ]


_ORDER_COLUMNS = """
  sold.order_no, sold.customer_no, sold.customer_po, sold.bill_to, sold.ship_to, sold.currency, sold.net_days, sold.discount_pct,
  sold.discount_days, sold.freight, CAST(:now AS timestamptz)::date AS today, (
    SELECT customer.payment_term FROM customer WHERE customer.customer_no = sold.customer_no
      AND (customer.net_days, customer.discount_pct, customer.discount_days) = (sold.net_days, sold.discount_pct, sold.discount_days)
  ) AS payment_term,
  EXISTS (SELECT 1 FROM invoice_line AS charged
          WHERE charged.order_no = sold.order_no AND charged.charge_code = 'FREIGHT' AND charged.kind = 'INV'
            AND NOT charged.cancelled) AS freight_charged
"""
_HEADS = text(f"""
SELECT shipment.shipment_no, shipment.shipped_at, coalesce(shipment.delivered_at, shipment.shipped_at)::date AS delivery_date,
{_ORDER_COLUMNS}
FROM shipment JOIN sales_order AS sold ON sold.order_no = shipment.order_no
WHERE shipment.shipment_no = ANY(:shipments) ORDER BY shipment.shipment_no
""")
_PLANNED_HEAD = text(f"""
SELECT '' AS shipment_no, CAST(:now AS timestamptz)::date AS delivery_date,
{_ORDER_COLUMNS}
FROM fulfil_group AS "group" JOIN sales_order AS sold ON sold.order_no = "group".order_no
WHERE "group".group_no = :group_no
""")
_CHARGED_BEFORE = """
WITH charged AS (
  SELECT order_line_id, sum(qty) AS qty, sum(amount) AS amount FROM invoice_line
  WHERE order_no = ANY(:orders) AND charge_code = 'ITEM' AND kind = 'INV' AND NOT cancelled GROUP BY order_line_id
)
"""
_SOURCE_COLUMNS = """
  sold.order_no, line.id AS fulfil_line_id, line.order_line_id, line.sku, sold.uom, sold.unit_net,
  coalesce(nullif(sold.buyer_line_no, ''), sold.line_no::text) AS order_line_no,
  coalesce(nullif(sold.description, ''), item.name) AS description, coalesce(item.gtin, '') AS gtin,
  sold.qty_ordered, sold.line_net - sold.header_discount AS line_worth,
  sold.tax_category, sold.tax_rate_pct, coalesce(charged.qty, 0) AS qty_before, coalesce(charged.amount, 0) AS amount_before
"""
_UNCHARGED = text(f"""
{_CHARGED_BEFORE}
SELECT packed.id AS shipment_line_id, packed.shipment_no, packed.qty, {_SOURCE_COLUMNS}
FROM shipment_line AS packed JOIN fulfil_line AS line ON line.id = packed.fulfil_line_id
JOIN order_line AS sold ON sold.id = line.order_line_id JOIN item ON item.sku = line.sku
LEFT JOIN charged ON charged.order_line_id = sold.id
WHERE packed.shipment_no = ANY(:shipments) AND NOT EXISTS (
  SELECT 1 FROM invoice_line AS already
  WHERE already.shipment_line_id = packed.id AND already.kind = 'INV' AND NOT already.cancelled)
ORDER BY packed.shipment_no, sold.line_no, packed.id
""")
_PLANNED = text(f"""
{_CHARGED_BEFORE}
SELECT CAST(NULL AS bigint) AS shipment_line_id, line.qty - line.qty_cancelled - line.qty_shipped AS qty, {_SOURCE_COLUMNS}
FROM fulfil_line AS line
JOIN order_line AS sold ON sold.id = line.order_line_id JOIN item ON item.sku = line.sku
LEFT JOIN charged ON charged.order_line_id = sold.id
WHERE line.group_no = :group_no AND line.qty - line.qty_cancelled - line.qty_shipped > 0
ORDER BY sold.line_no, line.id
""")
_ORDER_TAXES = text("""
SELECT order_no, category, rate_pct, sum(worth) AS worth, sum(taxable) AS taxable_before, sum(tax) AS tax_before,
  bool_or(in_advance) AS in_advance
FROM (
  SELECT order_no, tax_category AS category, tax_rate_pct AS rate_pct, line_net - header_discount AS worth, 0 AS taxable, 0 AS tax,
    false AS in_advance
  FROM order_line WHERE order_no = ANY(:orders)
  UNION ALL
  SELECT taken.order_no, taken.category, taken.rate_pct, 0, taken.taxable, taken.tax,
    invoice.billing_policy IN ('DEPOSIT', 'ON_ORDER', 'MILESTONE')
  FROM invoice_tax AS taken JOIN invoice USING (invoice_no)
  WHERE taken.order_no = ANY(:orders) AND invoice.kind = 'INV' AND invoice.cancelled_at IS NULL
) AS each GROUP BY order_no, category, rate_pct
""")
#: Of each posted invoice in advance what no invoice has taken off and no credit memo has given back, by category and rate.
_OPEN_ADVANCES = text("""
SELECT advance.order_no, advance.invoice_no, part.tax_category AS category, part.tax_rate_pct AS rate_pct, sum(part.amount) AS rest
FROM invoice AS advance
CROSS JOIN LATERAL (
  SELECT tax_category, tax_rate_pct, amount FROM invoice_line WHERE invoice_no = advance.invoice_no AND charge_code = 'ADVANCE'
  UNION ALL
  SELECT tax_category, tax_rate_pct, amount FROM invoice_line WHERE advance_no = advance.invoice_no AND NOT cancelled
  UNION ALL
  SELECT line.tax_category, line.tax_rate_pct, -line.amount FROM invoice AS memo JOIN invoice_line AS line USING (invoice_no)
  WHERE memo.credits_invoice_no = advance.invoice_no AND memo.kind = 'CM' AND line.charge_code = 'ADVANCE' AND memo.cancelled_at IS NULL
) AS part
WHERE advance.order_no = ANY(:orders) AND advance.kind = 'INV' AND advance.billing_policy IN ('DEPOSIT', 'ON_ORDER', 'MILESTONE')
  AND advance.posted_at IS NOT NULL AND advance.cancelled_at IS NULL
GROUP BY advance.order_no, advance.invoice_no, part.tax_category, part.tax_rate_pct HAVING sum(part.amount) > 0
ORDER BY advance.invoice_no, part.tax_category, part.tax_rate_pct
""")
_LAST_INVOICE = text("""
SELECT invoice_no FROM invoice WHERE shipment_no = :shipment_no AND kind = 'INV' AND cancelled_at IS NULL
ORDER BY delivered_at IS NULL DESC, created_at DESC, length(invoice_no) DESC, invoice_no DESC LIMIT 1
""")
