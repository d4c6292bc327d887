"""Messages from outside to waiting or starting instances."""

from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.problems import Invalid
from engine.runtime.post import unheard
from engine.runtime.post.mailbox import Message
from engine.runtime.verbs import messages

api = APIBlueprint("messages", __name__, url_prefix="/api/v1/messages", abp_tags=[Tag(name="messages")])


class MessageIn(Shape):
    """A message: whoever waits for `name` with a correlation that `correlation` contains gets the payload.

    A key names a thing: 4711 and "4711" are the same.
    """

    name: str = Field(max_length=200)
    correlation: dict[str, str | bool | int | Decimal] = Field(default_factory=dict)
    payload: dict[str, Any] = Field(default_factory=dict)
    message_id: str | None = Field(None, max_length=200)
    business_key: str | None = Field(None, max_length=200)
    time_to_live_seconds: int = Field(86_400, ge=1, le=31_536_000)


class DeliveryOut(Shape):
    """What became of a message: delivered, started, buffered or duplicate; `next` says in words what happens now."""

    state: str
    instance_id: str | None
    next: str


@api.post("", responses={202: DeliveryOut})
@operation(Role.OPERATE)
def publish(body: MessageIn) -> tuple[DeliveryOut, int]:
    """Deliver a message, start a process with it, or keep it until somebody waits for it."""
    message = Message(
        name=body.name,
        correlation=body.correlation,
        payload=body.payload,
        message_id=body.message_id,
        business_key=body.business_key,
        time_to_live=timedelta(seconds=body.time_to_live_seconds),
        actor=person().name,
    )
    runtime, tx = product().runtime, transaction()
    known = unheard.known(runtime, tx)
    if body.name not in known:
        near = get_close_matches(body.name, known) or sorted(known)[:5]
        raise Invalid(
            f"No process begins with or waits for {body.name!r}.",
            code="message_unknown",
            next_step=f"Send one that a process knows: {', '.join(near) or 'none yet, deploy one first'}.",
            errors={"name": ["is no message that a deployed process knows"]},
        )
    made = messages.publish_by_hand(runtime, tx, message, person().name)
    alone, seconds = runtime.limits.message_unheard, body.time_to_live_seconds
    news = made.state == "buffered" and timedelta(seconds=seconds) < alone
    told = _NEXT["news" if news else made.state].format(
        minutes=int(alone.total_seconds() // 60), seconds=seconds, owner=unheard.owner_of(runtime, tx, body.name)
    )
    return DeliveryOut(state=made.state, instance_id=str(made.instance_id) if made.instance_id else None, next=told), 202


_NEXT = {
    "delivered": "The instance has it.",
    "started": "The instance has begun.",
    "buffered": "Nobody waits for it yet. It is kept; if nobody has come for it in {minutes} minutes, it becomes a task of {owner}.",
    "news": "Nobody waits for it. It is kept for {seconds} seconds and then forgotten; what is to live {minutes} minutes or more becomes a "
    "task of {owner}.",
    "duplicate": "It came before and is not delivered again.",
}
