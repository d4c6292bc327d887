"""The service tasks of goods that go straight back to the supplier."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.dropship import returning

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfReturn:
    """Goods that go back to a supplier, by our number."""

    return_no: str


@dataclass(frozen=True, slots=True)
class CloseReturn:
    """Goods that went back to a supplier, and why nothing more is expected for them."""

    return_no: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The paper that goes with the goods."""

    document_id: int


@tasks.register("dropship.send_return")
def send_return(given: OfReturn, tx: Session, effects: EffectLedger, context: TaskContext) -> Told:
    """Print the paper that goes back with the goods, and send it to the supplier, once."""
    document_id, row = returning.print_return(tx, given.return_no, context.now)
    payload = {"return_no": given.return_no, "po_no": row.po_no, "supplier_no": row.supplier_no, "document_id": document_id}
    effects.record("supplier_return", row.target, payload, once=given.return_no)
    return Told(document_id)


@tasks.register("dropship.read_return")
def read_return(given: OfReturn, tx: Session) -> returning.Standing:
    """What the supplier has credited of the goods that went back."""
    return returning.read_standing(tx, given.return_no)


@tasks.register("dropship.close_return")
def close_return(given: CloseReturn, tx: Session) -> None:
    """Nothing more is expected for the goods: their credit is there, or somebody gave it up."""
    returning.close_return(tx, given.return_no, given.reason or "")
