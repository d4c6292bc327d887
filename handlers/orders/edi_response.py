"""Our commercial answer to an order as X12 855, to a change of one as 865, to both as EDIFACT ORDRSP. Pure: from the answer to segments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from textwrap import wrap
from typing import Final

from handlers.edi.interchange import X12
from handlers.edi.model import EdiPartner
from handlers.edi.naming import ItemNumbers, dtm, edifact_item, n1, n1_place, nad, x12_item, ymd
from handlers.edi.units import edifact_of, x12_of
from handlers.edi.writing import Row, fitting, number
from handlers.orders.order_response import OrderResponse, ResponseLine

#: BAK02 and BGM 1225 by our answer.
_BAK: Final = {"AP": "AD", "CA": "AC", "RE": "RD"}
_BGM: Final = {"AP": "29", "CA": "4", "RE": "27"}
_ACCEPTED, _CHANGED, _REJECTED = "5", "3", "7"
#: POC02 by what the change asks of the line.
_POC: Final = {
    "LESS": "QD", "MORE": "QI", "CANCEL": "DI", "ADD": "AI", "ITEM": "SI", "DATE": "RS", "PRICE": "PC", "SEVERAL": "CA",
}  # fmt: skip
_TAKEN_OFF: Final = "CANCEL"
_DELETED: Final = "2"
#: BCH05 and BCA05 hold so much; a longer number is not ours to cut.
_LONGEST_SEQUENCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the segments are made of: the answer, when the order was written, the other numbers of its items, and the parties' GLNs."""

    response: OrderResponse
    ordered_on: date
    numbers: Mapping[str, ItemNumbers]
    buyer_gln: str
    seller_gln: str
    #: Where it goes, of an order that is one of several for one purchase order; else empty.
    place: Mapping[str, str] = field(default_factory=dict)


def kind_of_response(partner: EdiPartner, *, answers_change: bool) -> str:
    """What the answer is called in the partner's syntax."""
    return ("865" if answers_change else "855") if partner.syntax == X12 else "ORDRSP"


def response_rows(partner: EdiPartner, answer: Answer) -> list[Row]:
    """The answer as segments. Raises Invalid for a unit that X12 has no code for."""
    if partner.syntax != X12:
        return _edifact(partner, answer)
    return _865(answer) if answer.response.answers_change else _x12(answer)


def _x12(answer: Answer) -> list[Row]:
    response = answer.response
    today = ymd(response.issued_on)
    po = response.customer_po or response.order_no
    rows: list[Row] = [
        ("BAK", "00", _BAK[response.code], po, ymd(answer.ordered_on), "", "", "", response.order_no, today),
        ("CUR", "SE", response.currency),
        n1("BY", response.buyer.name, answer.buyer_gln),
        n1("SE", response.seller.name, answer.seller_gln),
        *(n1_place("ST", answer.place) if answer.place else []),
    ]
    for line in response.lines:
        unit, price = x12_of(line.uom), number(line.unit_net)
        item = x12_item(line.sku, answer.numbers.get(line.sku))
        rows.append(("PO1", line.order_line_id, number(line.qty), unit, price, "", *item))
        if line.name:
            rows.append(("PID", "F", "", "", "", fitting(line.name, 80)))
        rows += _acks(line, unit)
    return [*rows, ("CTT", str(len(response.lines)))]


def _865(answer: Answer) -> list[Row]:
    response = answer.response
    today, po = ymd(response.issued_on), response.customer_po or response.order_no
    asked = response.change_document if len(response.change_document) <= _LONGEST_SEQUENCE else ""
    rows: list[Row] = [
        ("BCA", "00", _BAK[response.code], po, "", asked, ymd(answer.ordered_on), "", "", response.order_no, today),
        ("CUR", "SE", response.currency),
        *[("REF", "ZZ", "", part) for part in _parts(response.note, 80, 11)],
        n1("BY", response.buyer.name, answer.buyer_gln),
        n1("SE", response.seller.name, answer.seller_gln),
    ]
    for line in response.lines:
        unit = _x12_unit(line)
        amount = (number(line.qty), "", unit, number(line.unit_net)) if line.line_no else (number(line.qty) if line.qty else "",)
        item = x12_item(line.sku, answer.numbers.get(line.sku)) if line.line_no else ()
        rows.append(("POC", line.order_line_id, _POC.get(line.asked, "NC" if line.line_no else "CA"), *_pairs_behind(amount, item)))
        rows += _acks(line, unit)
        rows += [("REF", "ZZ", "", part) for part in _parts(line.note, 80, 12)]
    return [*rows, ("CTT", str(len(response.lines)))]


def _pairs_behind(amount: Row, item: Row) -> Row:
    """POC03 to POC06, then POC07, then the pairs."""
    return (*amount, *[""] * (5 - len(amount)), *item) if item else amount


def _x12_unit(line: ResponseLine) -> str:
    """The unit of a line; of one that was refused as it was written, what it was written in."""
    return x12_of(line.uom) if line.line_no else line.uom


def _parts(written: str, longest: int, most: int) -> list[str]:
    """A text in as many parts as it takes; what is longer than all of them ends in dots."""
    parts = wrap(" ".join(written.split()), longest)
    return [*parts[: most - 1], f"{parts[most - 1][: longest - 3]}..."] if len(parts) > most else parts


def _acks(line: ResponseLine, unit: str) -> list[Row]:
    """ACK by what of the line is promised, what waits, or that it is refused."""
    if line.code == _REJECTED:
        status = "ID" if line.asked == _TAKEN_OFF and not line.note else "IR"
        return [("ACK", status, number(line.qty), unit)] if unit else [("ACK", status)]
    promised = line.qty - line.backordered
    rows: list[Row] = []
    if promised > 0:
        status = "IA" if line.code == _ACCEPTED else "IQ" if line.backordered else "IC"
        when = ("067", ymd(line.promised)) if line.promised else ()
        rows.append(("ACK", status, number(promised), unit, *when))
    if line.backordered:
        rows.append(("ACK", "IB", number(line.backordered), unit))
    return rows


def _edifact(partner: EdiPartner, answer: Answer) -> list[Row]:
    response = answer.response
    rows: list[Row] = [
        ("BGM", "231", response.response_no, _BGM[response.code]),
        dtm("137", response.issued_on),
        *_texts("AAI", response.note),
        ("RFF", ("ON", fitting(response.customer_po or response.order_no, 35))),
        *([("RFF", ("VN", response.order_no))] if response.order_no else []),
        *([("RFF", ("PP", fitting(response.change_document, 35)))] if response.change_document else []),
        nad("BY", partner, response.buyer.name, answer.buyer_gln),
        nad("SU", partner, response.seller.name, answer.seller_gln),
        ("CUX", ("2", response.currency, "9")),
    ]
    for line in response.lines:
        unit = edifact_of(line.uom) if line.line_no else line.uom
        if not line.sku:
            rows += [("LIN", line.order_line_id, line.code), *_texts("AAO", line.note)]
            continue
        rows += edifact_item(line.order_line_id, _action(line), line.sku, answer.numbers.get(line.sku))
        if line.name:
            rows.append(("IMD", "F", "", ("", "", "", fitting(line.name, 35))))
        if line.qty:
            rows.append(("QTY", ("21", number(line.qty), unit)))
        if line.backordered:
            rows.append(("QTY", ("83", number(line.backordered), unit)))
        if line.promised is not None and line.code != _REJECTED:
            rows.append(dtm("69", line.promised))
        rows += _texts("AAO", line.note)
        if line.line_no:
            rows.append(("PRI", ("AAA", number(line.unit_net))))
    return [*rows, ("UNS", "S"), ("CNT", ("2", str(len(response.lines))))]


def _action(line: ResponseLine) -> str:
    """1229: what became of the line; one that is taken off as asked is deleted, not refused."""
    return _DELETED if line.asked == _TAKEN_OFF and not line.note else line.code


def _texts(subject: str, written: str) -> list[Row]:
    """A text in up to five parts of 70 characters."""
    parts = _parts(written, 70, 5)
    return [("FTX", subject, "", "", tuple(parts))] if parts else []
