"""Credit memos and debit notes without goods: what may be adjusted of an invoice, and asking for it."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody
from handlers.billing.adjustments import AdjustableLine, AdjustmentRequest, list_adjustable
from handlers.billing.commands import request_adjustment

api = APIBlueprint("adjustments", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="finance")])


class AdjustedInvoicePath(BaseModel):
    """An invoice in the address."""

    invoice_no: str = Field(max_length=40)


class AdjustmentIn(DraftBody[AdjustmentRequest]):
    """What to credit (kind CM) or charge (kind DM) of the invoice, and why."""


class AdjustableOut(RootModel[list[AdjustableLine]]):
    """The lines of an invoice of which amounts may be credited or charged."""


@api.get("/invoices/<string:invoice_no>/adjustable", responses={200: AdjustableOut})
@operation(Role.READ)
def show_adjustable(path: AdjustedInvoicePath) -> AdjustableOut:
    """Say of each line of a posted invoice how much of it may still be credited."""
    return AdjustableOut(list_adjustable(transaction(), path.invoice_no))


@api.post("/invoices/<string:invoice_no>/adjustments", responses={202: Done})
@operation(Role.COLLECT)
def ask_for_adjustment(path: AdjustedInvoicePath, body: AdjustmentIn) -> tuple[Done, int]:
    """Ask for a credit memo or debit note without goods; who agrees follows from its amount, and never who asked."""
    number = request_adjustment(product().runtime, transaction(), path.invoice_no, body.root, person().name)
    return Done(id=number, state="requested"), 202
