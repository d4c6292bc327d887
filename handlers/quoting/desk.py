"""What the sales desk does with quotes: write one, record what the customer answers. The process goes on by itself."""

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.post.mailbox import Delivery, Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from engine.runtime.verbs.start import StartOptions, start
from engine.store.locks import Lock, take
from handlers.quoting.drafts import QuoteDraft, create_quote
from handlers.quoting.life import find_quote


def begin_quote(runtime: Runtime, tx: Session, draft: QuoteDraft) -> str:
    """Write the quote and start `quote-to-order`; answers its number. Raises what `create_quote` raises."""
    quote_no = create_quote(tx, draft)
    variables = {"quote_no": quote_no, "requester": draft.requester}
    start(runtime, tx, "quote-to-order", variables, StartOptions(business_key=quote_no, actor=draft.requester))
    return quote_no


def accept(runtime: Runtime, tx: Session, quote_no: str, customer_po: str, actor: str) -> Delivery:
    """Record that the customer accepts under a purchase order of its own. Raises NotFound, Conflict when it was not sent."""
    return _answered(runtime, tx, _said(tx, "quote.accepted", quote_no, {"customer_po": customer_po}), actor)


def decline(runtime: Runtime, tx: Session, quote_no: str, reason: str, actor: str) -> Delivery:
    """Record that the customer declines. Raises NotFound, Conflict when it was not sent."""
    return _answered(runtime, tx, _said(tx, "quote.declined", quote_no, {"reason": reason}), actor)


def _said(tx: Session, name: str, quote_no: str, payload: dict[str, Any]) -> Message:
    """The answer as a message of a quote that waits for one."""
    take(tx, Lock.QUOTE, [quote_no])
    quote = find_quote(tx, quote_no)
    if quote.state != "SENT":
        raise Conflict(
            f"Quote {quote_no} is {quote.state.lower()}; only one that was sent can be answered.",
            code="quote_not_sent",
            next_step="Look at its page for what it waits for, or write a new quote.",
        )
    correlation = {"quote_no": quote_no}
    return Message(name, correlation, {**correlation, **payload}, message_id=f"{name}:{quote_no}")


def _answered(runtime: Runtime, tx: Session, message: Message, actor: str) -> Delivery:
    return messages.note(runtime, tx, replace(message, actor=actor))
