"""Gathers a customer's exposure in one statement and converts it into the customer's currency.

The customer is locked from here to the end of the transaction: no two orders are asked for one limit at the same time. What is approved
counts from the moment of its approval, promised or not, and so does what is asked and not decided yet.
"""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Lock
from handlers.credit.model import CreditCheck
from handlers.credit.rules import Account
from handlers.ledger.books import books_currency, rate_on
from handlers.orders.events import find_order
from handlers.orders.fulfilment_groups import live_group
from handlers.orders.fulfilment_lines import lock_lines_of_order
from handlers.orders.model import SalesOrder
from handlers.parties.master_data import find_customer
from handlers.parties.model import Customer
from handlers.parties.policy import chosen
from handlers.rowsets import insert_rows
from handlers.values import round_currency

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The figures a credit decision looks at, in the customer's currency; `order_total` is what is asked for."""

    currency: str
    credit_limit: Decimal
    tolerance_pct: Decimal
    order_limit: Decimal
    open_ar: Decimal
    overdue: Decimal
    unapplied: Decimal
    shipped_not_invoiced: Decimal
    booked_not_shipped: Decimal
    secured: Decimal
    exposure: Decimal
    available: Decimal
    order_total: Decimal
    horizon_days: int
    oldest_overdue_days: int
    overdue_share_pct: Decimal
    dunning_level: int
    account_hold: bool


def assess(tx: Session, order_no: str, group_no: str | None = None) -> Assessment:
    """Work out what an order (or what is left of one of its groups) would add to, and keep the figures.

    For an order, what ships beyond the horizon does not count yet: it is asked for again at release. For a group, what others may still
    have to ask for does not count either: whoever was approved first is served first. Raises NotFound, Invalid (no exchange rate), Refused
    CANCELLED for a group that is.
    """
    order, customer = _locked(tx, order_no, group_no)
    horizon = int(chosen(tx, "credit.horizon_days")["credit.horizon_days"])
    amounts, oldest, dunning_level = _gather(tx, customer, {"order_no": order_no, "group_no": group_no, "horizon": horizon})
    account = Account(
        credit_limit=customer.credit_limit,
        tolerance_pct=customer.credit_tolerance_pct,
        secured=customer.secured_amount,
        **{kind: amounts[kind] for kind in ("open_ar", "overdue", "unapplied", "shipped_not_invoiced", "booked_not_shipped")},
    )
    found = Assessment(
        currency=customer.currency,
        credit_limit=customer.credit_limit,
        tolerance_pct=account.tolerance_pct,
        order_limit=customer.order_limit,
        open_ar=account.open_ar,
        overdue=account.overdue,
        unapplied=account.unapplied,
        shipped_not_invoiced=account.shipped_not_invoiced,
        booked_not_shipped=account.booked_not_shipped,
        secured=account.secured,
        exposure=account.exposure,
        available=account.available,
        order_total=amounts["order_total"],
        horizon_days=horizon,
        oldest_overdue_days=oldest,
        overdue_share_pct=account.overdue_share_pct,
        dunning_level=max(customer.dunning_level, dunning_level),
        account_hold=customer.account_hold,
    )
    _keep(tx, {"order_no": order_no, "group_no": group_no, "order_version": order.version_no, "customer_no": customer.customer_no}, found)
    return found


def _locked(tx: Session, order_no: str, group_no: str | None) -> tuple[SalesOrder, Customer]:
    order = find_order(tx, order_no, lock=True)
    # What is approved while a change is pending is applied in the same transaction, to all groups and lines of the order: before the
    # customer, and before the lines of one group.
    if order.change_pending:
        lock_lines_of_order(tx, order_no)
    if group_no is not None:
        live_group(tx, group_no, "STOCK")
    locks.take(tx, Lock.CUSTOMER, [order.customer_no])
    return order, tx.get(Customer, order.customer_no, populate_existing=True) or find_customer(tx, order.customer_no)


def _keep(tx: Session, of: dict[str, Any], found: Assessment) -> None:
    row = {**of, **asdict(found), "decision": "", "reason": "", "decided_by": "", "fingerprint": ""}
    written = insert_rows(tx, CreditCheck, [row], returning=["id"])
    tx.execute(SEAL, {"id": written[0]["id"]})


def _gather(tx: Session, customer: Customer, asked: dict[str, Any]) -> tuple[dict[str, Decimal], int, int]:
    books = books_currency(tx)
    rows = tx.execute(_EXPOSURE, {"customer": customer.customer_no, "books": books, **asked}).all()
    today: date = rows[0].today
    rates = {books: Decimal(1)}
    for currency in {row.currency for row in rows} | {customer.currency}:
        if currency not in rates:
            rates[currency] = rate_on(tx, currency, today)
    amounts: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        converted = row.amount if row.currency == customer.currency else row.amount * rates[row.currency] / rates[customer.currency]
        amounts[row.kind] += round_currency(converted, customer.currency)
    return amounts, max(row.oldest for row in rows), max(row.dunning_level for row in rows)


#: The value of parts is their share of the order's net, with tax and carriage in proportion.
_EXPOSURE = text("""
WITH part AS (
  SELECT part.order_no, part.order_line_id, part.group_no, part.source_type, part.sched_ship,
         part.qty - part.qty_cancelled - part.qty_shipped AS qty
  FROM sales_order JOIN fulfil_line AS part USING (order_no)
  WHERE sales_order.customer_no = :customer AND part.qty - part.qty_cancelled - part.qty_shipped > 0
  UNION ALL
  SELECT line.order_no, line.id, NULL, 'STOCK', NULL, line.qty_ordered - line.qty_cancelled
  FROM sales_order JOIN order_line AS line USING (order_no)
  WHERE sales_order.customer_no = :customer AND sales_order.state <> 'REJECTED' AND line.qty_ordered > line.qty_cancelled
    AND NOT EXISTS (SELECT 1 FROM fulfil_line WHERE fulfil_line.order_no = line.order_no)
), valued AS (
  SELECT part.order_no, part.group_no, part.source_type, part.sched_ship, orders.currency, orders.state,
         part.qty * (line.line_net - line.header_discount) / line.qty_ordered
           * CASE WHEN orders.net_total > 0 THEN orders.gross_total / orders.net_total ELSE 1 END AS amount
  FROM part JOIN sales_order AS orders USING (order_no) JOIN order_line AS line ON line.id = part.order_line_id
), committed AS (
  SELECT valued.order_no, valued.currency, valued.amount
  FROM valued
  LEFT JOIN LATERAL (
    SELECT decision, checked_at::date + horizon_days AS until FROM credit_check AS checked
    WHERE checked.order_no = valued.order_no AND checked.group_no IS NULL ORDER BY checked.id DESC LIMIT 1
  ) AS checked ON true
  WHERE (valued.state = 'SUBMITTED' OR checked.decision IN ('', 'APPROVED'))
    AND CASE WHEN CAST(:group_no AS text) IS NULL THEN valued.order_no <> :order_no
             ELSE valued.group_no IS DISTINCT FROM :group_no END
    AND NOT EXISTS (
      SELECT 1 FROM hold
      WHERE hold.order_no = valued.order_no AND hold.hold_code = 'CREDIT_CHECK_FAILURE' AND hold.released_at IS NULL)
    AND (
      valued.group_no IS NULL OR valued.sched_ship IS NULL OR valued.source_type = 'DROP'  -- a supplier is told at once
      OR valued.sched_ship <= checked.until
      OR valued.sched_ship <= business_today() + CAST(:horizon AS int) AND (CAST(:group_no AS text) IS NULL OR checked.until IS NULL)
      OR EXISTS (
        SELECT 1 FROM credit_check AS released
        WHERE released.group_no = valued.group_no AND released.decision IN ('', 'APPROVED')))
), unbilled AS (
  SELECT orders.order_no, orders.currency,
    sum((part.qty_shipped - part.qty_invoiced) * (line.line_net - line.header_discount) / line.qty_ordered
      * CASE WHEN orders.net_total > 0 THEN orders.gross_total / orders.net_total ELSE 1 END) AS amount
  FROM sales_order AS orders JOIN fulfil_line AS part USING (order_no) JOIN order_line AS line ON line.id = part.order_line_id
  WHERE orders.customer_no = :customer AND part.qty_shipped > part.qty_invoiced GROUP BY orders.order_no, orders.currency
), in_advance AS (  -- with its tax: what invoices in advance charged and no invoice of goods took off, and no credit memo gave back
  SELECT advance.order_no, advance.currency, sum(part.amount * (1 + part.tax_rate_pct / 100)) AS rest
  FROM invoice AS advance CROSS JOIN LATERAL (
    SELECT amount, tax_rate_pct FROM invoice_line WHERE invoice_no = advance.invoice_no AND charge_code = 'ADVANCE'
    UNION ALL
    SELECT amount, tax_rate_pct FROM invoice_line WHERE advance_no = advance.invoice_no AND NOT cancelled
    UNION ALL
    SELECT -line.amount, line.tax_rate_pct FROM invoice AS memo JOIN invoice_line AS line USING (invoice_no)
    WHERE memo.credits_invoice_no = advance.invoice_no AND memo.kind = 'CM' AND line.charge_code = 'ADVANCE' AND memo.cancelled_at IS NULL
  ) AS part
  WHERE advance.customer_no = :customer AND advance.kind = 'INV' AND advance.billing_policy IN ('DEPOSIT', 'ON_ORDER', 'MILESTONE')
    AND advance.posted_at IS NOT NULL AND advance.cancelled_at IS NULL
  GROUP BY advance.order_no, advance.currency
), counted AS (
  SELECT order_no, sum(amount) AS amount FROM (
    SELECT order_no, amount FROM committed UNION ALL SELECT order_no, amount FROM unbilled
    UNION ALL SELECT order_no, amount FROM valued WHERE group_no = :group_no
  ) AS each GROUP BY order_no
)
SELECT 'today' AS kind, :books AS currency, 0.0 AS amount, 0 AS oldest, 0 AS dunning_level, business_today() AS today
UNION ALL
SELECT 'order_total', orders.currency, coalesce(changed.open_gross, orders.gross_total), 0, 0, business_today()
FROM sales_order AS orders
-- While a change is decided, credit is asked for what the order would come to.
LEFT JOIN order_change AS changed ON changed.order_no = orders.order_no AND changed.settled_at IS NULL AND changed.state <> 'COMPENSATING'
WHERE orders.order_no = :order_no AND CAST(:group_no AS text) IS NULL
UNION ALL
SELECT 'order_total', currency, sum(amount), 0, 0, business_today() FROM valued WHERE group_no = :group_no GROUP BY currency
UNION ALL
SELECT 'open_ar', currency, sum(open_amount), max(business_today() - due_date), max(dunning_level), business_today()
FROM open_item WHERE kind = 'AR' AND party_no = :customer AND open_amount > 0 GROUP BY currency
UNION ALL
SELECT 'overdue', currency, sum(open_amount), 0, 0, business_today()
FROM open_due WHERE kind = 'AR' AND party_no = :customer AND due_date < business_today() GROUP BY currency
UNION ALL
SELECT 'unapplied', :books, -sum(accounted), 0, 0, business_today()
FROM journal_line WHERE account = '1290' AND party_no = :customer HAVING sum(accounted) IS NOT NULL
UNION ALL
SELECT 'shipped_not_invoiced', currency, sum(amount), 0, 0, business_today() FROM unbilled GROUP BY currency
UNION ALL
SELECT 'booked_not_shipped', currency, sum(amount), 0, 0, business_today() FROM committed GROUP BY currency
UNION ALL  -- What was billed in advance is owed on its own invoice, or paid: the goods will be charged that much less.
SELECT 'booked_not_shipped', in_advance.currency, -sum(least(in_advance.rest, counted.amount)), 0, 0, business_today()
FROM in_advance JOIN counted USING (order_no) WHERE in_advance.rest > 0 GROUP BY in_advance.currency
""")
SEAL = text("UPDATE credit_check SET fingerprint = credit_check_fingerprint(credit_check) WHERE id = :id")
