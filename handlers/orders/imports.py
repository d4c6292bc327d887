"""Orders by file: what was open in another system, or what a customer sends as a spreadsheet. Rows with one reference are one order.

An order goes through whole or not at all: where one of its rows is wrong, the others wait for it. Each order starts its process.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.verbs import messages
from handlers.bulk import Column, Kind, Refers, Row, Verdict, Work, known_names, name_rows, read_values, unknown
from handlers.identifiers import Amount, Country, Currency, Day, DocumentNumber, Number, Percentage, Prose, Quantity, canonical
from handlers.orders.drafts import LineDraft, OrderDraft, content_hash, create_order
from handlers.orders.events import received
from handlers.parties.model import Customer
from handlers.rowsets import as_json

SOURCE = "IMPORT"
#: What is said once of an order: it stands in its first row, or the same in every one.
_HEADER = (
    "customer_no", "customer_po", "currency", "ordered_on", "requested_date", "freight", "order_type", "channel",
    "ship_to_name", "ship_to_street", "ship_to_city", "ship_to_postal_code", "ship_to_region", "ship_to_country",
)  # fmt: skip
_LINE = ("line_no", "sku", "qty", "uom", "description", "unit_price", "discount_pct")
_SHIP_TO = "ship_to_"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One line of an order, with what is said of the whole order."""

    reference: Number
    customer_no: Number
    sku: Number
    qty: Quantity
    line_no: int | None = None
    uom: str = ""
    description: Prose = ""
    unit_price: Amount | None = None
    discount_pct: Percentage = Decimal(0)
    customer_po: DocumentNumber = ""
    currency: Currency = ""
    ordered_on: Day | None = None
    requested_date: Day | None = None
    freight: Amount | None = None
    order_type: str = ""
    channel: str = ""
    ship_to_name: str = ""
    ship_to_street: str = ""
    ship_to_city: str = ""
    ship_to_postal_code: str = ""
    ship_to_region: str = ""
    ship_to_country: Country = ""


@dataclass(frozen=True, kw_only=True)
class OrderKind(Kind):
    """Orders, several rows each."""

    def judge(self, tx: Session, rows: Sequence[Row], *, writing: bool) -> None:  # noqa: ARG002  # `create_order` locks the customer
        """Look up customers, items and orders that are on file: three statements."""
        for row in rows:
            read_values(self, row)
        orders = _by_reference(rows)
        for row in _numbered(orders):
            for name in ("customer_no", "sku", "qty"):
                if name not in row.given and name not in row.errors:
                    row.refuse(name, "is missing; fill the cell")
        sound = name_rows(self, rows)
        _refuse_unknown(tx, sound)
        kept = {each.source_ref: each for each in tx.execute(_ON_FILE, {"source": SOURCE, "references": sorted(orders)})}
        for reference, lines in orders.items():
            _decide(reference, lines, kept.get(reference))

    def write(self, tx: Session, rows: Sequence[Row], work: Work) -> None:
        """Create each order and note that it came: its process is begun by a worker."""
        for reference, lines in _by_reference(rows).items():
            order_no = create_order(tx, _draft(reference, lines, work.actor))
            for row in lines:
                row.after |= {"order_no": order_no}
            messages.note(work.runtime, tx, received(order_no, SOURCE, work.actor))

    def undo(self, tx: Session, rows: Sequence[Row], work: Work) -> list[str]:  # noqa: ARG002
        """An order has begun its process with the import: it is cancelled, and never undone."""
        numbers = sorted({row.after.get("order_no", "") for row in rows})
        return [f"Order {number} is under way: cancel it on its page." for number in numbers]


def _by_reference(rows: Sequence[Row]) -> dict[str, list[Row]]:
    orders: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        reference = (row.given or row.after).get("reference")
        if reference:
            orders[reference].append(row)
    return orders


def _numbered(orders: Mapping[str, Sequence[Row]]) -> list[Row]:
    """The rows, each with a number within its order and what its first row says of the whole."""
    for lines in orders.values():
        first = lines[0].given
        for position, row in enumerate(lines, 1):
            row.given.setdefault("line_no", position)
            for name in _HEADER:
                if name in first and name not in row.errors:
                    said = row.given.setdefault(name, first[name])
                    if said != first[name]:
                        row.refuse(name, f"is {said}; line {lines[0].line_no} of the same order says {first[name]}")
    return [row for lines in orders.values() for row in lines]


def _refuse_unknown(tx: Session, rows: Sequence[Row]) -> None:
    rows = [row for row in rows if not row.errors]
    known = known_names(tx, Refers("customer_no", Customer, "customer_no", "customer"), {row.given["customer_no"] for row in rows})
    asked = [{"line": row.line_no, "customer": row.given["customer_no"], "sku": row.given["sku"]} for row in rows]
    found = set(tx.execute(_KNOWN_ITEMS, {"rows": as_json(asked)}).scalars())
    for row in rows:
        if row.given["customer_no"] not in known:
            row.refuse("customer_no", unknown("customer", row.given["customer_no"]))
        if row.line_no not in found:
            row.refuse("sku", unknown("item", row.given["sku"]))


def _decide(reference: str, lines: Sequence[Row], kept: Any) -> None:
    wrong = [row.line_no for row in lines if row.errors]
    if wrong:
        for row in [each for each in lines if not each.errors]:
            row.refuse("reference", f"waits for line {wrong[0]} of the same order, which is wrong")
        return
    for row in lines:
        row.after = asdict(OrderRow(**row.given))
    try:
        digest = content_hash(canonical(_draft(reference, lines, "")))
    except Invalid as problem:
        _refuse_all(lines, problem)
        return
    if kept is not None and kept.content_hash != digest:
        taken = f"was used for order {kept.order_no} with other content; give another one"
        _refuse_all(lines, Conflict(taken, errors={"reference": [taken]}))
        return
    for row in lines:
        row.verdict = Verdict.ADD if kept is None else Verdict.SAME


def _refuse_all(lines: Sequence[Row], problem: Invalid | Conflict | NotFound) -> None:
    for row in lines:
        for name, messages_ in problem.errors.items():
            row.refuse(name.rpartition(".")[2], messages_[0])


def _draft(reference: str, lines: Sequence[Row], actor: str) -> OrderDraft:
    first = lines[0].after
    ship_to = {name.removeprefix(_SHIP_TO): first[name] for name in _HEADER if name.startswith(_SHIP_TO)}
    header = {name: first[name] for name in _HEADER if not name.startswith(_SHIP_TO) and first[name] not in {None, ""}}
    return OrderDraft(
        source=SOURCE,
        source_ref=reference,
        requester=actor,
        ship_to=ship_to if any(ship_to.values()) else None,
        lines=[LineDraft(**{name: row.after[name] for name in _LINE}) for row in lines],
        **header,
    )


_ON_FILE = text("SELECT source_ref, order_no, content_hash FROM sales_order WHERE source = :source AND source_ref = ANY(:references)")
#: An item is named by our number, the customer's own, or a GTIN.
_KNOWN_ITEMS = text("""
SELECT given.line FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(line int, customer text, sku text)
WHERE EXISTS (SELECT FROM item WHERE item.sku = given.sku) OR EXISTS (SELECT FROM item WHERE item.gtin = given.sku)
  OR EXISTS (SELECT FROM customer_item AS own WHERE own.customer_no = given.customer AND own.customer_sku = given.sku)
""")

KINDS = (
    OrderKind(
        code="orders",
        title="Orders",
        about="Open orders of another system, or orders that come as a file. Rows with one reference are one order.",
        role="order",
        place=70,
        draft=OrderRow,
        key=("reference", "line_no"),
        columns=(
            Column("reference", "Number of the order where it comes from: makes it once", "OLD-4711"),
            Column("customer_no", "Who orders", "C-1001"),
            Column("customer_po", "The customer's order number", "PO-88123"),
            Column("line_no", "Number of the line; empty: as they follow", "1"),
            Column("sku", "Our number, the customer's own, or a GTIN", "PUMP-40"),
            Column("qty", "How much", "2"),
            Column("uom", "Unit; empty: the item's", "EA"),
            Column("description", "Text for the line; empty: the item's name", ""),
            Column("unit_price", "Price of one unit that the customer states, discounts taken off; empty: ours counts", "244.02"),
            Column("discount_pct", "Discount that we give on the line, in percent", "2"),
            Column("currency", "Currency; empty: the customer's", "EUR"),
            Column("ordered_on", "Day of the order; empty: today", "2026-11-12"),
            Column("requested_date", "Day it is wanted", "2026-12-04"),
            Column("freight", "Carriage that was agreed, net; empty: by our rates", "18.50"),
            Column("order_type", "Type of the order; empty: STANDARD", "STANDARD"),
            Column("channel", "Channel; empty: the customer's", ""),
            Column("ship_to_name", "Where it goes; empty: the customer's usual address", "Bergmann Haustechnik, Baustelle Wels"),
            Column("ship_to_street", "Street and number", "Ringstraße 4"),
            Column("ship_to_city", "Town", "Wels"),
            Column("ship_to_postal_code", "Postal code; keep leading zeros by making the cell text", "4600"),
            Column("ship_to_region", "Region", "AT-4"),
            Column("ship_to_country", "Country by ISO 3166", "AT"),
        ),
    ),
)
