"""The addresses of the channels of intake."""

from collections.abc import Callable
from dataclasses import asdict, replace
from hashlib import sha256

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from api.auth.roles import Role
from api.errors import answer
from api.intake.inbox import Receipt, receive
from api.intake.ordering import take_in
from api.intake.ubl_masters import buyer_of, import_masters, sku_of
from api.intake.ubl_order import UblOrder, content_of, read_ubl_order
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.problems import Problem
from handlers.orders.drafts import LineDraft, OrderDraft
from handlers.orders.inbound import Arrival
from handlers.values import round4

api = APIBlueprint("intake", __name__, url_prefix="/api/v1/intake", abp_tags=[Tag(name="intake")])

_XML_BODY = {"requestBody": {"required": True, "content": {"application/xml": {"schema": {"type": "string", "format": "binary"}}}}}


class UblQuery(Shape):
    """Whether to import the buyer, items and prices that the order names and we do not know."""

    create_missing: bool = False


class IntakeOut(Shape):
    """What became of a document."""

    message_id: int
    status: str
    order_no: str | None


@api.post("/ubl-orders", responses={202: IntakeOut}, openapi_extensions=_XML_BODY)
@operation(Role.ORDER)
def post_ubl_order(query: UblQuery) -> tuple[IntakeOut, int] | Response:
    """Take in a UBL 2.1 order (Peppol BIS Ordering 3). The same document again answers the first one's order."""
    raw = request.get_data()
    tx = transaction()
    try:
        order = read_ubl_order(raw)
    except Problem as problem:
        unreadable = Arrival("UBL", person().name, sha256(raw).hexdigest(), "Order", "", "application/xml", raw, bytes)
        return _answer(receive(tx, unreadable, _refuse(problem)))
    arrival = Arrival("UBL", order.buyer.endpoint, order.document_no, "Order", order.document_no, "application/xml", raw, content_of)
    return _answer(receive(tx, arrival, lambda: _order(tx, order, query)))


def _answer(receipt: Receipt) -> tuple[IntakeOut, int] | Response:
    if receipt.refusal is not None:
        return answer(receipt.refusal)
    return IntakeOut(message_id=receipt.message_id, status=receipt.status, order_no=receipt.order_no), 202


def _refuse(problem: Problem) -> Callable[[], str]:
    def refuse() -> str:
        raise problem

    return refuse


def _order(tx: Session, order: UblOrder, query: UblQuery) -> str:
    if query.create_missing:
        import_masters(tx, order)
    draft = OrderDraft(
        customer_no=buyer_of(tx, order),
        customer_po=order.document_no,
        source="UBL",
        source_ref=f"{order.buyer.endpoint}/{order.document_no}",
        currency=order.currency,
        channel="PEPPOL",
        requested_date=order.requested_date,
        ship_to=_ship_to(order),
        stated_total=order.payable,
        requester=person().name,
        lines=[
            LineDraft(
                sku=sku_of(line),
                qty=line.quantity,
                uom=line.uom,
                unit_price=None if line.unit_price is None else round4(line.unit_price),
                description=line.name,
                line_no=line.line_no,
                buyer_line_no=line.buyer_line_no,
            )
            for line in order.lines
        ],
    )
    return take_in(product().runtime, tx, draft)


def _ship_to(order: UblOrder) -> dict[str, str] | None:
    """Where to: an order that names no delivery party is delivered to its buyer."""
    to = order.deliver_to
    return asdict(replace(to, name=to.name or order.buyer.name)) if to else None
