"""What somebody asks of a return, told to the process that handles it."""

from dataclasses import asdict
from typing import Final

from sqlalchemy.orm import Session

from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.returns.requests import ReturnRequest, keep_request

REQUESTED: Final = "return.requested"


def request_return(runtime: Runtime, tx: Session, given: ReturnRequest, requester: str) -> str:
    """Keep a request and tell the process that handles it; answers the number of the return (RMA). Raises what `keep_request` raises."""
    kept = keep_request(tx, given, requester)
    known = asdict(kept) | {"requester": requester}
    message = Message(
        REQUESTED,
        {"rma_no": kept.rma_no},
        known,
        business_key=kept.rma_no,
        message_id=f"{REQUESTED}:{kept.rma_no}",
        actor=requester,
    )
    messages.note(runtime, tx, message)
    return kept.rma_no
