"""What the sales desk does with quotes: write one, record what the customer answers. The process goes on by itself."""

from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.post.mailbox import Delivery, Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from engine.runtime.verbs.start import StartOptions, start
from engine.store import json_text
from engine.store.clock import business_now, end_of_day
from engine.store.unit_of_work import savepoint
from handlers.identifiers import day
from handlers.quoting.acceptance import Accepted, read_accepted, record_accepted
from handlers.quoting.drafts import QuoteDraft, create_quote
from handlers.quoting.life import check_extension, find_quote
from handlers.quoting.rules import Answerable, too_late


def begin_quote(runtime: Runtime, tx: Session, draft: QuoteDraft) -> str:
    """Write the quote and start `quote-to-order`; answers its number. Raises what `create_quote` raises."""
    quote_no = create_quote(tx, draft)
    variables = {"quote_no": quote_no, "requester": draft.requester}
    start(runtime, tx, "quote-to-order", variables, StartOptions(business_key=quote_no, actor=draft.requester))
    return quote_no


def accept(runtime: Runtime, tx: Session, quote_no: str, accepted: Accepted, actor: str) -> Delivery:
    """Record what the customer accepts under a purchase order of its own; the rest stays open.

    Raises NotFound, Invalid (lines and quantities that are not left), Conflict when it cannot be answered.
    """
    po = accepted.customer_po.strip()
    said = _said(tx, "quote.accepted", quote_no, {"customer_po": po})
    accepted = read_accepted(tx, quote_no, accepted)
    if accepted.lines:
        lines = sorted((line.line_no, f"{line.qty.normalize():f}") for line in accepted.lines)
        said = replace(said, payload={**said.payload, "part": sha256(json_text.encode(lines)).hexdigest()})
    delivery = _answered(runtime, tx, said, actor)
    record_accepted(tx, quote_no, accepted)
    return delivery


def decline(runtime: Runtime, tx: Session, quote_no: str, reason: str, actor: str) -> Delivery:
    """Record that the customer declines. Raises NotFound, Conflict when it cannot be answered."""
    return _answered(runtime, tx, _said(tx, "quote.declined", quote_no, {"reason": reason}), actor)


@dataclass(frozen=True, slots=True)
class Extension:
    """The customer may accept through the end of a day, and why."""

    valid_until: date
    reason: str


def withdraw(runtime: Runtime, tx: Session, quote_no: str, reason: str, actor: str) -> Delivery:
    """Take back a quote that the customer has not answered. Raises NotFound, Conflict when it cannot be answered."""
    return _answered(runtime, tx, _said(tx, "quote.withdrawn", quote_no, {"reason": reason}), actor)


def extend(runtime: Runtime, tx: Session, quote_no: str, extension: Extension, actor: str) -> Delivery:
    """Give the customer more time to accept. Raises NotFound, Invalid (the day), Conflict when it cannot be answered."""
    until = end_of_day(tx, day(extension.valid_until, "valid_until"))
    payload = {"valid_until": until.isoformat(), "reason": extension.reason}
    said = _said(tx, "quote.extended", quote_no, payload, once=f":{extension.valid_until}")
    check_extension(find_quote(tx, quote_no), until, business_now(tx))
    return _answered(runtime, tx, said, actor)


def _said(tx: Session, name: str, quote_no: str, payload: dict[str, Any], once: str = "") -> Message:
    """What is said of a quote that waits for it; the same is said once, or once for each `once`. Raises NotFound, Conflict.

    Once means: of one version, and of what is left of it after each order.

    The quote is held, so that of two who answer at once the second finds what the first has said.
    """
    quote = find_quote(tx, quote_no, lock=True)
    orders = tx.execute(_ORDERS_OF, {"quote_no": quote_no, "po": payload.get("customer_po", "")}).one()
    round_of = f"{quote_no}:{quote.version_no}" + (f":{orders.many}" if orders.many else "")
    message_id = f"{name}:{round_of}{once}"
    said = tx.scalar(_SAID, {"ids": [f"{each}:{round_of}" for each in _FINAL]})
    standing = Answerable(
        state=quote.state,
        now=business_now(tx),
        valid_until=quote.valid_until,
        accepts=name == "quote.accepted",
        order_no=orders.latest,
        ordered_as=orders.under_po,
        under_way=_FINAL[said.partition(":")[0]] if said not in {None, message_id} else "",
    )
    refusal = too_late(standing)
    if refusal is not None:
        raise Conflict(f"Quote {quote_no} {refusal.because}.", code=refusal.code, next_step=refusal.next_step)
    correlation = {"quote_no": quote_no}
    return Message(name, correlation, {**correlation, **payload}, message_id=message_id)


def _answered(runtime: Runtime, tx: Session, message: Message, actor: str) -> Delivery:
    try:
        with savepoint(tx):
            return messages.note(runtime, tx, replace(message, actor=actor))
    except Conflict as conflict:
        if conflict.code != "message_id_reused":
            raise
        quote_no = message.correlation["quote_no"]
        raise Conflict(
            f"Somebody has said so of quote {quote_no} already, in other words; it is being worked on.",
            code="quote_answered",
            next_step="Look at its page in a moment for what became of it.",
        ) from conflict


#: What is said of a quote once and for all, and in a sentence.
_FINAL = {"quote.accepted": "accepted", "quote.declined": "declined", "quote.withdrawn": "withdrawn"}
_SAID = text("SELECT message_id FROM message WHERE message_id = ANY(:ids) AND state IN ('buffered', 'delivered') ORDER BY id LIMIT 1")
_ORDERS_OF = text("""
SELECT count(*) AS many, coalesce(max(order_no), '') AS latest,
       coalesce(max(order_no) FILTER (WHERE :po <> '' AND folded(customer_po) = folded(:po)), '') AS under_po
FROM sales_order WHERE source = 'QUOTE' AND starts_with(source_ref, :quote_no || ':')
""")
