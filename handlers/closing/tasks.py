"""The service tasks of a close, as the diagrams name them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.service_tasks import Refused, ServiceTasks, TaskContext
from handlers.changes import Author, note
from handlers.closing import closes
from handlers.closing.checks import Finding
from handlers.ledger.books import books_currency

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class Nothing:
    """The clock asks."""


@dataclass(frozen=True, slots=True)
class Due:
    """Months that have ended and that nobody has begun to close, such as `2026-02`."""

    periods: list[str]


@dataclass(frozen=True, slots=True)
class OfPeriod:
    """A month, such as `2026-02`."""

    period: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A month, and who asked for it."""

    period: str
    asked_by: str


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day of a month."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Counts:
    """How many each check found."""

    earlier_open: int
    manual_journals: int
    draft_invoices: int
    unbilled: int
    to_accrue: int
    unapplied_receipts: int
    statements: int
    unmatched_bills: int
    grni: int
    returns: int
    rates_missing: int
    totals_off: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of a month; `exchange_difference` (income positive) is null while a rate is missing, and `rate_missing` says which."""

    findings: list[Finding]
    counts: Counts
    exchange_difference: Decimal | None
    rate_missing: str
    currency: str


@dataclass(frozen=True, slots=True)
class Locking:
    """A month to close as it was seen."""

    period: str
    seen: Counts


@tasks.register("closing.list_due_periods")
def list_due_periods(_given: Nothing, tx: Session) -> Due:
    """Find the month that has ended and that nobody has begun to close."""
    return Due(closes.list_due(tx))


@tasks.register("closing.begin", errors=("ALREADY_CLOSED",))
def begin(given: Begun, tx: Session) -> Days:
    """Begin to close a month. Refused ALREADY_CLOSED when it is closed, or a part of it."""
    try:
        month = closes.begin(tx, given.period, given.asked_by)
    except Conflict as problem:
        raise Refused("ALREADY_CLOSED", problem.detail) from problem
    return Days(month.starts_on, month.ends_on)


@tasks.register("closing.check")
def check(given: OfPeriod, tx: Session) -> Looked:
    """Look at everything that may be open in a month, and at what revaluing would come to."""
    looked = closes.look(tx, given.period)
    found = [each for each in looked.findings if each.count]
    return Looked(found, Counts(**looked.counts), looked.exchange_difference, looked.rate_missing, books_currency(tx))


@tasks.register("closing.lock", errors=("NOT_CLOSABLE",), moves_money=True)
def lock(given: Locking, tx: Session, context: TaskContext) -> closes.Closed:
    """Accrue what was delivered and not billed, revalue what is open in foreign currencies, and close the month for posting.

    Refused NOT_CLOSABLE when there is more to settle than was seen, a currency has no rate, or a part of the month was closed by hand.
    """
    seen = {name: getattr(given.seen, name) for name in Counts.__dataclass_fields__}
    by = context.actor or "system"
    closed = closes.lock(tx, given.period, seen, by)
    told = {"accrued_revenue": closed.accrued_revenue, "exchange_difference": closed.exchange_difference}
    note(tx, Author(by), "close", f"period:{given.period}", told)
    return closed


@tasks.register("closing.give_up")
def give_up(given: OfPeriod, tx: Session, context: TaskContext) -> None:
    """Leave a month open; it can be begun anew."""
    closes.give_up(tx, given.period)
    note(tx, Author(context.actor or "system"), "give_up_close", f"period:{given.period}", {})
