"""The steps of promising that a diagram may name."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks, TaskContext
from handlers.promising import inquiry, promise

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class QuoteNumber:
    """Which quote."""

    quote_no: str


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """Which order."""

    order_no: str


@dataclass(frozen=True, slots=True)
class PromiseLines:
    """Which order, and what the sourcing decision answered to each of its cases, in their order."""

    order_no: str
    rules: list[Any]


@dataclass(frozen=True, slots=True)
class Availability:
    """When everything could leave (None: not known), whether everything can, and the lines that cannot at once."""

    promised_ship: date | None
    complete: bool
    short_lines: list[int]


@dataclass(frozen=True, slots=True)
class SourcingCases:
    """The cases to ask the sourcing decision for."""

    cases: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No input."""


@dataclass(frozen=True, slots=True)
class Backorders:
    """The orders to promise anew, in the order in which they are served."""

    orders: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Promise:
    """The groups to be fulfilled from stock and by suppliers, and what is still open."""

    stock_groups: list[dict[str, str]]
    dropship_groups: list[dict[str, str]]
    backordered_lines: int
    complete: bool
    promised_arrival: date | None


@tasks.register("promising.check_availability")
def check_availability(given: QuoteNumber, tx: Session, context: TaskContext) -> Availability:
    """Ask when a quote could be delivered; never reserves."""
    found = inquiry.availability_of_quote(tx, given.quote_no, context.now)
    return Availability(promised_ship=found.ship, complete=found.complete, short_lines=list(found.short_lines))


@tasks.register("promising.list_backorders")
def list_backorders(given: Nothing, tx: Session) -> Backorders:  # noqa: ARG001  # there is nothing to say about which
    """List the orders with backordered lines, the most important customer and the earliest wish first."""
    return Backorders([{"order_no": order_no} for order_no in promise.backordered_orders(tx)])


@tasks.register("promising.list_sourcing_cases")
def list_sourcing_cases(given: OrderNumber, tx: Session) -> SourcingCases:
    """List what the sourcing decision is to be asked."""
    return SourcingCases([asdict(case) for case in promise.sourcing_cases(tx, given.order_no)])


@tasks.register("promising.promise_lines", undo="orders.cancel_order")
def promise_lines(given: PromiseLines, tx: Session, context: TaskContext) -> Promise:
    """Promise an order's lines from the places the decision names, and reserve what ships soon."""
    promised = promise.promise_lines(tx, given.order_no, given.rules, context.now)
    return Promise(
        stock_groups=[{"group_no": group.group_no, "order_no": given.order_no} for group in promised.groups if group.kind == "STOCK"],
        dropship_groups=[
            {"group_no": group.group_no, "order_no": given.order_no, "supplier_no": group.supplier_no or ""}
            for group in promised.groups
            if group.kind == "DROP"
        ],
        backordered_lines=promised.backordered_lines,
        complete=promised.backordered_lines == 0,
        promised_arrival=promised.arrival,
    )
