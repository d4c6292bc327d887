"""Reads an EDIFACT ORDERS (D96A, D01B; EANCOM) into an order. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from handlers.edi.interchange import Segment, Transaction
from handlers.orders.edi_order import CODE, GLN, GTIN, OURS, RANK, THEIRS, EdiLine, EdiOrder, EdiParty, ItemNumber, day_of, must, number_of

#: Whose number an item is named by (7143).
_ITEM_NUMBERS: Final = {"SA": OURS, "MF": OURS, "EN": GTIN, "SRS": GTIN, "UP": GTIN, "EU": GTIN, "BP": THEIRS, "IN": THEIRS}
_NO_ITEM: Final = frozenset({"NB", "SN", "PV", "GN", "HS", "CC", "CG"})
#: Which date (2005) says when it shall be there, the surest first.
_WANTED: Final = ("2", "358", "63", "61", "64", "10")
_GS1 = "9"
#: 5125: what price is stated, the surest first.
_PRICES: Final = ("AAA", "INF", "AAB", "AAE", "CAL")
#: 5025: what the customer says it comes to.
_TOTALS: Final = ("86", "128", "9", "77", "79")


def read_edifact_order(transaction: Transaction) -> EdiOrder:
    """The order of an ORDERS. Raises Invalid for what no order can be made of: another function than an original, no lines."""
    head, lines, tail = split_edifact(transaction.segments)
    bgm = next(each for each in head if each.tag == "BGM")
    function = bgm.get(3) or "9"
    must(
        function in {"9", "7"},
        f"The message says {_FUNCTIONS.get(function, f'function {function}')}, it is no new order.",
        "Settle with the customer what is meant; a change of an order comes as ORDCHG.",
        "edi_purpose",
    )
    must(bgm.get(2), "The message has no order number (BGM 1004).", _AGAIN)
    counted = next((each.get(1, 2) for each in tail if each.tag == "CNT" and each.get(1) == "2"), "")
    must(
        not counted or number_of(counted, "CNT") == len(lines),
        f"CNT counts {counted} lines, there are {len(lines)}.",
        _AGAIN,
        "edi_count",
    )
    dates = dates_of(head)
    return EdiOrder(
        number=bgm.get(2),
        ordered_on=dates.get("137") or dates.get("4"),
        currency=next((each.get(1, 2) for each in head if each.tag == "CUX"), ""),
        requested_date=wanted_day(dates),
        ship_to=place_of(head),
        lines=tuple(_line(group) for group in lines),
        stated_total=_total(tail),
        note="\n".join(
            text for each in head if each.tag == "FTX" for text in ["".join(each.repeats(4)[0] if each.repeats(4) else ())] if text
        ),
    )


def split_edifact(segments: Sequence[Segment]) -> tuple[list[Segment], list[list[Segment]], list[Segment]]:
    """The header, the segments of each line, and what follows the lines."""
    head: list[Segment] = []
    lines: list[list[Segment]] = []
    tail: list[Segment] = []
    within = head
    for segment in segments:
        if segment.tag == "LIN" and within is not tail:
            within = []
            lines.append(within)
        elif segment.tag == "UNS" and lines:
            within = tail
        within.append(segment)
    return head, lines, tail


def dates_of(segments: Sequence[Segment]) -> dict[str, date]:
    """The dates that segments say, by their qualifier (2005)."""
    told = [(each.get(1), day_of(_full(each.get(1, 2), each.get(1, 3)))) for each in segments if each.tag == "DTM"]
    return {code: day for code, day in told if day is not None}


def _full(written: str, layout: str) -> str:
    """A date by its format (2379): 101 is YYMMDD, 203 and 204 have a time behind the day, 718 is a period."""
    return written[:6] if layout == "101" else written[:8]


def wanted_day(dates: dict[str, date]) -> date | None:
    """The day by which goods shall be there."""
    return next((dates[code] for code in _WANTED if code in dates), None)


def place_of(head: Sequence[Segment]) -> EdiParty | None:
    """Where the goods shall go, as the header says it."""
    parties = {each.get(1): each for each in reversed(head) if each.tag == "NAD"}
    found = next((parties[code] for code in ("DP", "ST", "UC") if code in parties), None)
    return _party(found) if found is not None else None


def _party(nad: Segment) -> EdiParty:
    lines = [part.strip() for part in (nad.repeats(3)[0] if nad.repeats(3) else ()) if part.strip()]
    streets = [part.strip() for part in (nad.repeats(5)[0] if nad.repeats(5) else ()) if part.strip()]
    return EdiParty(
        name=nad.get(4) or (lines[0] if lines else ""),
        code=nad.get(2),
        code_kind=GLN if nad.get(2, 3) == _GS1 else CODE,
        street=" ".join(streets),
        city=nad.get(6),
        region=nad.get(7),
        postal_code=nad.get(8),
        country=nad.get(9),
    )


def _line(group: Sequence[Segment]) -> EdiLine:
    lin = group[0]
    name = f"LIN {lin.get(1) or '?'}"
    qty = next((each for each in group if each.tag == "QTY" and each.get(1) == "21"), None)
    must(qty is not None and qty.get(1, 2), f"{name} has no ordered quantity (QTY+21).", _AGAIN)
    assert qty is not None  # noqa: S101  # for mypy: just looked at
    return EdiLine(
        buyer_line_no=lin.get(1),
        qty=number_of(qty.get(1, 2), f"{name} quantity"),
        unit=qty.get(1, 3),
        unit_price=price_of(group, name),
        numbers=item_numbers(group),
        description=" ".join(text for each in group if each.tag == "IMD" for text in (each.get(3, 4) + each.get(3, 5),) if text),
        requested_date=wanted_day(dates_of(group)),
    )


def price_of(group: Sequence[Segment], name: str) -> Decimal | None:
    """The price of one unit; None where none is stated. Raises Invalid for what is no number."""
    prices = {each.get(1): each for each in reversed(group) if each.tag == "PRI" and each.get(1, 2)}
    found = next((prices[code] for code in _PRICES if code in prices), None)
    if found is None:
        return None
    basis = number_of(found.get(1, 5) or "1", f"{name} price basis")
    must(basis > 0, f"{name} states a price for {basis} units.", _AGAIN)
    return number_of(found.get(1, 2), f"{name} price") / basis


def item_numbers(group: Sequence[Segment]) -> tuple[ItemNumber, ...]:
    """What the item of a line is named by, the surest number first."""
    lin = group[0]
    pairs = [(lin.get(3, 2) or "EN", lin.get(3))]
    pairs += [(each.get(at, 2), each.get(at)) for each in group if each.tag == "PIA" for at in range(2, 7)]
    found = [ItemNumber(_ITEM_NUMBERS.get(code, THEIRS), value) for code, value in pairs if value and code not in _NO_ITEM]
    return tuple(sorted(found, key=lambda each: RANK[each.kind]))


def _total(tail: Sequence[Segment]) -> Decimal | None:
    amounts = {each.get(1): each.get(1, 2) for each in tail if each.tag == "MOA" and each.get(1, 2)}
    found = next((amounts[code] for code in _TOTALS if code in amounts), "")
    return number_of(found, "MOA total") if found else None


_AGAIN: Final = "Ask the partner to send the order again, corrected."
_FUNCTIONS: Final = {"1": "cancellation", "3": "deletion", "4": "change", "5": "replacement", "31": "copy", "42": "confirmation"}
