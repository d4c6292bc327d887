"""Answers an order version once: the reply is a document, and an effect that carries it to the customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store.clock import business_today
from handlers.documents.store import save_document
from handlers.edi.model import EdiPartner
from handlers.edi.naming import item_numbers
from handlers.edi.outgoing import Paper, target_of, write_paper
from handlers.edi.partners import partner_for
from handlers.orders.edi_response import Answer, kind_of_response, response_rows
from handlers.orders.events import find_order, lines_of, note
from handlers.orders.model import OrderChange, OrderLine, OrderReply, SalesOrder
from handlers.orders.order_response import OrderResponse, Party, ResponseLine, refused_line, write_order_response
from handlers.orders.rules import AnswerLine, line_code, response_code
from handlers.parties.master_data import company, find_customer
from handlers.parties.model import Customer

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What we answered. `is_new` is false when the version had been answered before; without a `target` nobody can be sent it."""

    response_code: str
    document_id: int
    is_new: bool
    channel: str
    target: str
    payload: Mapping[str, Any]


def reply_to(tx: Session, order_no: str, change: OrderChange | None = None) -> Reply:
    """Answer the order's version, which a change may have made; again: the first answer. Raises NotFound."""
    order = find_order(tx, order_no, lock=True)
    customer = find_customer(tx, order.customer_no)
    partner = partner_for(tx, order.customer_no, order_no, "order_response")
    channel, target = _way(customer, partner)
    known = tx.get(OrderReply, (order_no, order.version_no), populate_existing=True)
    if known is not None:
        return Reply(
            response_code=known.response_code, document_id=known.document_id, is_new=False, channel=channel, target=target, payload={}
        )
    lines = _answer(order, lines_of(tx, order_no), _promised(tx, order_no))
    left_out = _left_out(change)
    code = "RE" if order.state == "REJECTED" else response_code([line.code for line in (*lines, *left_out)])
    response = _response(tx, order, customer, code, [*_marked(lines, change), *left_out])
    if change is not None:
        response = replace(response, answers_change=True, change_document=change.asked.get("document_no", ""))
    document_id, told = _write(tx, order, customer, partner, response)
    tx.execute(insert(OrderReply).values(order_no=order_no, version_no=order.version_no, response_code=code, document_id=document_id))
    detail = {"response_code": code, "document_id": document_id, "version_no": order.version_no, "sent_by": channel if target else "nobody"}
    note(tx, order_no, "order_acknowledged", detail=detail)
    payload = {"order_no": order_no, "customer_po": order.customer_po, "response_code": code, "document_id": document_id, **told}
    return Reply(response_code=code, document_id=document_id, is_new=True, channel=channel, target=target, payload=payload)


def reply_to_change(tx: Session, change_no: str) -> Reply | None:
    """Answer a change that is settled: with the order as it is now, or with why it stays as it was. None while it is not settled.

    Again: the first answer. Raises NotFound.
    """
    change = tx.get_one(OrderChange, change_no, populate_existing=True)
    if change.settled_at is None:
        return None
    reply = reply_to(tx, change.order_no, change) if change.state == "APPLIED" else _refusal_of(tx, change)
    written = update(OrderChange).where(OrderChange.change_no == change_no).values(document_id=reply.document_id)
    tx.execute(written.execution_options(synchronize_session=False))
    return reply


def reply_to_cancellation(tx: Session, order_no: str, told: Mapping[str, str]) -> Reply:
    """Answer the cancellation of an order that was answered before: by paper to who is answered by papers, else in words.

    `told` says by line what is cancelled, and why. Raises NotFound.
    """
    order = find_order(tx, order_no, lock=True)
    customer = find_customer(tx, order.customer_no)
    partner = partner_for(tx, order.customer_no, order_no, "order_response")
    channel, target = _way(customer, partner)
    if channel == "mail":
        return Reply(response_code="", document_id=0, is_new=True, channel=channel, target=target, payload=told)
    rows = lines_of(tx, order_no)
    gone = {row.line_no for row in rows if row.qty_cancelled == row.qty_ordered}
    lines = [replace(line, code="7", asked="CANCEL") for line in _answer(order, rows, {}) if line.line_no in gone]
    code = "AP" if len(gone) == len(rows) else "CA"
    number = f"{order_no}-X{tx.execute(_CANCELLATIONS, {'order_no': order_no}).scalar_one()}"
    note = f"Cancelled: {told['cancelled']}."
    response = replace(_response(tx, order, customer, code, lines), response_no=number, note=note, answers_change=True)
    document_id, sent = _write(tx, order, customer, partner, response)
    return Reply(
        response_code=code, document_id=document_id, is_new=True, channel=channel, target=target,
        payload={**told, "response_code": code, "document_id": document_id, **sent},
    )  # fmt: skip


def _refusal_of(tx: Session, change: OrderChange) -> Reply:
    order = find_order(tx, change.order_no, lock=True)
    customer = find_customer(tx, order.customer_no)
    partner = partner_for(tx, order.customer_no, order.order_no, "order_response")
    channel, target = _way(customer, partner)
    if change.document_id is not None:
        return Reply(response_code="RE", document_id=change.document_id, is_new=False, channel=channel, target=target, payload={})
    lines = _refused_lines(_answer(order, lines_of(tx, order.order_no), _promised(tx, order.order_no)), change)
    response = replace(
        _response(tx, order, customer, "RE", [*lines, *_left_out(change)]),
        response_no=change.change_no,
        note=change.answer,
        answers_change=True,
        change_document=change.asked.get("document_no", ""),
    )
    document_id, told = _write(tx, order, customer, partner, response)
    detail = {"response_code": "RE", "document_id": document_id, "change_no": change.change_no, "sent_by": channel if target else "nobody"}
    note(tx, order.order_no, "change_answered", detail=detail)
    payload = {
        "order_no": order.order_no,
        "customer_po": order.customer_po,
        "change_no": change.change_no,
        "response_code": "RE",
        "reason": change.answer,
        "document_id": document_id,
        **told,
    }
    return Reply(response_code="RE", document_id=document_id, is_new=True, channel=channel, target=target, payload=payload)


def _asked_of(change: OrderChange | None) -> dict[int, str]:
    """What a change asks of each line, by its number."""
    asked: dict[int, str] = {}
    for each in change.deltas if change is not None else ():
        if each["line_no"] is not None:
            asked[each["line_no"]] = "SEVERAL" if each["line_no"] in asked else each["kind"]
    return asked


def _marked(lines: Sequence[ResponseLine], change: OrderChange | None) -> list[ResponseLine]:
    """The lines with what was asked of each; a new one stands behind those that were there."""
    asked = _asked_of(change)
    new = sum(1 for each in change.deltas if each["kind"] == "ADD") if change is not None else 0
    known = len(lines) - new
    return [replace(line, asked=asked.get(line.line_no, "ADD" if place >= known else "")) for place, line in enumerate(lines)]


def _refused_lines(lines: Sequence[ResponseLine], change: OrderChange) -> list[ResponseLine]:
    """The lines that a refused change asks something of: what was asked and, where the table of constraints has it, what to do instead."""
    asked = _asked_of(change)
    told: dict[int, list[str]] = {}
    for each in change.deltas:
        told.setdefault(each["line_no"], []).append(f"{each['told']}: {each['instead']}" if each.get("instead") else each["told"])
    return [
        replace(line, code="7", asked=asked[line.line_no], note=". ".join(told[line.line_no])) for line in lines if line.line_no in asked
    ]


def _left_out(change: OrderChange | None) -> list[ResponseLine]:
    rows = change.asked.get("left_out", ()) if change is not None else ()
    return [
        refused_line(
            row["buyer_line_no"], row["reason"], item=row["item"], qty=Decimal(row["qty"]) if row["qty"] else None, uom=row["unit"]
        )
        for row in rows
    ]


def _promised(tx: Session, order_no: str) -> dict[int, Decimal]:
    return {row.order_line_id: row.qty for row in tx.execute(_PROMISED, {"order_no": order_no})}


def _answer(order: SalesOrder, lines: Sequence[OrderLine], promised: Mapping[int, Decimal]) -> list[ResponseLine]:
    answers = []
    for line in lines:
        qty_open = ZERO if order.state == "REJECTED" else line.qty_ordered - line.qty_cancelled
        qty_promised = promised.get(line.id, ZERO)
        code = line_code(
            AnswerLine(
                qty=line.qty_ordered,
                qty_open=qty_open,
                qty_promised=qty_promised,
                requested=line.requested_arrival,
                promised=line.promised_arrival,
                stated_price=line.stated_price,
                unit_net=line.unit_net,
            )
        )
        answers.append(
            ResponseLine(
                line_no=line.line_no,
                order_line_id=line.buyer_line_no or str(line.line_no),
                code=code,
                qty=qty_open or line.qty_ordered,
                uom=line.uom,
                name=line.description,
                sku=line.sku or line.item_ref,
                unit_net=line.unit_net,
                promised=line.promised_arrival,
                backordered=max(ZERO, qty_open - qty_promised),
            )
        )
    return answers


def _way(customer: Customer, partner: EdiPartner | None) -> tuple[str, str]:
    """How the answer goes: by EDI to the partner that wants it so, else by Peppol, else by mail."""
    if partner is not None:
        return "edi", target_of(partner)
    return ("peppol", customer.peppol_id) if customer.peppol_id else ("mail", customer.email)


def _response(tx: Session, order: SalesOrder, customer: Customer, code: str, lines: Sequence[ResponseLine]) -> OrderResponse:
    seller = company(tx)
    today: date = business_today(tx)
    return OrderResponse(
        response_no=f"{order.order_no}-{order.version_no}",
        order_no=order.order_no,
        customer_po=order.customer_po,
        issued_on=today,
        code=code,
        note=order.state_reason,
        currency=order.currency,
        seller=Party(endpoint=seller.peppol_id, name=seller.name),
        buyer=Party(endpoint=customer.peppol_id, name=customer.name),
        lines=lines,
        answers_change=_is_changed(tx, order),
    )


def _is_changed(tx: Session, order: SalesOrder) -> bool:
    """Whether this version of the order was made by a change."""
    made = select(OrderChange.change_no).where(OrderChange.order_no == order.order_no, OrderChange.version_no == order.version_no)
    return tx.scalar(made.limit(1)) is not None


def _write(
    tx: Session, order: SalesOrder, customer: Customer, partner: EdiPartner | None, response: OrderResponse
) -> tuple[int, Mapping[str, Any]]:
    """The paper in the form in which it goes, and what its effect says of that."""
    if partner is None:
        return save_document(tx, "ORDER_RESPONSE", order.order_no, "application/xml", write_order_response(response)), {}
    answer = Answer(
        response=response,
        ordered_on=order.ordered_on,
        numbers=item_numbers(tx, order.customer_no, [line.sku for line in response.lines]),
        buyer_gln=customer.gln,
        seller_gln=company(tx).gln,
        place=order.ship_to if order.split_of else {},
    )
    kind = kind_of_response(partner, answers_change=response.answers_change)
    rows = response_rows(partner, answer)
    paper = Paper(
        document="ORDER_RESPONSE", kind=kind, number=response.response_no, order_no=order.order_no, rows=rows, filed_under=order.order_no
    )
    sent = write_paper(tx, partner, paper)
    return sent.document_id, sent.payload(partner, kind)


_CANCELLATIONS = text("""
SELECT count(*) FROM order_event WHERE order_no = :order_no AND kind IN ('order_cancelled', 'group_cancelled')
""")
_PROMISED = text("""
SELECT order_line_id, sum(qty - qty_cancelled) AS qty FROM fulfil_line
WHERE order_no = :order_no AND group_no IS NOT NULL GROUP BY order_line_id
""")
