"""What the warehouse and the carrier tell us: release a group before its day, a delivery."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime

from api.auth.roles import Role
from api.product import product
from api.requests import answered, operation, person, transaction, waiting_operation
from api.v1.shapes import Done, Exact, NumberPath, Page, Shape
from handlers.fulfillment import commands, shipping

api = APIBlueprint("fulfillment", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="fulfilment")])


class DeliveryIn(Shape):
    """The proof of delivery; without a time, now."""

    delivered_at: AwareDatetime | None = None


@api.post("/groups/<number>/release", responses={202: Done})
@operation(Role.SHIP)
def release_group(path: NumberPath) -> tuple[Done, int]:
    """Let a group be picked before its day; holds are still checked."""
    delivery = commands.release_group(product().runtime, transaction(), path.number, person().name)
    return Done(id=path.number, state=delivery.state), 202


class OfferOut(Shape):
    """What a service of the carrier would cost; `days` are working days, where the carrier says so."""

    service: str
    cost: Exact
    currency: str
    days: int | None


@api.get("/shipments/<number>/rates", responses={200: Page[OfferOut]})
@waiting_operation(Role.SEE_COSTS)
def get_rates(path: NumberPath) -> Response:
    """Ask the carrier what a packed shipment would cost, the cheapest first."""
    with product().database.transaction() as tx:
        given, _ = shipping.consignment(tx, path.number)
    offers = commands.ask_rates(product().runtime, given)
    return answered(Page[OfferOut](items=[OfferOut.model_validate(offer) for offer in offers], next_cursor=None))


@api.post("/shipments/<number>/delivery", responses={202: Done})
@operation(Role.SHIP)
def deliver(path: NumberPath, body: DeliveryIn) -> tuple[Done, int]:
    """Record that the customer has the goods; what is billed on delivery is billed now."""
    state = commands.deliver(product().runtime, transaction(), path.number, body.delivered_at, person().name)
    return Done(id=path.number, state=state), 202
