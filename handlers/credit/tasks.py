"""The steps of the credit check that a diagram may name."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks, TaskContext
from handlers.credit.decisions import Ruling, decide, release_credit
from handlers.credit.exposure import Assessment, assess
from handlers.orders.events import find_order
from handlers.parties.master_data import find_customer

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """Which order."""

    order_no: str


@dataclass(frozen=True, slots=True)
class GroupNumber:
    """Which group is to be released."""

    group_no: str


@dataclass(frozen=True, slots=True)
class GroupOfOrder:
    """Which group of which order is to be released."""

    order_no: str
    group_no: str


@dataclass(frozen=True, slots=True)
class RecordDecision:
    """What was decided, and why. `decision_table` is the table that decided; without one it was the person who acts."""

    order_no: str
    decision: str
    reason: str | None = None
    decision_table: str | None = None


@dataclass(frozen=True, slots=True)
class RecordReleaseDecision:
    """What was decided on the release of a group, why, and by which table; without one it was the person who acts."""

    order_no: str
    group_no: str
    decision: str
    reason: str | None = None
    decision_table: str | None = None


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


@dataclass(frozen=True, slots=True)
class ReleaseCredit:
    """Whether the approval of the order covers the release of a group. `request` names the question to be asked when it does not."""

    stands: bool
    request: str


@tasks.register("credit.assess_exposure")
def assess_exposure(given: OrderNumber, tx: Session) -> CreditFacts:
    """Work out the customer's exposure and what is left of the limit for an order."""
    return _facts(tx, given.order_no, assess(tx, given.order_no))


@tasks.register("credit.assess_release", errors=("CANCELLED",))
def assess_release(given: GroupOfOrder, tx: Session) -> CreditFacts:
    """Work out the customer's exposure and what is left of the limit for what a group has still to ship.

    Refused CANCELLED when the group was cancelled while the question was on its way.
    """
    return _facts(tx, given.order_no, assess(tx, given.order_no, given.group_no))


def _facts(tx: Session, order_no: str, found: Assessment) -> CreditFacts:
    customer = find_customer(tx, find_order(tx, order_no).customer_no)
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
    """Keep the credit decision on an order with the figures it was made on."""
    decide(tx, Ruling(given.order_no, None, given.decision, given.reason or "", _by(given.decision_table, context)))


@tasks.register("credit.record_release_decision")
def record_release_decision(given: RecordReleaseDecision, tx: Session, context: TaskContext) -> None:
    """Keep the credit decision on the release of a group with the figures it was made on."""
    decide(tx, Ruling(given.order_no, given.group_no, given.decision, given.reason or "", _by(given.decision_table, context)))


def _by(decision_table: str | None, context: TaskContext) -> str:
    return f"decision:{decision_table}" if decision_table else context.actor or "system"


@tasks.register("credit.check_release")
def check_release(given: GroupNumber, tx: Session) -> ReleaseCredit:
    """Ask whether the credit check of the order still covers the release of a group."""
    found = release_credit(tx, given.group_no)
    return ReleaseCredit(stands=found.stands, request=f"{given.group_no}:{found.approvals}")
