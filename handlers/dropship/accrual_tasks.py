"""The service tasks of accruals that will never be billed, as the diagram names them."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks, TaskContext
from handlers.changes import Author, note
from handlers.dropship import accruals

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class AccruedOrder:
    """A purchase order by its number."""

    po_no: str


@dataclass(frozen=True, slots=True)
class WriteOff:
    """An order of which no bill will come any more, why, and who asked."""

    po_no: str
    reason: str
    asked_by: str


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """How much was written off, in the currency of the books."""

    amount: Decimal


@tasks.register("dropship.read_accrual")
def read_accrual(given: AccruedOrder, tx: Session) -> accruals.Accrual:
    """What of an order was received and is not billed, in the currency of the books."""
    return accruals.read_accrual(tx, given.po_no)


@tasks.register("dropship.write_off_accrual", errors=("NOTHING_ACCRUED",), moves_money=True)
def write_off_accrual(given: WriteOff, tx: Session, context: TaskContext) -> WrittenOff:
    """Expect no bill any more for what was received and not billed.

    Refused NOTHING_ACCRUED when a bill has come for all of it.
    """
    approver = context.actor or given.asked_by
    amount = accruals.write_off(tx, given.po_no, accruals.WriteOff(given.reason, given.asked_by, approver))
    note(tx, Author(approver), "write_off", f"purchase_order:{given.po_no}", {"amount": amount, "reason": given.reason})
    return WrittenOff(amount)
