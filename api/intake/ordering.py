"""The one way a quote or an order comes in: its rows and the start of its process, in one transaction."""

from sqlalchemy.orm import Session

from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from engine.runtime.verbs.start import StartOptions, start
from handlers.orders.drafts import OrderDraft, create_order
from handlers.quoting.drafts import QuoteDraft, create_quote


def begin_quote(runtime: Runtime, tx: Session, draft: QuoteDraft) -> str:
    """Write the quote and start `quote-to-order`."""
    quote_no = create_quote(tx, draft)
    variables = {"quote_no": quote_no, "requester": draft.requester}
    start(runtime, tx, "quote-to-order", variables, StartOptions(business_key=quote_no, actor=draft.requester))
    return quote_no


def take_in(runtime: Runtime, tx: Session, draft: OrderDraft) -> str:
    """Create the order and start `order-to-promise`; the same source and reference again answers the first order and starts nothing."""
    order_no = create_order(tx, draft)
    message = Message(
        name="order.received",
        correlation={"order_no": order_no},
        payload={"order_no": order_no, "source": draft.source},
        message_id=f"order.received:{order_no}",
        business_key=order_no,
        actor=draft.requester or None,
    )
    messages.publish(runtime, tx, message)
    return order_no
