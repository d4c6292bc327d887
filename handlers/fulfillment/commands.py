"""What the warehouse decides by itself or hears from the carrier, told to the process that waits for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.post.mailbox import Delivery, Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.fulfillment.ports import AddressRefused, Carrier, Consignment, Offer
from handlers.fulfillment.shipping import confirm_delivery
from handlers.orders.model import FulfilGroup


def release_group(runtime: Runtime, tx: Session, group_no: str, actor: str) -> Delivery:
    """Let a group be picked before its day; holds are still checked. Raises NotFound, Conflict when it does not wait for its day."""
    if tx.scalar(select(FulfilGroup.group_no).where(FulfilGroup.group_no == group_no)) is None:
        raise NotFound(f"There is no group {group_no}.", code="group_unknown", next_step="Look the number up on the order's page.")
    correlation = {"group_no": group_no}
    message = Message("group.released", correlation, correlation, message_id=f"group.released:{group_no}", actor=actor)
    delivery = messages.publish(runtime, tx, message)
    if delivery.state == "buffered":  # kept, it would only become a task about nothing
        raise Conflict(
            f"Group {group_no} does not wait for its day.",
            code="group_not_waiting",
            next_step="Look at its order: it is released, on hold, shipped or cancelled.",
        )
    return delivery


def ask_rates(runtime: Runtime, consignment: Consignment) -> Sequence[Offer]:
    """What the carrier would take for a consignment. Raises Invalid when it does not serve the address, Conflict when it cannot say."""
    carrier: Any = runtime.ports[Carrier]
    try:
        offers: Sequence[Offer] = carrier.rates(consignment)
    except AddressRefused as refusal:
        raise Invalid(str(refusal), code="address_refused", next_step="Correct the order's delivery address.") from refusal
    except Exception as error:
        raise Conflict(f"The carrier cannot say now: {error}", code="carrier_away", next_step="Ask again in a minute.") from error
    return offers


def deliver(runtime: Runtime, tx: Session, shipment_no: str, delivered_at: datetime | None, actor: str) -> str:
    """Record that the customer has the goods; what is billed on delivery goes on. Answers what became of the message, else `recorded`.

    Nobody is told where nobody asks: the process looks at the shipment, under its lock, before it begins to wait. Raises NotFound, Conflict
    when the shipment has not left.
    """
    confirm_delivery(tx, shipment_no, delivered_at)
    if not tx.execute(_AWAITED, {"shipment_no": shipment_no}).scalar_one():
        return "recorded"
    correlation = {"shipment_no": shipment_no}
    message = Message("delivery.confirmed", correlation, correlation, message_id=f"delivery.confirmed:{shipment_no}", actor=actor)
    return messages.note(runtime, tx, message).state


#: Somebody waits for the word, or looks for the goods and will wait again.
_AWAITED = text("""
SELECT EXISTS (
  SELECT FROM subscription WHERE kind = 'message' AND name = 'delivery.confirmed' AND correlation->>'shipment_no' = :shipment_no
) OR EXISTS (
  SELECT FROM user_task JOIN instance ON instance.id = user_task.instance_id
  JOIN shipment ON shipment.shipment_no = :shipment_no AND shipment.group_no = instance.business_key
  WHERE user_task.state = 'open' AND user_task.element_id = 'trace_delivery')
""")
