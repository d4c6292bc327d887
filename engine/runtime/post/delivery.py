"""How a message is brought on its way without locking anybody: by its receivers' inboxes, or as the start of an instance."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.runtime.post import message_starts
from engine.runtime.post.mailbox import Carrier, Delivery, Message, dispatch
from engine.runtime.post.message_starts import NewInstance
from engine.runtime.post.routing import Receiver
from engine.runtime.state import inbox
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact


def fact_of(message_no: int, task_id: UUID, payload: Any, actor: str | None) -> Fact:
    """A message as a fact for the place that waits for it."""
    return Fact("message", {"task_id": task_id, "payload": payload, "message": message_no}, actor, f"message:{message_no}")


def note_message(runtime: Runtime, tx: Session, message: Message, *, sender: UUID | None = None, now: datetime | None = None) -> Delivery:
    """Note a message for everybody it is for; workers apply it. Raises Conflict when its id came before with another content."""

    def deliver(receiver: Receiver, number: int) -> bool:
        return inbox.note(runtime, tx, receiver.instance_id, fact_of(number, receiver.task_id, message.payload, message.actor))

    def begin(start: Any) -> UUID | None:
        new = NewInstance(
            process_version_id=start.process_version_id,
            process_key=start.process_key,
            element_id=start.element_id,
            variables=message.payload,
            now=now or start.now,
            business_key=message.business_key,
            started_by=message.actor,
            started_by_instance_id=sender,
        )
        return message_starts.begin(runtime, tx, new)

    return dispatch(tx, message, runtime.limits.message_time_to_live, Carrier(deliver, begin, sender))
