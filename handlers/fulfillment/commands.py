"""What the warehouse decides by itself, told to the process that waits for it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.post.mailbox import Delivery, Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.orders.model import FulfilGroup


def release_group(runtime: Runtime, tx: Session, group_no: str, actor: str) -> Delivery:
    """Let a group be picked before its day; holds are still checked. Raises NotFound."""
    if tx.scalar(select(FulfilGroup.group_no).where(FulfilGroup.group_no == group_no)) is None:
        raise NotFound(f"There is no group {group_no}.", code="group_unknown", next_step="Look the number up on the order's page.")
    correlation = {"group_no": group_no}
    message = Message("group.released", correlation, correlation, message_id=f"group.released:{group_no}", actor=actor)
    return messages.publish(runtime, tx, message)
