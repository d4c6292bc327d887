"""What waits for a billing run, as people and programs are shown it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.read.decisions import ask_decision
from engine.store.paging import Asked, Key, Page, read_page
from handlers.billing.consolidation import Kind, kinds_waiting
from handlers.billing.consolidation_tasks import cycle_of
from handlers.billing.model import DeliveryToBill
from handlers.billing.rules import Cycle
from handlers.parties.model import Customer


@dataclass(frozen=True, slots=True)
class WaitingCustomer:
    """A customer with deliveries that wait to be billed: how many since when, and how it is billed (WEEKLY, MONTHLY; by which channel)."""

    customer_no: str
    name: str
    cycle: str
    channel: str
    deliveries: int
    since: date


@dataclass(frozen=True, slots=True)
class PlannedInvoice:
    """An invoice as a run would write it of what waits, and the day on which it is due."""

    order_nos: Sequence[str]
    shipments: Sequence[str]
    currency: str
    gross_total: Decimal
    due_on: date


def list_waiting(tx: Session, asked: Asked) -> Page[WaitingCustomer]:
    """Customers with deliveries that wait to be billed, by number. One statement."""
    return read_page(tx, _WAITING, (Key(Customer.customer_no),), asked, count=True).typed(WaitingCustomer)


def days_due(tx: Session, rows: Sequence[WaitingCustomer]) -> dict[str, date | None]:
    """The day on which each customer is billed next, as the table in force says; None while no table is deployed."""
    try:
        cycles = cycles_in_force(tx, kinds_waiting(tx))
    except NotFound:
        return {row.customer_no: None for row in rows}
    return {row.customer_no: cycles[Kind(row.cycle, row.channel)].due_on(row.since) for row in rows}


def cycles_in_force(tx: Session, kinds: Sequence[Kind]) -> dict[Kind, Cycle]:
    """The cycle of each kind of customer, as the table in force says. Raises NotFound while none is, Invalid for a day of no cycle."""
    cases: list[dict[str, Any]] = [{"cycle": kind.cycle, "channel": kind.channel} for kind in kinds]
    said = ask_decision(tx, "invoice-grouping", "invoice-grouping.dmn", cases) if cases else []
    return {kind: cycle_of(kind.cycle, each) for kind, each in zip(kinds, said, strict=True)}


_COLUMNS: list[Any] = [
    Customer.customer_no,
    Customer.name,
    Customer.invoice_cycle.label("cycle"),
    Customer.invoice_channel.label("channel"),
    func.count().label("deliveries"),
    func.min(DeliveryToBill.billable_on).label("since"),
]
_WAITING = (
    select(*_COLUMNS)
    .join(Customer, Customer.customer_no == DeliveryToBill.customer_no)
    .where(DeliveryToBill.billed_at.is_(None))
    .group_by(Customer.customer_no)
)
