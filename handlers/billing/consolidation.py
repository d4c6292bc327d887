"""Bills a customer for several deliveries at once: those that wait for the billing run of its week or month.

Each delivery is charged exactly once, whoever bills: what is on an invoice already is found under the lock of its shipment. An invoice is
of one currency, one set of terms, one address for bills and one side of VAT, and of one purchase order or place of delivery where the
decision on grouping says so. What is on hold waits for the next run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.store import json_text
from handlers.billing.charging import Draft, Row, consolidated, draft
from handlers.billing.creation import bring_up_to_date, heads_of, taxed_orders, uncharged, write_draft
from handlers.billing.model import DeliveryToBill
from handlers.billing.posting import locked
from handlers.billing.rules import Cycle, Terms, outside_vat
from handlers.documents.numbers import next_number
from handlers.orders.fulfilment_lines import Change, count
from handlers.rowsets import insert_rows
from handlers.shipments.records import lock_shipment, lock_shipments

ZERO = Decimal(0)
POLICY: Final = "CONSOLIDATED"


@dataclass(frozen=True, slots=True)
class Kind:
    """How customers with deliveries that wait are billed: what the decision on grouping looks at."""

    cycle: str
    channel: str


@dataclass(frozen=True, slots=True)
class Due:
    """A customer with deliveries to be billed now, and how they are put together."""

    customer_no: str
    cycle: Cycle


@dataclass(frozen=True, slots=True)
class Drafted:
    """The next invoice of a run; None when there is nothing left to bill. `order_nos` are the orders it is about."""

    invoice_no: str | None
    order_nos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """An invoice as a run would write it: what it is about and comes to, and the day on which it is due."""

    order_nos: tuple[str, ...]
    shipments: tuple[str, ...]
    currency: str
    gross_total: Decimal
    due_on: date


def is_left_to_run(tx: Session, shipment_no: str) -> bool:
    """Whether a shipment is billed with others of a period, and no invoice of it alone was begun."""
    return bool(tx.execute(_IS_LEFT, {"shipment_no": shipment_no}).scalar())


def leave_to_run(tx: Session, shipment_no: str, billing_policy: str, now: datetime) -> None:
    """Leave a shipment that may be charged to the billing run of its customer; again: nothing. Raises NotFound, Conflict before it left."""
    lock_shipment(tx, shipment_no)
    (head,) = heads_of(tx, [shipment_no], now)
    if head["shipped_at"] is None:
        raise Conflict(f"Shipment {shipment_no} has not left.", code="not_shipped", next_step="Confirm the shipment before it is invoiced.")
    known = tx.execute(text("SELECT 1 FROM delivery_to_bill WHERE shipment_no = :no"), {"no": shipment_no}).first()
    if known is None:
        row = {"shipment_no": shipment_no, "customer_no": head["customer_no"], "billing_policy": billing_policy}
        insert_rows(tx, DeliveryToBill, [row | {"billable_on": head["today"]}])


def is_anything_waiting(tx: Session, customer_no: str = "") -> bool:
    """Whether deliveries wait to be billed: of one customer, or of any."""
    return tx.execute(_WAITING_OF, {"customer_no": customer_no}).first() is not None


def kinds_waiting(tx: Session) -> list[Kind]:
    """The ways in which customers with deliveries that wait are billed, in order."""
    return [Kind(row.cycle, row.channel) for row in tx.execute(_KINDS)]


def find_due(tx: Session, cycles: Mapping[Kind, Cycle], today: date, customer_no: str = "", *, everything: bool = False) -> list[Due]:
    """The customers who are billed now, in order: something of theirs is due, or `everything` that waits is asked for."""
    found = {}
    for row in tx.execute(_WAITING_OF, {"customer_no": customer_no}):
        cycle = cycles.get(Kind(row.cycle, row.channel))
        if cycle is not None and (everything or cycle.due_on(row.billable_on) <= today):
            found[row.customer_no] = Due(row.customer_no, cycle)
    return list(found.values())


def draft_next(tx: Session, due: Due, run: str, now: datetime, *, everything: bool = False) -> Drafted:
    """Write the next invoice of a run, or go on with the one of it that the customer does not have yet.

    What another run has billed meanwhile is not billed again: it is read anew under the locks.
    """
    begun = tx.execute(_BEGUN, {"run": run}).scalar()
    if begun is not None:
        return _go_on(tx, begun, now)
    for shipments in _groups(_candidates(tx, due.customer_no), due.cycle, now.date(), everything=everything).values():
        lock_shipments(tx, {row["shipment_no"] for row in shipments})
        still = _groups(_candidates(tx, due.customer_no), due.cycle, now.date(), everything=everything)
        wanted = still.get(_key(shipments[0], due.cycle), [])
        numbers = {row["shipment_no"] for row in shipments}
        if any(row["shipment_no"] in numbers for row in wanted):
            return _write(tx, [row for row in wanted if row["shipment_no"] in numbers], run, now)
    _forget_charged(tx, due.customer_no)
    return Drafted(None)


def preview(tx: Session, due: Due, now: datetime) -> list[Planned]:
    """The invoices that a run would write of all that waits, with the day on which it is due; nothing is held or written."""
    found = []
    for rows in _groups(_candidates(tx, due.customer_no), due.cycle, now.date(), everything=True).values():
        head, made = _draft(tx, rows, now)
        due_on = min(due.cycle.due_on(row["billable_on"]) for row in rows)
        orders, shipments = (tuple(sorted({row[name] for row in rows})) for name in ("order_no", "shipment_no"))
        found.append(Planned(orders, shipments, head["currency"], made.totals["gross_total"], due_on))
    return found


def _forget_charged(tx: Session, customer_no: str) -> None:
    """What was charged by another way than a run waits for none."""
    charged = tx.execute(_CHARGED_OTHERWISE, {"customer_no": customer_no}).scalars().all()
    if charged:
        lock_shipments(tx, charged)
        tx.execute(_BILLED, {"shipments": list(charged)})


def _go_on(tx: Session, invoice_no: str, now: datetime) -> Drafted:
    made = dict(locked(tx, invoice_no)._mapping)  # noqa: SLF001  # SQLAlchemy's own name for a row by names
    days = (made["discount_date"] - made["invoice_date"]).days if made["discount_date"] else 0
    term = tx.execute(_TERM, {"customer_no": made["customer_no"]}).scalar_one() if made["instalments"] else ""
    bring_up_to_date(tx, made, made | {"discount_days": days, "today": now.date(), "payment_term": term})
    orders = tx.execute(_ORDERS, {"no": invoice_no}).scalars().all()
    return Drafted(invoice_no, tuple(orders))


def _write(tx: Session, rows: Sequence[Row], run: str, now: datetime) -> Drafted:
    head, made = _draft(tx, rows, now)
    number = next_number(tx, "INV")
    write_draft(tx, number, head | {"billing_run": run}, made)
    count(tx, [Change(line_id=line["fulfil_line_id"], invoiced=line["qty"]) for line in made.lines if line["fulfil_line_id"]])
    tx.execute(_BILLED, {"shipments": sorted({row["shipment_no"] for row in rows})})
    return Drafted(number, tuple(sorted({row["order_no"] for row in rows})))


def _draft(tx: Session, rows: Sequence[Row], now: datetime) -> tuple[dict[str, Any], Draft]:
    """What deliveries of one group are charged with, and what their invoice says of itself. The same few statements for any number."""
    order_nos = sorted({row["order_no"] for row in rows})
    heads = heads_of(tx, sorted({row["shipment_no"] for row in rows}), now)
    of_order = {head["order_no"]: head for head in reversed(heads)}
    outside = rows[0]["outside"]
    sources = [row for row in uncharged(tx, [head["shipment_no"] for head in heads], order_nos)
               if outside_vat(row["tax_category"]) == outside]  # fmt: skip
    taxed = taxed_orders(tx, order_nos)
    today = heads[0]["today"]
    parts = [
        draft(of_order[order_no], [row for row in sources if row["order_no"] == order_no], taxed[order_no], today) for order_no in order_nos
    ]
    first = of_order[order_nos[0]]
    terms = Terms(first["net_days"], first["discount_pct"], first["discount_days"])
    return _head(heads, order_nos), consolidated(parts, terms, first["currency"], today)


def _head(heads: Sequence[Row], order_nos: Sequence[str]) -> dict[str, Any]:
    """What is the same for all; where their purchase orders or places of delivery differ the lines say it, and the goods go to who pays."""
    first = dict(heads[0])
    days = [head["delivery_date"] for head in heads]
    return first | {
        "order_no": order_nos[0] if len(order_nos) == 1 else None,
        "shipment_no": None,
        "billing_policy": POLICY,
        "customer_po": _shared(heads, "customer_po", ""),
        "ship_to": _shared(heads, "ship_to", first["bill_to"]),
        "delivered_from": min(days),
        "delivery_date": max(days),
    }


def _shared(heads: Sequence[Row], name: str, otherwise: Any) -> Any:
    return heads[0][name] if all(head[name] == heads[0][name] for head in heads) else otherwise


def _candidates(tx: Session, customer_no: str) -> list[Row]:
    """What waits of a customer and is not held, by shipment; one with goods on both sides of VAT twice."""
    rows = tx.execute(_CANDIDATES, {"customer_no": customer_no}).mappings()
    return [dict(row) | {"outside": outside} for row in rows for outside in sorted({outside_vat(each) for each in row["categories"]})]


def _groups(rows: Sequence[Row], cycle: Cycle, today: date, *, everything: bool) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if everything or cycle.due_on(row["billable_on"]) <= today:
            found.setdefault(_key(row, cycle), []).append(row)
    return found


def _key(row: Row, cycle: Cycle) -> tuple[str, ...]:
    """What must be the same for deliveries to share an invoice."""
    always = ("currency", "net_days", "discount_pct", "discount_days", "payment_term", "outside")
    return (
        *(str(row[name]) for name in always),
        json_text.encode(row["bill_to"]).decode(),
        row["customer_po"] if cycle.by_purchase_order else "",
        json_text.encode(row["ship_to"]).decode() if cycle.by_ship_to else "",
    )


_IS_LEFT = text("""
SELECT customer.invoice_cycle <> 'SHIPMENT' AND NOT EXISTS (
  SELECT FROM invoice WHERE invoice.shipment_no = sent.shipment_no AND invoice.kind = 'INV' AND invoice.cancelled_at IS NULL)
FROM shipment AS sent JOIN sales_order USING (order_no) JOIN customer USING (customer_no) WHERE sent.shipment_no = :shipment_no
""")
_KINDS = text("""
SELECT DISTINCT customer.invoice_cycle AS cycle, customer.invoice_channel AS channel
FROM delivery_to_bill AS waiting JOIN customer USING (customer_no) WHERE waiting.billed_at IS NULL ORDER BY 1, 2
""")
_WAITING_OF = text("""
SELECT waiting.customer_no, customer.invoice_cycle AS cycle, customer.invoice_channel AS channel, min(waiting.billable_on) AS billable_on
FROM delivery_to_bill AS waiting JOIN customer USING (customer_no)
WHERE waiting.billed_at IS NULL AND (:customer_no = '' OR waiting.customer_no = :customer_no)
GROUP BY waiting.customer_no, customer.invoice_cycle, customer.invoice_channel ORDER BY waiting.customer_no
""")
_BEGUN = text("SELECT invoice_no FROM invoice WHERE billing_run = :run AND delivered_at IS NULL ORDER BY invoice_no LIMIT 1")
_TERM = text("SELECT payment_term FROM customer WHERE customer_no = :customer_no")
_ORDERS = text("SELECT DISTINCT order_no FROM invoice_line WHERE invoice_no = :no ORDER BY order_no")
_CANDIDATES = text("""
SELECT waiting.shipment_no, waiting.billable_on, sold.order_no, sold.currency, sold.net_days, sold.discount_pct, sold.discount_days,
  sold.customer_po, sold.bill_to, sold.ship_to, carried.categories, (
    SELECT customer.payment_term FROM customer WHERE customer.customer_no = sold.customer_no
      AND (customer.net_days, customer.discount_pct, customer.discount_days) = (sold.net_days, sold.discount_pct, sold.discount_days)
  ) AS payment_term
FROM delivery_to_bill AS waiting JOIN shipment AS sent USING (shipment_no) JOIN sales_order AS sold ON sold.order_no = sent.order_no
JOIN LATERAL (
  SELECT array_agg(DISTINCT charged.tax_category) AS categories
  FROM shipment_line AS packed JOIN fulfil_line ON fulfil_line.id = packed.fulfil_line_id
  JOIN order_line AS charged ON charged.id = fulfil_line.order_line_id
  WHERE packed.shipment_no = waiting.shipment_no AND NOT EXISTS (
    SELECT FROM invoice_line AS already WHERE already.shipment_line_id = packed.id AND already.kind = 'INV' AND NOT already.cancelled)
) AS carried ON carried.categories IS NOT NULL
WHERE waiting.customer_no = :customer_no AND waiting.billed_at IS NULL AND sent.cancelled_at IS NULL AND NOT EXISTS (
  SELECT FROM hold WHERE hold.order_no = sold.order_no AND hold.blocks = 'invoice' AND hold.released_at IS NULL
    AND (hold.until IS NULL OR hold.until > business_now()))
ORDER BY waiting.billable_on, waiting.shipment_no
""")
_LEFT_OF = """SELECT FROM shipment_line AS packed WHERE packed.shipment_no = delivery_to_bill.shipment_no AND NOT EXISTS (
    SELECT FROM invoice_line AS already WHERE already.shipment_line_id = packed.id AND already.kind = 'INV' AND NOT already.cancelled)"""
_CHARGED_OTHERWISE = text(f"""
SELECT shipment_no FROM delivery_to_bill WHERE customer_no = :customer_no AND billed_at IS NULL AND NOT EXISTS ({_LEFT_OF})
ORDER BY shipment_no
""")
#: Of these shipments those are billed of which nothing is left.
_BILLED = text(f"""
UPDATE delivery_to_bill SET billed_at = business_now()
WHERE shipment_no = ANY(:shipments) AND billed_at IS NULL AND NOT EXISTS ({_LEFT_OF})
""")
