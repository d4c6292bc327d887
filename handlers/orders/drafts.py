"""Creates orders from any source. The same source and reference never make two orders; nothing is written when anything is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound, TooLarge
from engine.store import json_text
from handlers.catalog.rules import PROMISED
from handlers.countries import COUNTRIES, COUNTRY_WANTED
from handlers.documents.numbers import next_number
from handlers.orders.events import note
from handlers.orders.model import OrderLine, SalesOrder
from handlers.orders.rules import PIECES
from handlers.parties.model import Customer
from handlers.parties.register import ADDRESS_PARTS, default_address, find_customer
from handlers.rowsets import as_json, insert_rows
from handlers.values import currency_code, exact, not_negative, positive, round4

ZERO = Decimal(0)
MOST_LINES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """A line to order. `sku` may be our number, the customer's own, or a GTIN; `uom` empty is the item's unit.

    `unit_price` is the price the customer states; `fixed_unit_net` a price that was promised (a quote's) and is not worked out anew.
    """

    sku: str
    qty: Decimal
    line_no: int | None = None
    uom: str = ""
    description: str = ""
    unit_price: Decimal | None = None
    discount_pct: Decimal = ZERO
    fixed_unit_net: Decimal | None = None
    requested_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """An order to create. What is left empty comes from the customer.

    `source_ref` is the key under which the source knows it. A `lenient` draft keeps unknown items, currencies and countries as issues
    for the order desk to repair, as intake needs; otherwise they are refused. Without `freight` our rates give it; an order with promised
    prices has the freight it states, or none.
    """

    customer_no: str
    lines: Sequence[LineDraft]
    source: str = "API"
    source_ref: str | None = None
    customer_po: str = ""
    currency: str = ""
    channel: str = ""
    order_type: str = "STANDARD"
    ship_to: Mapping[str, str] | None = None
    bill_to: Mapping[str, str] | None = None
    requested_date: date | None = None
    ordered_on: date | None = None
    ship_complete: bool | None = None
    incoterm: str = ""
    stated_total: Decimal | None = None
    header_discount: Decimal = ZERO
    freight: Decimal | None = None
    requester: str = ""
    lenient: bool = False
    event: Mapping[str, Any] = field(default_factory=dict)


def create_order(tx: Session, draft: OrderDraft) -> str:
    """Create an order and answer its number; the same source and reference with the same content answers the first one's.

    Raises Invalid (numbers, currency, country), NotFound (customer), TooLarge, Conflict (the reference was used for something else).
    """
    _check_numbers(draft)
    if not draft.lenient:
        for name, address in (("ship_to", draft.ship_to), ("bill_to", draft.bill_to)):
            check_country(address or {}, name)
    digest = sha256(json_text.encode(asdict(draft))).hexdigest()
    known = _find(tx, draft, digest)
    if known is not None:
        return known
    customer = find_customer(tx, draft.customer_no)
    currency = draft.currency or customer.currency
    if not draft.lenient and not currency_is_allowed(tx, customer, currency):
        raise Invalid(
            f"Customer {customer.customer_no} does not buy in {currency}.",
            code="currency_not_allowed",
            next_step=f"Order in {customer.currency}, or add a price list of the customer in {currency}.",
            errors={"currency": ["is not the customer's"]},
        )
    lines = _resolve_lines(tx, draft, customer.customer_no)
    order_no = next_number(tx, "SO")
    values = _order_values(tx, draft, customer, currency)
    added = insert(SalesOrder).values(order_no=order_no, content_hash=digest, **values).on_conflict_do_nothing()
    if tx.execute(added.returning(SalesOrder.order_no)).first() is None:
        return _must_find(tx, draft, digest)  # another transaction created it while this one prepared it
    insert_rows(tx, OrderLine, [{"order_no": order_no, **line} for line in lines])
    note(tx, order_no, "order_received", actor=draft.requester, detail={"source": draft.source, **draft.event})
    return order_no


def currency_is_allowed(tx: Session, customer: Customer, currency: str) -> bool:
    """Whether the customer buys in a currency: its own, or one of a price list of its own."""
    if currency == customer.currency:
        return True
    owned = text("SELECT EXISTS (SELECT 1 FROM price_list WHERE kind = 'CUSTOMER' AND owner = :owner AND currency = :currency)")
    return bool(tx.execute(owned, {"owner": customer.customer_no, "currency": currency}).scalar_one())


def _check_numbers(draft: OrderDraft) -> None:
    if not draft.lines:
        raise Invalid(
            "The order has no lines.", code="order_empty", next_step="Add at least one line.", errors={"lines": ["may not be empty"]}
        )
    if len(draft.lines) > MOST_LINES:
        raise TooLarge(f"The order has {len(draft.lines)} lines; {MOST_LINES} are allowed.", next_step="Split it into several orders.")
    if draft.currency:
        currency_code(draft.currency)
    amounts = {"header_discount": draft.header_discount, "stated_total": draft.stated_total, "freight": draft.freight}
    for name, amount in amounts.items():
        not_negative(amount or ZERO, name)
    numbers = [line.line_no or position for position, line in enumerate(draft.lines, 1)]
    if len(set(numbers)) < len(numbers):
        raise Invalid("Two lines have the same number.", code="line_no_repeated", next_step="Number the lines 1, 2, 3 …")
    for number, line in zip(numbers, draft.lines, strict=True):
        _check_line(line, f"lines.{number}")


def check_country(address: Mapping[str, str], name: str) -> None:
    """Raise Invalid, naming the field, when an address names a country that does not exist."""
    country = address.get("country")
    if country and country not in COUNTRIES:
        raise Invalid(
            f"{country!r} is no country.",
            code="country_unknown",
            next_step="Write the country in two capital letters, such as AT.",
            errors={f"{name}.country": [COUNTRY_WANTED]},
        )


def _check_line(line: LineDraft, where: str) -> None:
    positive(line.qty, f"{where}.qty")
    exact(line.discount_pct, f"{where}.discount_pct")
    for price in (line.unit_price, line.fixed_unit_net):
        if price is not None:
            not_negative(price, f"{where}.unit_price")


def _find(tx: Session, draft: OrderDraft, digest: str) -> str | None:
    if draft.source_ref is None:
        return None
    known = tx.execute(
        select(SalesOrder.order_no, SalesOrder.content_hash).where(
            SalesOrder.source == draft.source, SalesOrder.source_ref == draft.source_ref
        )
    ).first()
    if known is None:
        return None
    if known.content_hash != digest:
        raise Conflict(
            f"{draft.source} reference {draft.source_ref} was used for order {known.order_no} with other content.",
            code="key_reused",
            next_step="Use another reference for another order, or cancel the first one.",
        )
    return str(known.order_no)


def _must_find(tx: Session, draft: OrderDraft, digest: str) -> str:
    found = _find(tx, draft, digest)
    if found is None:
        raise Conflict("The order collided with another one.", code="order_collision", next_step="Send it again.")
    return found


def _order_values(tx: Session, draft: OrderDraft, customer: Customer, currency: str) -> dict[str, Any]:
    ship_to = draft.ship_to or default_address(tx, customer.customer_no, "SHIP")
    bill_to = draft.bill_to or default_address(tx, customer.customer_no, "BILL")
    return {
        "source": draft.source,
        "source_ref": draft.source_ref,
        "order_type": draft.order_type,
        "channel": draft.channel or customer.channel,
        "customer_no": customer.customer_no,
        "customer_po": draft.customer_po.strip(),
        "requester": draft.requester,
        "bill_to": _address(bill_to),
        "ship_to": _address(ship_to),
        "currency": currency,
        "net_days": customer.net_days,
        "discount_pct": customer.discount_pct,
        "discount_days": customer.discount_days,
        "incoterm": draft.incoterm or customer.incoterm,
        "ship_complete": customer.ship_complete if draft.ship_complete is None else draft.ship_complete,
        "ordered_on": draft.ordered_on or func.current_date(),
        "requested_date": draft.requested_date,
        "stated_total": draft.stated_total,
        "header_discount": draft.header_discount,
        "freight": draft.freight or ZERO,
        "price_frozen": draft.freight is not None or any(line.fixed_unit_net is not None for line in draft.lines),
    }


def _address(given: Mapping[str, str]) -> dict[str, str]:
    return {part: given.get(part) or "" for part in ADDRESS_PARTS}


def _resolve_lines(tx: Session, draft: OrderDraft, customer_no: str) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = [
        {"line_no": line.line_no or position, "sku": line.sku, "uom": line.uom} for position, line in enumerate(draft.lines, 1)
    ]
    found = {
        row["line_no"]: row
        for row in tx.execute(RESOLVE_ITEMS, {"rows": as_json(asked), "customer": customer_no, "pieces": sorted(PIECES)}).mappings()
    }
    lines = [_line(line, found.get(row["line_no"]), row["line_no"], draft) for row, line in zip(asked, draft.lines, strict=True)]
    unknown = [line for line in lines if line["sku"] is None]
    if unknown and not draft.lenient:
        raise NotFound(
            f"Item {unknown[0]['item_ref']} of line {unknown[0]['line_no']} is unknown.",
            code="item_unknown",
            next_step="Correct the item number, or add the item first.",
            errors={f"lines.{line['line_no']}.sku": ["is unknown"] for line in unknown},
        )
    return lines


def _line(draft: LineDraft, item: RowMapping | None, line_no: int, order: OrderDraft) -> dict[str, Any]:
    factor = item["factor"] if item is not None and item["factor"] is not None else Decimal(1)
    if item is not None and item["factor"] is None and not order.lenient:
        raise Invalid(
            f"Item {item['sku']} of line {line_no} is not sold in {draft.uom}.",
            code="uom_unknown",
            next_step=f"Order in {item['uom']}, or file how many {item['uom']} one {draft.uom} holds.",
            errors={f"lines.{line_no}.uom": ["cannot be converted"]},
        )
    converts = item is not None and item["factor"] is not None
    return {
        "line_no": line_no,
        "sku": item["sku"] if item is not None else None,
        "item_ref": draft.sku,
        "description": draft.description or (item["name"] if item is not None else ""),
        "item_class": item["item_class"] if item is not None else "",
        "uom": item["uom"] if item is not None and converts else (draft.uom or "EA"),
        "qty_ordered": draft.qty * factor,
        "stated_price": None if draft.unit_price is None else round4(draft.unit_price / factor),
        "manual_discount_pct": draft.discount_pct,
        "unit_net": draft.fixed_unit_net or ZERO,
        "discounts": [] if draft.fixed_unit_net is None else [{"step": PROMISED, "unit_price": draft.fixed_unit_net}],
        "requested_arrival": draft.requested_date or order.requested_date,
    }


#: Finds the item of each line by our number, the customer's own, or a GTIN; `factor` is null when the unit cannot be converted.
RESOLVE_ITEMS = text("""
SELECT given.line_no, item.sku, item.name, item.item_class, item.uom,
       CASE WHEN given.uom IN ('', item.uom) OR (given.uom = ANY(:pieces) AND item.uom = ANY(:pieces)) THEN 1 ELSE unit.factor END AS factor
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(line_no int, sku text, uom text)
LEFT JOIN customer_item AS own ON own.customer_no = :customer AND own.customer_sku = given.sku
JOIN LATERAL (
  SELECT item.* FROM item
  WHERE item.sku = given.sku OR item.sku = own.sku OR (item.gtin = given.sku AND given.sku <> '')
  ORDER BY (item.sku = given.sku) DESC, (item.sku = own.sku) DESC NULLS LAST, item.sku LIMIT 1
) AS item ON true
LEFT JOIN unit_conversion AS unit ON unit.sku = item.sku AND unit.uom = given.uom
""")
