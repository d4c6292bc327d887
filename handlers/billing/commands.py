"""What somebody asks of invoices, told to the process that handles it.

A process that settles a dispute by a credit memo sends `credit_memo.requested` itself, under a business key of its own, with `invoice_no`,
`kind` (CM), `reason`, `lines` (each `line_no`, `amount`) and `requested_by`.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.billing import consolidation
from handlers.billing.adjustments import AdjustmentRequest, keep_adjustment
from handlers.billing.waiting import PlannedInvoice, cycles_in_force
from handlers.identifiers import Reference, canonical
from handlers.parties.master_data import find_customer

REQUESTED: Final = "credit_memo.requested"
RUN_REQUESTED: Final = "billing_run.requested"


def request_adjustment(runtime: Runtime, tx: Session, invoice_no: str, given: AdjustmentRequest, requester: str) -> str:
    """Keep a request for a credit memo or debit note and tell the process that handles it; answers its number.

    Raises what `keep_adjustment` raises.
    """
    kept = keep_adjustment(tx, invoice_no, given, requester)
    message = Message(
        REQUESTED,
        {"adjustment_no": kept.adjustment_no},
        asdict(kept),
        business_key=kept.adjustment_no,
        message_id=f"{REQUESTED}:{kept.adjustment_no}",
        actor=requester,
    )
    messages.note(runtime, tx, message)
    return kept.adjustment_no


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRun:
    """Whom to bill for the deliveries that wait: one customer or, where it is empty, all; `everything`: also what is not due yet."""

    customer_no: Reference = None
    everything: bool = False


def begin_run(runtime: Runtime, tx: Session, asked: BillingRun, by: str) -> None:
    """Have deliveries that wait billed now. Raises NotFound for a customer that does not exist, Conflict when nothing waits."""
    wanted = canonical(asked)
    if wanted.customer_no:
        find_customer(tx, wanted.customer_no)
    if not consolidation.is_anything_waiting(tx, wanted.customer_no or ""):
        raise Conflict(
            "Nothing waits to be billed.",
            code="nothing_to_bill",
            next_step="Wait until goods of a customer who is billed by the week or month have left; others are billed at once.",
        )
    payload = {"customer_no": wanted.customer_no or "", "everything": wanted.everything}
    messages.note(runtime, tx, Message(RUN_REQUESTED, {}, payload, actor=by))


def preview_run(tx: Session, customer_no: str, today: date) -> list[PlannedInvoice]:
    """The invoices that would be written of all that waits of a customer, as the table in force groups it; nothing is written."""
    customer = find_customer(tx, customer_no)
    (cycle,) = cycles_in_force(tx, [consolidation.Kind(customer.invoice_cycle, customer.invoice_channel)]).values()
    found = consolidation.preview(tx, consolidation.Due(customer_no, cycle), datetime.combine(today, time(12), UTC))
    return [PlannedInvoice(*(getattr(each, name) for name in PlannedInvoice.__slots__)) for each in found]
