"""How far an order has come: what it passes from order to payment, with what was promised, what was kept, and what is late."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date

from engine.retry_policy import read_policy
from engine.runtime.state.limits import DEFAULT_RETRY
from handlers.orders.views import Story
from ui.formats import quantity
from ui.languages import N_, SOURCE, language, locale, say

#: Of an order in these states there is nothing ahead.
OVER = frozenset({"CANCELLED", "REJECTED"})


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: `state` is done, now, ahead or late; `on` is the day it was passed or should be, `detail` how far and what was promised."""

    name: str
    state: str
    on: date | None
    detail: str = ""


def stages(story: Story, today: date) -> Sequence[Stage]:
    """The stages in the order in which an order passes them; none where it is over."""
    if story.order.status in OVER:
        return ()
    wanted = sum((line.qty_ordered - line.qty_cancelled for line in story.lines), Decimal(0))
    found = [
        Stage(N_("Ordered"), "done", story.order.ordered_on, ""),
        _promised(story, wanted),
        _shipped(story, wanted, today),
        _invoiced(story, wanted),
        _paid(story, wanted),
    ]
    return [_now(stage, found[:place]) for place, stage in enumerate(found)]


def attempts(row: Any) -> str:
    """`attempt 3 of 6`: which one is next, of as many as the policy of the step allows."""
    return say("attempt %(number)s of %(all)s", number=row.attempt + 1, all=read_policy(row.retry or DEFAULT_RETRY).retries + 1)


def _now(stage: Stage, before: Iterable[Stage]) -> Stage:
    """The first stage that is not passed is where it is now."""
    is_next = stage.state == "ahead" and all(earlier.state == "done" for earlier in before)
    return Stage(stage.name, "now", stage.on, stage.detail) if is_next else stage


def _promised(story: Story, wanted: Decimal) -> Stage:
    promised = sum((line.promised or 0 for line in story.lines), Decimal(0))
    arrival, asked = story.order.last_promised, story.order.requested_date
    if not promised:
        return Stage(N_("Promised"), "ahead", None, say("wanted %(day)s", day=_day(asked)) if asked else "")
    told = [_of(promised, wanted)] if promised < wanted else []
    told += [say("wanted %(day)s", day=_day(asked))] if asked and arrival and arrival > asked else []
    return Stage(N_("Promised"), "done" if promised >= wanted else "ahead", arrival, ", ".join(told))


def _shipped(story: Story, wanted: Decimal, today: date) -> Stage:
    shipped = sum((line.shipped or 0 for line in story.lines), Decimal(0))
    promise = story.order.last_promised
    if wanted and shipped >= wanted:
        arrived = [_as_day(row.delivered_at) for row in story.shipments if row.delivered_at and not row.cancelled_at]
        left = [_as_day(row.shipped_at) for row in story.shipments if row.shipped_at]
        kept = bool(arrived) and promise is not None
        detail = _arrived(max(arrived), promise if kept else None) if arrived else ""
        return Stage(N_("Shipped"), "done", max(left, default=None), detail)
    late = promise is not None and promise < today
    part = _of(shipped, wanted) if shipped else ""
    return Stage(
        N_("Shipped"), "late" if late else "ahead", None, part or (say("should have arrived %(day)s", day=_day(promise)) if late else "")
    )


def _invoiced(story: Story, wanted: Decimal) -> Stage:
    invoiced = sum((line.invoiced or 0 for line in story.lines), Decimal(0))
    posted = [_as_day(row.posted_at) for row in story.invoices if row.posted_at]
    if wanted and invoiced >= wanted:
        return Stage(N_("Invoiced"), "done", max(posted, default=None))
    return Stage(N_("Invoiced"), "ahead", None, _of(invoiced, wanted) if invoiced else "")


def _paid(story: Story, wanted: Decimal) -> Stage:
    owed = [row for row in story.invoices if row.open_amount]
    invoiced = sum((line.invoiced or 0 for line in story.lines), Decimal(0))
    if any(row.overdue for row in owed):
        return Stage(N_("Paid"), "late", min(row.due_date for row in owed if row.overdue), say("overdue"))
    if owed:
        return Stage(N_("Paid"), "ahead", min(row.due_date for row in owed), say("due"))
    paid = [_as_day(row.applied_at) for row in story.receipts]
    done = bool(wanted) and invoiced >= wanted and bool(story.invoices)
    return Stage(N_("Paid"), "done" if done else "ahead", max(paid, default=None) if done else None)


def _as_day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _arrived(on: date, promise: date | None) -> str:
    if promise is None:
        return say("arrived %(day)s", day=_day(on))
    return say("arrived %(day)s, late", day=_day(on)) if on > promise else say("arrived %(day)s, as promised", day=_day(on))


def _of(some: Any, wanted: Decimal) -> str:
    return say("%(some)s of %(all)s", some=quantity(some), all=quantity(wanted))


def _day(value: date | None) -> str:
    return format_date(value, "d MMM" if language() == SOURCE else "d. MMM", locale=locale()) if value else ""
