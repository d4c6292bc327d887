"""Makes an order of an 850 or ORDERS that was taken on. What is looked up and not found is left to the order desk, never guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict
from handlers.edi.interchange import X12
from handlers.edi.model import EdiPartner
from handlers.edi.transactions import Told, read_transaction, taken
from handlers.edi.units import code_of_x12, same_unit
from handlers.identifiers import folded, is_gln
from handlers.orders import inbound
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.edi_order import GLN, EdiLine, EdiOrder, EdiParty
from handlers.orders.edi_stores import by_store
from handlers.orders.edifact_order import read_edifact_order
from handlers.orders.inbound import Arrival
from handlers.orders.item_finding import find_items
from handlers.orders.model import SalesOrder
from handlers.orders.x12_order import read_x12_order
from handlers.parties.master_data import as_ordered, find_customer
from handlers.parties.model import Address
from handlers.units import has_code, unit_code
from handlers.values import round4

_LONGEST_REF, _LONGEST_TEXT, _LONGEST_NOTE = 100, 500, 2000


@dataclass(frozen=True, slots=True)
class Order:
    """The orders a document made, one for each place; `is_new` is false when the document came before, in another interchange."""

    order_nos: tuple[str, ...]
    is_new: bool


def read_order(told: Told) -> EdiOrder:
    """The order of an 850 or ORDERS. Raises Invalid."""
    return read_x12_order(told.transaction) if told.syntax == X12 else read_edifact_order(told.transaction)


def take_in(tx: Session, transaction_id: int, *, to_stores: bool = False) -> Order:
    """Make the order, or one for each store that its lines are spread over (see `edi_stores.by_store`).

    The same document again, in whatever interchange, answers the first one's order.

    Raises NotFound, Invalid (what no order can be made of), Conflict (the number came before with other content).
    """
    told = read_transaction(tx, transaction_id)
    order = read_order(told)
    partner = told.partner
    sender = f"{partner.their_qualifier}:{partner.their_id}"
    kind = told.transaction.kind
    arrival = Arrival(told.syntax, sender, folded(order.number), kind, order.number, MEDIA[told.syntax], told.transaction.raw, bytes)
    message_id = inbound.store(tx, arrival)
    if message_id is None:
        known = inbound.find(tx, arrival)
        _refuse_other_content(told, order, known.raw, known.order_no)
        taken(tx, transaction_id, order.number, known.order_no or "")
        return Order((known.order_no or "",), is_new=False)
    order_nos = _create(tx, told, by_store(order, to_stores=to_stores))
    inbound.accepted(tx, message_id, order_nos[0])
    taken(tx, transaction_id, order.number, order_nos[0])
    return Order(order_nos, is_new=True)


def _create(tx: Session, told: Told, orders: Sequence[EdiOrder]) -> tuple[str, ...]:
    """One order of ours for each; of several each knows the number of the first."""
    first = create_order(tx, _draft(tx, told, orders[0], 1))
    if len(orders) == 1:
        return (first,)
    tx.execute(update(SalesOrder).where(SalesOrder.order_no == first).values(split_of=first))
    rest = [create_order(tx, _draft(tx, told, order, place, split_of=first)) for place, order in enumerate(orders[1:], start=2)]
    return (first, *rest)


MEDIA: Final = {"X12": "application/edi-x12", "EDIFACT": "application/edifact"}


def _refuse_other_content(told: Told, order: EdiOrder, raw: bytes, order_no: str | None) -> None:
    if content_of(raw, told) != content_of(told.transaction.raw, told):
        raise Conflict(
            f"{order.number} of {told.partner.name} came before as order {order_no} with other content.",
            code="key_reused",
            next_step="Ask the customer: another order needs a number of its own, a change comes as 860 or ORDCHG.",
        )


def content_of(raw: bytes, told: Told) -> list[bytes]:
    """A document without header and trailer: sent again it has other control numbers and says the same."""
    mark = told.separators.segment.encode("latin-1")
    segments = [each.strip() for each in raw.split(mark) if each.strip()]
    return segments[1:-1]


def _draft(tx: Session, told: Told, order: EdiOrder, place: int, split_of: str = "") -> OrderDraft:
    partner = told.partner
    found = find_items(tx, partner.customer_no, [line.numbers for line in order.lines])
    return OrderDraft(
        customer_no=partner.customer_no,
        customer_po=order.number,
        source=told.syntax,
        source_ref=f"{partner.partner_no}/{folded(order.number)}" + (f"/{place}" if place > 1 else ""),
        split_of=split_of,
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
        uom=unit_meant(line.unit, found, syntax),
        unit_price=None if line.unit_price is None else round4(line.unit_price),
        description=line.description[:_LONGEST_TEXT],
        line_no=position,
        buyer_line_no=line.buyer_line_no,
        requested_date=line.requested_date,
    )


def unit_meant(written: str, found: Mapping[str, Any] | None, syntax: str) -> str:
    """The item's own word for the unit that is meant, where it has one."""
    code = code_of_x12(written) if syntax == X12 else unit_code(written) if has_code(written) else ""
    known = (found["uom"], *found["others"]) if found and code else ()
    return next((each for each in known if same_unit(each, code)), code or written)


def _ship_to(tx: Session, partner: EdiPartner, party: EdiParty) -> dict[str, str]:
    """The place: by the partner's code for it, by GLN, else as written. One that nobody knows is left incomplete for the order desk."""
    known = _known_place(tx, partner, party)
    if known is not None:
        return known
    country = party.country or find_customer(tx, partner.customer_no).country
    name = party.name or (f"Place {party.code}" if party.code else "")
    return {**_written(party), "name": name, "country": country}


def place_named(tx: Session, partner: EdiPartner, party: EdiParty) -> dict[str, str]:
    """The place as far as it is known or written; what is not said of it is left out."""
    known = _known_place(tx, partner, party)
    return known if known is not None else {part: value for part, value in _written(party).items() if value}


def _known_place(tx: Session, partner: EdiPartner, party: EdiParty) -> dict[str, str] | None:
    given = {"partner_no": partner.partner_no, "code": party.code, "customer_no": partner.customer_no}
    address_id = tx.execute(_PLACE, given | {"gln": party.code if party.code_kind == GLN else ""}).scalar() if party.code else None
    return None if address_id is None else as_ordered(tx.scalars(select(Address).where(Address.id == address_id)).one())


def _written(party: EdiParty) -> dict[str, str]:
    parts = ("name", "street", "city", "postal_code", "region", "country")
    gln = party.code if party.code_kind == GLN and is_gln(party.code) else ""
    return {**{part: getattr(party, part) for part in parts}, "gln": gln}


_PLACE = text("""
SELECT id FROM (
  SELECT address_id AS id, 0 AS rank FROM edi_location WHERE partner_no = :partner_no AND code = :code
  UNION ALL
  SELECT id, 1 FROM address WHERE customer_no = :customer_no AND kind = 'SHIP' AND gln = :gln AND :gln <> ''
) AS place ORDER BY rank, id LIMIT 1
""")
