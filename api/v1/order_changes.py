"""Changes of an order: what one would come to, its cost first, and asking for it."""

from dataclasses import asdict
from datetime import date
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.orders import AddressIn
from api.v1.shapes import Exact, NumberPath, Shape, as_sent
from handlers.orders.change_orders import Assessment, told
from handlers.orders.change_requests import ChangeDraft, LineChange, preview_change, refuse_impossible, request_change

api = APIBlueprint("order-changes", __name__, url_prefix="/api/v1/orders", abp_tags=[Tag(name="orders")])


class LineChangeIn(Shape):
    """A line to change, by our number or your own; with `add` a new one, with `remove` it is taken off. What is not named stays.

    `quantity` is all that is wanted of the line, what has left included.
    """

    line_no: int | None = Field(None, ge=1, le=2_000_000_000)
    buyer_line_no: str = Field("", max_length=100)
    sku: str = Field("", max_length=100)
    quantity: Exact | None = None
    uom: str = Field("", max_length=20)
    unit_price: Exact | None = None
    requested_date: date | None = None
    add: bool = False
    remove: bool = False


class ChangeIn(Shape):
    """A change of an order. `reference` is your own number of it: sent again it is the same change."""

    lines: list[LineChangeIn] = Field(default_factory=list, max_length=10_000)
    ship_to: AddressIn | None = None
    requested_date: date | None = None
    reason: str = Field("", max_length=2000)
    reference: str = Field("", max_length=100)


class DeltaOut(Shape):
    """One thing that changes, at the stage it has reached: whether it is possible, its cost in points, what is undone, what else to do."""

    line_no: int | None
    kind: str
    stage: str
    what: str
    allowed: bool
    cost: Exact
    undo: str
    instead: str


class AssessmentOut(Shape):
    """What a change would come to; nothing is changed by asking."""

    possible: bool
    cost: Exact
    currency: str
    gross_before: Exact
    gross_after: Exact
    changes: list[DeltaOut]


class ChangeAsked(Shape):
    """The change's number; its process decides on it."""

    change_no: str


@api.post("/<number>/changes/preview", responses={200: AssessmentOut})
@operation(Role.ORDER)
def preview(path: NumberPath, body: ChangeIn) -> AssessmentOut:
    """Say what a change would come to: each difference with its cost at the stage it has reached, and the order's total afterwards."""
    with named_as_sent():
        return _out(preview_change(transaction(), drafted(path.number, body, person().name)))


@api.post("/<number>/changes", responses={202: ChangeAsked})
@operation(Role.ORDER)
def ask(path: NumberPath, body: ChangeIn) -> tuple[ChangeAsked, int]:
    """Ask for a change. What has gone too far is refused at once, with what to do instead; one change of an order is decided at a time."""
    draft = drafted(path.number, body, person().name)
    with named_as_sent():
        if not draft.source_ref:
            refuse_impossible(preview_change(transaction(), draft))
        return ChangeAsked(change_no=request_change(product().runtime, transaction(), draft)), 202


def named_as_sent() -> Any:
    """Refusals of a change name its fields as the body does."""
    return as_sent((r"^(lines\.\d+)\.qty$", r"\1.quantity"))


def drafted(order_no: str, body: ChangeIn, requested_by: str) -> ChangeDraft:
    """The change that a body asks for."""
    lines = []
    for line in body.lines:
        given: dict[str, Any] = line.model_dump(exclude={"quantity", "requested_date"})
        lines.append(LineChange(**given, qty=line.quantity, requested=line.requested_date))
    return ChangeDraft(
        order_no=order_no,
        lines=lines,
        ship_to=body.ship_to.model_dump() if body.ship_to else None,
        requested=body.requested_date,
        reason=body.reason,
        channel="API",
        source_ref=body.reference,
        requested_by=requested_by,
    )


def _out(found: Assessment) -> AssessmentOut:
    changes = [
        DeltaOut(line_no=each.delta.line_no, kind=each.delta.kind, stage=each.delta.stage, what=told(each.delta), **asdict(each.ruling))
        for each in found.judged
    ]
    return AssessmentOut(
        possible=not found.refusals,
        cost=found.cost,
        currency=found.currency,
        gross_before=found.gross_before,
        gross_after=found.gross_after,
        changes=changes,
    )
