"""Bills before the goods leave: the steps of an order's billing plan, each an invoice in advance that later invoices take off again.

What is charged in advance is owed to the customer until its goods leave: a deposit stands as customer deposits (2300), everything else as
deferred revenue (2400). Goods outside VAT share no invoice with others (EN 16931 BR-O-11), so where an order has both, a step charges what
is within VAT.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.billing.adjustments import AdjustedLine, AdjustmentRequest, KeptAdjustment, keep_adjustment, open_request
from handlers.billing.charging import OrderTaxes, Row, advance_draft
from handlers.billing.creation import bring_up_to_date, taxed_order, wait_for_holds, write_draft
from handlers.billing.model import BillingStep
from handlers.billing.rules import TaxKey, advance_amounts, outside_vat, tax_key
from handlers.documents.numbers import next_number
from handlers.rowsets import insert_rows
from handlers.values import decimals_sql

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Step:
    """A part of an order to bill in advance, as the decision on the billing plan says it."""

    name: str
    policy: str
    percent: Decimal
    due: str
    due_days: int
    paid_first: bool


@dataclass(frozen=True, slots=True)
class Billed:
    """The invoice of a step; None where there is nothing left to charge in advance."""

    invoice_no: str | None
    created: bool


@dataclass(frozen=True, slots=True)
class Unused:
    """An invoice in advance of which a part was never used, by the lines of it."""

    invoice_no: str
    lines: Sequence[Mapping[str, Any]]


def plan(tx: Session, order_no: str, steps: Sequence[Step]) -> int:
    """Keep the billing plan of an order and answer how many steps it has; a plan that was kept stays.

    Raises NotFound, Conflict over 100 %.
    """
    _head(tx, order_no)
    known: int = tx.execute(_COUNT, {"order_no": order_no}).scalar_one()
    if known or not steps:
        return known
    if sum((step.percent for step in steps), ZERO) > 100:  # noqa: PLR2004  # more than all of it
        raise Conflict(
            f"The billing plan of {order_no} comes to more than 100 %.",
            code="billing_plan",
            next_step="Correct the decision billing-plan of order-billing, deploy it, then retry.",
        )
    rows = [
        {"order_no": order_no, "step_no": number} | {name: getattr(step, name) for name in Step.__slots__}
        for number, step in enumerate(steps, start=1)
    ]
    insert_rows(tx, BillingStep, rows)
    return len(rows)


def next_step(tx: Session, order_no: str) -> Row | None:
    """The first step that is not billed to the customer yet, with `due_at`, the time from which a step by days may be billed."""
    rows = tx.execute(_NEXT, {"order_no": order_no}).mappings().all()
    return dict(rows[0]) if rows else None


def bill_step(tx: Session, order_no: str, step_no: int, now: datetime) -> Billed:
    """Write the invoice of a step, or go on with the one that waits. Raises NotFound, NotYet while a hold is about the invoice."""
    head = _head(tx, order_no)
    step = tx.execute(_STEP, {"order_no": order_no, "step_no": step_no}).mappings().one_or_none()
    if step is None:
        raise NotFound(f"Order {order_no} has no step {step_no} to bill.", code="step_unknown", next_step="Look at its billing plan.")
    wait_for_holds(tx, order_no)
    if step["invoice_no"] is not None:
        locks.take(tx, Lock.INVOICE, [step["invoice_no"]])
        made = tx.execute(text("SELECT * FROM invoice WHERE invoice_no = :no"), {"no": step["invoice_no"]}).mappings().one()
        bring_up_to_date(tx, dict(made), head | {"discount_days": 0, "today": _day(tx, now)})
        return Billed(step["invoice_no"], created=False)
    amounts = _amounts(tx, head, step["percent"] + step["percent_before"])
    if not amounts:
        tx.execute(_DROP, {"id": step["id"]})
        return Billed(None, created=False)
    about = {**head, "name": step["name"], "shipment_no": None, "billing_policy": step["policy"], "discount_pct": ZERO}
    number = next_number(tx, "INV")
    write_draft(tx, number, about, advance_draft(about, amounts, taxed_order(tx, order_no), _day(tx, now)))
    tx.execute(_BILLED, {"id": step["id"], "no": number})
    return Billed(number, created=True)


def confirm(tx: Session, order_no: str, step_no: int, actor: str) -> None:
    """Somebody says that a milestone is reached; the first word stays."""
    _head(tx, order_no)
    tx.execute(_CONFIRM, {"order_no": order_no, "step_no": step_no, "actor": actor})


def unused(tx: Session, order_no: str) -> list[Unused] | None:
    """What of the order's invoices in advance no goods will use: nothing more will be billed of it. None while something may be."""
    _head(tx, order_no)
    if not tx.execute(_IS_OVER, {"order_no": order_no}).scalar_one():
        return None
    tx.execute(_DROP_REST, {"order_no": order_no})
    open_ = taxed_order(tx, order_no).advances
    found: dict[str, list[Mapping[str, Any]]] = {}
    for advance in open_:
        rows = tx.execute(_ADVANCE_LINES, {"no": advance.invoice_no}).mappings()
        lines = [{"line_no": row["line_no"], "amount": advance.rest} for row in rows
                 if tax_key(row["tax_category"], row["tax_rate_pct"]) == advance.key]  # fmt: skip
        found[advance.invoice_no] = [*found.get(advance.invoice_no, []), *lines]
    return [Unused(number, lines) for number, lines in found.items()]


def ask_to_give_back(tx: Session, order_no: str, actor: str) -> KeptAdjustment | None:
    """Ask for a credit memo of what no goods will use of an invoice in advance; None where nothing is left to ask for."""
    for each in unused(tx, order_no) or []:
        if open_request(tx, each.invoice_no) is None:
            lines = [AdjustedLine(line_no=line["line_no"], amount=line["amount"]) for line in each.lines]
            reason = f"What was billed in advance of order {order_no} and not used"
            return keep_adjustment(tx, each.invoice_no, AdjustmentRequest(kind="CM", reason=reason, lines=lines), actor)
    return None


def unpaid(tx: Session, order_no: str) -> str | None:
    """The first invoice in advance that has to be paid before the goods leave and is not."""
    number: str | None = tx.execute(_UNPAID, {"order_no": order_no}).scalar()
    return number


def is_paid(tx: Session, order_no: str) -> bool:
    """Whether nothing is open of the invoices in advance that have to be paid before the goods leave."""
    paid: bool = tx.execute(_PAID, {"order_no": order_no}).scalar_one()
    return paid


def _head(tx: Session, order_no: str) -> dict[str, Any]:
    """The order, held to the end of the transaction. Raises NotFound."""
    locks.take(tx, Lock.ORDER, [order_no])
    row = tx.execute(_ORDER, {"order_no": order_no}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no order {order_no}.", code="order_unknown", next_step="Look the number up in the list of orders.")
    return dict(row)


def _amounts(tx: Session, head: Row, percent: Decimal) -> dict[TaxKey, Decimal]:
    taxed: OrderTaxes = taxed_order(tx, head["order_no"])
    worth = {tax_key(row.category, row.rate_pct): row.worth for row in tx.execute(_WORTH, head)}
    if any(worth.values()):
        worth[taxed.freight] = worth.get(taxed.freight, ZERO) + head["freight"]
    if any(not outside_vat(key[0]) for key in worth):
        worth = {key: amount for key, amount in worth.items() if not outside_vat(key[0])}
    charged = {key: before.taxable for key, before in taxed.before.items()}
    in_advance = {
        tax_key(row.tax_category, row.tax_rate_pct): row.amount for row in tx.execute(_IN_ADVANCE, {"order_no": head["order_no"]})
    }
    return advance_amounts(worth, charged, in_advance, percent, head["currency"])


def _day(tx: Session, now: datetime) -> date:
    day: date = tx.execute(text("SELECT CAST(:now AS timestamptz)::date"), {"now": now}).scalar_one()
    return day


_COUNT = text("SELECT count(*) FROM billing_step WHERE order_no = :order_no")
_NEXT = text("""
SELECT step.step_no, step.name, step.policy, step.percent, step.due, step.paid_first, step.invoice_no,
  coalesce(sold.submitted_at, sold.created_at) + step.due_days * interval '1 day' AS due_at
FROM billing_step AS step JOIN sales_order AS sold USING (order_no) LEFT JOIN invoice USING (invoice_no)
WHERE step.order_no = :order_no AND step.dropped_at IS NULL AND invoice.delivered_at IS NULL
ORDER BY step.step_no LIMIT 1
""")
_STEP = text("""
SELECT step.*, (SELECT coalesce(sum(earlier.percent), 0) FROM billing_step AS earlier
                WHERE earlier.order_no = step.order_no AND earlier.step_no < step.step_no) AS percent_before
FROM billing_step AS step WHERE step.order_no = :order_no AND step.step_no = :step_no
""")
_BILLED = text("UPDATE billing_step SET invoice_no = :no, reached_at = coalesce(reached_at, business_now()) WHERE id = :id")
_DROP = text("UPDATE billing_step SET dropped_at = coalesce(dropped_at, business_now()) WHERE id = :id")
_CONFIRM = text("""
UPDATE billing_step SET reached_at = business_now(), reached_by = :actor
WHERE order_no = :order_no AND step_no = :step_no AND reached_at IS NULL
""")
_ORDER = text("""
SELECT sold.order_no, sold.customer_no, sold.customer_po, sold.bill_to, sold.ship_to, sold.currency, sold.net_days, sold.freight,
  coalesce((SELECT max(coalesce(line.promised_arrival, line.promised_ship)) FROM order_line AS line WHERE line.order_no = sold.order_no),
           sold.requested_date, business_today()) AS delivery_date
FROM sales_order AS sold WHERE sold.order_no = :order_no
""")
#: What is ordered and not cancelled, by category and rate.
_WORTH = text(f"""
SELECT tax_category AS category, tax_rate_pct AS rate_pct,
  sum(round((line_net - header_discount) * (qty_ordered - qty_cancelled) / qty_ordered, {decimals_sql("CAST(:currency AS text)")})) AS worth
FROM order_line WHERE order_no = :order_no GROUP BY tax_category, tax_rate_pct
""")
_IN_ADVANCE = text("""
SELECT line.tax_category, line.tax_rate_pct, sum(line.amount) AS amount FROM invoice_line AS line
WHERE line.order_no = :order_no AND line.charge_code = 'ADVANCE' AND line.kind = 'INV' AND NOT line.cancelled
GROUP BY line.tax_category, line.tax_rate_pct
""")
_ADVANCE_LINES = text("""
SELECT line_no, tax_category, tax_rate_pct FROM invoice_line WHERE invoice_no = :no AND charge_code = 'ADVANCE' ORDER BY line_no
""")
#: Whether all that is ordered and not cancelled is on an invoice.
_IS_OVER = text("""
SELECT NOT EXISTS (
  SELECT FROM order_line AS line WHERE line.order_no = :order_no AND line.qty_ordered - line.qty_cancelled > coalesce((
    SELECT sum(part.qty_invoiced) FROM fulfil_line AS part WHERE part.order_line_id = line.id), 0))
""")
_DROP_REST = text("""
UPDATE billing_step SET dropped_at = business_now() WHERE order_no = :order_no AND invoice_no IS NULL AND dropped_at IS NULL
""")
_UNPAID = text("""
SELECT step.invoice_no FROM billing_step AS step JOIN open_item AS owed ON owed.kind = 'AR' AND owed.document_no = step.invoice_no
WHERE step.order_no = :order_no AND step.paid_first AND owed.open_amount > 0 ORDER BY step.step_no LIMIT 1
""")
_PAID = text("""
SELECT NOT EXISTS (
  SELECT FROM billing_step AS step LEFT JOIN open_item AS owed ON owed.kind = 'AR' AND owed.document_no = step.invoice_no
  WHERE step.order_no = :order_no AND step.paid_first AND step.dropped_at IS NULL AND (owed.id IS NULL OR owed.open_amount > 0))
""")
