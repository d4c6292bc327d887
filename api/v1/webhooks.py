"""Webhooks: who is told of which events, what was sent to whom, and the catalogue of all events."""

import json
from datetime import datetime
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.auth.sealing import ring
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody, Listing, Page, ReasonIn, Shape, listed
from handlers.calling import Network, read_networks
from handlers.changes import Author
from handlers.webhooks import catalogue, subscriptions, views
from handlers.webhooks.asyncapi import asyncapi
from handlers.webhooks.subscriptions import Made, SubscriptionDraft
from handlers.webhooks.views import DeliveryShown, SubscriptionShown

api = APIBlueprint("webhooks", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="webhooks")])


class SubscriptionIn(DraftBody[SubscriptionDraft]):
    """An address to tell, and of what: types of the catalogue, `order.*` for all that begin so, `*` for everything."""


class MadeOut(Shape):
    """A subscription with the secret by which its messages are signed: it is shown this once."""

    id: int
    secret: str


class SubscriptionPath(BaseModel):
    """A subscription in the address."""

    subscription_id: int = Field(ge=1, le=2**62)


class DeliveryPath(SubscriptionPath):
    """A message to a subscription in the address."""

    delivery_id: int = Field(ge=1, le=2**62)


class SubscriptionOut(RootModel[SubscriptionShown]):
    """A subscription without its secrets."""


class DeliveryQuery(Listing):
    """Which messages to list: of a state, or all."""

    state: str = Field("", pattern="^(pending|delivered|failed|dropped)?$")


class SinceIn(Shape):
    """Since when."""

    since: datetime


class SentOut(Shape):
    """How many messages are sent again, or let go."""

    messages: int


class EventOut(Shape):
    """A kind of event: the JSON Schema of `data`, and a whole message as an example."""

    type: str
    title: str
    data_schema: dict[str, Any]
    example: dict[str, Any]


def inside() -> tuple[Network, ...]:
    """The parts of our own network that may be called here."""
    return read_networks(product().settings.inside_networks)


@api.get("/webhook-events", responses={200: Page[EventOut]})
@operation(Role.READ)
def list_events() -> Page[EventOut]:
    """List every event that can be subscribed to, with its schema and an example; all in one page."""
    rows = [EventOut(type=each.name, title=each.title, data_schema=each.schema, example=each.message) for each in catalogue.EVENTS]
    return Page(items=rows, next_cursor=None)


@api.get("/asyncapi.json")
@operation(Role.READ)
def describe_events() -> Response:
    """The catalogue of events as AsyncAPI 3.0."""
    return Response(json.dumps(asyncapi(product().settings.site)), mimetype="application/json")


@api.get("/webhooks", responses={200: Page[SubscriptionShown]})
@operation(Role.OPERATE)
def list_all() -> Page[SubscriptionShown]:
    """List who is told of what; all in one page."""
    rows = views.list_subscriptions(transaction())
    return Page(items=rows, next_cursor=None)


@api.post("/webhooks", responses={201: MadeOut})
@operation(Role.ADMINISTER, secret=True, proof=True)
def add(body: SubscriptionIn) -> tuple[MadeOut, int]:
    """Tell an address of events from now on. Addresses in our own network are refused unless a setting allows them."""
    return _made(subscriptions.add(transaction(), body.root, inside(), ring(), _by())), 201


@api.get("/webhooks/<int:subscription_id>", responses={200: SubscriptionOut})
@operation(Role.OPERATE)
def show(path: SubscriptionPath) -> SubscriptionOut:
    """One subscription, without its secret."""
    return SubscriptionOut(views.show_subscription(transaction(), path.subscription_id))


@api.put("/webhooks/<int:subscription_id>", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def change(path: SubscriptionPath, body: SubscriptionIn) -> Done:
    """Tell another address, or of other events; what waits goes to the new address."""
    subscriptions.change(transaction(), path.subscription_id, body.root, inside(), _by())
    return Done(id=str(path.subscription_id), state="changed")


@api.delete("/webhooks/<int:subscription_id>", responses={200: SentOut})
@operation(Role.ADMINISTER, proof=True)
def remove(path: SubscriptionPath) -> SentOut:
    """Tell it nothing any more; answers how many messages were let go that had not been sent."""
    return SentOut(messages=subscriptions.remove(transaction(), path.subscription_id, _by()))


@api.post("/webhooks/<int:subscription_id>/rotate", responses={200: MadeOut})
@operation(Role.ADMINISTER, secret=True, proof=True)
def rotate(path: SubscriptionPath) -> MadeOut:
    """Make a new secret; for a day the one before signs too."""
    return _made(subscriptions.rotate(transaction(), path.subscription_id, ring(), _by()))


@api.post("/webhooks/<int:subscription_id>/ping", responses={202: Done})
@operation(Role.OPERATE)
def ping(path: SubscriptionPath) -> tuple[Done, int]:
    """Send a test."""
    return Done(id=f"msg_{subscriptions.ping(transaction(), path.subscription_id, _by())}", state="pending"), 202


@api.post("/webhooks/<int:subscription_id>/pause", responses={200: Done})
@operation(Role.OPERATE)
def pause(path: SubscriptionPath, body: ReasonIn) -> Done:
    """Send nothing there until it is resumed; what happens is collected."""
    subscriptions.pause(transaction(), path.subscription_id, _by(body.reason))
    return Done(id=str(path.subscription_id), state="paused")


@api.post("/webhooks/<int:subscription_id>/resume", responses={200: Done})
@operation(Role.OPERATE)
def resume(path: SubscriptionPath) -> Done:
    """Send again, also where it was stopped because nothing came through; what was collected goes first."""
    subscriptions.resume(transaction(), path.subscription_id, _by())
    return Done(id=str(path.subscription_id), state="active")


@api.post("/webhooks/<int:subscription_id>/replay", responses={200: SentOut})
@operation(Role.OPERATE)
def replay_failed(path: SubscriptionPath, body: SinceIn) -> SentOut:
    """Send all messages again that were given up and are of that time or later."""
    return SentOut(messages=subscriptions.replay_failed(transaction(), path.subscription_id, body.since, _by()))


@api.get("/webhooks/<int:subscription_id>/deliveries", responses={200: Page[DeliveryShown]})
@operation(Role.OPERATE)
def list_deliveries(path: SubscriptionPath, query: DeliveryQuery) -> Page[DeliveryShown]:
    """List what was sent to a subscription or will be, the latest first."""
    return listed(views.list_deliveries(transaction(), path.subscription_id, query.state, query.asked))


@api.post("/webhooks/<int:subscription_id>/deliveries/<int:delivery_id>/replay", responses={202: Done})
@operation(Role.OPERATE)
def replay(path: DeliveryPath) -> tuple[Done, int]:
    """Send one message again under its id."""
    subscriptions.replay(transaction(), path.subscription_id, path.delivery_id, _by())
    return Done(id=f"msg_{path.delivery_id}", state="pending"), 202


@api.post("/webhooks/<int:subscription_id>/deliveries/<int:delivery_id>/let-go", responses={200: Done})
@operation(Role.OPERATE)
def let_go(path: DeliveryPath, body: ReasonIn) -> Done:
    """Send a message that was given up no more, for a reason."""
    subscriptions.let_go(transaction(), path.subscription_id, path.delivery_id, _by(body.reason))
    return Done(id=f"msg_{path.delivery_id}", state="dropped")


def _by(reason: str = "") -> Author:
    return Author(person().name, reason)


def _made(made: Made) -> MadeOut:
    return MadeOut(id=made.number, secret=made.secret)
