"""The one way an order comes in: its rows and the start of its process, in one transaction."""

from sqlalchemy.orm import Session

from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.orders.drafts import OrderDraft, create_order


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
