"""The one way an order comes in: its rows and the start of its process, in one transaction."""

from sqlalchemy.orm import Session

from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.orders.drafts import OrderDraft, create_order
from handlers.orders.events import received


def take_in(runtime: Runtime, tx: Session, draft: OrderDraft) -> str:
    """Create the order and start `order-to-promise`; the same source and reference again answers the first order and starts nothing."""
    order_no = create_order(tx, draft)
    messages.publish(runtime, tx, received(order_no, draft.source, draft.requester))
    return order_no
