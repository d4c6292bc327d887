"""The service tasks of drop-ship, as the diagram names them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.dropship import (
    accrual_tasks,
    agreement,
    billed_tasks,
    credit_note_tasks,
    payables,
    payments,
    progress,
    purchasing,
    receiving,
    returned_tasks,
    returning_tasks,
)
from handlers.dropship.rules import MatchFacts

tasks = ServiceTasks()
for _more in (returned_tasks, credit_note_tasks, accrual_tasks, returning_tasks, billed_tasks):
    tasks.include(_more.tasks)


@dataclass(frozen=True, slots=True)
class Group:
    """A drop-ship group by its number."""

    group_no: str


@dataclass(frozen=True, slots=True)
class GroupFrom:
    """A drop-ship group and its supplier."""

    group_no: str
    supplier_no: str


@dataclass(frozen=True, slots=True)
class OfOrder:
    """A purchase order by its number."""

    po_no: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """A purchase order to cancel, and why."""

    po_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class OfAsn:
    """A despatch advice of a purchase order."""

    po_no: str
    asn_no: str


@dataclass(frozen=True, slots=True)
class OfBill:
    """A supplier's bill of a purchase order."""

    po_no: str
    supplier_invoice_no: str


@dataclass(frozen=True, slots=True)
class Bill:
    """A supplier's bill by our number."""

    supplier_invoice_no: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen supplier and what is left of the sale."""

    supplier_no: str
    margin_pct: Decimal
    margin_gap: Decimal
    lead_days: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """The purchase order that was made."""

    po_no: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """A purchase order to agree to, and the answer that was decided on; without one it is the latest."""

    po_no: str
    acknowledgement_id: int | None = None


@dataclass(frozen=True, slots=True)
class OfAnswer:
    """An answer of the supplier to a purchase order."""

    po_no: str
    acknowledgement_id: int


@dataclass(frozen=True, slots=True)
class CancelGroup:
    """A group whose purchase order is to be cancelled, and why."""

    group_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """A group that goes back to promising, and why."""

    group_no: str
    order_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class RejectAsn:
    """A despatch advice to refuse, and why."""

    po_no: str
    asn_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class RejectBill:
    """A supplier's bill to refuse, and why."""

    po_no: str
    supplier_invoice_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class Patience:
    """No reminder was sent since somebody spoke with the supplier, and who did."""

    reminders: int
    spoken_by: str


@dataclass(frozen=True, slots=True)
class Silence:
    """How often the supplier was reminded since it last sent something."""

    reminders: int


@dataclass(frozen=True, slots=True)
class Returned:
    """How much went back to promising."""

    returned_qty: Decimal


@dataclass(frozen=True, slots=True)
class Despatch:
    """What to do with a despatch advice (AGREED, UNANSWERED, UNDECIDED or CANCELLED), and the sales order it serves."""

    verdict: str
    order_no: str


@dataclass(frozen=True, slots=True)
class PaymentState:
    """Whether a bank statement has shown the payment."""

    on_statement: bool


@tasks.register("dropship.select_supplier", errors=("NO_SUPPLIER",))
def select_supplier(given: Group, tx: Session, context: TaskContext) -> Selection:
    """Choose the best supplier that has not let the group down.

    Refused NO_SUPPLIER when no supplier is left that ships every item of the group.
    """
    chosen = purchasing.select_supplier(tx, given.group_no, context.now.date())
    return Selection(chosen.supplier_no, chosen.margin_pct, chosen.margin_gap, chosen.lead_days)


@tasks.register("dropship.create_purchase_order", undo="dropship.cancel_purchase_order")
def create_purchase_order(given: GroupFrom, tx: Session) -> Ordered:
    """Order the group from the supplier, once."""
    return Ordered(purchasing.create_purchase_order(tx, given.group_no, given.supplier_no))


@tasks.register("dropship.send_purchase_order")
def send_purchase_order(given: OfOrder, tx: Session, effects: EffectLedger) -> Silence:
    """Print the purchase order and send it."""
    document_id = purchasing.print_order(tx, given.po_no)
    _tell(tx, effects, "purchase_order", given.po_no, {"document_id": document_id})
    return Silence(0)


@tasks.register("dropship.remind_supplier")
def remind_supplier(given: OfOrder, tx: Session, effects: EffectLedger) -> Silence:
    """Ask the supplier again for what it owes us: its answer, the goods or the bill."""
    count = progress.remind(tx, given.po_no)
    _tell(tx, effects, "purchase_order_reminder", given.po_no, {"reminder": count})
    return Silence(count)


@tasks.register("dropship.be_patient")
def be_patient(given: OfOrder, tx: Session, context: TaskContext) -> Patience:
    """Begin to count reminders anew: somebody has spoken with the supplier."""
    progress.be_patient(tx, given.po_no)
    return Patience(0, context.actor or "system")


@tasks.register("dropship.read_acknowledgement")
def read_acknowledgement(given: OfOrder, tx: Session) -> agreement.Answer:
    """What the supplier's latest answer changes."""
    return agreement.read_acknowledgement(tx, given.po_no)


@tasks.register("dropship.read_answer", errors=("ORDER_OVER",))
def read_answer(given: OfAnswer, tx: Session) -> agreement.Answer:
    """What one answer of the supplier changes of what stands.

    Refused ORDER_OVER when the order was cancelled or closed meanwhile.
    """
    agreement.refuse_over(tx, given.po_no)
    return agreement.read_acknowledgement(tx, given.po_no, given.acknowledgement_id)


@tasks.register("dropship.confirm")
def confirm(given: Confirm, tx: Session) -> agreement.Agreement:
    """Agree to what the supplier acknowledged."""
    return agreement.confirm(tx, given.po_no, given.acknowledgement_id)


@tasks.register("dropship.apply_answer", errors=("ORDER_OVER",))
def apply_answer(given: OfAnswer, tx: Session) -> agreement.Agreement:
    """Agree to a change of an order that was agreed before.

    Refused ORDER_OVER when the order was cancelled or closed meanwhile.
    """
    agreement.refuse_over(tx, given.po_no)
    return agreement.apply_answer(tx, given.po_no, given.acknowledgement_id)


@tasks.register("dropship.insist")
def insist(given: OfOrder, tx: Session, effects: EffectLedger) -> None:
    """Tell the supplier that the order stands as it was agreed; nothing when it was cancelled or closed meanwhile."""
    if not agreement.is_over(tx, given.po_no):
        _tell(tx, effects, "purchase_order_stands", given.po_no, {})


@tasks.register("dropship.close_short")
def close_short(given: Cancel, tx: Session, effects: EffectLedger) -> agreement.Agreement:
    """Want no more of the order than is on its way, and tell the supplier; the rest goes back to promising."""
    changed = agreement.close_short(tx, given.po_no)
    _tell(tx, effects, "purchase_order_change", given.po_no, {"reason": given.reason, "qty_not_wanted": changed.returned_qty})
    return changed


@tasks.register("dropship.read_group")
def read_group(given: Group, tx: Session) -> progress.GroupState:
    """Whether the group's purchase order is agreed already."""
    return progress.read_group(tx, given.group_no)


@tasks.register("dropship.read_progress")
def read_progress(given: OfOrder, tx: Session, context: TaskContext) -> progress.Progress:
    """What an agreed order still waits for."""
    return progress.read_progress(tx, given.po_no, context.now.date())


@tasks.register("dropship.close_purchase_order")
def close_purchase_order(given: OfOrder, tx: Session) -> None:
    """Close an order of which nothing is open."""
    progress.close(tx, given.po_no)


@tasks.register("dropship.cancel_purchase_order")
def cancel_purchase_order(given: Cancel, tx: Session, effects: EffectLedger) -> None:
    """Cancel the purchase order and tell the supplier."""
    if agreement.cancel(tx, given.po_no, given.reason):
        _tell_cancelled(tx, effects, given.po_no, given.reason)


@tasks.register("dropship.cancel_order_of_group")
def cancel_order_of_group(given: CancelGroup, tx: Session, effects: EffectLedger) -> agreement.CancelledGroup:
    """Cancel the group's purchase order and tell the supplier, unless the supplier has agreed to it."""
    done = agreement.cancel_of_group(tx, given.group_no, given.reason)
    if done.outcome == "CANCELLED":
        _tell_cancelled(tx, effects, done.po_no, given.reason)
    return done


@tasks.register("dropship.give_back")
def give_back(given: GiveBack, tx: Session) -> Returned:
    """Send what the group has still to ship back to promising."""
    return Returned(agreement.give_back(tx, given.group_no, given.order_no, given.reason))


@tasks.register("dropship.read_despatch")
def read_despatch(given: OfAsn, tx: Session) -> Despatch:
    """What to do with a despatch advice."""
    verdict, order_no = receiving.read_despatch(tx, given.po_no, given.asn_no)
    return Despatch(verdict, order_no)


@tasks.register("dropship.answer_by_despatch")
def answer_by_despatch(given: OfAsn, tx: Session) -> None:
    """Take the despatch advice as the supplier's answer."""
    receiving.answer_by_despatch(tx, given.po_no, given.asn_no)


@tasks.register("dropship.reject_despatch")
def reject_despatch(given: RejectAsn, tx: Session, effects: EffectLedger) -> None:
    """Send the goods of a despatch advice back, and tell the supplier."""
    receiving.reject_despatch(tx, given.po_no, given.asn_no, given.reason)
    _tell(tx, effects, "despatch_refused", given.po_no, {"asn_no": given.asn_no, "reason": given.reason})


@tasks.register("dropship.receive_asn", moves_money=True)
def receive_asn(given: OfAsn, tx: Session) -> receiving.Received:
    """Book the supplier's despatch advice as our shipment."""
    return receiving.receive_asn(tx, given.po_no, given.asn_no)


@tasks.register("dropship.match_facts")
def match_facts(given: OfBill, tx: Session) -> MatchFacts:
    """Order against receipt against bill."""
    return payables.read_match_facts(tx, given.po_no, given.supplier_invoice_no)


@tasks.register("dropship.approve_supplier_invoice", errors=("NOTHING_RECEIVED",), moves_money=True)
def approve_supplier_invoice(given: OfBill, tx: Session, context: TaskContext) -> payables.Owed:
    """Post the bill and owe it by the supplier's terms.

    Refused NOTHING_RECEIVED while nothing of what it bills was received and not billed before.
    """
    return payables.approve(tx, given.po_no, given.supplier_invoice_no, context.now.date())


@tasks.register("dropship.reject_supplier_invoice")
def reject_supplier_invoice(given: RejectBill, tx: Session, effects: EffectLedger) -> None:
    """Refuse the bill, and tell the supplier why."""
    if payables.reject(tx, given.supplier_invoice_no, given.reason):
        detail = {"supplier_invoice_no": given.supplier_invoice_no, "reason": given.reason}
        _tell(tx, effects, "supplier_invoice_refused", given.po_no, detail)


@tasks.register("dropship.pay_supplier", undo="dropship.take_payment_back", moves_money=True)
def pay_supplier(given: Bill, tx: Session, context: TaskContext, effects: EffectLedger) -> None:
    """Pay the bill, once."""
    transfer = payments.pay(tx, given.supplier_invoice_no, context.now.date())
    if transfer is not None:
        effects.record("payment", f"supplier {transfer.supplier_no}", {"supplier_invoice_no": given.supplier_invoice_no} | asdict(transfer))


@tasks.register("dropship.read_payment")
def read_payment(given: Bill, tx: Session) -> PaymentState:
    """Whether a bank statement has shown the payment."""
    return PaymentState(payments.is_on_statement(tx, given.supplier_invoice_no))


@tasks.register("dropship.take_payment_back", moves_money=True)
def take_payment_back(given: Bill, tx: Session) -> None:
    """Owe the bill again: its payment did not go through."""
    payments.take_back(tx, given.supplier_invoice_no)


def _tell(tx: Session, effects: EffectLedger, kind: str, po_no: str, more: Mapping[str, object]) -> None:
    row = tx.execute(_SUPPLIER_OF, {"po_no": po_no}).one()
    effects.record(kind, row.target, {"po_no": po_no, "supplier_no": row.supplier_no, "channel": row.order_channel, **more})


def _tell_cancelled(tx: Session, effects: EffectLedger, po_no: str, reason: str) -> None:
    row = tx.execute(_SUPPLIER_OF, {"po_no": po_no}).one()
    if row.sent_at is not None:
        effects.record("purchase_order_cancellation", row.target, {"po_no": po_no, "reason": reason})


_SUPPLIER_OF = text("""
SELECT supplier.supplier_no, supplier.order_channel, coalesce(nullif(supplier.email, ''), 'supplier ' || supplier.supplier_no) AS target,
  ordered.sent_at
FROM purchase_order AS ordered JOIN supplier USING (supplier_no) WHERE ordered.po_no = :po_no
""")
