"""Our commercial answer to an order as X12 855 or EDIFACT ORDRSP. Pure: from the answer to segments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.edi.interchange import X12
from handlers.edi.model import EdiPartner
from handlers.edi.naming import ItemNumbers, dtm, edifact_item, n1, nad, x12_item, ymd
from handlers.edi.units import edifact_of, x12_of
from handlers.edi.writing import Row, fitting, number
from handlers.orders.order_response import OrderResponse, ResponseLine

#: BAK02 and BGM 1225 by our answer.
_BAK: Final = {"AP": "AD", "CA": "AC", "RE": "RD"}
_BGM: Final = {"AP": "29", "CA": "4", "RE": "27"}
_ACCEPTED, _CHANGED, _REJECTED = "5", "3", "7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the segments are made of: the answer, when the order was written, the other numbers of its items, and the parties' GLNs."""

    response: OrderResponse
    ordered_on: date
    numbers: Mapping[str, ItemNumbers]
    buyer_gln: str
    seller_gln: str


def kind_of_response(partner: EdiPartner) -> str:
    """What the answer is called in the partner's syntax."""
    return "855" if partner.syntax == X12 else "ORDRSP"


def response_rows(partner: EdiPartner, answer: Answer) -> list[Row]:
    """The answer as segments. Raises Invalid for a unit that X12 has no code for."""
    return _x12(answer) if partner.syntax == X12 else _edifact(partner, answer)


def _x12(answer: Answer) -> list[Row]:
    response = answer.response
    today = ymd(response.issued_on)
    po = response.customer_po or response.order_no
    rows: list[Row] = [
        ("BAK", "00", _BAK[response.code], po, ymd(answer.ordered_on), "", "", "", response.order_no, today),
        ("CUR", "SE", response.currency),
        n1("BY", response.buyer.name, answer.buyer_gln),
        n1("SE", response.seller.name, answer.seller_gln),
    ]
    for line in response.lines:
        unit, price = x12_of(line.uom), number(line.unit_net)
        item = x12_item(line.sku, answer.numbers.get(line.sku))
        rows.append(("PO1", line.order_line_id, number(line.qty), unit, price, "", *item))
        if line.name:
            rows.append(("PID", "F", "", "", "", fitting(line.name, 80)))
        rows += _acks(line, unit)
    return [*rows, ("CTT", str(len(response.lines)))]


def _acks(line: ResponseLine, unit: str) -> list[Row]:
    """ACK by what of the line is promised, what waits, or that it is refused."""
    if line.code == _REJECTED:
        return [("ACK", "IR", number(line.qty), unit)]
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
        *([("FTX", "AAI", "", "", fitting(response.note, 70))] if response.note else []),
        ("RFF", ("ON", fitting(response.customer_po or response.order_no, 35))),
        ("RFF", ("VN", response.order_no)),
        nad("BY", partner, response.buyer.name, answer.buyer_gln),
        nad("SU", partner, response.seller.name, answer.seller_gln),
        ("CUX", ("2", response.currency, "9")),
    ]
    for line in response.lines:
        unit = edifact_of(line.uom)
        rows += edifact_item(line.order_line_id, line.code, line.sku, answer.numbers.get(line.sku))
        if line.name:
            rows.append(("IMD", "F", "", ("", "", "", fitting(line.name, 35))))
        rows.append(("QTY", ("21", number(line.qty), unit)))
        if line.backordered:
            rows.append(("QTY", ("83", number(line.backordered), unit)))
        if line.promised is not None and line.code != _REJECTED:
            rows.append(dtm("69", line.promised))
        rows.append(("PRI", ("AAA", number(line.unit_net))))
    return [*rows, ("UNS", "S"), ("CNT", ("2", str(len(response.lines))))]
