"""Repairs an order at the order desk: items are looked up again, and what the desk corrects is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from handlers.countries import COUNTRIES
from handlers.orders.drafts import RESOLVE_ITEMS
from handlers.orders.events import find_order, lines_of, note
from handlers.orders.model import OrderLine, SalesOrder
from handlers.orders.rules import PIECES
from handlers.parties.master_data import ADDRESS_PARTS, default_address
from handlers.rowsets import as_json, update_rows
from handlers.values import positive, round4


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRepair:
    """A corrected line: another item, another quantity, or both."""

    line_no: int
    sku: str | None = None
    qty: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What the desk corrects; what is left empty stays, but an address that cannot be used is taken anew from the customer."""

    customer_po: str = ""
    ship_to: Mapping[str, str] | None = None
    incoterm: str = ""
    drop_stated_total: bool = False
    lines: Sequence[LineRepair] = ()


def repair_order(tx: Session, order_no: str, repair: Repair, *, actor: str = "system") -> None:
    """Correct an order that is not submitted yet. Raises NotFound, Invalid (also for a line there is not), Conflict."""
    order = find_order(tx, order_no, lock=True)
    if order.state != "DRAFT":
        raise Conflict(
            f"Order {order_no} is {order.state.lower()} and cannot be repaired any more.",
            code="order_not_draft",
            next_step="Cancel the order and take it in again, or settle it with the customer.",
        )
    changes = _header(tx, order, repair)
    if changes:
        tx.execute(update(SalesOrder).where(SalesOrder.order_no == order_no).values(changes).execution_options(synchronize_session=False))
    repaired = _repair_lines(tx, order, repair.lines)
    note(tx, order_no, "order_repaired", actor=actor, detail={"fields": sorted(changes), "lines": repaired})


def reject_order(tx: Session, order_no: str, reason: str, *, actor: str = "system") -> None:
    """Refuse an order that is not submitted yet; again: nothing happens. Raises NotFound, Conflict."""
    order = find_order(tx, order_no, lock=True)
    if order.state == "REJECTED":
        return
    if order.state != "DRAFT":
        raise Conflict(
            f"Order {order_no} is submitted and cannot be rejected any more.", code="order_not_draft", next_step="Cancel it instead."
        )
    rejected = update(SalesOrder).where(SalesOrder.order_no == order_no).values(state="REJECTED", state_reason=reason)
    tx.execute(rejected.execution_options(synchronize_session=False))
    note(tx, order_no, "order_rejected", actor=actor, detail={"reason": reason})


def _header(tx: Session, order: SalesOrder, repair: Repair) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if repair.customer_po:
        changes["customer_po"] = repair.customer_po.strip()
    if repair.incoterm:
        changes["incoterm"] = repair.incoterm
    if repair.drop_stated_total:
        changes["stated_total"] = None
    if repair.ship_to is not None:
        changes["ship_to"] = {part: repair.ship_to.get(part) or "" for part in ADDRESS_PARTS}
    elif not (order.ship_to.get("city") and order.ship_to.get("postal_code")):
        changes["ship_to"] = default_address(tx, order.customer_no, "SHIP") or order.ship_to
    if order.bill_to.get("country") and order.bill_to["country"] not in COUNTRIES:
        changes["bill_to"] = default_address(tx, order.customer_no, "BILL") or order.bill_to
    return changes


def _repair_lines(tx: Session, order: SalesOrder, corrected: Sequence[LineRepair]) -> list[int]:
    lines = {line.line_no: line for line in lines_of(tx, order.order_no)}
    repairs = {line.line_no: line for line in corrected}
    places = {line.line_no: f"lines.{place}" for place, line in enumerate(corrected)}
    unknown = {f"{places[number]}.line_no": ["is no line of the order"] for number in repairs if number not in lines}
    if unknown:
        raise Invalid(
            f"{len(unknown)} line(s) are not those of order {order.order_no}.",
            code="line_unknown",
            next_step="Check the numbers of the lines.",
            errors=unknown,
        )
    rows = [
        _line(line, repairs.get(line.line_no), places.get(line.line_no, ""))
        for line in lines.values()
        if line.sku is None or line.line_no in repairs
    ]
    given = {"rows": as_json(rows), "customer": order.customer_no, "pieces": sorted(PIECES)}
    found = {row["line_no"]: row for row in tx.execute(RESOLVE_ITEMS, given).mappings()}
    changed = [
        {
            "id": lines[row["line_no"]].id,
            "sku": found[row["line_no"]]["sku"],
            "item_class": found[row["line_no"]]["item_class"],
            "description": lines[row["line_no"]].description or found[row["line_no"]]["name"],
            "uom": found[row["line_no"]]["uom"] if found[row["line_no"]]["factor"] is not None else row["uom"],
            "qty_ordered": row["qty"] * (found[row["line_no"]]["factor"] or 1),
            "stated_price": _per_base_unit(lines[row["line_no"]].stated_price, found[row["line_no"]]["factor"]),
        }
        for row in rows
        if row["line_no"] in found
    ]
    update_rows(tx, OrderLine, changed)
    return sorted(row["line_no"] for row in rows if row["line_no"] in found)


def _line(line: OrderLine, repair: LineRepair | None, place: str) -> dict[str, Any]:
    qty = line.qty_ordered if repair is None or repair.qty is None else positive(repair.qty, f"{place}.qty")
    sku = (repair.sku if repair is not None else None) or line.sku or line.item_ref
    return {"line_no": line.line_no, "sku": sku, "uom": line.uom, "qty": qty}


def _per_base_unit(price: Decimal | None, factor: Decimal | None) -> Decimal | None:
    return price if price is None or factor is None else round4(price / factor)
