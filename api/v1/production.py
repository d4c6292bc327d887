"""What we make or assemble to order: how, and what is asked of production."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody, Shape
from engine.store.known import refuse_unknown_in
from handlers.catalog.model import Item
from handlers.changes import Author
from handlers.promising import commands
from handlers.promising.production import MadeItemDraft, list_made
from handlers.promising.production_requests import Requested, requests_of

api = APIBlueprint("production", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="stock")])


class MadeItemIn(DraftBody[MadeItemDraft]):
    """How an item is made."""


class OfMadeItem(Shape):
    """Of which item."""

    sku: str = Field(min_length=1, max_length=100)


class MadeItems(BaseModel):
    """How an item is made, by warehouse, and what is asked of production for orders."""

    made: list[MadeItemDraft]
    requests: list[Requested]


@api.get("/made-items", responses={200: MadeItems})
@operation(Role.READ)
def get_made_items(query: OfMadeItem) -> MadeItems:
    """How an item is made, and what of it is to be made for orders."""
    refuse_unknown_in(transaction(), Item.sku, query.sku, "item", "sku")
    return MadeItems(made=list_made(transaction(), query.sku), requests=requests_of(transaction(), query.sku))


@api.put("/made-items", responses={200: Done})
@operation(Role.BUY)
def put_made_item(body: MadeItemIn) -> Done:
    """Say how an item is made: it is promised by what can be made where stock and supply do not suffice."""
    commands.set_made_item(product().runtime, transaction(), body.root, Author(person().name))
    return Done(id=body.root.sku, state="set")
