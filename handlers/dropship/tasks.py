"""The service tasks of drop-ship, as the diagram names them."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import ServiceTasks, TaskContext
from handlers.dropship import payables, purchasing, receiving
from handlers.dropship.rules import AckFacts, MatchFacts

tasks = ServiceTasks()


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
class Received:
    """The shipment a despatch advice became."""

    shipment_no: str


@tasks.register("dropship.select_supplier", errors=("NO_SUPPLIER",))
def select_supplier(given: Group, tx: Session, context: TaskContext) -> Selection:
    """Choose the best supplier that has not let the group down."""
    chosen = purchasing.select_supplier(tx, given.group_no, context.now.date())
    return Selection(chosen.supplier_no, chosen.margin_pct, chosen.margin_gap, chosen.lead_days)


@tasks.register("dropship.create_purchase_order", undo="dropship.cancel_purchase_order")
def create_purchase_order(given: GroupFrom, tx: Session) -> Ordered:
    """Order the group from the supplier, once."""
    return Ordered(purchasing.create_purchase_order(tx, given.group_no, given.supplier_no))


@tasks.register("dropship.send_purchase_order")
def send_purchase_order(given: OfOrder, tx: Session, effects: EffectLedger) -> None:
    """Print the purchase order and send it."""
    document_id = purchasing.print_order(tx, given.po_no)
    _tell(tx, effects, "purchase_order", given.po_no, {"document_id": document_id})


@tasks.register("dropship.remind_supplier")
def remind_supplier(given: OfOrder, tx: Session, effects: EffectLedger) -> None:
    """Ask the supplier for its answer again."""
    purchasing.lock_order(tx, given.po_no)
    count = tx.execute(_REMIND, {"po_no": given.po_no}).scalar_one()
    _tell(tx, effects, "purchase_order_reminder", given.po_no, {"reminder": count})


@tasks.register("dropship.read_acknowledgement")
def read_acknowledgement(given: OfOrder, tx: Session) -> AckFacts:
    """What the supplier's answer changes."""
    return purchasing.read_acknowledgement(tx, given.po_no)


@tasks.register("dropship.confirm")
def confirm(given: OfOrder, tx: Session) -> None:
    """Take over what the supplier acknowledged."""
    purchasing.confirm(tx, given.po_no)


@tasks.register("dropship.cancel_purchase_order")
def cancel_purchase_order(given: Cancel, tx: Session, effects: EffectLedger) -> None:
    """Cancel the purchase order and tell the supplier."""
    if purchasing.cancel(tx, given.po_no, given.reason):
        row = tx.execute(_SUPPLIER_OF, {"po_no": given.po_no}).one()
        if row.sent_at is not None:
            effects.record("purchase_order_cancellation", row.target, {"po_no": given.po_no, "reason": given.reason})


@tasks.register("dropship.receive_asn")
def receive_asn(given: OfAsn, tx: Session) -> Received:
    """Book the supplier's despatch advice as our shipment."""
    return Received(receiving.receive_asn(tx, given.po_no, given.asn_no))


@tasks.register("dropship.match_facts")
def match_facts(given: OfBill, tx: Session) -> MatchFacts:
    """Order against receipt against bill."""
    return payables.read_match_facts(tx, given.po_no, given.supplier_invoice_no)


@tasks.register("dropship.approve_supplier_invoice")
def approve_supplier_invoice(given: OfBill, tx: Session) -> None:
    """Post the bill and owe it."""
    payables.approve(tx, given.po_no, given.supplier_invoice_no)


@tasks.register("dropship.pay_supplier")
def pay_supplier(given: Bill, tx: Session, context: TaskContext, effects: EffectLedger) -> None:
    """Pay the bill, once."""
    payment = payables.pay(tx, given.supplier_invoice_no, context.now.date())
    if payment is not None:
        effects.record("payment", f"supplier {payment['supplier_no']}", {"supplier_invoice_no": given.supplier_invoice_no} | payment)


def _tell(tx: Session, effects: EffectLedger, kind: str, po_no: str, more: dict[str, object]) -> None:
    row = tx.execute(_SUPPLIER_OF, {"po_no": po_no}).one()
    effects.record(kind, row.target, {"po_no": po_no, "supplier_no": row.supplier_no, "channel": row.order_channel} | more)


_REMIND = text("UPDATE purchase_order SET reminders = reminders + 1 WHERE po_no = :po_no RETURNING reminders")
_SUPPLIER_OF = text("""
SELECT supplier.supplier_no, supplier.order_channel, coalesce(nullif(supplier.email, ''), 'supplier ' || supplier.supplier_no) AS target,
  ordered.sent_at
FROM purchase_order AS ordered JOIN supplier USING (supplier_no) WHERE ordered.po_no = :po_no
""")
