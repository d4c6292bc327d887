"""Everything that is open, with what will move it."""

from datetime import datetime
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.requests import operation, transaction
from api.v1.shapes import Listing, Page, Shape, listed
from handlers.open_things import Filter, list_open_things

api = APIBlueprint("open_things", __name__, url_prefix="/api/v1/open-things", abp_tags=[Tag(name="open things")])


class OpenThingsQuery(Listing):
    """Which open things: of a kind, of an order, under a number or business key, only those that nothing will move."""

    kind: str = Field("", max_length=60)
    order_no: str = Field("", max_length=40)
    key: str = Field("", max_length=100)
    ownerless: bool = False


class OpenThingOut(Shape):
    """Something open and what moves it.

    `mover` is task, incident, work, timer, message, running, suspended, hold, schedule, time, or none: nobody owns it.
    """

    kind: str
    number: str
    keys: list[str]
    order_no: str | None
    since: datetime | None
    detail: str | None
    mover: str
    what: str | None
    who: str | None
    due_at: datetime | None
    process_key: str | None
    instance_id: UUID | None


@api.get("")
@operation(Role.READ)
def get_open_things(query: OpenThingsQuery) -> Page[OpenThingOut]:
    """List order lines, invoices, purchase orders, receipts, papers and messages that are open, each with what will move it."""
    wanted = Filter(kind=query.kind, order_no=query.order_no, key=query.key, ownerless=query.ownerless)
    return listed(list_open_things(transaction(), wanted, query.asked).typed(OpenThingOut))
