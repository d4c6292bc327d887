"""What an 860 or ORDCHG asks of an order, in words a person at the order desk can act on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.edi.interchange import X12, Segment, Transaction
from handlers.edi.transactions import numbered, read_transaction

#: POC02 (element 670).
_X12_CHANGES: Final = {
    "AI": "add", "DI": "delete", "QD": "less of", "QI": "more of", "PC": "another price for", "PQ": "another price and quantity for",
    "RS": "another date for", "RE": "replace", "CA": "change", "CT": "another date for", "NC": "no change of",
}  # fmt: skip
#: 1229, what is asked of a line.
_EDIFACT_CHANGES: Final = {
    "1": "add",
    "2": "delete",
    "3": "change",
    "4": "no change of",
    "5": "take as it is",
    "6": "replace",
    "7": "replace",
}
_CANCELLATIONS: Final = frozenset({"1", "01"})
_MOST_WORDS: Final = 4000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked. `order_no` is empty where no order of the customer has the number."""

    order_no: str
    customer_po: str
    customer_name: str
    is_cancellation: bool
    asks: str


def read_change(tx: Session, transaction_id: int) -> Asked:
    """What a change asks, and of which order. Raises NotFound."""
    told = read_transaction(tx, transaction_id)
    read = _of_x12 if told.syntax == X12 else _of_edifact
    number, purpose = _x12_head(told.transaction) if told.syntax == X12 else _edifact_head(told.transaction)
    order_no = tx.execute(_ORDER_OF, {"customer_no": told.partner.customer_no, "number": number}).scalar_one_or_none() or ""
    is_cancellation = purpose in _CANCELLATIONS
    words = ["Cancel the whole order." if is_cancellation else "", *read(told.transaction)]
    numbered(tx, transaction_id, number, order_no)
    asks = "\n".join(each for each in words if each)[:_MOST_WORDS] or "The message names no line; look at it in the EDI inbox."
    return Asked(order_no, number, told.partner.name, is_cancellation, asks)


def _x12_head(transaction: Transaction) -> tuple[str, str]:
    bch = transaction.first("BCH")
    return ("-".join(each for each in (bch.get(3), bch.get(4)) if each), bch.get(1)) if bch else ("", "")


def _edifact_head(transaction: Transaction) -> tuple[str, str]:
    bgm = transaction.first("BGM")
    order = next((each.get(1, 2) for each in transaction.all("RFF") if each.get(1) == "ON"), "")
    return (order or (bgm.get(2) if bgm else ""), bgm.get(3) if bgm else "")


def _of_x12(transaction: Transaction) -> Iterator[str]:
    for segment in transaction.segments:
        if segment.tag == "POC":
            yield _x12_line(segment)
        elif segment.tag == "DTM":
            yield f"Date {segment.get(1)}: {segment.get(2)}"
        elif segment.tag in {"MSG", "MTX"} and segment.get(1):
            yield segment.get(1)


def _x12_line(poc: Segment) -> str:
    what = _X12_CHANGES.get(poc.get(2), f"change {poc.get(2)} of")
    item = next((poc.get(at) for at in range(9, 26, 2) if poc.get(at)), "")
    amounts = [f"quantity {poc.get(3)} {poc.get(5)}".strip() if poc.get(3) else "", f"by {poc.get(4)}" if poc.get(4) else ""]
    amounts.append(f"price {poc.get(6)}" if poc.get(6) else "")
    return _sentence(poc.get(1), what, item, amounts)


def _sentence(line: str, what: str, item: str, amounts: list[str]) -> str:
    told = ", ".join(each for each in amounts if each)
    return f"Line {line or '?'}: {what} {item or 'the item'}" + (f" ({told})" if told else "")


def _of_edifact(transaction: Transaction) -> Iterator[str]:
    line: Segment | None = None
    amounts: list[str] = []
    for segment in transaction.segments:
        if segment.tag in {"LIN", "UNS", "UNT"}:
            if line is not None:
                yield _sentence(line.get(1), _EDIFACT_CHANGES.get(line.get(2), "change"), line.get(3), amounts)
            line, amounts = (segment, []) if segment.tag == "LIN" else (None, [])
        elif line is not None and segment.tag in {"QTY", "PRI"} and segment.get(1, 2):
            name = "quantity" if segment.tag == "QTY" else "price"
            amounts.append(f"{name} {segment.get(1, 2)} {segment.get(1, 3) if name == 'quantity' else ''}".strip())
        elif segment.tag == "DTM" and segment.get(1) != "137":
            told = f"date {segment.get(1)}: {segment.get(1, 2)}"
            if line is None:
                yield told.capitalize()
            amounts.append(told)
        elif segment.tag == "FTX":
            yield "".join(segment.repeats(4)[0]) if segment.repeats(4) else ""


_ORDER_OF = text("""
SELECT order_no FROM sales_order WHERE customer_no = :customer_no AND folded(customer_po) = folded(:number) AND :number <> ''
ORDER BY (state = 'REJECTED'), order_no DESC LIMIT 1
""")
