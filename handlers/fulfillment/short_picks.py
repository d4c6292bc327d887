"""Less was found than the stock says: what is missing is taken off the stock, and the order's rest goes back to promising."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from handlers.fulfillment.undoing import give_back
from handlers.inventory.rules import Issue
from handlers.ledger import accounts
from handlers.ledger.books import books_currency
from handlers.ledger.posting import Entry, credit, debit, post
from handlers.orders.fulfilment_groups import live_group
from handlers.orders.fulfilment_lines import open_lines, write_off
from handlers.values import not_negative

#: So many items of a group are confirmed in rows of the form; any other is named by its number.
ITEMS_OF_A_FORM = 40
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PickItem:
    """An item to pick for a group: how much in its unit, and how much was found (as the form begins: all)."""

    sku: str
    name: str
    uom: str
    qty: Decimal
    found: Decimal


def items_to_pick(rows: Sequence[Mapping[str, Any]]) -> list[PickItem]:
    """The items of a pick list, each once, whatever lots it is taken from."""
    found: dict[str, PickItem] = {}
    for row in rows:
        qty = row["qty"] + (found[row["sku"]].qty if row["sku"] in found else ZERO)
        found[row["sku"]] = PickItem(row["sku"], row["name"], row["uom"], qty, qty)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Found:
    """How much of an item was found, and the field it was said in, for who corrects it."""

    sku: str
    qty: Decimal
    field: str


def record_short_pick(tx: Session, group_no: str, found: Sequence[Found], *, actor: str) -> Decimal:
    """Keep for a group what was found of the named items (the others are all there); answer how much is reserved now.

    What is missing is an inventory difference, written off at cost: left on the books, it would be promised again at once. The later
    lines of an item go short first. Raises Invalid with the errors by field (an item that is not in the group or named twice, more than was
    to be picked), Conflict when it is packed already, Refused CANCELLED.
    """
    order_no = str(live_group(tx, group_no, "STOCK").order_no)
    if tx.execute(_PACKED, {"group_no": group_no}).first():
        raise Conflict(
            f"Group {group_no} is packed already.", code="already_packed", next_step="Confirm the shipment, or cancel the order."
        )
    reserved: dict[str, list[Any]] = defaultdict(list)
    for line in open_lines(tx, group_no):
        if line.reserved > 0:
            reserved[line.sku].append(line)
    _check(group_no, found, {sku: sum((line.reserved for line in lines), ZERO) for sku, lines in reserved.items()})
    missing = [issue for item in found for issue in _missing(item.qty, reserved[item.sku])]
    if missing:
        reference = f"{group_no}:{tx.execute(_TIMES, {'prefix': f'{group_no}:'}).scalar_one() + 1}"
        _post(tx, reference, write_off(tx, missing, reference, books_currency(tx)), order_no)
    give_back(tx, group_no, "Not found when picking", actor=actor)
    return sum((line.reserved for line in open_lines(tx, group_no)), ZERO)


def _check(group_no: str, found: Sequence[Found], to_pick: Mapping[str, Decimal]) -> None:
    """Refuse what cannot have been found, every wrong field at once."""
    errors: dict[str, list[str]] = {}
    named: set[str] = set()
    for item in found:
        not_negative(item.qty, f"{item.field}.found")
        there = to_pick.get(item.sku)
        if there is None:
            errors[f"{item.field}.sku"] = [f"{item.sku} is not among the items of group {group_no}"]
        elif item.sku in named:
            errors[f"{item.field}.sku"] = [f"{item.sku} is named twice"]
        elif item.qty > there:
            errors[f"{item.field}.found"] = [f"must be at most {there.normalize():f}"]
        named.add(item.sku)
    if errors:
        raise Invalid(
            f"{len(errors)} item(s) cannot have been found so in group {group_no}.",
            code="pick_quantity",
            next_step="Check the items and the quantities on the pick list.",
            errors=errors,
        )


def _missing(found: Decimal, lines: Sequence[Any]) -> list[Issue]:
    short, issues = sum((line.reserved for line in lines), ZERO) - found, []
    for line in reversed(lines):
        part = min(short, line.reserved)
        if part > 0:
            issues.append(Issue(fulfil_line_id=line.id, qty=part))
        short -= part
    return issues


def _post(tx: Session, reference: str, value: Decimal, order_no: str) -> None:
    if value:
        lines = [debit(accounts.INVENTORY_ADJUSTMENT, value, reference=reference), credit(accounts.INVENTORY, value, reference=reference)]
        narration = f"Not found when picking for {order_no}"
        post(tx, Entry("stock.short_picked", reference, books_currency(tx), lines, narration=narration))


_PACKED = text("SELECT 1 FROM shipment WHERE group_no = :group_no AND shipped_at IS NULL AND cancelled_at IS NULL LIMIT 1")
_TIMES = text("SELECT count(DISTINCT reference) FROM stock_movement WHERE kind = 'ADJUSTMENT' AND starts_with(reference, :prefix)")
