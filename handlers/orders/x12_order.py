"""Reads an X12 850 purchase order (004010, 004010VICS, 005010 and older) into an order. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from handlers.edi.interchange import Segment, Transaction
from handlers.orders.edi_order import (
    CODE,
    GLN,
    GTIN,
    OURS,
    RANK,
    THEIRS,
    EdiLine,
    EdiOrder,
    EdiParty,
    ItemNumber,
    StoreQuantity,
    day_of,
    must,
    number_of,
)

#: Whose number an item is named by (element 235); one that is not here is taken for the buyer's.
_ITEM_NUMBERS: Final = {
    "VN": OURS, "VP": OURS, "VA": OURS, "VC": OURS, "SA": OURS, "UP": GTIN, "UI": GTIN, "UK": GTIN, "EN": GTIN, "UA": GTIN, "U2": GTIN,
}  # fmt: skip
#: Pairs behind PO1 that name no item: colours, sizes, contracts, prices.
_NO_ITEM: Final = frozenset({"PR", "RO", "CO", "BO", "IZ", "SZ", "DV", "LT", "SN", "PD", "VE", "CM", "CT", "PO", "GE", "ST", "TP"})
#: Which date (element 374) says when it shall be there, the surest first.
_WANTED: Final = ("002", "106", "074", "067", "063", "010", "037", "038", "001")
#: How many units a price is for (element 639).
PER: Final = {"HP": Decimal(100), "PN": Decimal(10), "TP": Decimal(1000), "HT": Decimal(100)}
_FIRST_PAIR, _PAIRS = 6, 10


def read_x12_order(transaction: Transaction) -> EdiOrder:
    """The order of an 850. Raises Invalid for what no order can be made of: another purpose than a new order, no lines, goods for many."""
    head, lines = split_x12(transaction.segments)
    beg = next(each for each in head if each.tag == "BEG")
    purpose = beg.get(1)
    must(
        purpose in {"00", "06", "07"},
        f"The 850 says {_PURPOSES.get(purpose, f'purpose {purpose}')}, it is no new order.",
        "Settle with the customer what is meant; a change of an order comes as an 860.",
        "edi_purpose",
    )
    tail = lines[-1] if lines else []
    counted = next((each.get(1) for each in tail if each.tag == "CTT"), "")
    held = sum(1 for each in lines if each[0].tag == "PO1")
    must(not counted or number_of(counted, "CTT01") == held, f"CTT01 counts {counted} lines, there are {held}.", _AGAIN, "edi_count")
    numbers = [beg.get(3), beg.get(4)]
    return EdiOrder(
        number="-".join(each for each in numbers if each),
        ordered_on=day_of(beg.get(5)),
        currency=next((each.get(2) for each in head if each.tag == "CUR"), ""),
        requested_date=wanted_day(head),
        ship_to=place_of(head),
        lines=tuple(line for group in lines for line in _line(group)),
        stated_total=next((number_of(each.get(2), "AMT02") for each in tail if each.tag == "AMT" and each.get(1) == "TT"), None),
        note="\n".join(each.get(1) for each in head if each.tag in {"MSG", "MTX"} and each.get(1)),
    )


def split_x12(segments: Sequence[Segment], tag: str = "PO1") -> tuple[list[Segment], list[list[Segment]]]:
    """The header, and the segments of each line, which begins with `tag`; the last has the trailer with it."""
    head: list[Segment] = []
    lines: list[list[Segment]] = []
    for segment in segments:
        if segment.tag == tag:
            lines.append([])
        (lines[-1] if lines else head).append(segment)
    return head, lines


def wanted_day(segments: Sequence[Segment]) -> date | None:
    """The day by which goods shall be there, as segments say it."""
    found = {each.get(1): day_of(each.get(2)) for each in segments if each.tag == "DTM"}
    return next((found[code] for code in _WANTED if found.get(code)), None)


def place_of(head: Sequence[Segment]) -> EdiParty | None:
    """Where the goods shall go, as the header says it."""
    within: list[Segment] = []
    for segment in head:
        if segment.tag == "N1":
            if within:
                break
            within = [segment] if segment.get(1) == "ST" else []
        elif within and segment.tag in {"N2", "N3", "N4"}:
            within.append(segment)
    return _party(within) if within else None


def _party(segments: Sequence[Segment]) -> EdiParty:
    n1 = segments[0]
    n4 = next((each for each in segments if each.tag == "N4"), Segment("N4", (), 0))
    street = " ".join(part for each in segments if each.tag == "N3" for part in (each.get(1), each.get(2)) if part)
    return EdiParty(
        name=n1.get(2),
        code=n1.get(4),
        code_kind=GLN if n1.get(3) == "UL" else CODE,
        street=street,
        city=n4.get(1),
        region=n4.get(2),
        postal_code=n4.get(3),
        country=n4.get(4),
    )


def _line(group: Sequence[Segment]) -> list[EdiLine]:
    po1 = group[0]
    name = f"PO1 line {po1.get(1) or '?'}"
    must(po1.get(2), f"{name} has no quantity.", _AGAIN)
    price = number_of(po1.get(4), f"{name} price") / PER.get(po1.get(5), Decimal(1)) if po1.get(4) else None
    schedules = [each for each in group if each.tag == "SCH" and each.get(1)]
    parts = [(each.get(1), each.get(2) or po1.get(3), day_of(each.get(6))) for each in schedules] or [
        (po1.get(2), po1.get(3), wanted_day(group))
    ]
    stores = tuple(store for each in group if each.tag == "SDQ" for store in _stores(each, name))
    must(not stores or len(parts) == 1, f"{name} is spread over stores (SDQ) and over dates (SCH).", _AGAIN, "edi_store_quantities")
    description = " ".join(each.get(5) for each in group if each.tag == "PID" and each.get(5))
    return [
        EdiLine(
            buyer_line_no=po1.get(1),
            qty=number_of(qty, f"{name} quantity"),
            unit=unit,
            unit_price=price,
            numbers=item_numbers(po1, _FIRST_PAIR),
            description=description,
            requested_date=wanted,
            stores=stores,
        )
        for qty, unit, wanted in parts
    ]


def _stores(sdq: Segment, name: str) -> list[StoreQuantity]:
    """The stores of an SDQ: its qualifier, then up to ten pairs of store and quantity."""
    kind = GLN if sdq.get(2) == "UL" else CODE
    pairs = [(sdq.get(at), sdq.get(at + 1)) for at in range(3, 22, 2) if sdq.get(at)]
    return [StoreQuantity(code=code, code_kind=kind, qty=number_of(qty, f"{name}, store {code}: quantity")) for code, qty in pairs]


def item_numbers(segment: Segment, first: int) -> tuple[ItemNumber, ...]:
    """What an item is named by: ten pairs of qualifier and number from the element `first` on, the surest number first."""
    pairs = [(segment.get(at), segment.get(at + 1)) for at in range(first, first + _PAIRS * 2, 2)]
    found = [ItemNumber(_ITEM_NUMBERS.get(code, THEIRS), value) for code, value in pairs if value and code not in _NO_ITEM]
    return tuple(sorted(found, key=lambda each: RANK[each.kind]))


_AGAIN: Final = "Ask the partner to send the order again, corrected."
_PURPOSES: Final = {"01": "cancellation", "03": "deletion", "04": "change", "05": "replacement", "22": "information copy", "28": "query"}
