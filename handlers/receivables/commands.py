"""What a receivables clerk does by hand, told to the processes that wait for it or begin with it."""

from decimal import Decimal

from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.receivables import bank_files, disputes, late_charges, manual_application, suggestions
from handlers.receivables.bank_entries import ORDERS_OF
from handlers.receivables.bank_files import TakenIn
from handlers.receivables.disputes import DisputeDraft
from handlers.receivables.late_charges import Waived
from handlers.receivables.manual_application import HandApplication, HandApplied

#: The fewest letters that say why.
_SHORTEST = 3


def take_in(runtime: Runtime, tx: Session, content: bytes, by: str, layout_no: str = "") -> TakenIn:
    """Take in a bank's file: each of its statements is booked by `statement-intake`, each notice watched by `bank-notice`.

    Raises Invalid, TooLarge, Conflict, and keeps nothing, when nothing of it can be taken.
    """
    taken = bank_files.take_in_file(tx, content, by, layout_no)
    for name, key, numbers in (("statement", "statement_no", taken.statement_nos), ("bank_notice", "notice_no", taken.notice_nos)):
        for number in numbers:
            told, once = {key: number}, f"{name}.received:{number}"
            messages.note(runtime, tx, Message(f"{name}.received", told, told, message_id=once, business_key=number, actor=by))
    return taken


def apply(runtime: Runtime, tx: Session, given: HandApplication, actor: str) -> HandApplied:
    """Apply what is left of a receipt to an invoice; a settled invoice's process goes on. Raises NotFound, Invalid, Conflict."""
    applied = manual_application.apply_manually(tx, given, actor)
    if applied.dispute_no is not None:
        _tell_of_dispute(runtime, tx, applied.dispute_no, given.invoice_no, actor)
    if applied.settled:
        settled = {"invoice_no": given.invoice_no}
        messages.note(runtime, tx, Message("receivable.settled", correlation=settled, payload=settled, actor=actor))
    return applied


def accept(runtime: Runtime, tx: Session, receipt_no: str, rank: int, actor: str) -> list[str]:
    """Apply a suggestion of a receipt; the processes of settled invoices go on. Answers these. Raises NotFound, Conflict."""
    settled = suggestions.accept_suggestion(tx, receipt_no, rank, actor)
    for invoice_no in settled:
        told = {"invoice_no": invoice_no}
        messages.note(runtime, tx, Message("receivable.settled", correlation=told, payload=told, actor=actor))
    return settled


def waive_late_charge(runtime: Runtime, tx: Session, charge_no: str, reason: str, actor: str) -> Waived:
    """Let go of all that is open of a late charge; its process goes on. Raises NotFound, Invalid without a reason, Conflict."""
    if len(reason.strip()) < _SHORTEST:
        raise Invalid(
            f"Nothing says why {charge_no} is waived.",
            code="reason_missing",
            next_step="Say why in a few words; it is kept with the charge.",
            errors={"reason": ["must say why"]},
        )
    waived = late_charges.waive(tx, charge_no, reason.strip(), actor)
    told = {"invoice_no": charge_no}
    messages.note(runtime, tx, Message("receivable.settled", correlation=told, payload=told, actor=actor))
    return waived


def dispute(runtime: Runtime, tx: Session, draft: DisputeDraft, actor: str) -> str:
    """Open a dispute; its process finds whose it is. Answers its number. Raises NotFound, Invalid, Conflict."""
    number = disputes.open_dispute(tx, draft, actor)
    _tell_of_dispute(runtime, tx, number, draft.invoice_no, actor)
    return number


def _tell_of_dispute(runtime: Runtime, tx: Session, number: str, invoice_no: str, actor: str) -> None:
    told = {"dispute_no": number, "invoice_no": invoice_no, "opened_by": actor}
    once = f"dispute.opened:{number}"
    messages.note(runtime, tx, Message("dispute.opened", {"dispute_no": number}, told, message_id=once, business_key=number, actor=actor))


def keep_on_account(tx: Session, receipt_no: str, customer_no: str | None) -> Decimal:
    """Keep what is left of a receipt for its customer, named here when nobody knew; answer how much is on account now."""
    if customer_no:
        manual_application.identify(tx, receipt_no, customer_no)
    return manual_application.leave_on_account(tx, receipt_no)


def reverse(runtime: Runtime, tx: Session, receipt_no: str, reason: str, actor: str) -> list[str]:
    """Take a returned payment back; the collection of each invoice that is open again begins anew. Answers those invoices."""
    reopened = manual_application.reverse_receipt(tx, receipt_no, reason)
    for row in tx.execute(ORDERS_OF, {"invoices": reopened}).mappings():
        payload = dict(row)
        posted = Message("invoice.posted", correlation=payload, payload=payload, business_key=payload["invoice_no"], actor=actor)
        messages.note(runtime, tx, posted)
    return reopened
