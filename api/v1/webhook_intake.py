"""Webhooks in: signed messages that make, change or cancel orders, tell of deliveries, or speak to processes; and who may send them."""

from typing import Any

import structlog
from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, BaseModel, Field, RootModel, ValidationError
from sqlalchemy.orm import Session

from api.auth.roles import Role
from api.auth.sealing import ring
from api.errors import Unauthenticated, refusal_of
from api.intake.ordering import take_in
from api.json_provider import in_utc, write_answer
from api.product import product
from api.requests import open_to_all, operation, person, transaction
from api.second_person import Answer, PendingOut, act
from api.v1 import order_changes, orders
from api.v1.order_changes import ChangeIn
from api.v1.orders import OrderIn
from api.v1.shapes import Done, DraftBody, Listing, Page, ReasonIn, Shape, listed
from engine.problems import Invalid, NotFound
from engine.runtime.post.mailbox import Message
from engine.runtime.verbs import messages
from handlers.changes import Author
from handlers.fulfillment import commands as fulfilling
from handlers.orders.change_requests import request_change
from handlers.orders.commands import request_cancellation
from handlers.orders.events import find_order
from handlers.webhooks import receiving, sources, views
from handlers.webhooks.receiving import NotSigned, NotUnderstood, Outcome, Source, Taken
from handlers.webhooks.sources import SourceDraft
from handlers.webhooks.views import ReceivedShown, SourceShown

api = APIBlueprint("webhook-intake", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="webhooks")])
log = structlog.get_logger()
_SIGNED = {
    "parameters": [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    "security": [],
}


class SourceIn(DraftBody[SourceDraft]):
    """Who may tell us what."""


class SourcePath(BaseModel):
    """A source in the address."""

    source_name: str = Field(min_length=1, max_length=40)


class ReceivedPath(BaseModel):
    """A message that came, in the address."""

    received_id: int = Field(ge=1, le=2**62)


class ReceivedQuery(Listing):
    """Which messages to list: of a state, `waiting` for those that a person has to deal with, or all."""

    state: str = Field("", pattern="^(waiting|done|rejected|unknown|dropped)?$")


class SecretOut(Shape):
    """The secret by which a source signs: it is shown this once."""

    name: str
    secret: str


class ReceivedOut(RootModel[Outcome]):
    """What became of a message: done, rejected or unknown; the last two wait for a person here, and need not be sent again."""


class CancellationTold(Shape):
    """An order to cancel."""

    order_no: str = Field(min_length=1, max_length=40)
    reason: str = Field(min_length=3, max_length=2000)


class DeliveryTold(Shape):
    """A shipment that arrived."""

    shipment_no: str = Field(min_length=1, max_length=40)
    delivered_at: AwareDatetime | None = None


class MessageTold(Shape):
    """A message to a process."""

    name: str = Field(min_length=1, max_length=200)
    correlation: dict[str, str | bool | int] = Field(default_factory=dict)
    payload: dict[str, Any] = Field(default_factory=dict)


@api.post("/intake/webhooks/<source_name>", responses={202: ReceivedOut}, openapi_extensions=_SIGNED)
@open_to_all
def receive(path: SourcePath) -> Response:
    """Take in a message that is signed as Standard Webhooks says (401 says which part is not). It is kept before it is interpreted.

    The same id with the same body again is answered as the first time; with another body it is refused (409).
    """
    raw, headers, keys = request.get_data(), {name.lower(): value for name, value in request.headers.items()}, ring()

    def once(tx: Session) -> Outcome:
        source, message_id = receiving.source_of(tx, keys, path.source_name, raw, headers)
        return receiving.receive(tx, source, message_id, raw, interpret)

    try:
        outcome = product().database.run(once)
    except NotSigned as error:
        log.warning("webhook_not_signed", source=path.source_name, why=str(error))
        raise Unauthenticated(
            f"This message is not believed: {error}", code="not_signed", next_step="Use the present secret to sign id, time and body."
        ) from error
    body = in_utc(ReceivedOut(outcome).model_dump(mode="json"))
    return Response(write_answer(body), 202, {"Location": outcome.location} if outcome.location else {}, mimetype="application/json")


@api.get("/webhook-sources", responses={200: Page[SourceShown]})
@operation(Role.OPERATE)
def list_sources() -> Page[SourceShown]:
    """List who may tell us what; all in one page."""
    return Page(items=views.list_sources(transaction()), next_cursor=None)


@api.post("/webhook-sources", responses={201: Done, 202: PendingOut})
@operation(Role.ADMINISTER, proof=True)
def keep_source(body: SourceIn) -> Answer:
    """Let somebody tell us things, or other things than now: it takes a second person. Then make its secret."""
    return act("webhook.source", body.root, "", lambda name: (Done(id=name, state="active"), 201))


@api.post("/webhook-sources/<source_name>/secret", responses={200: SecretOut})
@operation(Role.ADMINISTER, secret=True, proof=True)
def make_secret(path: SourcePath) -> SecretOut:
    """Make the secret of a source, or a new one; for a day the one before counts too."""
    return SecretOut(name=path.source_name, secret=sources.rotate(transaction(), path.source_name, ring(), _by()))


@api.post("/webhook-sources/<source_name>/pause", responses={200: Done})
@operation(Role.OPERATE)
def pause(path: SourcePath, body: ReasonIn) -> Done:
    """Believe nothing of a source until it is resumed."""
    sources.set_state(transaction(), path.source_name, "paused", _by(body.reason))
    return Done(id=path.source_name, state="paused")


@api.post("/webhook-sources/<source_name>/resume", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def resume(path: SourcePath) -> Done:
    """Believe a source again."""
    sources.set_state(transaction(), path.source_name, "active", _by())
    return Done(id=path.source_name, state="active")


@api.delete("/webhook-sources/<source_name>", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def remove(path: SourcePath) -> Done:
    """Believe a source never more; what it sent is kept."""
    sources.set_state(transaction(), path.source_name, "removed", _by())
    return Done(id=path.source_name, state="removed")


@api.get("/webhooks-received", responses={200: Page[ReceivedShown]})
@operation(Role.SEE_DATA)
def list_received(query: ReceivedQuery) -> Page[ReceivedShown]:
    """List what came by webhook, the latest first."""
    return listed(views.list_received(transaction(), query.state, query.asked))


@api.post("/webhooks-received/<int:received_id>/again", responses={200: ReceivedOut})
@operation(Role.OPERATE)
def try_again(path: ReceivedPath) -> ReceivedOut:
    """Do what a message asks that was rejected or not understood, now that what was missing is there."""
    return ReceivedOut(receiving.try_again(transaction(), path.received_id, interpret, _by()))


@api.post("/webhooks-received/<int:received_id>/let-go", responses={200: Done})
@operation(Role.OPERATE)
def let_go(path: ReceivedPath, body: ReasonIn) -> Done:
    """Nothing is to come of a message, for a reason."""
    receiving.let_go(transaction(), path.received_id, _by(body.reason))
    return Done(id=str(path.received_id), state="dropped")


def interpret(tx: Session, source: Source, message_id: str, kind: str, data: Any) -> Taken:
    """Do what a message asks, as the doors of the API would. Raises Problem, NotUnderstood."""
    doing = _DOING.get(kind)
    if doing is None:
        raise NotUnderstood(f"Nobody here understands {kind[:80]!r}.")
    if kind not in source.kinds:
        raise NotUnderstood(f"{source.name} may not send {kind}.")
    return doing(tx, source, message_id, data)


def _order(tx: Session, source: Source, message_id: str, data: Any) -> Taken:
    body = _read(OrderIn, data)
    if source.customer_no and body.customer_no != source.customer_no:
        raise _foreign(source)
    body = body.model_copy(update={"reference": f"{source.name}/{body.reference or message_id}"})
    with orders.named_as_sent():
        order_no = take_in(product().runtime, tx, orders.drafted(body, "WEBHOOK", source.actor))
    return Taken(order_no, f"/api/v1/orders/{order_no}")


def _change(tx: Session, source: Source, message_id: str, data: Any) -> Taken:
    given = dict(data) if isinstance(data, dict) else {}
    order_no = _ours(tx, source, str(given.pop("order_no", "")))
    body = _read(ChangeIn, given)
    body = body.model_copy(update={"reference": f"{source.name}/{body.reference or message_id}"[:100]})
    with order_changes.named_as_sent():
        change_no = request_change(product().runtime, tx, order_changes.drafted(order_no, body, source.actor))
    return Taken(change_no, f"/api/v1/orders/{order_no}")


def _cancellation(tx: Session, source: Source, _message_id: str, data: Any) -> Taken:
    body = _read(CancellationTold, data)
    order_no = _ours(tx, source, body.order_no)
    request_cancellation(product().runtime, tx, order_no, body.reason, source.actor)
    return Taken(order_no, f"/api/v1/orders/{order_no}")


def _delivery(tx: Session, source: Source, _message_id: str, data: Any) -> Taken:
    body = _read(DeliveryTold, data)
    fulfilling.deliver(product().runtime, tx, body.shipment_no, body.delivered_at, source.actor)
    return Taken(body.shipment_no, "")


def _message(tx: Session, source: Source, message_id: str, data: Any) -> Taken:
    body = _read(MessageTold, data)
    if body.name not in source.messages:
        raise NotUnderstood(f"{source.name} may not send the message {body.name[:80]!r}.")
    message = Message(body.name, body.correlation, body.payload, message_id=f"webhook:{source.name}:{message_id}", actor=source.actor)
    delivery = messages.publish(product().runtime, tx, message)
    found = str(delivery.instance_id or "")
    return Taken(found or delivery.state, f"/api/v1/instances/{found}" if found else "")


_DOING = {
    "order.created": _order,
    "order.change_requested": _change,
    "order.cancellation_requested": _cancellation,
    "shipment.delivered": _delivery,
    "message": _message,
}


def _ours(tx: Session, source: Source, order_no: str) -> str:
    order = find_order(tx, order_no)
    if source.customer_no and order.customer_no != source.customer_no:  # as if it were not there
        raise NotFound(f"There is no order {order_no}.", code="order_unknown", next_step="Check the number in the list of orders.")
    return order_no


def _foreign(source: Source) -> Invalid:
    errors = {"customer_no": [f"is not {source.customer_no}"]}
    return Invalid(f"{source.name} orders for {source.customer_no} only.", code="customer_foreign", next_step="Correct it.", errors=errors)


def _read(shape: type[Any], data: Any) -> Any:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise refusal_of(error) from None


def _by(reason: str = "") -> Author:
    return Author(person().name, reason)
