"""The service tasks of suppliers' credit notes, as the diagram names them."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import Refused, ServiceTasks
from handlers.dropship import claims, credit_notes
from handlers.dropship.credit_rules import CreditFacts

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfCredit:
    """A supplier's credit note, by our number for it."""

    supplier_credit_no: str


@dataclass(frozen=True, slots=True)
class RejectCredit:
    """A supplier's credit note, and why it is refused."""

    supplier_credit_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetOff:
    """A supplier's credit note, and another bill of the supplier of which so much less is paid."""

    supplier_credit_no: str
    supplier_invoice_no: str


@tasks.register("dropship.credit_facts")
def credit_facts(given: OfCredit, tx: Session) -> CreditFacts:
    """The credit note against its bill."""
    return credit_notes.read_credit_facts(tx, given.supplier_credit_no)


@tasks.register("dropship.approve_credit_note", moves_money=True)
def approve_credit_note(given: OfCredit, tx: Session) -> credit_notes.Approved:
    """Post the credit note: off what its bill is still owed, and the rest the supplier owes us."""
    return credit_notes.approve(tx, given.supplier_credit_no)


@tasks.register("dropship.reject_credit_note")
def reject_credit_note(given: RejectCredit, tx: Session, effects: EffectLedger) -> None:
    """Refuse the credit note, and tell the supplier why."""
    if credit_notes.reject(tx, given.supplier_credit_no, given.reason):
        row = tx.execute(_SUPPLIER_OF, {"no": given.supplier_credit_no}).one()
        effects.record("supplier_credit_refused", row.target, {"reason": given.reason, **row._asdict()})


@tasks.register("dropship.read_claim")
def read_claim(given: OfCredit, tx: Session) -> claims.Claim:
    """Whether the supplier still owes us what it credited."""
    return claims.read_claim(tx, given.supplier_credit_no)


@tasks.register("dropship.set_off_claim", errors=("NOT_THAT_BILL",), moves_money=True)
def set_off_claim(given: SetOff, tx: Session) -> None:
    """Pay so much less of another bill of the supplier.

    Refused NOT_THAT_BILL when there is no such bill, it is another supplier's or in another currency, or less of it is open.
    """
    try:
        claims.set_off(tx, given.supplier_credit_no, given.supplier_invoice_no.strip().upper())
    except NotFound as unknown:
        raise Refused("NOT_THAT_BILL", unknown.detail) from unknown


_SUPPLIER_OF = text("""
SELECT note.supplier_credit_no, note.document_no, note.po_no, note.supplier_no, supplier.order_channel AS channel,
  coalesce(nullif(supplier.email, ''), 'supplier ' || supplier.supplier_no) AS target
FROM supplier_credit AS note JOIN supplier USING (supplier_no) WHERE note.supplier_credit_no = :no
""")
