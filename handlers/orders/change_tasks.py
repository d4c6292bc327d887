"""The steps of changing an order that a diagram may name."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import NotYet, ServiceTasks, TaskContext
from handlers.orders import change_applying, change_orders
from handlers.orders.acknowledgement import reply_to_change

tasks = ServiceTasks()

#: How long to wait before an order that is not promised yet is looked at again.
NOT_PROMISED_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ChangeNumber:
    """Which change."""

    change_no: str


@dataclass(frozen=True, slots=True)
class AssessChange:
    """Which change, and what the table of constraints answered to each of its cases, in their order."""

    change_no: str
    cases: list[dict[str, str]]
    rulings: list[Any]


@dataclass(frozen=True, slots=True)
class RefuseChange:
    """Which change, and why it is not made."""

    change_no: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeCases:
    """The cases to ask the table of constraints for, and who asked for the change."""

    cases: list[dict[str, str]]
    requested_by: str
    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeAssessment:
    """What a change comes to. `refusal` says why it is not possible and what to do instead; empty, it is.

    `cost` is in points of the table, money in `currency`. `more_owed`: what is to ship comes to more than before, so credit is asked.
    `price_off` is by how much the customer's prices lie below ours; `below_floor` that a margin lies below its floor.
    """

    possible: bool
    refusal: str
    changes: list[str]
    undone: str
    stage: str
    cost: Decimal
    currency: str
    gross_before: Decimal
    gross_after: Decimal
    more_owed: bool
    price_off: Decimal
    price_off_pct: Decimal
    below_floor: bool


@dataclass(frozen=True, slots=True)
class ChangeApplied:
    """The version that was made, the groups whose work ends, whether anything is to be promised now, and items that others wait for."""

    version_no: int
    groups: list[str]
    to_promise: bool
    awaited_skus: list[str]


@tasks.register("orders.read_change", errors=("IMPOSSIBLE",))
def read_change(given: ChangeNumber, tx: Session) -> ChangeCases:
    """List what the table of constraints is to be asked about a change.

    Waits while the order is on its way to its promise: who has it there decides on what was ordered. Refused IMPOSSIBLE when nothing of
    it would change, or nothing is open.
    """
    change = change_orders.find_change(tx, given.change_no)
    if tx.execute(_ON_ITS_WAY, {"order_no": change.order_no}).scalar_one():
        raise NotYet(NOT_PROMISED_PAUSE, f"Order {change.order_no} is on its way to its promise; it is changed when it is promised.")
    cases = change_orders.read_cases(tx, given.change_no)
    return ChangeCases(cases, change.requested_by, change.channel, change.reason)


@tasks.register("orders.assess_change", errors=("IMPOSSIBLE", "STALE"))
def assess_change(given: AssessChange, tx: Session) -> ChangeAssessment:
    """Work out what a change comes to: cost, totals, what is to be undone.

    Refused IMPOSSIBLE when it cannot be priced or nothing of it would change. Refused STALE when the order went on meanwhile.
    """
    found = change_orders.assess_change(tx, given.change_no, given.cases, given.rulings)
    return ChangeAssessment(
        possible=not found.refusals,
        refusal="\n".join(found.refusals),
        changes=[change_orders.told(each.delta) for each in found.judged],
        undone="\n".join(sorted({each.ruling.undo for each in found.judged if each.ruling.undo})),
        stage=found.stage,
        cost=found.cost,
        currency=found.currency,
        gross_before=found.gross_before,
        gross_after=found.gross_after,
        more_owed=found.open_gross > found.open_before,
        price_off=found.price_off,
        price_off_pct=found.price_off_pct,
        below_floor=found.margin_gap < 0,
    )


@tasks.register("orders.apply_change", errors=("IMPOSSIBLE", "STALE"))
def apply_change(given: ChangeNumber, tx: Session, context: TaskContext) -> ChangeApplied:
    """Make a change: undo what was planned for it, write and price the lines, make a new version of the order.

    Refused STALE when the order is not what was assessed any more: it has to be assessed again. Refused IMPOSSIBLE when nothing can change.
    """
    done = change_applying.apply_change(tx, given.change_no, context.actor or "system")
    return ChangeApplied(done.version_no, list(done.groups), done.to_promise, list(done.awaited_skus))


@tasks.register("orders.settle_change")
def settle_change(given: ChangeNumber, tx: Session, effects: EffectLedger, context: TaskContext) -> None:
    """Say that a change is made, and answer the customer with the order as it is now."""
    change = change_orders.settle_change(tx, given.change_no, context.actor or "system")
    _answer(tx, effects, change.change_no)


@tasks.register("orders.refuse_change")
def refuse_change(given: RefuseChange, tx: Session, effects: EffectLedger, context: TaskContext) -> None:
    """Say that a change is not made, and tell the customer why and what to do instead. Of one that is settled: nothing happens."""
    change = change_orders.refuse_change(tx, given.change_no, given.reason or "Refused", context.actor or "system")
    if change.state == "REFUSED":
        _answer(tx, effects, change.change_no)


def _answer(tx: Session, effects: EffectLedger, change_no: str) -> None:
    reply = reply_to_change(tx, change_no)
    if reply is not None and reply.is_new and reply.target:
        effects.record(reply.channel, reply.target, {"kind": "order_response", **reply.payload})


_ON_ITS_WAY = text("""
SELECT EXISTS (
  SELECT 1 FROM instance WHERE business_key = :order_no AND process_key = 'order-to-promise' AND state NOT IN ('completed', 'cancelled'))
""")
