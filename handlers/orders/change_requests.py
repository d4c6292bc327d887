"""How a change of an order is asked for, by whatever door: what was sent is read against the order, kept once, and its process begins."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.countries import COUNTRIES, COUNTRY_WANTED
from handlers.identifiers import day, prose
from handlers.orders.change_orders import Assessment, pending_change, preview
from handlers.orders.change_rules import LineWish, Wish
from handlers.orders.commands import may_be_cancelled
from handlers.orders.drafts import RESOLVE_ITEMS
from handlers.orders.events import find_order, lines_of, note
from handlers.orders.model import OrderChange, OrderLine, SalesOrder
from handlers.orders.rules import PIECES
from handlers.parties.master_data import ADDRESS_PARTS
from handlers.rowsets import as_json
from handlers.values import not_negative, positive, round4

CHANGE = "order.change_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """A line as a door names it: by our number or the buyer's. With `add` it is a new one, with `remove` it is taken off.

    `qty` is all that is wanted of the line, in `uom` (empty: the unit of the line); `unit_price` the price for one of that unit.
    """

    line_no: int | None = None
    buyer_line_no: str = ""
    sku: str = ""
    qty: Decimal | None = None
    uom: str = ""
    unit_price: Decimal | None = None
    requested: date | None = None
    description: str = ""
    add: bool = False
    remove: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A line of a change that nobody can act on: what was asked of it, and why not."""

    buyer_line_no: str
    reason: str
    item: str = ""
    qty: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDraft:
    """A change as a door takes it in. What is not named stays."""

    order_no: str
    lines: Sequence[LineChange] = ()
    ship_to: Mapping[str, str] | None = None
    requested: date | None = None
    reason: str = ""
    channel: str = "API"
    source_ref: str = ""
    message_id: int | None = None
    requested_by: str = "system"
    #: The number under which the buyer knows the document that asks; our answer names it.
    document_no: str = ""
    #: What of the document was left out, and why; our answer names it too.
    left_out: Sequence[LeftOut] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A change that is asked for; `is_new` is false when this very document had asked before."""

    change_no: str
    is_new: bool


@dataclass(slots=True)
class _Reading:
    """What a change says, field by field, with what is wrong in it."""

    lines: list[LineWish] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)


def preview_change(tx: Session, draft: ChangeDraft) -> Assessment:
    """What a change would come to, its cost first. Raises NotFound, Invalid by field, Conflict when nothing can or would change."""
    order = find_order(tx, draft.order_no)
    _refuse_when_over(tx, order)
    return preview(tx, draft.order_no, read_wish(tx, order, draft))


def request_change(runtime: Runtime, tx: Session, draft: ChangeDraft) -> str:
    """Ask for a change; its process decides on it. The same document again is the same change.

    Raises NotFound, Invalid by field, Conflict when the order is over or another change of it is not settled yet.
    """
    recorded = record_change(tx, draft)
    if recorded.is_new:
        payload = {"order_no": draft.order_no, "change_no": recorded.change_no}
        about, once = {"change_no": recorded.change_no}, f"{CHANGE}:{recorded.change_no}"
        asked = Message(CHANGE, about, payload, message_id=once, business_key=draft.order_no, actor=draft.requested_by)
        messages.note(runtime, tx, asked)
    return recorded.change_no


def record_change(tx: Session, draft: ChangeDraft) -> Recorded:
    """Keep a change that is asked for, for whoever tells its process. The same document again is the same change.

    Raises NotFound, Invalid by field, Conflict when the order is over or another change of it is not settled yet.
    """
    order = find_order(tx, draft.order_no, lock=True)
    known = _known(tx, draft)
    if known is not None:
        return Recorded(change_no=known, is_new=False)
    _refuse_when_over(tx, order)
    _refuse_second(tx, order)
    wish = read_wish(tx, order, draft)
    change_no = f"{order.order_no}-C{_how_many(tx, order.order_no) + 1}"
    tx.execute(
        insert(OrderChange).values(
            change_no=change_no,
            order_no=order.order_no,
            channel=draft.channel,
            source_ref=draft.source_ref,
            message_id=draft.message_id,
            requested_by=draft.requested_by,
            reason=prose(draft.reason, "reason"),
            base_version=order.version_no,
            asked=_kept(wish) | _named(draft),
        )
    )
    pending = update(SalesOrder).where(SalesOrder.order_no == order.order_no).values(change_pending=True)
    tx.execute(pending.execution_options(synchronize_session=False))
    note(tx, order.order_no, "change_requested", actor=draft.requested_by, detail={"change_no": change_no, "reason": draft.reason})
    return Recorded(change_no=change_no, is_new=True)


def refuse_impossible(assessment: Assessment) -> None:
    """Raise Conflict, with what to do instead, when the tables do not allow a change as it is now."""
    if assessment.refusals:
        raise Conflict(
            f"Order {assessment.order_no} cannot be changed like this. {assessment.refusals[0].split(': ')[0]}: it has gone too far.",
            code="change_refused",
            next_step=" ".join(assessment.refusals),
        )


def read_wish(tx: Session, order: SalesOrder, draft: ChangeDraft) -> Wish:
    """What a change says, in the items and units of the order. Raises Invalid and NotFound, by field."""
    rows = lines_of(tx, order.order_no)
    found = _resolved(tx, order, rows, draft.lines)
    reading = _Reading()
    for place, line in enumerate(draft.lines):
        _read_line(reading, place, line, rows, found.get(place))
    ship_to = _address(order, draft.ship_to, reading)
    if reading.errors:
        raise Invalid(
            f"The change cannot be read: {next(iter(reading.errors))} {next(iter(reading.errors.values()))[0]}.",
            code="change_invalid",
            next_step="Correct the named fields.",
            errors=reading.errors,
        )
    requested = None if draft.requested is None else day(draft.requested, "requested_date")
    return Wish(lines=reading.lines, ship_to=ship_to, requested=requested)


def _read_line(reading: _Reading, place: int, line: LineChange, rows: Sequence[OrderLine], item: Any) -> None:
    at = f"lines.{place}"
    row = None if line.add else row_of(rows, line)
    if row is None and not line.add:
        reading.errors[f"{at}.line_no"] = ["is no line of the order"]
        return
    if line.add and (not line.sku or line.qty is None):
        reading.errors[f"{at}.{'qty' if line.sku else 'sku'}"] = ["is needed of a new line"]
        return
    if (line.sku or line.uom) and (item is None or item["factor"] is None):
        reading.errors[f"{at}.{'sku' if item is None else 'uom'}"] = ["is unknown" if item is None else "cannot be converted"]
        return
    factor = item["factor"] if item is not None else Decimal(1)
    qty = Decimal(0) if line.remove else None if line.qty is None else _quantity(line, factor, f"{at}.qty")
    reading.lines.append(
        LineWish(
            line_no=None if row is None else row.line_no,
            sku=item["sku"] if line.sku else None,
            qty=qty,
            unit_price=None if line.unit_price is None else round4(not_negative(line.unit_price, f"{at}.unit_price") / factor),
            requested=None if line.requested is None else day(line.requested, f"{at}.requested_date"),
            buyer_line_no=line.buyer_line_no if row is None else "",
            description=line.description or (item["name"] if line.add else ""),
        )
    )


def _quantity(line: LineChange, factor: Decimal, at: str) -> Decimal:
    asked = line.qty or Decimal(0)
    return positive(asked * factor, at) if asked or line.add else asked


def row_of(rows: Sequence[OrderLine], line: LineChange) -> OrderLine | None:
    """The line that is meant: by our number, else by the buyer's; of several lines that the buyer knows by one number the last is meant."""
    if line.line_no is not None:
        return next((row for row in rows if row.line_no == line.line_no), None)
    wanted = line.buyer_line_no.strip()
    named = [row for row in rows if wanted and wanted in {row.buyer_line_no, str(row.line_no) if not row.buyer_line_no else ""}]
    return next((row for row in reversed(named) if row.qty_ordered > row.qty_cancelled), named[-1] if named else None)


def _resolved(tx: Session, order: SalesOrder, rows: Sequence[OrderLine], lines: Sequence[LineChange]) -> Mapping[int, Any]:
    """The item of each line that names one, or a unit; by its place."""
    asked = []
    for place, line in enumerate(lines):
        row = None if line.add else row_of(rows, line)
        sku = line.sku or (row.sku if row is not None and line.uom else "")
        if sku:
            asked.append({"line_no": place, "sku": sku, "uom": line.uom})
    if not asked:
        return {}
    given = {"rows": as_json(asked), "customer": order.customer_no, "pieces": sorted(PIECES)}
    return {row["line_no"]: row for row in tx.execute(RESOLVE_ITEMS, given).mappings()}


def _address(order: SalesOrder, given: Mapping[str, str] | None, reading: _Reading) -> dict[str, str] | None:
    if given is None:
        return None
    after = {part: (given.get(part, order.ship_to.get(part) or "") or "").strip() for part in ADDRESS_PARTS}
    for part in ("name", "city", "postal_code", "country"):
        if not after[part]:
            reading.errors[f"ship_to.{part}"] = ["must not be blank"]
    if after["country"] and after["country"] not in COUNTRIES:
        reading.errors["ship_to.country"] = [COUNTRY_WANTED]
    return after


def _refuse_when_over(tx: Session, order: SalesOrder) -> None:
    """An order that is over, or is being cancelled, is not changed; of one that has left the table says what to do instead."""
    refused = may_be_cancelled(tx, order.order_no)
    if refused is not None and refused.code != "order_shipped":
        raise refused


def _refuse_second(tx: Session, order: SalesOrder) -> None:
    pending = pending_change(tx, order.order_no)
    if pending is not None:
        raise Conflict(
            f"Change {pending.change_no} of order {order.order_no} is not decided yet.",
            code="change_pending",
            next_step="Wait until it is decided; the order's page says who has it. Then ask again.",
        )


def _known(tx: Session, draft: ChangeDraft) -> str | None:
    if not draft.source_ref:
        return None
    same = (OrderChange.order_no == draft.order_no, OrderChange.channel == draft.channel, OrderChange.source_ref == draft.source_ref)
    return tx.scalar(select(OrderChange.change_no).where(*same))


def _how_many(tx: Session, order_no: str) -> int:
    return tx.scalar(select(func.count()).where(OrderChange.order_no == order_no)) or 0


def order_of(tx: Session, customer_no: str, number: str) -> str:
    """The order of a customer by the number the customer gave it, the latest that was not rejected. Raises NotFound."""
    found = find_order_of(tx, customer_no, number)
    if not found:
        raise order_unknown(customer_no, number)
    return found


def find_order_of(tx: Session, customer_no: str, number: str) -> str:
    """As `order_of`; empty where there is none."""
    return tx.execute(_ORDER_OF, {"customer_no": customer_no, "number": number}).scalar_one_or_none() or ""


def order_unknown(customer_no: str, number: str) -> NotFound:
    """The refusal of what is about an order that is not here."""
    return NotFound(
        f"No order of customer {customer_no} has the number {number}.",
        code="order_unknown",
        next_step="Send the order first, or correct the number it refers to.",
    )


def _named(draft: ChangeDraft) -> dict[str, Any]:
    """What our answer names beside the order."""
    rows = (asdict(each) for each in draft.left_out)
    left_out = [{name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in row.items()} for row in rows]
    named = {"document_no": draft.document_no, "left_out": left_out}
    return {name: value for name, value in named.items() if value}


def _kept(wish: Wish) -> dict[str, Any]:
    lines = [
        {
            name: str(value) if isinstance(value, Decimal) else value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(line).items()
            if value not in (None, "")
        }
        for line in wish.lines
    ]
    return {"lines": lines, "ship_to": wish.ship_to, "requested": wish.requested.isoformat() if wish.requested else None}


_ORDER_OF = text("""
SELECT order_no FROM sales_order WHERE customer_no = :customer_no AND folded(customer_po) = folded(:number) AND :number <> ''
ORDER BY (state = 'REJECTED'), order_no DESC LIMIT 1
""")
