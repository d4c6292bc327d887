"""The service tasks of bills in advance, as the diagrams name them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks, TaskContext
from handlers.billing import advances
from handlers.orders.holds import apply_hold, blocking

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A part of an order to bill before its goods, as the decision says it: `percent` of what the order comes to."""

    name: str
    #: DEPOSIT, ON_ORDER or MILESTONE.
    policy: str
    percent: Decimal
    #: With the ORDER, so many DAYS after it, or when somebody has CONFIRMED it.
    due: str
    due_days: int = 0
    #: Whether the goods wait until it is paid.
    paid_first: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The billing plan of an order."""

    order_no: str
    steps: Sequence[PlannedStep]


@dataclass(frozen=True, slots=True)
class Planned:
    """How many steps the plan has, and whether goods wait for one of them to be paid."""

    steps: int
    paid_first: bool


@dataclass(frozen=True, slots=True)
class OfOrder:
    """An order by its number."""

    order_no: str


@dataclass(frozen=True, slots=True)
class OfStep:
    """A step of an order's billing plan."""

    order_no: str
    step_no: int


@dataclass(frozen=True, slots=True)
class NextStep:
    """The step to bill next; `step_no` is empty when all are billed. `due_at`: when a step by days is due.

    `unpaid_invoice_no`: an invoice in advance that is to be paid before anything else happens.
    """

    step_no: int | None
    name: str = ""
    due: str = ""
    due_at: datetime | None = None
    percent: Decimal = Decimal(0)
    unpaid_invoice_no: str | None = None


@dataclass(frozen=True, slots=True)
class BilledInAdvance:
    """The invoice of a step, and whether this run made it; no number where nothing is left to charge in advance."""

    invoice_no: str | None
    created: bool


@dataclass(frozen=True, slots=True)
class Advances:
    """Whether nothing more of the order will be billed, what goods wait for is paid, and what of its invoices in advance is not used.

    `is_held`: the goods wait for a payment.
    """

    is_over: bool
    is_paid: bool
    is_held: bool
    unused: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CreditRequest:
    """A request for a credit memo, as the message says it; no number where nothing is left to ask for."""

    adjustment_no: str | None
    invoice_no: str = ""
    order_no: str = ""
    requested_by: str = ""


@tasks.register("billing.plan_advances")
def plan_advances(given: Plan, tx: Session) -> Planned:
    """Keep what of the order is billed before its goods; a plan that was kept stays.

    The order is put on hold where goods wait for a payment.
    """
    steps = [advances.Step(step.name, step.policy, step.percent, step.due, step.due_days, step.paid_first) for step in given.steps]
    paid_first = any(step.paid_first for step in steps)
    kept = advances.plan(tx, given.order_no, steps)
    if paid_first:
        apply_hold(tx, given.order_no, "PREPAYMENT_DUE", "The billing plan asks for a payment before the goods leave.")
    return Planned(kept, paid_first)


@tasks.register("billing.next_advance")
def next_advance(given: OfOrder, tx: Session) -> NextStep:
    """The first step of the billing plan that its customer does not have the invoice of."""
    step = advances.next_step(tx, given.order_no)
    unpaid = advances.unpaid(tx, given.order_no)
    if step is None:
        return NextStep(None, unpaid_invoice_no=unpaid)
    return NextStep(step["step_no"], step["name"], step["due"], step["due_at"], step["percent"], unpaid)


@tasks.register("billing.confirm_milestone")
def confirm_milestone(given: OfStep, tx: Session, context: TaskContext) -> None:
    """Note who said that a milestone is reached."""
    advances.confirm(tx, given.order_no, given.step_no, context.actor or "system")


@tasks.register("billing.bill_in_advance")
def bill_in_advance(given: OfStep, tx: Session, context: TaskContext) -> BilledInAdvance:
    """Write the invoice of a step, once; a draft that waits for something is brought up to date."""
    billed = advances.bill_step(tx, given.order_no, given.step_no, context.now)
    return BilledInAdvance(billed.invoice_no, billed.created)


@tasks.register("billing.look_at_advances")
def look_at_advances(given: OfOrder, tx: Session) -> Advances:
    """Look whether goods will still use what was billed in advance."""
    unused = advances.unused(tx, given.order_no)
    rest = [{"invoice_no": each.invoice_no, "lines": list(each.lines)} for each in unused or []]
    held = "PREPAYMENT_DUE" in blocking(tx, given.order_no, "release")
    return Advances(unused is not None, advances.is_paid(tx, given.order_no), held, rest)


@tasks.register("billing.request_credit_of_advance")
def request_credit_of_advance(given: OfOrder, tx: Session) -> CreditRequest:
    """Ask for a credit memo of what no goods will use of one invoice in advance."""
    kept = advances.ask_to_give_back(tx, given.order_no, "system")
    return CreditRequest(**asdict(kept)) if kept else CreditRequest(None)
