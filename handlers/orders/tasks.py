"""The steps of an order that a diagram may name."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.state.effects import EffectLedger
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import Refused, ServiceTasks, TaskContext
from handlers.orders import (
    cancellation,
    change_tasks,
    commands,
    edi_tasks,
    hold_tasks,
    holds,
    order_pricing,
    repair,
    submission,
    validation,
)
from handlers.orders.acknowledgement import reply_to, reply_to_cancellation
from handlers.orders.events import note
from handlers.orders.hold_tasks import NOTHING_OPEN, refuse_when_over
from handlers.orders.rules import read_verdict
from handlers.orders.status import status_of

tasks = ServiceTasks()
tasks.include(edi_tasks.tasks)
tasks.include(change_tasks.tasks)
tasks.include(hold_tasks.tasks)


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """Which order."""

    order_no: str


@dataclass(frozen=True, slots=True)
class Reasoned:
    """Which order, and why."""

    order_no: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerNote:
    """What to tell the customer of an order."""

    order_no: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class LineFix:
    """A corrected line."""

    line_no: int
    sku: str | None = None
    qty: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RepairOrder:
    """What the order desk did: `action` is repaired or reject."""

    order_no: str
    action: str = "repaired"
    reason: str | None = None
    customer_po: str | None = None
    ship_to: dict[str, str] | None = None
    incoterm: str | None = None
    drop_stated_total: bool | None = None
    lines: list[LineFix] | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What the checks found, fact by fact, and of what kind of customer and channel the order is (said where anything was found)."""

    findings: list[dict[str, Any]]
    customer_class: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class SettleFindings:
    """What the checks found, and what the validation rules answered to each, in their order."""

    order_no: str
    findings: list[dict[str, Any]]
    verdicts: list[Any]


@dataclass(frozen=True, slots=True)
class Validation:
    """What the findings mean. `repairable`: nothing refuses the order, and `owners` can mend everything that stops it.

    `holds` are new, and whoever takes them off is to be asked.
    """

    valid: bool
    repairable: bool
    owners: list[str]
    issues: list[dict[str, Any]]
    holds: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OrderPricing:
    """What the order comes to, and how far the customer's prices lie from ours."""

    net_total: Decimal
    gross_total: Decimal
    currency: str
    price_variance: Decimal
    variance_pct: Decimal
    has_discrepancy: bool


@dataclass(frozen=True, slots=True)
class Submitted:
    """The version that was submitted, and what the billing plan looks at; `gross_in_books` is in the currency of the books."""

    version_no: int
    order_type: str = "STANDARD"
    customer_class: str = ""
    gross_in_books: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """How much was cancelled, the groups that were prepared for it, and who is to be told.

    `at_work`: somebody is at work on the order. `awaited_skus`: items that are free again and for which other orders wait.
    """

    qty: Decimal
    stock_groups: list[str]
    dropship_groups: list[str]
    at_work: bool
    awaited_skus: list[str]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """An order that somebody asks to cancel, and why."""

    order_no: str
    reason: str | None = None
    cancelled_by: str | None = None


@dataclass(frozen=True, slots=True)
class OfGroup:
    """A fulfilment group, and why."""

    group_no: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GroupCancelled:
    """How much was cancelled, in the units of the lines."""

    qty: Decimal


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What we answered: AP accepted, CA accepted with changes, RE rejected."""

    response_code: str
    document_id: int


@dataclass(frozen=True, slots=True)
class RolledUp:
    """Where the order stands now."""

    status: str


@tasks.register("orders.check_order", errors=(NOTHING_OPEN,))
def check_order(given: OrderNumber, tx: Session) -> Findings:
    """Find what is odd about an order, by the checks V01 to V13; what it means the validation rules say.

    Refused NOTHING_OPEN when it is cancelled, rejected or delivered by now, or promised already: others are at it then.
    """
    refuse_when_over(tx, given.order_no)
    if tx.scalar(_IS_PROMISED, {"order_no": given.order_no}):
        raise Refused(NOTHING_OPEN, f"Order {given.order_no} is promised: its groups and its backorders have processes of their own.")
    found = [asdict(finding) for finding in validation.check_order(tx, given.order_no)]
    kind = tx.execute(_KIND, {"order_no": given.order_no}).one() if found else None
    return Findings(found, kind.customer_class, kind.source) if kind is not None else Findings(found)


@tasks.register("orders.settle_findings")
def settle_findings(given: SettleFindings, tx: Session) -> Validation:
    """Put the order on the holds that the validation rules ask for, and say who is to repair what."""
    answers = [*given.verdicts, *[None] * len(given.findings)]
    verdicts = [read_verdict(finding, answer) for finding, answer in zip(given.findings, answers, strict=False)]
    asked = validation.settle_findings(tx, given.order_no, verdicts)
    stopping = [verdict for verdict in verdicts if verdict.action in {"REPAIR", "REFUSE"}]
    return Validation(
        valid=not stopping,
        repairable=all(verdict.action == "REPAIR" for verdict in stopping),
        owners=sorted({verdict.owner for verdict in stopping if verdict.action == "REPAIR"}),
        issues=[
            {"code": finding["check"], "line_no": finding["line_no"], **asdict(verdict)}
            for finding, verdict in zip(given.findings, verdicts, strict=True)
        ],
        holds=[{"order_no": given.order_no, "hold_id": hold_id} for hold_id in asked],
    )


@tasks.register("orders.repair_order")
def repair_order(given: RepairOrder, tx: Session, context: TaskContext) -> None:
    """Write what the order desk corrected, or reject the order."""
    actor = context.actor or "system"
    if given.action == "reject":
        repair.reject_order(tx, given.order_no, given.reason or "Rejected by the order desk", actor=actor)
        return
    corrected = repair.Repair(
        customer_po=given.customer_po or "",
        ship_to=given.ship_to,
        incoterm=given.incoterm or "",
        drop_stated_total=bool(given.drop_stated_total),
        lines=[repair.LineRepair(line_no=line.line_no, sku=line.sku, qty=line.qty) for line in given.lines or ()],
    )
    repair.repair_order(tx, given.order_no, corrected, actor=actor)


@tasks.register("orders.reject_order")
def reject_order(given: Reasoned, tx: Session, runtime: Runtime, context: TaskContext) -> None:
    """Refuse an order that cannot be repaired; its holds are over."""
    actor = context.actor or "system"
    repair.reject_order(tx, given.order_no, given.reason or "Refused", actor=actor)
    if holds.release_all(tx, given.order_no, "The order was rejected.", actor=actor):
        commands.tell_released(runtime, tx, given.order_no, actor)


@tasks.register("orders.price_order")
def price_order(given: OrderNumber, tx: Session) -> OrderPricing:
    """Price an order by the waterfall and compare with what the customer states."""
    return _priced(given.order_no, tx, at_stated_prices=False)


@tasks.register("orders.accept_stated_prices")
def accept_stated_prices(given: OrderNumber, tx: Session) -> OrderPricing:
    """Take over the prices the customer states, within the guards."""
    return _priced(given.order_no, tx, at_stated_prices=True)


def _priced(order_no: str, tx: Session, *, at_stated_prices: bool) -> OrderPricing:
    priced, variance = order_pricing.price_order(tx, order_no, at_stated_prices=at_stated_prices)
    return OrderPricing(
        net_total=priced.net_total,
        gross_total=priced.gross_total,
        currency=priced.currency,
        price_variance=variance.amount,
        variance_pct=variance.pct,
        has_discrepancy=variance.is_discrepancy,
    )


@tasks.register("orders.submit_order", errors=(NOTHING_OPEN,), undo="orders.cancel_order")
def submit_order(given: OrderNumber, tx: Session) -> Submitted:
    """Submit an order: from here on it is a commitment. Refused NOTHING_OPEN when nothing of it is left to promise."""
    refuse_when_over(tx, given.order_no)
    version = submission.submit_order(tx, given.order_no)
    return Submitted(version, *submission.billing_facts(tx, given.order_no))


@tasks.register("orders.cancel_order")
def cancel_order(given: Reasoned, tx: Session, context: TaskContext) -> Cancelled:
    """Cancel what is not shipped of an order and give its reservations back."""
    done = cancellation.cancel_order(tx, given.order_no, given.reason or "", actor=context.actor or "system")
    return _cancelled(done)


@tasks.register("orders.withdraw_order", errors=("SHIPPED",))
def withdraw_order(given: Withdraw, tx: Session) -> Cancelled:
    """Cancel an order because somebody asked for it.

    Refused SHIPPED when everything has left meanwhile.
    """
    try:
        done = cancellation.cancel_order(tx, given.order_no, given.reason or "", actor=given.cancelled_by or "system")
    except Conflict as late:
        raise Refused("SHIPPED", late.detail) from late
    return _cancelled(done)


def _cancelled(done: cancellation.Cancellation) -> Cancelled:
    return Cancelled(done.qty, list(done.stock_groups), list(done.dropship_groups), done.at_work, list(done.awaited_skus))


@tasks.register("orders.cancel_group")
def cancel_group(given: OfGroup, tx: Session, context: TaskContext) -> GroupCancelled:
    """Cancel what a group has not shipped, because its supplier does not ship it any more and nobody else shall."""
    return GroupCancelled(cancellation.cancel_group(tx, given.group_no, given.reason or "", actor=context.actor or "system"))


@tasks.register("orders.confirm_cancellation")
def confirm_cancellation(given: Reasoned, tx: Session, effects: EffectLedger) -> None:
    """Tell the customer that the order, or what had not left of it, was cancelled: as its answer, where it has none yet."""
    reply, kind = reply_to(tx, given.order_no), "order_response"
    if not reply.is_new:
        told = cancellation.confirmation(tx, given.order_no, given.reason or "")
        reply, kind = reply_to_cancellation(tx, given.order_no, told), "order_cancelled"
    if reply.target:
        effects.record(reply.channel, reply.target, {"kind": kind, **reply.payload})


@tasks.register("orders.tell_customer")
def tell_customer(given: CustomerNote, tx: Session, effects: EffectLedger) -> None:
    """Write to the customer about its order; an empty text is no letter."""
    if given.text and given.text.strip():
        target = tx.execute(_CUSTOMER_OF, {"order_no": given.order_no}).scalar_one()
        effects.record("order_note", target, {"order_no": given.order_no, "text": given.text.strip()})


@tasks.register("orders.acknowledge_order")
def acknowledge_order(given: OrderNumber, tx: Session, effects: EffectLedger) -> Acknowledgement:
    """Answer the order once with an OrderResponse."""
    reply = reply_to(tx, given.order_no)
    if reply.is_new and reply.target:
        effects.record(reply.channel, reply.target, {"kind": "order_response", **reply.payload})
    return Acknowledgement(reply.response_code, reply.document_id)


@tasks.register("orders.roll_up")
def roll_up(given: OrderNumber, tx: Session) -> RolledUp:
    """Work out where the order stands after its lines moved on."""
    status = status_of(tx, given.order_no).status
    note(tx, given.order_no, "order_rolled_up", detail={"status": status})
    return RolledUp(status)


_KIND = text(
    "SELECT customer.customer_class, sales_order.source FROM sales_order JOIN customer USING (customer_no) WHERE order_no = :order_no"
)
_IS_PROMISED = text("SELECT EXISTS (SELECT FROM fulfil_line WHERE order_no = :order_no)")
_CUSTOMER_OF = text("""
SELECT coalesce(nullif(customer.email, ''), 'customer ' || customer.customer_no) FROM sales_order JOIN customer USING (customer_no)
WHERE order_no = :order_no
""")
