"""The service tasks of refunds, as the diagrams name them."""

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks
from handlers.receivables import refunds

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OrderRefund:
    """A posted credit memo by its number, and whether the bank is to be told once more."""

    credit_memo_no: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class OfCreditMemo:
    """A credit memo by its number."""

    credit_memo_no: str


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """Whether a bank statement has shown the refund."""

    on_statement: bool


@tasks.register("receivables.order_refund", errors=(refunds.NO_ACCOUNT,), moves_money=True)
def order_refund(given: OrderRefund, tx: Session, effects: EffectLedger) -> None:
    """Have the bank pay back what is left of a credit memo; the books have it when a statement shows it.

    Refused NO_ACCOUNT when no bank account of the customer is on file.
    """
    transfer = refunds.order_refund(tx, given.credit_memo_no, again=given.again)
    if transfer is not None:
        once = f"{transfer.end_to_end_id}/{transfer.attempt}"
        effects.record(
            "payment", f"customer {transfer.customer_no}", {"credit_memo_no": given.credit_memo_no} | asdict(transfer), once=once
        )


@tasks.register("receivables.read_refund")
def read_refund(given: OfCreditMemo, tx: Session) -> RefundSeen:
    """Look whether a bank statement has shown the refund."""
    return RefundSeen(refunds.is_on_statement(tx, given.credit_memo_no))
