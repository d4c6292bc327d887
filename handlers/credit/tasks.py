"""The steps of the credit check that a diagram may name."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.credit.exposure import assess
from handlers.orders.events import find_order, note
from handlers.orders.submission import note_credit_decision
from handlers.parties.register import find_customer

tasks = ServiceTasks()
DECISIONS = ("APPROVED", "HOLD", "PREPAY", "REFER")


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """Which order."""

    order_no: str


@dataclass(frozen=True, slots=True)
class RecordDecision:
    """What the credit table or a person decided, and why."""

    order_no: str
    decision: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """What the credit decision looks at, in the customer's currency."""

    limit: Decimal
    order_limit: Decimal
    exposure: Decimal
    available: Decimal
    order_total: Decimal
    currency: str
    oldest_overdue_days: int
    overdue_share_pct: Decimal
    dunning_level: int
    account_hold: bool
    customer_class: str


@tasks.register("credit.assess_exposure")
def assess_exposure(given: OrderNumber, tx: Session) -> CreditFacts:
    """Work out the customer's exposure and what is left of the limit."""
    found = assess(tx, given.order_no)
    customer = find_customer(tx, find_order(tx, given.order_no).customer_no)
    return CreditFacts(
        limit=found.credit_limit,
        order_limit=found.order_limit,
        exposure=found.exposure,
        available=found.available,
        order_total=found.order_total,
        currency=found.currency,
        oldest_overdue_days=found.oldest_overdue_days,
        overdue_share_pct=found.overdue_share_pct,
        dunning_level=found.dunning_level,
        account_hold=found.account_hold,
        customer_class=customer.customer_class,
    )


@tasks.register("credit.record_decision")
def record_decision(given: RecordDecision, tx: Session, context: TaskContext) -> None:
    """Keep the credit decision with the figures it was made on."""
    if given.decision not in DECISIONS:
        raise Invalid(
            f"{given.decision!r} is no credit decision.", code="credit_decision", next_step=f"Decide one of {', '.join(DECISIONS)}."
        )
    find_order(tx, given.order_no, lock=True)
    values = {"order_no": given.order_no, "decision": given.decision, "reason": given.reason or "", "actor": context.actor or "system"}
    tx.execute(_DECIDE_CHECK, values)
    note_credit_decision(tx, given.order_no, given.decision)
    note(tx, given.order_no, "credit_decided", actor=values["actor"], detail={"decision": given.decision, "reason": given.reason or ""})


_DECIDE_CHECK = text("""
UPDATE credit_check SET decision = :decision, reason = :reason, decided_by = :actor, decided_at = now()
WHERE id = (SELECT max(id) FROM credit_check WHERE order_no = :order_no)
""")
