"""The addresses of the channels of intake."""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from hashlib import sha256

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from api.auth.roles import Role
from api.errors import answer
from api.intake.inbox import Receipt, receive, receive_about
from api.intake.level_responses import respond
from api.intake.ordering import take_in
from api.intake.ubl_changes import ask_cancellation, ask_change
from api.intake.ubl_masters import buyer_of, import_masters, numbers_of, sku_of
from api.intake.ubl_order import UblOrder, content_of, read_ubl_cancellation, read_ubl_change, read_ubl_order
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.problems import Problem
from handlers.changes import Author
from handlers.orders import inbound
from handlers.orders.drafts import LineDraft, OrderDraft
from handlers.orders.inbound import Arrival
from handlers.orders.item_finding import find_items
from handlers.values import round4

api = APIBlueprint("intake", __name__, url_prefix="/api/v1/intake", abp_tags=[Tag(name="intake")])

_LONGEST_NOTE = 2000
_XML = "application/xml"
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
        return _unreadable(tx, raw, "Order", problem)
    arrival = Arrival("UBL", order.buyer.endpoint, order.document_no, "Order", order.document_no, _XML, raw, content_of)
    return _answer(respond(tx, arrival, receive(tx, arrival, lambda: _order(tx, order, query))))


@api.post("/ubl-order-changes", responses={202: IntakeOut}, openapi_extensions=_XML_BODY)
@operation(Role.ORDER)
def post_ubl_order_change() -> tuple[IntakeOut, int] | Response:
    """Take in a UBL 2.1 OrderChange (Peppol, T114): what it names of an order is changed by its process, which answers the buyer.

    The same document again changes nothing more. While another change of the order is decided it is refused (409).
    """
    raw = request.get_data()
    tx = transaction()
    try:
        change = read_ubl_change(raw)
    except Problem as problem:
        return _unreadable(tx, raw, "OrderChange", problem)
    arrival = Arrival(
        "UBL", change.buyer.endpoint, f"OrderChange/{change.document_no}", "OrderChange", change.document_no, _XML, raw, content_of
    )
    ask = partial(ask_change, product().runtime, tx, change)
    return _answer(respond(tx, arrival, receive_about(tx, arrival, ask, _accepted_without_version)))


@api.post("/ubl-order-cancellations", responses={202: IntakeOut}, openapi_extensions=_XML_BODY)
@operation(Role.ORDER)
def post_ubl_order_cancellation() -> tuple[IntakeOut, int] | Response:
    """Take in a UBL 2.1 OrderCancellation (Peppol, T115): what has not left of the order is cancelled. Once all has left it is refused."""
    raw = request.get_data()
    tx = transaction()
    try:
        cancellation = read_ubl_cancellation(raw)
    except Problem as problem:
        return _unreadable(tx, raw, "OrderCancellation", problem)
    number = cancellation.document_no
    sender, kind = cancellation.buyer.endpoint, "OrderCancellation"
    arrival = Arrival("UBL", sender, f"{kind}/{number}", kind, number, _XML, raw, content_of)
    ask = partial(ask_cancellation, product().runtime, tx, cancellation)
    return _answer(respond(tx, arrival, receive_about(tx, arrival, ask, _accepted_without_version)))


def _accepted_without_version(tx: Session, message_id: int, order_no: str) -> None:
    inbound.accepted(tx, message_id, order_no, None)


def _unreadable(tx: Session, raw: bytes, kind: str, problem: Problem) -> tuple[IntakeOut, int] | Response:
    kept = Arrival("UBL", person().name, sha256(raw).hexdigest(), kind, "", _XML, raw, bytes)
    return _answer(receive(tx, kept, _refuse(problem)))


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
        import_masters(tx, order, Author(person().name, f"Named by UBL order {order.document_no}"))
    customer_no = buyer_of(tx, order)
    found = find_items(tx, customer_no, [numbers_of(line) for line in order.lines])
    draft = OrderDraft(
        customer_no=customer_no,
        customer_po=order.document_no,
        source="UBL",
        source_ref=f"{order.buyer.endpoint}/{order.document_no}",
        currency=order.currency,
        channel="PEPPOL",
        ordered_on=order.issue_date,
        requested_date=order.requested_date,
        ship_to=_ship_to(order),
        ship_complete=None if all(line.may_come_in_parts for line in order.lines) else True,
        incoterm=order.incoterm,
        stated_total=order.payable,
        requester=person().name,
        lenient=True,
        event={"note": order.note[:_LONGEST_NOTE]} if order.note else {},
        lines=[
            LineDraft(
                sku=found[line.line_no]["sku"] if line.line_no in found else sku_of(line),
                qty=line.quantity,
                uom=line.uom,
                unit_price=None if line.unit_price is None else round4(line.unit_price),
                description=line.name,
                line_no=line.line_no,
                buyer_line_no=line.buyer_line_no,
                requested_date=line.requested_date,
            )
            for line in order.lines
        ],
    )
    return take_in(product().runtime, tx, draft)


def _ship_to(order: UblOrder) -> dict[str, str] | None:
    """Where to: an order that names no delivery party is delivered to its buyer."""
    to = order.deliver_to
    return asdict(replace(to, name=to.name or order.buyer.name)) if to else None
