"""From packed to delivered: carrier data, the goods issue in one transaction, delivery."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.service_tasks import NotYet, Refused
from handlers.documents.store import save_document
from handlers.fulfillment.ports import Booked, Consignment, Parcel, Place
from handlers.inventory.rules import Issue
from handlers.ledger import posting
from handlers.ledger.accounts import DEFERRED_COGS, INVENTORY
from handlers.ledger.books import books_currency
from handlers.orders.events import note
from handlers.orders.fulfilment_lines import issue
from handlers.orders.holds import blocking
from handlers.shipments.records import lock_shipment, mark_booked, mark_delivered, mark_shipped, quantities, shipment_of

#: How long to wait before a shipment stopped by a hold is looked at again.
HOLD_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Booking:
    """What the carrier agreed to."""

    carrier: str
    tracking_no: str
    cost: Decimal
    currency: str


def consignment(tx: Session, shipment_no: str) -> tuple[Consignment, Booking | None]:
    """What is to be carried, and the booking when there is one already. Raises NotFound, Refused CANCELLED when it was unpacked."""
    row = _must(tx.execute(_CONSIGNMENT, {"shipment_no": shipment_no}).one_or_none(), shipment_no)
    if row.cancelled_at is not None:
        raise _unpacked(shipment_no)
    booked = Booking(row.carrier, row.tracking_no, row.carrier_cost, row.carrier_currency) if row.tracking_no else None
    given = Consignment(
        shipment_no=shipment_no,
        sender=Place(row.sender_name, row.street, row.city, row.postal_code, row.country),
        receiver=_place(row.ship_to),
        weight_kg=row.weight_kg,
        packages=tuple(map(Parcel, row.sscc, row.weights)),
    )
    return given, booked


def write_booking(tx: Session, shipment_no: str, booked: Booked) -> Booking | None:
    """Keep the carrier's answer and its label; the first answer stays. None when it was unpacked meanwhile: nothing is to be carried."""
    if lock_shipment(tx, shipment_no).cancelled_at is not None:
        return None
    label_id = save_document(tx, "SHIPPING_LABEL", shipment_no, booked.label_media_type, booked.label)
    answer = {name: getattr(booked, name) for name in ("carrier", "service", "tracking_no", "cost", "currency")}
    mark_booked(tx, shipment_no, answer | {"label": label_id})
    _, kept = consignment(tx, shipment_no)
    return kept or Booking(booked.carrier, booked.tracking_no, booked.cost, booked.currency)


def booked_tracking_no(tx: Session, shipment_no: str) -> str:
    """The tracking number of a booking that may be given back; empty without one. Raises NotFound, Conflict once the goods left."""
    row = shipment_of(tx, shipment_no)
    if row.shipped_at is not None:
        raise Conflict(f"Shipment {shipment_no} left the house.", code="already_shipped", next_step="Ask the carrier to intercept it.")
    return str(row.tracking_no)


def ship_confirm(tx: Session, shipment_no: str, actor: str | None) -> datetime:
    """The goods leave: stock, reservation, fulfilment lines, cost of sales deferred, all at once; again: nothing more happens.

    Raises NotFound, Refused CANCELLED when unpacked or its group was cancelled, Conflict when no longer reserved, NotYet while a hold
    stops the order.
    """
    shipment = lock_shipment(tx, shipment_no)
    if shipment.shipped_at is not None:
        return shipment.shipped_at  # type: ignore[no-any-return]  # a row's column
    if shipment.cancelled_at is not None or tx.execute(_GROUP_CANCELLED, {"group_no": shipment.group_no}).scalar_one():
        raise _unpacked(shipment_no)
    holds = blocking(tx, shipment.order_no, "ship")
    if holds:
        raise NotYet(HOLD_PAUSE, f"Order {shipment.order_no} is on hold: {', '.join(holds)}.")
    issues = [Issue(fulfil_line_id=line_id, qty=qty) for line_id, qty in quantities(tx, shipment_no).items()]
    costs = issue(tx, issues, shipment_no, books_currency(tx))
    shipped_at = mark_shipped(tx, shipment_no, costs)
    _post_issue(tx, shipment_no, costs)
    note(tx, shipment.order_no, "shipped", actor=actor or "", detail={"shipment_no": shipment_no})
    return shipped_at


def confirm_delivery(tx: Session, shipment_no: str, delivered_at: datetime | None = None) -> None:
    """The customer has the goods; again: the first time stays. Called by the API before it publishes `delivery.confirmed`.

    Raises NotFound, Conflict when the shipment has not left.
    """
    shipment = lock_shipment(tx, shipment_no)
    if shipment.shipped_at is None:
        raise Conflict(
            f"Shipment {shipment_no} has not left, so it cannot be delivered.",
            code="not_shipped",
            next_step="Confirm the shipment first, or check the number on the proof of delivery.",
        )
    if shipment.delivered_at is None:
        mark_delivered(tx, shipment_no, delivered_at)
        note(tx, shipment.order_no, "delivered", detail={"shipment_no": shipment_no})


def billing_facts(tx: Session, shipment_no: str) -> dict[str, Any]:
    """What the billing policy looks at: incoterm, type of the order, and the item class of most value in the shipment; and if it arrived.

    The shipment is held to the end of the transaction. Raises NotFound.
    """
    shipment = lock_shipment(tx, shipment_no)
    row = _must(tx.execute(_BILLING_FACTS, {"shipment_no": shipment_no}).mappings().one_or_none(), shipment_no)
    facts = {name: str(row[name] or "") for name in ("incoterm", "item_class", "order_type")}
    return {**facts, "delivered": shipment.delivered_at is not None}


def _post_issue(tx: Session, shipment_no: str, costs: dict[int, Decimal]) -> None:
    total = sum(costs.values(), Decimal(0))
    if not total:
        return
    deferred = [posting.debit(DEFERRED_COGS, cost, reference=f"FL-{line_id}") for line_id, cost in sorted(costs.items()) if cost]
    posting.post(
        tx,
        posting.Entry(
            event_type="shipment.confirmed",
            source_id=shipment_no,
            currency=books_currency(tx),
            lines=[*deferred, posting.credit(INVENTORY, total, reference=shipment_no)],
            narration=f"Goods issue of shipment {shipment_no}",
        ),
    )


def _unpacked(shipment_no: str) -> Refused:
    return Refused("CANCELLED", f"Shipment {shipment_no} was unpacked, or its group was cancelled.")


def _place(address: dict[str, Any]) -> Place:
    return Place(*(str(address.get(part) or "") for part in ("name", "street", "city", "postal_code", "country")))


def _must(row: Any, shipment_no: str) -> Any:
    if row is None:
        raise NotFound(
            f"There is no shipment {shipment_no}.", code="shipment_unknown", next_step="Look the shipment up on the page of its order."
        )
    return row


_CONSIGNMENT = text("""
SELECT shipment.cancelled_at, shipment.carrier, shipment.tracking_no, shipment.carrier_cost, shipment.carrier_currency, shipment.weight_kg,
  sales_order.ship_to, warehouse.street, warehouse.city, warehouse.postal_code, warehouse.country,
  coalesce((SELECT company.name FROM company), warehouse.name) AS sender_name,
  ARRAY(SELECT sscc FROM package WHERE package.shipment_no = shipment.shipment_no ORDER BY package_no) AS sscc,
  ARRAY(SELECT weight_kg FROM package WHERE package.shipment_no = shipment.shipment_no ORDER BY package_no) AS weights
FROM shipment JOIN sales_order ON sales_order.order_no = shipment.order_no
JOIN fulfil_group AS grp ON grp.group_no = shipment.group_no JOIN warehouse ON warehouse.code = grp.warehouse_code
WHERE shipment.shipment_no = :shipment_no
""")
_GROUP_CANCELLED = text("SELECT cancelled_at IS NOT NULL FROM fulfil_group WHERE group_no = :group_no")
_BILLING_FACTS = text("""
SELECT sales_order.incoterm, sales_order.order_type, (
  SELECT sold.item_class FROM shipment_line AS packed JOIN fulfil_line AS line ON line.id = packed.fulfil_line_id
  JOIN order_line AS sold ON sold.id = line.order_line_id WHERE packed.shipment_no = shipment.shipment_no
  GROUP BY sold.item_class ORDER BY sum(packed.qty * sold.unit_net) DESC, sold.item_class LIMIT 1) AS item_class
FROM shipment JOIN sales_order ON sales_order.order_no = shipment.order_no WHERE shipment.shipment_no = :shipment_no
""")


def shipment_row(tx: Session, shipment_no: str) -> Row[Any]:
    """What a despatch advice says of a shipment. Raises NotFound."""
    return _must(tx.execute(_ADVICE, {"shipment_no": shipment_no}).one_or_none(), shipment_no)  # type: ignore[no-any-return]


def advice_lines(tx: Session, shipment_no: str) -> list[Row[Any]]:
    """What is in a shipment, by order line."""
    return list(tx.execute(_ADVICE_LINES, {"shipment_no": shipment_no}).all())


_ADVICE = text("""
SELECT shipment.*, sales_order.customer_po, sales_order.ordered_on, sales_order.customer_no, sales_order.ship_to,
  customer.name AS customer_name, customer.email, customer.gln AS customer_gln, customer.country AS customer_country,
  customer.peppol_id AS customer_peppol_id,
  ARRAY(SELECT sscc FROM package WHERE package.shipment_no = shipment.shipment_no ORDER BY package_no) AS packages
FROM shipment JOIN sales_order ON sales_order.order_no = shipment.order_no
JOIN customer ON customer.customer_no = sales_order.customer_no WHERE shipment.shipment_no = :shipment_no
""")
_ADVICE_LINES = text("""
SELECT sold.line_no, sold.buyer_line_no, line.sku, coalesce(nullif(sold.description, ''), item.name) AS description, item.gtin, sold.uom,
  packed.qty,
  sold.qty_ordered - sold.qty_cancelled - line.qty_shipped AS outstanding
FROM shipment_line AS packed JOIN fulfil_line AS line ON line.id = packed.fulfil_line_id
JOIN order_line AS sold ON sold.id = line.order_line_id JOIN item ON item.sku = line.sku
WHERE packed.shipment_no = :shipment_no ORDER BY sold.line_no, line.id
""")
