"""The service tasks of payments that came back, as the diagram names them."""

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import Refused, ServiceTasks
from handlers.dropship import returned

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class AllReturned:
    """All payments that came back."""


@dataclass(frozen=True, slots=True)
class ReturnedPayments:
    """The payments that came back and are still with us."""

    payments: list[returned.ReturnedPayment]


@dataclass(frozen=True, slots=True)
class OfReturned:
    """A payment that came back, by the place of its bank entry."""

    reference: str


@dataclass(frozen=True, slots=True)
class PayAgain:
    """A payment that came back, and the bill it was for."""

    reference: str
    supplier_invoice_no: str


@tasks.register("dropship.list_returned_payments")
def list_returned_payments(_given: AllReturned, tx: Session) -> ReturnedPayments:
    """Payments to suppliers that the bank gave back."""
    return ReturnedPayments(returned.list_returned(tx))


@tasks.register("dropship.read_returned_payment")
def read_returned_payment(given: OfReturned, tx: Session) -> returned.Standing:
    """Whether a payment that came back is still with us."""
    return returned.read_returned(tx, given.reference)


@tasks.register("dropship.pay_again", errors=("NOT_THAT_BILL",))
def pay_again(given: PayAgain, tx: Session, effects: EffectLedger) -> None:
    """Pay a bill again whose payment came back.

    Refused NOT_THAT_BILL when there is no such bill, or it was not paid with this amount.
    """
    try:
        transfer = returned.pay_again(tx, given.reference, given.supplier_invoice_no.strip())
    except NotFound as unknown:
        raise Refused("NOT_THAT_BILL", unknown.detail) from unknown
    effects.record("payment", f"supplier {transfer.supplier_no}", {"supplier_invoice_no": transfer.end_to_end_id} | asdict(transfer))
