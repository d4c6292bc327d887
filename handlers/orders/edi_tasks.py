"""The steps that take in what comes by EDI about orders."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks
from engine.store.unit_of_work import savepoint
from handlers.edi import transactions
from handlers.orders import edi_answers, edi_change_intake, edi_intake

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfTransaction:
    """Which transaction of an interchange."""

    transaction_id: int


@dataclass(frozen=True, slots=True)
class EdiOrderToTake:
    """Which transaction; with `to_stores` the goods go to the stores it names, although it names a place of its own too."""

    transaction_id: int
    to_stores: bool | None = None


@dataclass(frozen=True, slots=True)
class EdiOrderTaken:
    """Whether an order was made, and which; `order_nos` are several where the document is for several stores, `order_no` the first.

    Not `is_new`: the document came before, and made this order then. Not `taken`: `reason` says why and `next_step` what to do.
    """

    taken: bool
    is_new: bool
    order_no: str
    order_nos: list[str]
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class EdiChangeToAsk:
    """Which transaction; with `leave_out` the lines that nobody can act on are left out, and the rest goes through.

    With `as_cancellation` it asks to cancel the whole order, whatever its lines say: the order desk knows that it means that.
    """

    transaction_id: int
    leave_out: bool | None = None
    as_cancellation: bool | None = None


@dataclass(frozen=True, slots=True)
class EdiChangeAsked:
    """What is asked of which order, and what becomes of it: change, cancel, came before, refuse or decide.

    `order_no` is empty where no order of the customer has the number. `reason` says what is wrong, `next_step` what to do about it.
    """

    outcome: str
    order_no: str
    change_no: str
    customer_po: str
    customer_name: str
    asks: str
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class EdiChangeAnswered:
    """A change that is not made, and why, as the customer is told. An empty `reason` is no answer."""

    transaction_id: int
    reason: str | None = None


@tasks.register("orders.take_in_edi_order")
def take_in_edi_order(given: EdiOrderToTake, tx: Session) -> EdiOrderTaken:
    """Make an order of an 850 or ORDERS. What nobody can make an order of is answered with the reason, and nothing of it is written."""
    try:
        with savepoint(tx):
            order = edi_intake.take_in(tx, given.transaction_id, to_stores=bool(given.to_stores))
    except Problem as problem:
        transactions.failed(
            tx,
            given.transaction_id,
            {"code": problem.code, "detail": problem.detail, "next_step": problem.next_step, "errors": problem.errors},
        )
        return EdiOrderTaken(taken=False, is_new=False, order_no="", order_nos=[], reason=problem.detail, next_step=problem.next_step)
    return EdiOrderTaken(
        taken=True, is_new=order.is_new, order_no=order.order_nos[0], order_nos=list(order.order_nos), reason="", next_step=""
    )


@tasks.register("orders.ask_edi_change")
def ask_edi_change(given: EdiChangeToAsk, tx: Session) -> EdiChangeAsked:
    """Make of an 860 or ORDCHG what it asks: a change or a cancellation of its order.

    Waits while another change of the order is not decided, and for a while (`edi.change_waits_minutes`) where the order has not come.
    """
    asked = edi_change_intake.ask(tx, given.transaction_id, leave_out=bool(given.leave_out), as_cancellation=bool(given.as_cancellation))
    return EdiChangeAsked(
        asked.outcome, asked.order_no, asked.change_no, asked.customer_po, asked.customer_name, asked.asks, asked.reason, asked.next_step
    )


@tasks.register("orders.refuse_edi_change")
def refuse_edi_change(given: EdiChangeAnswered, tx: Session, effects: EffectLedger) -> None:
    """Say that what was asked is not done, and tell the customer why: by 865 or ORDRSP, or by mail."""
    transactions.settled(tx, given.transaction_id, refused=True)
    edi_answers.refuse(tx, effects, given.transaction_id, (given.reason or "").strip())


@tasks.register("orders.settle_edi_change")
def settle_edi_change(given: EdiChangeAnswered, tx: Session, effects: EffectLedger) -> None:
    """Note that the order desk has seen to what was asked, and write to the customer."""
    transactions.settled(tx, given.transaction_id, refused=False)
    edi_answers.write(tx, effects, given.transaction_id, (given.reason or "").strip())
