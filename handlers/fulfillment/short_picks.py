"""Another quantity was picked than was asked for.

Less: what is missing is taken off the stock, and goes back to promising, or the line is closed where a tolerance says that so little is not
missed. More, where a tolerance allows it: it is shipped and charged with the rest.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from handlers.fulfillment.undoing import give_back
from handlers.inventory.rules import Issue, Want
from handlers.ledger import accounts
from handlers.ledger.books import books_currency
from handlers.ledger.posting import Entry, credit, debit, post
from handlers.orders.fulfilment_groups import live_group
from handlers.orders.fulfilment_lines import open_lines, reserve, write_off
from handlers.orders.tolerance import close_short, ship_more
from handlers.values import not_negative

#: So many items of a group are confirmed in rows of the form; any other is named by its number.
ITEMS_OF_A_FORM = 40
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PickItem:
    """An item to pick for a group: how much in its unit, how much was found (as the form begins: all), the place of its kind from 1."""

    sku: str
    name: str
    uom: str
    qty: Decimal
    found: Decimal
    kind: int = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """What a tolerance looks at: who buys, and which goods in which unit."""

    customer_no: str
    customer_class: str
    order_type: str
    item_class: str
    uom: str


@dataclass(frozen=True, slots=True)
class Tolerance:
    """By how many percent of what was to be picked more may be shipped, or less without the rest being missed."""

    over_pct: Decimal = ZERO
    under_pct: Decimal = ZERO

    def most(self, qty: Decimal) -> Decimal:
        """The most that may be shipped."""
        return qty * (100 + self.over_pct) / 100

    def is_enough(self, found: Decimal, qty: Decimal) -> bool:
        """Whether nothing is missed of what was not found: all of it is there, or so little is missing. Nothing at all is never enough."""
        return found > 0 and found >= qty * (100 - self.under_pct) / 100


EXACT = Tolerance()


def kinds_of(tx: Session, group_no: str) -> dict[str, Kind]:
    """The kind of each item that is reserved for a group, by the item. One statement."""
    return {row.sku: Kind(*row[1:]) for row in tx.execute(_KINDS, {"group_no": group_no})}


def items_to_pick(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, int]) -> list[PickItem]:
    """The items of a pick list, each once, whatever lots it is taken from, with the places of their kinds."""
    found: dict[str, PickItem] = {}
    for row in rows:
        qty = row["qty"] + (found[row["sku"]].qty if row["sku"] in found else ZERO)
        found[row["sku"]] = PickItem(row["sku"], row["name"], row["uom"], qty, qty, kinds[row["sku"]])
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Found:
    """How much of an item was found, and the field it was said in, for who corrects it."""

    sku: str
    qty: Decimal
    field: str


def record_short_pick(
    tx: Session, group_no: str, found: Sequence[Found], *, actor: str, tolerances: Mapping[Kind, Tolerance] | None = None
) -> Decimal:
    """Keep for a group what was found of the named items (the others are all there); answer how much is reserved now.

    What is missing is an inventory difference, written off at cost: left on the books, it would be promised again at once. The later
    lines of an item go short first, and the last one takes what is more. Raises Invalid with the errors by field (an item that is not in
    the group or named twice, more than may be shipped or is on the books), Conflict when it is packed already, Refused CANCELLED.
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
    to_pick = {sku: sum((line.reserved for line in lines), ZERO) for sku, lines in reserved.items()}
    kinds = kinds_of(tx, group_no)
    allowed = {sku: (tolerances or {}).get(kinds[sku], EXACT) for sku in to_pick}
    _check(group_no, found, {sku: allowed[sku].most(qty) for sku, qty in to_pick.items()})
    _ship_more(tx, order_no, {item: item.qty - to_pick[item.sku] for item in found if item.qty > to_pick[item.sku]}, reserved, actor)
    missing = {item: _missing(item.qty, reserved[item.sku]) for item in found}
    issues = [issue for parts in missing.values() for issue in parts]
    if issues:
        reference = f"{group_no}:{tx.execute(_TIMES, {'prefix': f'{group_no}:'}).scalar_one() + 1}"
        _post(tx, reference, write_off(tx, issues, reference, books_currency(tx)), order_no)
    enough = [item for item in missing if allowed[item.sku].is_enough(item.qty, to_pick[item.sku])]
    close_short(tx, order_no, {issue.fulfil_line_id: issue.qty for item in enough for issue in missing[item]}, actor=actor)
    give_back(tx, group_no, "Not found when picking", actor=actor)
    return sum((line.reserved for line in open_lines(tx, group_no)), ZERO)


def _ship_more(tx: Session, order_no: str, more: Mapping[Found, Decimal], reserved: Mapping[str, Sequence[Any]], actor: str) -> None:
    """Let the last line of each item ship more, and reserve it."""
    last = {item: reserved[item.sku][-1] for item in more}
    ship_more(tx, order_no, {last[item].id: qty for item, qty in more.items()}, actor=actor)
    wants = [Want(fulfil_line_id=line.id, sku=line.sku, warehouse_code=line.warehouse_code, qty=more[item]) for item, line in last.items()]
    short = {each.sku: each.missing for each in reserve(tx, wants)} if wants else {}
    if short:
        raise Invalid(
            f"{len(short)} item(s) are not on the books in that quantity.",
            code="pick_quantity",
            next_step="Book the surplus as a receipt first, or say what was ordered.",
            errors={
                f"{item.field}.found": [f"is {short[item.sku].normalize():f} more than is free on the books"]
                for item in more
                if item.sku in short
            },
        )


def _check(group_no: str, found: Sequence[Found], most: Mapping[str, Decimal]) -> None:
    """Refuse what cannot have been found, every wrong field at once."""
    errors: dict[str, list[str]] = {}
    named: set[str] = set()
    for item in found:
        not_negative(item.qty, f"{item.field}.found")
        there = most.get(item.sku)
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
_KINDS = text("""
SELECT DISTINCT line.sku, sold.customer_no, customer.customer_class, sold.order_type, ordered.item_class, ordered.uom
FROM fulfil_line AS line JOIN order_line AS ordered ON ordered.id = line.order_line_id
JOIN sales_order AS sold ON sold.order_no = line.order_no JOIN customer ON customer.customer_no = sold.customer_no
WHERE line.group_no = :group_no AND line.qty_reserved > 0 ORDER BY line.sku
""")
