"""How our papers name items and parties to a partner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.edi.model import EdiPartner
from handlers.edi.writing import Row, Value, fitting
from handlers.identifiers import is_gln

_GS1, _BUYERS, _SELLERS = "9", "92", "91"
_EAN_QUALIFIER = "14"
_X12_NAME, _EDIFACT_NAME = 60, 35
#: UPC has twelve digits; other lengths have qualifiers of their own (element 235).
_X12_GTIN: Mapping[int, str] = {12: "UP", 13: "EN", 14: "UK", 8: "EN"}


@dataclass(frozen=True, slots=True)
class ItemNumbers:
    """The world's number of an item, and the customer's own; empty where there is none."""

    gtin: str
    theirs: str


def item_numbers(tx: Session, customer_no: str, skus: Iterable[str]) -> dict[str, ItemNumbers]:
    """The other numbers of our items, in one statement."""
    rows = tx.execute(_NUMBERS, {"customer_no": customer_no, "skus": sorted(set(skus))})
    return {row.sku: ItemNumbers(row.gtin, row.theirs) for row in rows}


def x12_item(sku: str, numbers: ItemNumbers | None) -> tuple[str, ...]:
    """The pairs that name an item, behind PO106, IT106 or LIN01."""
    pairs = ["VP", sku]
    if numbers and numbers.theirs:
        pairs += ["BP", numbers.theirs]
    if numbers and numbers.gtin:
        pairs += [_X12_GTIN.get(len(numbers.gtin), "UP"), numbers.gtin]
    return tuple(pairs)


def edifact_item(line_no: str, action: str, sku: str, numbers: ItemNumbers | None) -> list[Row]:
    """LIN and PIA of an item: by GTIN where it has one, and by our and the buyer's number."""
    gtin = numbers.gtin if numbers else ""
    others: list[Value] = [(sku, "SA")]
    if numbers and numbers.theirs:
        others.append((numbers.theirs, "IN"))
    lin: Row = ("LIN", line_no, action, (gtin, "EN") if gtin else (sku, "SA"))
    named = others if gtin else others[1:]
    return [lin, ("PIA", "5" if gtin else "1", *named)] if named else [lin]


def nad(role: str, partner: EdiPartner, name: str, gln: str = "") -> Row:
    """A party of an EDIFACT paper: us (SU, DP of ours) or the partner (BY), by GLN where it has one."""
    is_us = role in {"SU", "SE"}
    qualifier, identifier = (partner.our_qualifier, partner.our_id) if is_us else (partner.their_qualifier, partner.their_id)
    if is_gln(gln) or qualifier == _EAN_QUALIFIER:
        return ("NAD", role, (gln if is_gln(gln) else identifier, "", _GS1))
    return ("NAD", role, (identifier, "", _SELLERS if is_us else _BUYERS), "", fitting(name, _EDIFACT_NAME))


def nad_place(role: str, place: Mapping[str, str]) -> Row:
    """A place of an EDIFACT paper by GLN, name and address."""
    gln = place.get("gln", "")
    parts = [
        fitting(place.get(name, ""), most) for name, most in (("name", 35), ("street", 35), ("city", 35), ("region", 9), ("postal_code", 9))
    ]
    party: Value = (gln, "", _GS1) if gln else ""
    return ("NAD", role, party, "", *parts, place.get("country", ""))


def n1_place(role: str, place: Mapping[str, str]) -> list[Row]:
    """A place of an X12 paper by GLN, name and address."""
    gln = place.get("gln", "")
    named = fitting(place.get("name", ""), _X12_NAME)
    rows: list[Row] = [("N1", role, named, *(("UL", gln) if gln else ()))]
    if place.get("street"):
        rows.append(("N3", fitting(place["street"], 55)))
    if place.get("city"):
        region = place.get("region", "")
        state = region if len(region) == len("CA") else ""
        rows.append(("N4", fitting(place["city"], 30), state, fitting(place.get("postal_code", ""), 15), place.get("country", "")))
    return rows


def n1(role: str, name: str, gln: str = "") -> Row:
    """A party of an X12 paper by name, and by GLN where it has one."""
    return ("N1", role, fitting(name, _X12_NAME), *(("UL", gln) if is_gln(gln) else ()))


def ymd(day: date) -> str:
    """A day as both syntaxes write it."""
    return f"{day:%Y%m%d}"


def dtm(code: str, day: date) -> Row:
    """A date of an EDIFACT paper."""
    return ("DTM", (code, ymd(day), "102"))


_NUMBERS = text("""
SELECT item.sku, item.gtin, coalesce((SELECT min(own.customer_sku) FROM customer_item AS own
  WHERE own.sku = item.sku AND own.customer_no = :customer_no), '') AS theirs
FROM item WHERE item.sku = ANY(:skus)
""")
