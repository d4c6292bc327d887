"""How a message is brought on its way without locking anybody: by its receivers' inboxes, or as the start of an instance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.post import message_starts
from engine.runtime.post.mailbox import Carrier, Delivery, Message, dispatch
from engine.runtime.post.message_starts import NewInstance
from engine.runtime.post.routing import Receiver
from engine.runtime.state import inbox
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact

_STEPS_OF_A_BIRTH: Final = 50


def fact_of(message_no: int, task_id: UUID, payload: Any, actor: str | None) -> Fact:
    """A message as a fact for the place that waits for it."""
    return Fact("message", {"task_id": task_id, "payload": payload, "message": message_no}, actor, f"message:{message_no}")


@dataclass(frozen=True, slots=True)
class Sender:
    """The instance that sends, and how many elements had run without a wait when it did, in it and in those that began it."""

    instance_id: UUID
    steps_since_wait: int


def note_message(runtime: Runtime, tx: Session, message: Message, *, sender: Sender | None = None, now: datetime | None = None) -> Delivery:
    """Note a message for everybody it is for; workers apply it.

    Raises Conflict when its id came before with another content, or when it would begin one more of a chain of instances that never waits.
    """

    def deliver(receiver: Receiver, number: int) -> bool:
        return inbox.note(runtime, tx, receiver.instance_id, fact_of(number, receiver.task_id, message.payload, message.actor))

    def begin(start: Any, instance_id: UUID) -> bool:
        new = NewInstance(
            id=instance_id,
            process_version_id=start.process_version_id,
            process_key=start.process_key,
            element_id=start.element_id,
            variables=message.payload,
            now=now or start.now,
            business_key=message.business_key,
            started_by=message.actor,
            started_by_instance_id=None if sender is None else sender.instance_id,
            steps_since_wait=0 if sender is None else steps_of_birth(runtime, sender, start.process_key),
        )
        return message_starts.begin(runtime, tx, new) is not None

    carrier = Carrier(deliver, begin, None if sender is None else sender.instance_id)
    return dispatch(tx, message, runtime.limits.message_time_to_live, carrier)


def steps_of_birth(runtime: Runtime, sender: Sender, process_key: str) -> int:
    """With how many steps since a wait a process begins that an instance begins. Raises Conflict where they are too many.

    A beginning counts for many steps: a process that begins itself is stopped after some hundred instances, and each of them is short.
    """
    steps = sender.steps_since_wait + _STEPS_OF_A_BIRTH
    if steps < runtime.limits.steps_without_wait:
        return steps
    raise Conflict(
        f"Instances have begun one another without a wait, about {steps // _STEPS_OF_A_BIRTH} of them; the next were one of {process_key}.",
        code="begins_without_end",
        next_step="Look for a process that begins itself by its own message; cancel the instance, or retry to let it go on.",
    )
