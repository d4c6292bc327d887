"""Choosing a supplier and ordering."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Row, RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.service_tasks import Refused
from engine.store import locks
from engine.store.locks import Lock
from handlers.catalog.offers import offer_in_force
from handlers.documents.numbers import next_number
from handlers.documents.pdf import print_pdf
from handlers.documents.seller import quantity, seller
from handlers.documents.store import save_document
from handlers.dropship.model import PurchaseOrder, PurchaseOrderLine
from handlers.dropship.rules import Candidate, Offer, candidates
from handlers.ledger.books import rate_on
from handlers.orders.fulfilment_groups import live_group
from handlers.orders.fulfilment_lines import give_to_supplier, lock_lines_of_group
from handlers.rowsets import insert_rows
from handlers.values import round_currency

_TEMPLATE = Path(__file__).parent / "purchase-order.typ"


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen supplier and what is left of the sale."""

    supplier_no: str
    margin_pct: Decimal
    margin_gap: Decimal
    lead_days: int


def select_supplier(tx: Session, group_no: str, today: date) -> Selection:
    """Choose the best supplier that has not let this group down yet, and give it the group.

    A supplier has let it down by a purchase order that was cancelled, or by agreeing to less of an item for this sales order.
    Raises NotFound, Conflict when cancelled, Refused NO_SUPPLIER.
    """
    hold_group(tx, group_no)
    group = live_group(tx, group_no, "DROP")
    rows = tx.execute(_OFFERS, {"group_no": group_no}).mappings().all()
    rates = {code: rate_on(tx, code, today) for code in {row["currency"] for row in rows} | {row["sold_in"] for row in rows}}
    offers = [_offer(row, rates) for row in rows]
    freight = {row["supplier_no"]: row["freight_per_order"] * rates[row["currency"]] for row in rows}
    lines = tx.execute(_COUNT_LINES, {"group_no": group_no}).scalar_one()
    found = candidates(offers, lines, freight)
    if not found:
        raise Refused("NO_SUPPLIER", f"No supplier is left that ships every item of group {group_no}.")
    best = _keep_promised(found, group.supplier_no)
    give_to_supplier(tx, group_no, best.supplier_no)
    return Selection(best.supplier_no, best.margin_pct, best.margin_gap, best.lead_days)


def _keep_promised(found: Sequence[Candidate], promised: str | None) -> Candidate:
    """The supplier the promise was made with, while it is among the candidates of the best rank."""
    return next((one for one in found if one.supplier_no == promised and one.rank == found[0].rank), found[0])


def _offer(row: RowMapping, rates: dict[str, Decimal]) -> Offer:
    return Offer(
        supplier_no=row["supplier_no"],
        qty=row["qty"],
        unit_cost=(row["price"] + row["inbound_freight"]) * rates[row["currency"]],
        net=row["net"] * rates[row["sold_in"]],
        margin_floor_pct=row["margin_floor_pct"],
        lead_days=row["lead_days"],
        rank=row["rank"],
        moq=row["moq"],
    )


def create_purchase_order(tx: Session, group_no: str, supplier_no: str) -> str:
    """Order a group from a supplier and answer the number; again: the same one. Raises NotFound, Conflict."""
    hold_group(tx, group_no)
    group = live_group(tx, group_no, "DROP")
    open_order = tx.execute(_OPEN_ORDER, {"group_no": group_no}).one_or_none()
    if open_order is not None:
        if open_order.supplier_no == supplier_no:
            return str(open_order.po_no)
        raise Conflict(
            f"Group {group_no} is on order with {open_order.supplier_no} under {open_order.po_no}.",
            code="on_order",
            next_step=f"Cancel {open_order.po_no} before ordering from {supplier_no}.",
        )
    lines = tx.execute(_LINES_TO_ORDER, {"group_no": group_no, "supplier_no": supplier_no}).mappings().all()
    _check_lines(lines, group_no, supplier_no)
    give_to_supplier(tx, group_no, supplier_no)
    po_no = next_number(tx, "PO")
    head = tx.execute(_HEAD_TO_ORDER, {"order_no": group.order_no, "supplier_no": supplier_no}).mappings().one()
    currency = lines[0]["currency"]
    net_total = sum((round_currency(line["qty"] * line["unit_price"], currency) for line in lines), Decimal(0))
    ordered = {
        "po_no": po_no,
        "group_no": group_no,
        "order_no": group.order_no,
        "supplier_no": supplier_no,
        "requested_ship": group.ship_date,
    }
    insert_rows(tx, PurchaseOrder, [{**ordered, **head, "currency": currency, "net_total": net_total}])
    kept = ("fulfil_line_id", "sku", "supplier_sku", "description", "uom", "qty", "unit_price")
    rows = [{"po_no": po_no, "line_no": number, **{name: line[name] for name in kept}} for number, line in enumerate(lines, start=1)]
    insert_rows(tx, PurchaseOrderLine, rows)
    return po_no


def _check_lines(lines: Sequence[RowMapping], group_no: str, supplier_no: str) -> None:
    missing = [line["sku"] for line in lines if line["unit_price"] is None]
    if not lines or missing or len({line["currency"] for line in lines}) > 1:
        what = f"no price for {', '.join(missing[:5])}" if missing else "nothing to order, or prices in several currencies"
        raise Conflict(
            f"Group {group_no} cannot be ordered from {supplier_no}: {what}.",
            code="cannot_order",
            next_step="Enter the supplier's prices in one currency, or choose another supplier.",
        )


def print_order(tx: Session, po_no: str) -> int:
    """Print a purchase order and keep it; mark it sent. Raises NotFound, Conflict when cancelled."""
    order = lock_order(tx, po_no)
    lines = tx.execute(_ORDER_LINES, {"po_no": po_no}).mappings().all()
    us = seller(tx)
    data = {
        "seller": us,
        "po_no": po_no,
        "to": {"name": order.supplier_name, "country": order.supplier_country},
        "ship_to": order.ship_to,
        "neutral": order.neutral_packing,
        "facts": [("Order date", str(order.created_at.date())), ("Ship on", str(order.requested_ship)), ("Currency", order.currency),
                  ("Customer PO", order.customer_po)],
        "lines": [
            {
                "line_no": str(line["line_no"]),
                "sku": line["supplier_sku"] or line["sku"],
                "description": line["description"],
                "qty": f"{quantity(line['qty'])} {line['uom']}",
                "price": f"{line['unit_price']:.2f}",
                "amount": f"{round_currency(line['qty'] * line['unit_price'], order.currency)}",
            }
            for line in lines
        ],
        "total": f"{round_currency(order.net_total, order.currency)} {order.currency}",
    }  # fmt: skip
    document_id = save_document(tx, "PURCHASE_ORDER", po_no, "application/pdf", print_pdf(_TEMPLATE, data, order.created_at))
    tx.execute(_SENT, {"po_no": po_no, "document_id": document_id})
    return document_id


def hold_group(tx: Session, group_no: str) -> None:
    """Lock a group with its sales order and its lines."""
    locks.take(tx, Lock.ORDER, tx.execute(_ORDER_OF, {"group_no": group_no}).scalars())
    lock_lines_of_group(tx, group_no)


def lock_order(tx: Session, po_no: str) -> Row[Any]:
    """A purchase order that is not cancelled, locked with the sales order, group and lines it serves.

    Raises NotFound, Conflict.
    """
    row = lock_any_order(tx, po_no)
    if row.cancelled_at is not None:
        raise Conflict(
            f"{po_no} was cancelled at {row.cancelled_at}: {row.cancel_reason}.",
            code="po_cancelled",
            next_step="Order again, or ask the supplier to send the message for the new order.",
        )
    return row


def lock_any_order(tx: Session, po_no: str) -> Row[Any]:
    """As `lock_order`, cancelled or not. Raises NotFound.

    What it serves and what has been shipped of it is locked first even where only the order changes: the next step of the same transaction
    may go on to the lines, or bill the shipment.
    """
    serves = tx.execute(_SERVES, {"po_no": po_no}).one_or_none()
    if serves is not None:
        locks.take(tx, Lock.ORDER, [serves.order_no])
        lock_lines_of_group(tx, serves.group_no)
        locks.take(tx, Lock.SHIPMENT, [serves.group_no], by="group_no")
    locks.take(tx, Lock.PURCHASE_ORDER, [po_no])
    row = tx.execute(_ORDER, {"po_no": po_no}).one_or_none()
    if row is None:
        raise NotFound(f"There is no purchase order {po_no}.", code="po_unknown", next_step="Check the number the supplier quotes.")
    return row


_OFFERS = text(f"""
SELECT offer.supplier_no, offer.price, offer.currency, offer.lead_days, offer.moq, offer.rank, offer.inbound_freight,
  supplier.freight_per_order, line.qty - line.qty_cancelled - line.qty_shipped AS qty, sold_in.currency AS sold_in,
  (sold.line_net - sold.header_discount) * (line.qty - line.qty_cancelled - line.qty_shipped) / sold.qty_ordered AS net,
  coalesce(item_class.margin_floor_pct, 0) AS margin_floor_pct
FROM fulfil_line AS line JOIN order_line AS sold ON sold.id = line.order_line_id
JOIN sales_order AS sold_in ON sold_in.order_no = line.order_no
JOIN supplier_item AS offer ON offer.sku = line.sku AND {offer_in_force()}
JOIN supplier ON supplier.supplier_no = offer.supplier_no
LEFT JOIN item_class ON item_class.code = sold.item_class
WHERE line.group_no = :group_no AND line.qty - line.qty_cancelled - line.qty_shipped > 0 AND supplier.active AND NOT EXISTS (
  SELECT 1 FROM purchase_order AS gone
  WHERE gone.group_no = line.group_no AND gone.supplier_no = offer.supplier_no AND gone.cancelled_at IS NOT NULL)
AND NOT EXISTS (
  SELECT 1 FROM purchase_order AS short JOIN po_line AS less USING (po_no)
  WHERE short.order_no = line.order_no AND short.supplier_no = offer.supplier_no AND less.sku = line.sku AND less.confirmed_qty < less.qty)
""")
_COUNT_LINES = text("SELECT count(*) FROM fulfil_line WHERE group_no = :group_no AND qty - qty_cancelled - qty_shipped > 0")
_OPEN_ORDER = text("SELECT po_no, supplier_no FROM purchase_order WHERE group_no = :group_no AND cancelled_at IS NULL")
_HEAD_TO_ORDER = text("""
SELECT sales_order.ship_to, sales_order.customer_po, supplier.neutral_packing
FROM sales_order, supplier WHERE sales_order.order_no = :order_no AND supplier.supplier_no = :supplier_no
""")
_LINES_TO_ORDER = text(f"""
SELECT line.id AS fulfil_line_id, line.sku, line.qty - line.qty_cancelled - line.qty_shipped AS qty, item.uom, offer.price AS unit_price,
  offer.currency, coalesce(offer.supplier_sku, '') AS supplier_sku, item.name AS description
FROM fulfil_line AS line JOIN item ON item.sku = line.sku
LEFT JOIN supplier_item AS offer ON offer.sku = line.sku AND offer.supplier_no = :supplier_no AND {offer_in_force()}
WHERE line.group_no = :group_no AND line.qty - line.qty_cancelled - line.qty_shipped > 0 ORDER BY line.id
""")
_ORDER_LINES = text("SELECT * FROM po_line WHERE po_no = :po_no ORDER BY line_no")
#: A sales order and a group never change under a purchase order, so that they can be locked before it.
_ORDER_OF = text("SELECT order_no FROM fulfil_group WHERE group_no = :group_no")
_SERVES = text("SELECT order_no, group_no FROM purchase_order WHERE po_no = :po_no")
_ORDER = text("""
SELECT ordered.*, supplier.name AS supplier_name, supplier.email AS supplier_email, supplier.country AS supplier_country, supplier.net_days,
  supplier.discount_pct, supplier.discount_days
FROM purchase_order AS ordered JOIN supplier USING (supplier_no) WHERE ordered.po_no = :po_no
""")
_SENT = text("UPDATE purchase_order SET sent_at = coalesce(sent_at, business_now()), document_id = :document_id WHERE po_no = :po_no")
