"""The steps that take in what comes by EDI about orders."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks
from engine.store.unit_of_work import savepoint
from handlers.edi import transactions
from handlers.orders import edi_change, edi_intake
from handlers.parties.master_data import find_customer

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfTransaction:
    """Which transaction of an interchange."""

    transaction_id: int


@dataclass(frozen=True, slots=True)
class EdiOrderTaken:
    """Whether an order was made, and which.

    Not `is_new`: the document came before, and made this order then. Not `taken`: `reason` says why and `next_step` what to do.
    """

    taken: bool
    is_new: bool
    order_no: str
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class EdiChangeAsked:
    """What is asked of which order. `order_no` is empty where no order of the customer has the number."""

    order_no: str
    customer_po: str
    customer_name: str
    is_cancellation: bool
    asks: str


@dataclass(frozen=True, slots=True)
class EdiChangeSettled:
    """What became of what was asked: `action` is done, cancel or refuse. An empty `answer` is no letter."""

    transaction_id: int
    action: str
    answer: str | None = None


@tasks.register("orders.take_in_edi_order")
def take_in_edi_order(given: OfTransaction, tx: Session) -> EdiOrderTaken:
    """Make an order of an 850 or ORDERS. What nobody can make an order of is answered with the reason, and nothing of it is written."""
    try:
        with savepoint(tx):
            order = edi_intake.take_in(tx, given.transaction_id)
    except Problem as problem:
        transactions.failed(
            tx,
            given.transaction_id,
            {"code": problem.code, "detail": problem.detail, "next_step": problem.next_step, "errors": problem.errors},
        )
        return EdiOrderTaken(taken=False, is_new=False, order_no="", reason=problem.detail, next_step=problem.next_step)
    return EdiOrderTaken(taken=True, is_new=order.is_new, order_no=order.order_no, reason="", next_step="")


@tasks.register("orders.read_edi_change")
def read_edi_change(given: OfTransaction, tx: Session) -> EdiChangeAsked:
    """Say in words what an 860 or ORDCHG asks, and of which order."""
    asked = edi_change.read_change(tx, given.transaction_id)
    return EdiChangeAsked(asked.order_no, asked.customer_po, asked.customer_name, asked.is_cancellation, asked.asks)


@tasks.register("orders.settle_edi_change")
def settle_edi_change(given: EdiChangeSettled, tx: Session, effects: EffectLedger) -> None:
    """Note that the order desk has seen to what was asked, or refused it, and write to the customer."""
    transactions.settled(tx, given.transaction_id, refused=given.action == "refuse")
    answer = (given.answer or "").strip()
    if answer:
        told = transactions.read_transaction(tx, given.transaction_id)
        customer = find_customer(tx, told.partner.customer_no)
        payload = {"order_no": told.reference, "customer_po": told.number, "text": answer}
        effects.record("order_note", customer.email or f"customer {customer.customer_no}", payload)
