"""Returns: what may come back of an invoice, and asking for it. What became of a return is its case."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody
from handlers.returns.commands import request_return
from handlers.returns.requests import ReturnRequest
from handlers.returns.views import ReturnableLine, list_returnable

api = APIBlueprint("returns", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="returns")])


class InvoicePath(BaseModel):
    """An invoice in the address."""

    invoice_no: str = Field(max_length=40)


class ReturnIn(DraftBody[ReturnRequest]):
    """What a customer wants to send back."""


class ReturnableOut(RootModel[list[ReturnableLine]]):
    """The lines of an invoice whose goods may come back."""


@api.get("/invoices/<string:invoice_no>/returnable", responses={200: ReturnableOut})
@operation(Role.READ)
def show_returnable(path: InvoicePath) -> ReturnableOut:
    """Say of each line for goods of an invoice how much of it may still come back."""
    return ReturnableOut(list_returnable(transaction(), path.invoice_no))


@api.post("/returns", responses={202: Done})
@operation(Role.ORDER)
def ask_for_return(body: ReturnIn) -> tuple[Done, int]:
    """Ask for a return of goods of a posted invoice; its process decides, receives, inspects, credits and refunds."""
    return Done(id=request_return(product().runtime, transaction(), body.root, person().name), state="requested"), 202
