"""Answers each Peppol paper that came with a Message Level Response: taken in, taken in with something to be seen to, or rejected."""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.intake.inbox import Receipt
from engine.problems import Problem
from engine.runtime.state import effects
from engine.runtime.state.effects import Effect
from engine.store.clock import business_today
from handlers.documents.store import save_document
from handlers.orders.inbound import Arrival
from handlers.orders.level_response import (
    ACCEPTED,
    ACKNOWLEDGED,
    REJECTED,
    VIOLATION,
    WARNING,
    LevelResponse,
    LineAnswer,
    write_level_response,
)
from handlers.parties.master_data import company

KIND: Final = "MESSAGE_LEVEL_RESPONSE"
_ADDRESS: Final = re.compile(r"\d{4}:\S{1,100}")


def respond(tx: Session, arrival: Arrival, receipt: Receipt) -> Receipt:
    """Write and send the response, once for each time the paper is interpreted; answers the receipt.

    What came a second time was answered the first time. Who sends or gets no electronic address is answered by the door alone.
    """
    ours = company(tx).peppol_id
    if receipt.status == "DUPLICATE" or not (_ADDRESS.fullmatch(arrival.sender) and _ADDRESS.fullmatch(ours)):
        return receipt
    refusal = receipt.refusal
    lines = _wrong(arrival.doc_type, refusal) if refusal is not None else _unknown(tx, arrival.doc_type, receipt.order_no or "")
    code = REJECTED if refusal is not None else ACKNOWLEDGED if lines else ACCEPTED
    response = LevelResponse(
        response_no=f"MLR-{receipt.message_id}",
        issued_on=business_today(tx),
        sender=ours,
        receiver=arrival.sender,
        about=arrival.doc_no,
        code=code,
        description=f"{refusal.detail} {refusal.next_step}".strip() if refusal is not None else "",
        lines=lines,
    )
    filed_under = receipt.order_no or response.response_no
    document_id = save_document(tx, KIND, filed_under, "application/xml", write_level_response(response))
    payload = {"kind": "message_level_response", "about": arrival.doc_no, "response_code": code, "document_id": document_id}
    effects.record(tx, Effect(f"message_level_response:{receipt.message_id}:{document_id}", "peppol", arrival.sender, payload))
    return receipt


def _wrong(doc_type: str, refusal: Problem) -> Sequence[LineAnswer]:
    told = ((_place(doc_type, field), ", ".join(texts)) for field, texts in (refusal.errors or {}).items())
    return [LineAnswer(where, f"{what} {words}", VIOLATION) for (where, what), words in told]


def _place(doc_type: str, field: str) -> tuple[str, str]:
    """Where a field of ours stands in the paper, and what it is called."""
    parts = field.split(".")
    if parts[0] == "lines" and len(parts) > 1 and parts[1].isdecimal() and parts[1].isascii() and len(parts[1]) <= len("10000"):
        return f"/{doc_type}/OrderLine[{int(parts[1]) + 1}]", " ".join(parts[2:]) or "It"
    return f"/{doc_type}", field


def _unknown(tx: Session, doc_type: str, order_no: str) -> Sequence[LineAnswer]:
    """The lines of an order that name items nobody knows yet: the order desk sees to them."""
    if doc_type != "Order":
        return []
    rows = tx.execute(_UNKNOWN, {"order_no": order_no})
    return [
        LineAnswer(f"/Order/OrderLine[{row.position}]", f"{row.item_ref} is no item that we know; our order desk sees to it.", WARNING)
        for row in rows
    ]


_UNKNOWN = text("""
SELECT position, item_ref FROM (
  SELECT row_number() OVER (ORDER BY line_no) AS position, item_ref, sku FROM order_line WHERE order_no = :order_no
) AS line WHERE sku IS NULL ORDER BY position
""")
