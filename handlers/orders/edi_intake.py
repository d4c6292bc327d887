"""Makes an order of an 850 or ORDERS that was taken on. What is looked up and not found is left to the order desk, never guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from handlers.edi.interchange import X12
from handlers.edi.model import EdiPartner
from handlers.edi.transactions import Told, read_transaction, taken
from handlers.edi.units import code_of_x12, same_unit
from handlers.identifiers import folded, is_gln
from handlers.orders import inbound
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.edi_order import GLN, GTIN, EdiLine, EdiOrder, EdiParty
from handlers.orders.edifact_order import read_edifact_order
from handlers.orders.inbound import Arrival
from handlers.orders.x12_order import read_x12_order
from handlers.parties.master_data import as_ordered, find_customer
from handlers.parties.model import Address
from handlers.rowsets import as_json
from handlers.units import has_code, unit_code
from handlers.values import round4

_LONGEST_REF, _LONGEST_TEXT, _LONGEST_NOTE = 100, 500, 2000
#: A GTIN is filed with 8, 12, 13 or 14 digits: the same number with leading zeros.
_GTIN_LENGTHS: Final = (8, 12, 13, 14)


@dataclass(frozen=True, slots=True)
class Order:
    """The order a document made; `is_new` is false when the document came before, in another interchange."""

    order_no: str
    is_new: bool


def read_order(told: Told) -> EdiOrder:
    """The order of an 850 or ORDERS. Raises Invalid."""
    return read_x12_order(told.transaction) if told.syntax == X12 else read_edifact_order(told.transaction)


def take_in(tx: Session, transaction_id: int) -> Order:
    """Make the order. The same document again, in whatever interchange, answers the first one's order.

    Raises NotFound, Invalid (what no order can be made of), Conflict (the number came before with other content).
    """
    told = read_transaction(tx, transaction_id)
    order = read_order(told)
    partner = told.partner
    sender = f"{partner.their_qualifier}:{partner.their_id}"
    kind = told.transaction.kind
    arrival = Arrival(told.syntax, sender, folded(order.number), kind, order.number, _MEDIA[told.syntax], told.transaction.raw, bytes)
    message_id = inbound.store(tx, arrival)
    if message_id is None:
        known = inbound.find(tx, arrival)
        _refuse_other_content(told, order, known.raw, known.order_no)
        taken(tx, transaction_id, order.number, known.order_no or "")
        return Order(known.order_no or "", is_new=False)
    order_no = create_order(tx, _draft(tx, told, order))
    inbound.accepted(tx, message_id, order_no)
    taken(tx, transaction_id, order.number, order_no)
    return Order(order_no, is_new=True)


_MEDIA: Final = {"X12": "application/edi-x12", "EDIFACT": "application/edifact"}


def _refuse_other_content(told: Told, order: EdiOrder, raw: bytes, order_no: str | None) -> None:
    if _content(raw, told) != _content(told.transaction.raw, told):
        raise Conflict(
            f"{order.number} of {told.partner.name} came before as order {order_no} with other content.",
            code="key_reused",
            next_step="Ask the customer: another order needs a number of its own, a change comes as 860 or ORDCHG.",
        )


def _content(raw: bytes, told: Told) -> list[bytes]:
    """A document without header and trailer: sent again it has other control numbers and says the same."""
    mark = told.separators.segment.encode("latin-1")
    segments = [each.strip() for each in raw.split(mark) if each.strip()]
    return segments[1:-1]


def _draft(tx: Session, told: Told, order: EdiOrder) -> OrderDraft:
    partner = told.partner
    found = _resolve(tx, partner.customer_no, order.lines)
    return OrderDraft(
        customer_no=partner.customer_no,
        customer_po=order.number,
        source=told.syntax,
        source_ref=f"{partner.partner_no}/{folded(order.number)}",
        currency=order.currency,
        channel="EDI",
        requested_date=order.requested_date,
        ordered_on=order.ordered_on,
        ship_to=_ship_to(tx, partner, order.ship_to) if order.ship_to else None,
        stated_total=order.stated_total,
        requester=partner.partner_no,
        lenient=True,
        event={"interchange": told.interchange_id, **({"note": order.note[:_LONGEST_NOTE]} if order.note else {})},
        lines=[_line(line, position, found.get(position), told.syntax) for position, line in enumerate(order.lines, start=1)],
    )


def _line(line: EdiLine, position: int, found: Mapping[str, Any] | None, syntax: str) -> LineDraft:
    named = line.numbers[0].value if line.numbers else line.description
    return LineDraft(
        sku=(found["sku"] if found else named[:_LONGEST_REF]) or f"line {line.buyer_line_no or position}, which names no item",
        qty=line.qty,
        uom=_unit(line.unit, found, syntax),
        unit_price=None if line.unit_price is None else round4(line.unit_price),
        description=line.description[:_LONGEST_TEXT],
        line_no=position,
        buyer_line_no=line.buyer_line_no,
        requested_date=line.requested_date,
    )


def _unit(written: str, found: Mapping[str, Any] | None, syntax: str) -> str:
    """The item's own word for the unit that is meant, where it has one."""
    code = code_of_x12(written) if syntax == X12 else unit_code(written) if has_code(written) else ""
    known = (found["uom"], *found["others"]) if found and code else ()
    return next((each for each in known if same_unit(each, code)), code or written)


def _resolve(tx: Session, customer_no: str, lines: Sequence[EdiLine]) -> dict[int, Mapping[str, Any]]:
    """The item of each line: the first of its numbers that names one, ours before the world's before the buyer's own. One statement."""
    asked = [
        {"line_no": position, "rank": rank, "kind": number.kind, "value": value}
        for position, line in enumerate(lines, start=1)
        for rank, number in enumerate(line.numbers)
        for value in (_spellings(number.value) if number.kind == GTIN else (number.value,))
    ]
    rows = tx.execute(_RESOLVE, {"rows": as_json(asked), "customer": customer_no}).mappings() if asked else ()
    return {row["line_no"]: dict(row) for row in rows}


def _spellings(gtin: str) -> tuple[str, ...]:
    digits = gtin.lstrip("0") if gtin.isdecimal() else gtin
    return (gtin, *(digits.zfill(length) for length in _GTIN_LENGTHS if gtin.isdecimal() and length >= len(digits)))


def _ship_to(tx: Session, partner: EdiPartner, party: EdiParty) -> dict[str, str]:
    """The place: by the partner's code for it, by GLN, else as written. One that nobody knows is left incomplete for the order desk."""
    given = {"partner_no": partner.partner_no, "code": party.code, "customer_no": partner.customer_no}
    address_id = tx.execute(_PLACE, given | {"gln": party.code if party.code_kind == GLN else ""}).scalar() if party.code else None
    if address_id is not None:
        return as_ordered(tx.scalars(select(Address).where(Address.id == address_id)).one())
    country = party.country or find_customer(tx, partner.customer_no).country
    name = party.name or (f"Place {party.code}" if party.code else "")
    gln = party.code if party.code_kind == GLN and is_gln(party.code) else ""
    written = {"street": party.street, "city": party.city, "postal_code": party.postal_code, "region": party.region}
    return {"name": name, "country": country, "gln": gln, **written}


_RESOLVE = text("""
SELECT DISTINCT ON (given.line_no) given.line_no, item.sku, item.uom,
  ARRAY(SELECT unit.uom FROM unit_conversion AS unit WHERE unit.sku = item.sku ORDER BY unit.uom) AS others
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(line_no int, rank int, kind text, value text)
LEFT JOIN customer_item AS own ON own.customer_no = :customer AND own.customer_sku = given.value
JOIN item ON item.sku = given.value OR item.sku = own.sku OR given.kind = 'gtin' AND item.gtin = given.value AND given.value <> ''
ORDER BY given.line_no, given.rank, (item.sku = given.value) DESC, (item.sku = own.sku) DESC NULLS LAST, item.sku
""")
_PLACE = text("""
SELECT id FROM (
  SELECT address_id AS id, 0 AS rank FROM edi_location WHERE partner_no = :partner_no AND code = :code
  UNION ALL
  SELECT id, 1 FROM address WHERE customer_no = :customer_no AND kind = 'SHIP' AND gln = :gln AND :gln <> ''
) AS place ORDER BY rank, id LIMIT 1
""")
