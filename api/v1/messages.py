"""Messages from outside to waiting or starting instances."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
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
    """What became of a message: delivered, started, buffered or duplicate."""

    state: str
    instance_id: str | None


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
    made = messages.publish(product().runtime, transaction(), message)
    return DeliveryOut(state=made.state, instance_id=str(made.instance_id) if made.instance_id else None), 202
