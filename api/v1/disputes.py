"""Disputes: what customers do not pay, and why. How one ends is decided in its task."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Exact, NumberPath, Shape
from handlers.receivables import commands, disputes
from handlers.receivables.disputes import DisputeDraft

api = APIBlueprint("disputes", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="finance")])


class DisputeIn(Shape):
    """Why something of an invoice is not paid; without an amount all of it that is open and not disputed.

    `reason` is PRICE, QTY_SHORT, DAMAGE, PROMO, FREIGHT, TAX, RETURN or OTHER.
    """

    reason: str = Field(max_length=40)
    amount: Exact | None = None
    description: str = Field("", max_length=2000)


class DisputeOut(Shape):
    """A dispute as it stands: `open_amount` is what is still open of its amount."""

    dispute_no: str
    invoice_no: str
    customer_no: str
    amount: Exact
    open_amount: Exact
    currency: str
    reason: str
    description: str


@api.post("/invoices/<number>/disputes", responses={201: DisputeOut})
@operation(Role.COLLECT)
def open_dispute(path: NumberPath, body: DisputeIn) -> tuple[DisputeOut, int]:
    """Open a dispute of an invoice: it finds its owner by its reason, and is not reminded of until it ends."""
    draft = DisputeDraft(invoice_no=path.number, reason=body.reason, amount=body.amount, description=body.description)
    number = commands.dispute(product().runtime, transaction(), draft, person().name)
    return DisputeOut.model_validate(disputes.read_dispute(transaction(), number)), 201


@api.get("/disputes/<number>", responses={200: DisputeOut})
@operation(Role.READ)
def show_dispute(path: NumberPath) -> DisputeOut:
    """A dispute as it stands."""
    return DisputeOut.model_validate(disputes.read_dispute(transaction(), path.number))
