"""Reads an X12 860 purchase order change request into a change. Pure.

POC03 is all that is wanted of the line after the change, as the common guidelines have it; POC04, what is left to receive, is not needed.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from engine.problems import Problem
from handlers.edi.interchange import Segment, Transaction
from handlers.orders.edi_change import ADD, CHANGE, DELETE, EdiChange, EdiChangeLine
from handlers.orders.edi_order import day_of, must, number_of
from handlers.orders.x12_order import PER, item_numbers, place_of, split_x12, wanted_day

_CANCELLATION: Final = "01"
#: BCH01 of a change that says what differs; a replacement (05) does not say what becomes of the lines it leaves out.
_CHANGES: Final = frozenset({"00", "04"})
#: POC02 (element 670): what of the line may differ. Quantity, price, date, item.
_MAY_DIFFER: Final = {
    "QD": "q", "QI": "q", "PC": "p", "PQ": "qp", "PR": "qpd", "RS": "d", "CT": "d", "RB": "d", "RQ": "qd", "CA": "qpdi", "CH": "qpdi",
    "MU": "qpdi", "RE": "qpdi", "RM": "qpdi", "RZ": "qpdi", "SI": "qpdi",
}  # fmt: skip
_NO_CHANGE: Final = "NC"
_FIRST_PAIR: Final = 8


def read_x12_change(transaction: Transaction) -> EdiChange:
    """The change of an 860. Raises Invalid for what nobody can act on by itself, such as a replacement of the whole order."""
    head, lines = split_x12(transaction.segments, "POC")
    bch = next(each for each in head if each.tag == "BCH")
    is_cancellation = bch.get(1) == _CANCELLATION
    must(
        is_cancellation or bch.get(1) in _CHANGES,
        f"The 860 has purpose {bch.get(1)}, which does not say what becomes of the lines that it leaves out.",
        "Settle with the customer what is meant and change the order on its page, or refuse.",
        "edi_purpose",
    )
    return EdiChange(
        number="-".join(each for each in (bch.get(3), bch.get(4)) if each),
        document_no=bch.get(5),
        is_cancellation=is_cancellation,
        lines=() if is_cancellation else tuple(_line(group) for group in lines if group[0].get(2) != _NO_CHANGE),
        requested_date=wanted_day(head),
        ship_to=place_of(head),
        note="\n".join(each.get(1) for each in head if each.tag in {"MSG", "MTX"} and each.get(1)),
    )


def _line(group: Sequence[Segment]) -> EdiChangeLine:
    poc = group[0]
    action = {"AI": ADD, "DI": DELETE}.get(poc.get(2), CHANGE)
    if action == DELETE:
        return EdiChangeLine(buyer_line_no=poc.get(1), action=DELETE)
    may_differ = "qpdi" if action == ADD else _MAY_DIFFER.get(poc.get(2), "")
    schedules = [each for each in group if each.tag == "SCH" and each.get(1)]
    wrong = _unclear(group, may_differ, len(schedules))
    try:
        qty, price = _quantity(poc, schedules, may_differ), _price(poc, may_differ)
    except Problem as problem:
        qty, price, wrong = None, None, problem.detail
    return EdiChangeLine(
        buyer_line_no=poc.get(1),
        action=action,
        qty=qty,
        unit=poc.get(5),
        unit_price=price,
        numbers=item_numbers(poc, _FIRST_PAIR) if "i" in may_differ else (),
        description=" ".join(each.get(5) for each in group if each.tag == "PID" and each.get(5)),
        requested_date=(wanted_day(group) or (day_of(schedules[0].get(6)) if schedules else None)) if "d" in may_differ else None,
        wrong=wrong,
    )


def _unclear(group: Sequence[Segment], may_differ: str, schedules: int) -> str:
    poc = group[0]
    if not may_differ:
        return f"the change {poc.get(2)} is none that we know"
    if any(each.tag == "SDQ" for each in group):
        return "its quantity is spread over several stores (SDQ)"
    if schedules > 1:
        return "it is spread over several dates (SCH)"
    return "it has no quantity (POC03)" if poc.get(2) in {"QD", "QI", "PQ", "AI"} and not (poc.get(3) or schedules) else ""


def _quantity(poc: Segment, schedules: Sequence[Segment], may_differ: str) -> Decimal | None:
    written = poc.get(3) or (schedules[0].get(1) if schedules else "")
    return number_of(written, f"POC line {poc.get(1)} quantity") if written and "q" in may_differ else None


def _price(poc: Segment, may_differ: str) -> Decimal | None:
    if not poc.get(6) or "p" not in may_differ:
        return None
    return number_of(poc.get(6), f"POC line {poc.get(1)} price") / PER.get(poc.get(7), Decimal(1))
