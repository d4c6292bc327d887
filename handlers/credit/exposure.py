"""Gathers a customer's exposure in one statement and converts it into the customer's currency."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.credit.model import CreditCheck
from handlers.credit.rules import Account
from handlers.ledger.books import books_currency, rate_on
from handlers.orders.events import find_order
from handlers.orders.model import SalesOrder
from handlers.parties.model import Customer
from handlers.parties.policy import chosen
from handlers.parties.register import find_customer
from handlers.rowsets import insert_rows
from handlers.values import round_currency

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The figures a credit decision looks at, in the customer's currency."""

    currency: str
    credit_limit: Decimal
    order_limit: Decimal
    open_ar: Decimal
    unapplied: Decimal
    shipped_not_invoiced: Decimal
    booked_not_shipped: Decimal
    secured: Decimal
    exposure: Decimal
    available: Decimal
    order_total: Decimal
    oldest_overdue_days: int
    overdue_share_pct: Decimal
    dunning_level: int
    account_hold: bool


def assess(tx: Session, order_no: str) -> Assessment:
    """Work out what the order would add to and keep the figures. Raises NotFound, Invalid (a missing exchange rate)."""
    order = find_order(tx, order_no)
    customer = tx.get(Customer, order.customer_no, populate_existing=True) or find_customer(tx, order.customer_no)
    amounts, oldest, dunning_level = _gather(tx, order, customer)
    account = Account(
        credit_limit=customer.credit_limit,
        tolerance_pct=customer.credit_tolerance_pct,
        secured=customer.secured_amount,
        **{kind: amounts[kind] for kind in ("open_ar", "overdue", "unapplied", "shipped_not_invoiced", "booked_not_shipped")},
    )
    found = Assessment(
        currency=customer.currency,
        credit_limit=customer.credit_limit,
        order_limit=customer.order_limit,
        open_ar=account.open_ar,
        unapplied=account.unapplied,
        shipped_not_invoiced=account.shipped_not_invoiced,
        booked_not_shipped=account.booked_not_shipped,
        secured=account.secured,
        exposure=account.exposure,
        available=account.available,
        order_total=amounts["order_total"],
        oldest_overdue_days=oldest,
        overdue_share_pct=account.overdue_share_pct,
        dunning_level=max(customer.dunning_level, dunning_level),
        account_hold=customer.account_hold,
    )
    kept = {"order_no": order_no, "order_version": order.version_no, "customer_no": customer.customer_no, **asdict(found)}
    insert_rows(tx, CreditCheck, [{**kept, "decision": "", "reason": "", "decided_by": ""}])
    return found


def _gather(tx: Session, order: SalesOrder, customer: Customer) -> tuple[dict[str, Decimal], int, int]:
    books = books_currency(tx)
    horizon = int(chosen(tx, "credit.horizon_days")["credit.horizon_days"])
    given = {"customer": customer.customer_no, "order_no": order.order_no, "books": books, "horizon": horizon}
    rows = tx.execute(_EXPOSURE, given).all()
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


_EXPOSURE = text("""
SELECT 'order_total' AS kind, currency, gross_total AS amount, 0 AS oldest, 0 AS dunning_level, current_date AS today
FROM sales_order WHERE order_no = :order_no
UNION ALL
SELECT 'open_ar', currency, sum(open_amount), coalesce(max(current_date - due_date) FILTER (WHERE due_date < current_date), 0),
       max(dunning_level), current_date
FROM open_item WHERE kind = 'AR' AND party_no = :customer AND open_amount > 0 GROUP BY currency
UNION ALL
SELECT 'overdue', currency, sum(open_amount), 0, 0, current_date
FROM open_item WHERE kind = 'AR' AND party_no = :customer AND open_amount > 0 AND due_date < current_date GROUP BY currency
UNION ALL
SELECT 'unapplied', :books, -sum(accounted), 0, 0, current_date
FROM journal_line WHERE account = '1290' AND party_no = :customer HAVING sum(accounted) IS NOT NULL
UNION ALL
SELECT 'shipped_not_invoiced', orders.currency,
       sum((part.qty_shipped - part.qty_invoiced) * (line.line_net - line.header_discount) / line.qty_ordered
           * CASE WHEN orders.net_total > 0 THEN orders.gross_total / orders.net_total ELSE 1 END), 0, 0, current_date
FROM sales_order AS orders JOIN fulfil_line AS part USING (order_no) JOIN order_line AS line ON line.id = part.order_line_id
WHERE orders.customer_no = :customer AND part.qty_shipped > part.qty_invoiced GROUP BY orders.currency
UNION ALL
SELECT 'booked_not_shipped', orders.currency,
       sum((part.qty - part.qty_cancelled - part.qty_shipped) * (line.line_net - line.header_discount) / line.qty_ordered
           * CASE WHEN orders.net_total > 0 THEN orders.gross_total / orders.net_total ELSE 1 END), 0, 0, current_date
FROM sales_order AS orders JOIN fulfil_line AS part USING (order_no) JOIN order_line AS line ON line.id = part.order_line_id
WHERE orders.customer_no = :customer AND orders.state = 'SUBMITTED' AND orders.order_no <> :order_no
  AND part.qty - part.qty_cancelled > part.qty_shipped AND part.sched_ship <= current_date + CAST(:horizon AS int)
  AND NOT EXISTS (
    SELECT 1 FROM hold WHERE hold.order_no = orders.order_no AND hold.hold_code = 'CREDIT_CHECK_FAILURE' AND hold.released_at IS NULL)
GROUP BY orders.currency
""")
