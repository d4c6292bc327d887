"""Takes in a file of X12 or EDIFACT interchanges: kept and acknowledged, then each transaction that could be read begins its process."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.edi import inbox
from handlers.edi.acknowledging import REJECTED
from handlers.edi.inbox import Kept
from handlers.edi.reading import read_file

#: What begins with each transaction that is taken.
_BEGINS = {
    "850": "edi.order_received",
    "ORDERS": "edi.order_received",
    "860": "edi.order_change_received",
    "ORDCHG": "edi.order_change_received",
    "820": "edi.remittance_received",
    "REMADV": "edi.remittance_received",
    "997": "edi.acknowledgement_received",
    "TA1": "edi.acknowledgement_received",
    "CONTRL": "edi.acknowledgement_received",
}


def take_in(runtime: Runtime, tx: Session, data: bytes, actor: str) -> Sequence[Kept]:
    """Keep and acknowledge every interchange of a file. Locks nothing: what each transaction means is found out by its own process.

    What follows the last interchange that can be read is kept as rejected. Raises TooLarge.
    """
    found, left = read_file(data)
    kept = []
    for interchange in found:
        each = inbox.keep(tx, interchange)
        kept.append(each)
        if each.is_new:
            _begin(runtime, tx, each, actor)
    if left:
        kept.append(Kept(inbox.keep_unreadable(tx, data, left), REJECTED, findings=left))
    return kept


def refusal(kept: Sequence[Kept]) -> Invalid | None:
    """What to answer where nothing of a file is an interchange."""
    if len(kept) > 1 or not any(finding.code == "UNREADABLE" for finding in kept[0].findings):
        return None
    return Invalid(
        kept[0].findings[0].message,
        code="edi_unreadable",
        next_step="Send the interchange as it is, from ISA to IEA or from UNA or UNB to UNZ, as the body of the request.",
    )


def _begin(runtime: Runtime, tx: Session, kept: Kept, actor: str) -> None:
    partner_no = inbox.partner_of(tx, kept.interchange_id)
    for each in kept.transactions:
        if each.acknowledged != REJECTED:
            payload, about = {"transaction_id": each.id, "partner_no": partner_no}, {"transaction_id": each.id}
            name = _BEGINS[each.kind]
            once = f"{name}:{each.id}"
            messages.note(runtime, tx, Message(name, about, payload, message_id=once, business_key=f"EDI-{each.id}", actor=actor))
