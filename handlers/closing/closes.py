"""The close of a month: begun, checked, locked with the journals of its last day, and opened again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.service_tasks import Refused
from engine.store.clock import business_today
from engine.store.locks import Advisory, advisory
from engine.store.unit_of_work import savepoint
from handlers.closing import accruing, checks, revaluing
from handlers.closing.model import PeriodClose
from handlers.closing.rules import Month, month, month_of
from handlers.ledger.books import close_period, reopen_period
from handlers.ledger.model import Period


def begin(tx: Session, period: str, by: str) -> Month:
    """Begin to close a month, or go on with it. Raises what `may_begin` raises."""
    wanted = may_begin(tx, period)
    row = {"period": wanted.name, "starts_on": wanted.starts_on, "ends_on": wanted.ends_on, "begun_by": by}
    anew = {"state": "OPEN", "begun_by": by, "begun_at": text("business_now()")}
    statement = insert(PeriodClose).values(row)
    tx.execute(statement.on_conflict_do_update(index_elements=["period"], set_=anew, where=PeriodClose.state == "GIVEN_UP"))
    return wanted


def may_begin(tx: Session, period: str) -> Month:
    """The month, when it has ended and is not closed. Raises Invalid for no month or one that goes on, Conflict for a closed one."""
    wanted = month(period)
    if business_today(tx) <= wanted.ends_on:
        raise Invalid(
            f"{wanted.name} ends on {wanted.ends_on}.",
            code="period_goes_on",
            next_step="Close it from the next day on.",
            errors={"period": [f"goes on until {wanted.ends_on}"]},
        )
    overlapping = tx.scalars(select(Period).where(Period.starts_on <= wanted.ends_on, Period.ends_on >= wanted.starts_on)).first()
    if overlapping is not None:
        raise Conflict(
            f"{overlapping.starts_on} to {overlapping.ends_on} is closed already.",
            code="period_closed",
            next_step="Ask for it to be opened again where something has to change in it.",
        )
    return wanted


def close_empty(tx: Session, days: Month, by: str) -> None:
    """Close days in which nothing was posted and nothing is open. Raises Invalid, Conflict with what keeps them open."""
    if business_today(tx) <= days.ends_on:
        raise Invalid(
            f"{days.ends_on} is not over.",
            code="period_goes_on",
            next_step="Close it from the next day on.",
            errors={"ends_on": ["must be before today"]},
        )
    close_period(tx, days.starts_on, days.ends_on, by)
    posted = tx.scalar(_POSTED, {"starts_on": days.starts_on, "ends_on": days.ends_on})
    kept_open = [f"journals that are posted in it: {posted}"] if posted else []
    kept_open += [f"{each.title[0].lower()}{each.title[1:]}: {each.count}" for each in checks.look(tx, days) if each.count]
    if kept_open:
        raise Conflict(
            f"{days.starts_on} to {days.ends_on} cannot be closed at once: {'; '.join(kept_open)}.",
            code="period_not_empty",
            next_step="Close it month by month through POST /api/v1/period-closes: each is checked, accrued, revalued and then locked.",
        )


def list_due(tx: Session) -> list[str]:
    """The month before this one, when something was posted in it and nobody has begun to close it."""
    last = month_of(business_today(tx).replace(day=1) - timedelta(days=1))
    due = tx.scalar(_DUE, {"period": last.name, "starts_on": last.starts_on, "ends_on": last.ends_on})
    return [last.name] if due else []


def find(tx: Session, period: str) -> PeriodClose:
    """The close of a month as it is now. Raises NotFound."""
    found = tx.get(PeriodClose, period, populate_existing=True)
    if found is None:
        raise NotFound(f"Nobody has begun to close {period[:20]}.", code="period_unknown", next_step="Look at the list of periods.")
    return found


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a month found: every check with its count, and what revaluing would come to (None while a rate is missing)."""

    findings: list[checks.Finding]
    counts: Mapping[str, int]
    exchange_difference: Decimal | None
    rate_missing: str


def look(tx: Session, period: str) -> Checked:
    """Look at everything a close asks, and keep what was found. Raises NotFound."""
    close = find(tx, period)
    wanted = Month(close.starts_on, close.ends_on)
    findings = [*checks.look(tx, wanted), checks.totals_off(tx)]
    missing = ""
    difference: Decimal | None = None
    try:
        with savepoint(tx):
            difference = sum((each.difference for each in revaluing.worth(tx, wanted)), Decimal(0))
    except Refused as refusal:
        missing = str(refusal)
    kept = [{**asdict(each), "amount": str(each.amount)} for each in findings]
    tx.execute(update(PeriodClose).where(PeriodClose.period == period).values(findings=kept, exchange_difference=difference))
    return Checked(findings, {each.check: each.count for each in findings}, difference, missing)


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing posted, in the currency of the books: revenue of what was not billed, and the exchange difference (income positive)."""

    accrued_revenue: Decimal
    exchange_difference: Decimal


def lock(tx: Session, period: str, seen: Mapping[str, int], by: str) -> Closed:
    """Accrue, revalue and close a month, as it was seen; again: what it came to. All or nothing, while nobody posts.

    Refused NOT_CLOSABLE when there is more to settle than was seen, a rate is missing, or somebody closed a part of it by hand.
    """
    advisory(tx, Advisory.LEDGER_PERIODS)  # nothing is posted from here on, so what is looked at now is what is closed
    close = find(tx, period)
    if close.state == "CLOSED":
        return Closed(close.accrued_revenue or Decimal(0), close.exchange_difference or Decimal(0))
    wanted = Month(close.starts_on, close.ends_on)
    if more := checks.grown(seen, checks.look(tx, wanted)):
        raise Refused("NOT_CLOSABLE", "Since it was looked at there is more of: " + ", ".join(each.title.lower() for each in more) + ".")
    accrued = accruing.post_accrual(tx, wanted, close.round)
    difference = revaluing.post_revaluation(tx, wanted, close.round, revaluing.worth(tx, wanted))
    try:
        close_period(tx, wanted.starts_on, wanted.ends_on, by)
    except Conflict as problem:
        raise Refused("NOT_CLOSABLE", problem.detail) from problem
    _set(
        tx, period, state="CLOSED", closed_by=by, closed_at=text("business_now()"), accrued_revenue=accrued, exchange_difference=difference
    )
    return Closed(accrued, difference)


def give_up(tx: Session, period: str) -> None:
    """Leave a month open; it can be begun anew. Again, or when it is closed: nothing happens. Raises NotFound."""
    if find(tx, period).state == "OPEN":
        _set(tx, period, state="GIVEN_UP")


def reopen(tx: Session, closed: Period, by: str) -> str | None:
    """Open a closed period again and answer the month it was closed as, None where it was none.

    What closing it had posted stands until it is closed anew, which posts the difference. Raises Conflict while a later period is
    closed: that difference would be taken back in it.
    """
    later = tx.scalar(select(Period.starts_on).where(Period.starts_on > closed.ends_on).limit(1))
    close = tx.scalars(select(PeriodClose).where(PeriodClose.starts_on == closed.starts_on, PeriodClose.state == "CLOSED")).first()
    if close is not None and later is not None:
        raise Conflict(
            f"The period that begins on {later} is closed.",
            code="period_later_closed",
            next_step="Open the latest closed period first: what closing posts on a last day is taken back on the next.",
        )
    reopen_period(tx, closed.starts_on)
    if close is None:
        return None
    values = {"state": "OPEN", "closed_at": None, "closed_by": None, "round": PeriodClose.round + 1}
    _set(tx, close.period, **values, begun_by=by, begun_at=text("business_now()"), exchange_difference=None, accrued_revenue=None)
    return close.period


def _set(tx: Session, period: str, **values: Any) -> None:
    tx.execute(update(PeriodClose).where(PeriodClose.period == period).values(**values))


_POSTED = text("SELECT count(*) FROM journal WHERE gl_date BETWEEN :starts_on AND :ends_on")
_DUE = text("""
SELECT EXISTS (SELECT FROM journal WHERE gl_date BETWEEN :starts_on AND :ends_on)
  AND NOT EXISTS (SELECT FROM ledger_period WHERE starts_on <= :ends_on AND ends_on >= :starts_on)
  AND NOT EXISTS (SELECT FROM period_close WHERE period = :period)
""")
