"""What somebody asks of an invoice, told to the process that handles it.

A process that settles a dispute by a credit memo sends `credit_memo.requested` itself, under a business key of its own, with `invoice_no`,
`kind` (CM), `reason`, `lines` (each `line_no`, `amount`) and `requested_by`.
"""

from dataclasses import asdict
from typing import Final

from sqlalchemy.orm import Session

from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.billing.adjustments import AdjustmentRequest, keep_adjustment

REQUESTED: Final = "credit_memo.requested"


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
