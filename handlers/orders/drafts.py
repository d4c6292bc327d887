"""Creates orders from any source. The same source and reference never make two orders; nothing is written when anything is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound, TooLarge
from engine.store import json_text, locks
from engine.store.locks import Lock
from handlers.catalog.rules import PROMISED
from handlers.documents.numbers import next_number
from handlers.identifiers import (
    Amount,
    Currency,
    Day,
    DocumentNumber,
    Number,
    Percentage,
    Prose,
    Quantity,
    Reference,
    canonical,
    folded,
)
from handlers.orders.events import note
from handlers.orders.model import OrderLine, SalesOrder
from handlers.orders.rules import PIECES
from handlers.parties.master_data import ADDRESS_PARTS, default_address, find_customer
from handlers.parties.model import Customer
from handlers.rowsets import as_json, insert_rows
from handlers.values import positive, round4

ZERO = Decimal(0)
MOST_LINES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """A line to order. `sku` may be our number, the customer's own, or a GTIN; `uom` empty is the item's unit.

    `buyer_line_no` is the number under which the buyer knows the line, in our answers too. `unit_price` is the price the customer
    states; `fixed_unit_net` a price that was promised (a quote's) and is not worked out anew.
    """

    sku: Number
    qty: Quantity
    line_no: int | None = None
    buyer_line_no: DocumentNumber = ""
    uom: str = ""
    description: Prose = ""
    unit_price: Amount | None = None
    discount_pct: Percentage = ZERO
    fixed_unit_net: Amount | None = None
    requested_date: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """An order to create. What is left empty comes from the customer.

    `source_ref` is the key under which the source knows it; a blank one is none. A `lenient` draft keeps unknown items, currencies and
    countries as issues for the order desk to repair, as intake needs; otherwise they are refused. Without `freight` our rates give it;
    an order with promised prices has the freight it states, or none.
    """

    customer_no: Number
    lines: Sequence[LineDraft]
    source: Number = "API"
    source_ref: Reference = None
    customer_po: DocumentNumber = ""
    currency: Currency = ""
    channel: str = ""
    order_type: Number = "STANDARD"
    ship_to: Mapping[str, str] | None = None
    bill_to: Mapping[str, str] | None = None
    requested_date: Day | None = None
    ordered_on: Day | None = None
    ship_complete: bool | None = None
    incoterm: str = ""
    stated_total: Amount | None = None
    header_discount: Amount = ZERO
    freight: Amount | None = None
    requester: str = ""
    #: The first of the orders that one document made for several places; empty where it made one, or for the first itself.
    split_of: str = ""
    lenient: bool = False
    event: Mapping[str, Any] = field(default_factory=dict)


#: What makes two orders under one reference the same order. Not who carried it, nor through which channel, nor how it was written down.
SAME_ORDER = (
    "customer_no",
    "customer_po",
    "currency",
    "order_type",
    "ship_to",
    "bill_to",
    "requested_date",
    "ordered_on",
    "ship_complete",
    "incoterm",
    "stated_total",
    "header_discount",
    "freight",
)
SAME_LINE = ("sku", "qty", "buyer_line_no", "uom", "unit_price", "discount_pct", "fixed_unit_net", "requested_date")


def create_order(tx: Session, draft: OrderDraft) -> str:
    """Create an order and answer its number; the same source and reference with the same content answers the first one's.

    An error names a field by its position in what was sent (`lines.0.qty`). The customer is locked, so that its orders have their
    numbers in the order in which they are checked. Raises Invalid (numbers, currency, country), NotFound (customer, item), TooLarge,
    Conflict (the reference was used for something else).
    """
    draft = _read(draft)
    digest = content_hash(draft)
    known = _find(tx, draft, digest)
    if known is not None:
        return known
    customer = find_customer(tx, draft.customer_no)
    locks.take(tx, Lock.CUSTOMER, [customer.customer_no])
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


def content_hash(draft: OrderDraft) -> str:
    """The fingerprint of the fields that make two orders the same: 2 and 2.00 are one quantity, ' po-1' and 'PO-1' one number."""
    header = {name: _plain(getattr(draft, name)) for name in SAME_ORDER} | {"customer_po": folded(draft.customer_po)}
    lines = [
        {"line_no": line.line_no or position} | {name: _plain(getattr(line, name)) for name in SAME_LINE}
        for position, line in enumerate(draft.lines, 1)
    ]
    return sha256(json_text.encode({"header": header, "lines": lines})).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return dict(sorted((key, each) for key, each in value.items() if each)) if isinstance(value, Mapping) else value


def currency_is_allowed(tx: Session, customer: Customer, currency: str) -> bool:
    """Whether the customer buys in a currency: its own, or one of a price list of its own."""
    if currency == customer.currency:
        return True
    return bool(tx.execute(_HAS_A_LIST, {"owner": customer.customer_no, "currency": currency}).scalar_one())


def _read(draft: OrderDraft) -> OrderDraft:
    if not draft.lines:
        raise Invalid(
            "The order has no lines.", code="order_empty", next_step="Add at least one line.", errors={"lines": ["may not be empty"]}
        )
    if len(draft.lines) > MOST_LINES:
        raise TooLarge(f"The order has {len(draft.lines)} lines; {MOST_LINES} are allowed.", next_step="Split it into several orders.")
    draft = canonical(draft, lenient=draft.lenient)
    seen: set[int] = set()
    for position, line in enumerate(draft.lines):
        number = line.line_no or position + 1
        if number in seen:
            raise Invalid(
                f"Two lines have the same number {number}.",
                code="line_no_repeated",
                next_step="Number the lines 1, 2, 3 …",
                errors={f"lines.{position}.line_no": ["is used twice"]},
            )
        seen.add(number)
    return draft


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
    if known.content_hash and known.content_hash != digest:  # an order of an earlier version has none
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
    bill_to = draft.bill_to or default_address(tx, customer.customer_no, "BILL") or ship_to
    return {
        "source": draft.source,
        "source_ref": draft.source_ref,
        "order_type": draft.order_type,
        "channel": draft.channel or customer.channel,
        "customer_no": customer.customer_no,
        "customer_po": draft.customer_po,
        "requester": draft.requester,
        "split_of": draft.split_of,
        "bill_to": _address(bill_to),
        "ship_to": _address(ship_to),
        "currency": currency,
        "net_days": customer.net_days,
        "discount_pct": customer.discount_pct,
        "discount_days": customer.discount_days,
        "incoterm": draft.incoterm or customer.incoterm,
        "ship_complete": customer.ship_complete if draft.ship_complete is None else draft.ship_complete,
        "ordered_on": draft.ordered_on or func.business_today(),
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
    if not draft.lenient:
        _refuse_unknown(draft.lines, [found.get(row["line_no"]) for row in asked])
    return [_line(line, found.get(row["line_no"]), row["line_no"], draft) for row, line in zip(asked, draft.lines, strict=True)]


def _refuse_unknown(lines: Sequence[LineDraft], items: Sequence[RowMapping | None]) -> None:
    unknown = {position: line for position, (line, item) in enumerate(zip(lines, items, strict=True)) if item is None}
    if unknown:
        raise NotFound(
            f"There is no item {', '.join(line.sku for line in list(unknown.values())[:10])}.",
            code="item_unknown",
            next_step="Correct the item number, or add the item first.",
            errors={f"lines.{position}.sku": ["is unknown"] for position in unknown},
        )
    for position, (line, item) in enumerate(zip(lines, items, strict=True)):
        if item is not None and item["factor"] is None:
            raise Invalid(
                f"Item {item['sku']} is not sold in {line.uom}.",
                code="uom_unknown",
                next_step=f"Order in {item['uom']}, or file how many {item['uom']} one {line.uom} holds.",
                errors={f"lines.{position}.uom": ["cannot be converted"]},
            )
        if item is not None:
            positive(line.qty * item["factor"], f"lines.{position}.qty")


def _line(draft: LineDraft, item: RowMapping | None, line_no: int, order: OrderDraft) -> dict[str, Any]:
    factor = item["factor"] if item is not None and item["factor"] is not None else Decimal(1)
    converts = item is not None and item["factor"] is not None
    return {
        "line_no": line_no,
        "buyer_line_no": draft.buyer_line_no,
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


#: Finds the item of each line, which never names a blank one, by our number, the customer's own, or a GTIN; `factor` is null when the
#: unit cannot be converted.
RESOLVE_ITEMS = text("""
SELECT given.line_no, item.sku, item.name, item.item_class, item.uom,
       CASE WHEN given.uom IN ('', item.uom) OR (given.uom = ANY(:pieces) AND item.uom = ANY(:pieces)) THEN 1 ELSE unit.factor END AS factor
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(line_no int, sku text, uom text)
LEFT JOIN customer_item AS own ON own.customer_no = :customer AND own.customer_sku = given.sku
JOIN LATERAL (
  SELECT item.* FROM item
  WHERE item.sku = given.sku OR item.sku = own.sku OR item.gtin = given.sku
  ORDER BY (item.sku = given.sku) DESC, (item.sku = own.sku) DESC NULLS LAST, item.sku LIMIT 1
) AS item ON true
LEFT JOIN unit_conversion AS unit ON unit.sku = item.sku AND unit.uom = given.uom
""")
_HAS_A_LIST = text("SELECT EXISTS (SELECT 1 FROM price_list WHERE kind = 'CUSTOMER' AND owner = :owner AND currency = :currency)")
