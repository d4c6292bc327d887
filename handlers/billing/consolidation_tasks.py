"""The service tasks of the billing run, as the diagrams name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.billing import consolidation
from handlers.billing.consolidation import Due, Kind
from handlers.billing.rules import Cycle

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class KindOfCustomer:
    """How customers are billed: their cycle (SHIPMENT, WEEKLY, MONTHLY) and the channel their invoices go by."""

    cycle: str
    channel: str


@dataclass(frozen=True, slots=True)
class AllWaiting:
    """All deliveries that wait to be billed."""


@dataclass(frozen=True, slots=True)
class KindsWaiting:
    """The kinds of customers who have deliveries that wait."""

    kinds: list[KindOfCustomer]


@dataclass(frozen=True, slots=True)
class ChooseDue:
    """The kinds with the decision on each; one customer or, where it is empty, all; `everything`: also what is not due yet."""

    kinds: Sequence[KindOfCustomer]
    groupings: Sequence[Any]
    customer_no: str | None = None
    everything: bool | None = None


@dataclass(frozen=True, slots=True)
class CustomerDue:
    """A customer who is billed now, how, and under which keys."""

    customer_no: str
    cycle: str
    day: int
    by_purchase_order: bool
    by_ship_to: bool
    run: str
    message_id: str


@dataclass(frozen=True, slots=True)
class CustomersDue:
    """Who is billed now."""

    customers: list[CustomerDue]


@dataclass(frozen=True, slots=True)
class DraftNext:
    """A run of one customer, how its deliveries are put together, and whether what is not due yet is billed too."""

    run: str
    customer_no: str
    cycle: str
    day: int
    by_purchase_order: bool
    by_ship_to: bool
    everything: bool | None = None


@dataclass(frozen=True, slots=True)
class NextInvoice:
    """The next invoice of the run, and the orders it is about; none when nothing is left to bill."""

    invoice_no: str | None
    order_nos: list[str]


@tasks.register("billing.list_kinds_waiting")
def list_kinds_waiting(_given: AllWaiting, tx: Session) -> KindsWaiting:
    """The kinds of customers with deliveries that wait for a billing run."""
    return KindsWaiting([KindOfCustomer(kind.cycle, kind.channel) for kind in consolidation.kinds_waiting(tx)])


@tasks.register("billing.choose_due")
def choose_due(given: ChooseDue, tx: Session, context: TaskContext) -> CustomersDue:
    """Find the customers whose day has come, or all of whom something waits. By the clock a customer is billed once a day."""
    cycles = {Kind(kind.cycle, kind.channel): cycle_of(kind.cycle, said) for kind, said in zip(given.kinds, given.groupings, strict=True)}
    today, everything = context.now.date(), bool(given.everything)
    found = consolidation.find_due(tx, cycles, today, given.customer_no or "", everything=everything)
    # Two runs of one second are one: what the first leaves, the next one finds.
    at = f"{context.now:%Y-%m-%dT%H%M%S}" if everything else today.isoformat()
    return CustomersDue([_due(due, f"{due.customer_no}/{at}") for due in found])


@tasks.register("billing.draft_next_invoice")
def draft_next_invoice(given: DraftNext, tx: Session, context: TaskContext) -> NextInvoice:
    """Charge the next of the customer's deliveries that share an invoice, each once; a draft that waits is brought up to date."""
    due = Due(given.customer_no, Cycle(given.cycle, given.day, given.by_purchase_order, given.by_ship_to))
    made = consolidation.draft_next(tx, due, given.run, context.now, everything=bool(given.everything))
    return NextInvoice(made.invoice_no, list(made.order_nos))


def cycle_of(name: str, said: Any) -> Cycle:
    """A cycle as the decision on grouping says it. Raises Invalid for a day that its cycle has not."""
    last = {"WEEKLY": 7, "MONTHLY": 31}.get(name)
    day = said["day"] if said else 0
    if said is None or (last is not None and not 1 <= day <= last):
        raise Invalid(
            f"The decision invoice-grouping says day {day} for customers billed {name}.",
            code="billing_day",
            next_step="Let it answer 1 to 7 (Monday to Sunday) for WEEKLY and 1 to 31 for MONTHLY, deploy it, then retry.",
        )
    return Cycle(name, int(day), bool(said["by_purchase_order"]), bool(said["by_ship_to"]))


def _due(due: Due, run: str) -> CustomerDue:
    cycle = due.cycle
    about = (cycle.name, cycle.day, cycle.by_purchase_order, cycle.by_ship_to)
    return CustomerDue(due.customer_no, *about, run, f"customer.billing_due:{run}")
