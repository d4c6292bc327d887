"""Reads an EDIFACT ORDCHG (D96A, D01B; EANCOM) into a change. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from engine.problems import Problem
from handlers.edi.interchange import Segment, Transaction
from handlers.orders.edi_change import ADD, CHANGE, DELETE, EdiChange, EdiChangeLine
from handlers.orders.edi_order import must, number_of
from handlers.orders.edifact_order import dates_of, item_numbers, place_of, price_of, split_edifact, wanted_day

#: BGM 1225: what the message does; a replacement (5) does not say what becomes of the lines it leaves out.
_CANCELLATION, _CHANGES = "1", frozenset({"4", "9", ""})
#: LIN 1229: what is asked of the line.
_ACTIONS: Final = {"1": ADD, "2": DELETE, "3": CHANGE, "": CHANGE}
_NO_ACTION: Final = frozenset({"4", "5"})


def read_edifact_change(transaction: Transaction) -> EdiChange:
    """The change of an ORDCHG. Raises Invalid for what nobody can act on by itself, such as a replacement of the whole order."""
    head, lines, _ = split_edifact(transaction.segments)
    bgm = next(each for each in head if each.tag == "BGM")
    is_cancellation = bgm.get(3) == _CANCELLATION
    must(
        is_cancellation or bgm.get(3) in _CHANGES,
        f"The ORDCHG has function {bgm.get(3)}, which does not say what becomes of the lines that it leaves out.",
        "Settle with the customer what is meant and change the order on its page, or refuse.",
        "edi_purpose",
    )
    ordered = next((each.get(1, 2) for each in head if each.tag == "RFF" and each.get(1) == "ON"), "")
    words = ["".join(each.repeats(4)[0]) for each in head if each.tag == "FTX" and each.repeats(4)]
    return EdiChange(
        number=ordered or bgm.get(2),
        document_no=bgm.get(2) if ordered and bgm.get(2) != ordered else "",
        is_cancellation=is_cancellation,
        lines=() if is_cancellation else tuple(_line(group) for group in lines if group[0].get(2) not in _NO_ACTION),
        requested_date=wanted_day(dates_of(head)),
        ship_to=place_of(head),
        note="\n".join(each for each in words if each),
    )


def _line(group: Sequence[Segment]) -> EdiChangeLine:
    lin = group[0]
    action = _ACTIONS.get(lin.get(2))
    if action == DELETE:
        return EdiChangeLine(buyer_line_no=lin.get(1), action=DELETE)
    qty = next((each for each in group if each.tag == "QTY" and each.get(1) == "21"), None)
    wrong = "" if action else f"the action {lin.get(2)} is none that we know"
    if action == ADD and qty is None:
        wrong = "it has no ordered quantity (QTY+21)"
    amount: Decimal | None = None
    price: Decimal | None = None
    try:
        amount = number_of(qty.get(1, 2), f"LIN {lin.get(1)} quantity") if qty is not None else None
        price = price_of(group, f"LIN {lin.get(1)}")
    except Problem as problem:
        wrong = problem.detail
    return EdiChangeLine(
        buyer_line_no=lin.get(1),
        action=action or CHANGE,
        qty=amount,
        unit=qty.get(1, 3) if qty is not None else "",
        unit_price=price,
        numbers=item_numbers(group),
        description=" ".join(text for each in group if each.tag == "IMD" for text in (each.get(3, 4) + each.get(3, 5),) if text),
        requested_date=wanted_day(dates_of(group)),
        wrong=wrong,
    )
