"""Submits (books) an order: from here on it is a commitment with a version. What credit decides is written on it here too."""

from decimal import Decimal

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict
from handlers.orders.events import find_order, note
from handlers.orders.holds import refuse_when_held
from handlers.orders.model import SalesOrder


def submit_order(tx: Session, order_no: str) -> int:
    """Submit an order and answer its version; again: the same version. Raises NotFound, Conflict (rejected, or on hold)."""
    order = find_order(tx, order_no, lock=True)
    if order.state == "SUBMITTED":
        return order.version_no
    if order.state == "REJECTED":
        raise Conflict(f"Order {order_no} was rejected.", code="order_rejected", next_step="Enter the order anew.")
    refuse_when_held(tx, order_no, "submit")
    version_no = order.version_no + 1
    submitted = update(SalesOrder).where(SalesOrder.order_no == order_no)
    tx.execute(
        submitted.values(state="SUBMITTED", version_no=version_no, submitted_at=func.business_now()).execution_options(
            synchronize_session=False
        )
    )
    note(tx, order_no, "order_submitted", detail={"version_no": version_no, "gross_total": order.gross_total})
    return version_no


def billing_facts(tx: Session, order_no: str) -> tuple[str, str, Decimal]:
    """What the billing plan looks at: the order's type, its customer's class, and its gross in the books at the latest rate on file."""
    row = tx.execute(_BILLING_FACTS, {"order_no": order_no}).one()
    return row.order_type, row.customer_class, row.gross_in_books


def note_credit_decision(tx: Session, order_no: str, decision: str) -> None:
    """Write on an order what credit decided last (APPROVED, HOLD, PREPAY or REFER), and when."""
    decided = update(SalesOrder).where(SalesOrder.order_no == order_no)
    values = {"credit_status": decision, "credit_checked_at": func.business_now()}
    tx.execute(decided.values(values).execution_options(synchronize_session=False))


_BILLING_FACTS = text("""
SELECT sold.order_type, customer.customer_class,
  round(sold.gross_total * coalesce((SELECT rate FROM fx_rate WHERE fx_rate.currency = sold.currency AND valid_from <= business_today()
    ORDER BY valid_from DESC LIMIT 1), 1), 2) AS gross_in_books
FROM sales_order AS sold JOIN customer USING (customer_no) WHERE sold.order_no = :order_no
""")
