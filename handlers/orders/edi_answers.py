"""Tells a customer what became of a change that came by EDI and has no process of its own: refused, or seen to by a person."""

from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.runtime.state.effects import EffectLedger
from engine.store.clock import business_today
from handlers.edi.outgoing import Paper, target_of, write_paper
from handlers.edi.transactions import Told, read_transaction
from handlers.orders.edi_change import EdiChange, EdiChangeLine
from handlers.orders.edi_change_intake import read_change
from handlers.orders.edi_response import Answer, kind_of_response, response_rows
from handlers.orders.model import SalesOrder
from handlers.orders.order_response import OrderResponse, Party, ResponseLine, refused_line
from handlers.parties.master_data import company, find_customer


def refuse(tx: Session, effects: EffectLedger, transaction_id: int, reason: str) -> None:
    """Refuse what was asked: by 865 or ORDRSP to a partner that wants the answer so, else by mail. Without a reason nothing is sent."""
    told = read_transaction(tx, transaction_id)
    partner = told.partner
    if not reason or not partner.sends_order_response:
        write(tx, effects, transaction_id, reason)
        return
    response = _refusal(tx, told, reason)
    kind = kind_of_response(partner, answers_change=True)
    order = tx.get(SalesOrder, told.reference) if told.reference else None
    customer = find_customer(tx, partner.customer_no)
    answer = Answer(
        response=response,
        ordered_on=order.ordered_on if order is not None else response.issued_on,
        numbers={},
        buyer_gln=customer.gln,
        seller_gln=company(tx).gln,
    )
    rows = response_rows(partner, answer)
    filed = told.reference or f"EDI-{told.interchange_id}"
    paper = Paper(document="ORDER_RESPONSE", kind=kind, number=response.response_no, order_no=told.reference, rows=rows, filed_under=filed)
    sent = write_paper(tx, partner, paper)
    payload = {"kind": "order_response", "order_no": told.reference, "customer_po": told.number, "response_code": "RE", "reason": reason}
    effects.record("edi", target_of(partner), {**payload, **sent.payload(partner, kind)})


def write(tx: Session, effects: EffectLedger, transaction_id: int, answer: str) -> None:
    """Write to the customer in words; an empty text is no letter."""
    if not answer:
        return
    told = read_transaction(tx, transaction_id)
    customer = find_customer(tx, told.partner.customer_no)
    payload = {"order_no": told.reference, "customer_po": told.number, "text": answer}
    effects.record("order_note", customer.email or f"customer {customer.customer_no}", payload)


def _refusal(tx: Session, told: Told, reason: str) -> OrderResponse:
    change = _read(told)
    seller, customer = company(tx), find_customer(tx, told.partner.customer_no)
    return OrderResponse(
        response_no=f"EDI-{told.id}",
        order_no=told.reference,
        customer_po=told.number,
        issued_on=business_today(tx),
        code="RE",
        note=reason,
        currency=customer.currency,
        seller=Party(endpoint=seller.peppol_id, name=seller.name),
        buyer=Party(endpoint=customer.peppol_id, name=customer.name),
        lines=[_line(line) for line in change.lines],
        answers_change=True,
        change_document=change.document_no,
    )


def _read(told: Told) -> EdiChange:
    try:
        return read_change(told)
    except Problem:  # it is refused for that: nothing of its lines is repeated
        return EdiChange(number=told.number, document_no="", is_cancellation=False)


def _line(line: EdiChangeLine) -> ResponseLine:
    item = line.numbers[0].value if line.numbers else ""
    return refused_line(line.buyer_line_no, line.wrong, item=item, qty=line.qty, uom=line.unit)
