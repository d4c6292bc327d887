"""Supply kept for a class or a channel: set, dropped, read for who promises, and shown."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, delete, select, text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.store.locks import Lock, take
from handlers.catalog.master_data import find_item
from handlers.changes import Author, note
from handlers.identifiers import Day, Number, Percentage, Quantity, canonical
from handlers.inventory.model import Warehouse
from handlers.promising.allocation_rules import Allotment, Kept, Supplied, Viewer, is_released, size_of
from handlers.promising.model import SupplyAllocation
from handlers.rowsets import put

ZERO = Decimal(0)
KEY = ("sku", "warehouse_code", "customer_class", "channel", "valid_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationDraft:
    """So much of an item in a warehouse is kept for a customer class, a channel, or both: a quantity, or a share in percent.

    It holds for what ships from the first to the last day. From `release_days` before the last day on, what is not used is free for all;
    before, those with a lower priority number may use it.
    """

    sku: Number
    warehouse_code: Number
    valid_from: Day
    valid_until: Day
    customer_class: str = ""
    channel: str = ""
    qty: Quantity | None = None
    share_pct: Percentage | None = None
    release_days: int = 0
    priority: int = 1


def check_allocation(draft: AllocationDraft) -> None:
    """Refuse what cannot be kept. Raises Invalid by field."""
    wrong: dict[str, list[str]] = {}
    if not (draft.customer_class or draft.channel):
        wrong["customer_class"] = ["must name a class, where no channel is named"]
    if (draft.qty is None) == (draft.share_pct is None):
        wrong["qty"] = ["must be given, or a share; not both"]
    if draft.share_pct is not None and not draft.share_pct:
        wrong["share_pct"] = ["must be above zero"]
    if draft.valid_until < draft.valid_from:
        wrong["valid_until"] = ["must not be before the first day"]
    for name, least in (("release_days", 0), ("priority", 1)):
        if not least <= getattr(draft, name) <= _MOST:
            wrong[name] = [f"must be from {least} to {_MOST}"]
    if wrong:
        says = " ".join(f"{name} {texts[0]}." for name, texts in wrong.items())
        raise Invalid(f"So it cannot be kept: {says}", code="allocation", next_step="Correct the named fields.", errors=wrong)


def set_allocation(tx: Session, draft: AllocationDraft, by: Author) -> None:
    """Keep supply, or bring what is kept up to date; told in the audit log. Promises that were made stay as they are.

    Raises Invalid (also when shares of a day come to more than the whole), NotFound (item, warehouse).
    """
    draft = canonical(draft)
    check_allocation(draft)
    find_item(tx, draft.sku)
    if tx.get(Warehouse, draft.warehouse_code) is None:
        raise NotFound(
            f"There is no warehouse {draft.warehouse_code}.", code="warehouse_unknown", next_step="Look at the list of warehouses."
        )
    take(tx, Lock.ITEM, [draft.sku])
    before = _row(tx, draft)
    put(tx, SupplyAllocation, draft, KEY)
    refuse_oversold(tx, [draft.sku])
    after = _row(tx, draft) or {}
    different = {
        name: {"from": (before or {}).get(name), "to": value} for name, value in after.items() if (before or {}).get(name) != value
    }
    if different:
        note(tx, by, "add" if before is None else "change", f"supply_allocation:{draft.sku}", different)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationKey:
    """Names an allocation."""

    sku: Number
    warehouse_code: Number
    valid_from: Day
    customer_class: str = ""
    channel: str = ""


def drop_allocation(tx: Session, key: AllocationKey, by: Author) -> None:
    """Keep it no longer: what is left is free for all at once. Raises NotFound."""
    key = canonical(key)
    take(tx, Lock.ITEM, [key.sku])
    before = _row(tx, key)
    if before is None:
        raise NotFound("There is no such allocation.", code="allocation_unknown", next_step="Look at the list of what is kept.")
    tx.execute(delete(SupplyAllocation).where(*_same(key)))
    note(
        tx,
        by,
        "drop",
        f"supply_allocation:{key.sku}",
        {name: {"from": value, "to": None} for name, value in before.items()},
    )


def refuse_oversold(tx: Session, skus: Sequence[str]) -> None:
    """Refuse shares that come to more than the whole on any day. Raises Invalid."""
    over = tx.execute(_OVERSOLD, {"skus": list(skus)}).mappings().first()
    if over is not None:
        raise Invalid(
            f"On {over['valid_from']} {over['share_pct'].normalize():f} % of {over['sku']} in {over['warehouse_code']} would be kept.",
            code="allocation_oversold",
            next_step="Correct the shares or the days: no day has more than 100 %.",
            errors={"share_pct": ["comes to more than 100 % with the others of these days"]},
        )


_Found = tuple[RowMapping, Kept]
#: What is there, on its day, and comes in, by item and place.
Supply = Mapping[tuple[str, str], Sequence[tuple[date, Decimal]]]


def allotments(tx: Session, skus: Sequence[str], supply: Supply, today: date) -> dict[str, dict[str, Allotment]]:
    """What is kept of the items now, by item and place; what is released is not."""
    return {
        sku: {
            place: Allotment([kept for row, kept in pairs if not is_released(row["valid_until"], row["release_days"], today)])
            for place, pairs in places.items()
        }
        for sku, places in read_kept(tx, skus, supply).items()
    }


def read_kept(tx: Session, skus: Sequence[str], supply: Supply) -> dict[str, dict[str, list[_Found]]]:
    """The allocations of items with what was promised of each: one statement, and another one where anything is kept."""
    rows = tx.execute(_ALLOCATIONS, {"skus": list(skus)}).mappings().all()
    if not rows:
        return {}
    wanted = sorted({row["sku"] for row in rows})
    promised: dict[tuple[str, str], list[RowMapping]] = defaultdict(list)
    for each in tx.execute(_PROMISED, {"skus": wanted}).mappings():
        promised[each["sku"], each["place"]].append(each)
    found: dict[str, dict[str, list[_Found]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        place = (row["sku"], row["warehouse_code"])
        found[place[0]][place[1]].append((row, _as_kept(row, supply.get(place, ()), promised[place])))
    for sku, places in found.items():
        for place_code, pairs in places.items():
            allotment = Allotment([kept for _, kept in pairs])
            for each in promised[sku, place_code]:
                allotment.take(Viewer(each["customer_class"], each["channel"]), each["day"], each["open"] + each["shipped"])
    return found


def _as_kept(row: RowMapping, supply: Sequence[tuple[date, Decimal]], promised: Sequence[RowMapping]) -> Kept:
    first, last = row["valid_from"], row["last_day"]
    supplied = Supplied(
        there=sum((qty for day, qty in supply if day <= last), ZERO),
        promised_before=sum((each["open"] for each in promised if each["day"] < first), ZERO),
        shipped=sum((each["shipped"] for each in promised if first <= each["day"] <= last), ZERO),
    )
    return Kept(
        customer_class=row["customer_class"],
        channel=row["channel"],
        first=first,
        last=last,
        size=size_of(row["qty"], row["share_pct"], supplied),
        priority=row["priority"],
    )


def _row(tx: Session, key: AllocationDraft | AllocationKey) -> dict[str, Any] | None:
    found = tx.execute(select(*SupplyAllocation.__table__.c).where(*_same(key))).mappings().first()
    return None if found is None else dict(found)


def _same(key: AllocationDraft | AllocationKey) -> list[Any]:
    columns = SupplyAllocation.__table__.c
    return [columns[name] == getattr(key, name) for name in KEY]


#: The days from which shares of an item in a warehouse come to more than the whole.
OVERSOLD = """
SELECT begins.sku, begins.warehouse_code, begins.valid_from, sum(kept.share_pct) AS share_pct
FROM (SELECT DISTINCT sku, warehouse_code, valid_from FROM supply_allocation) AS begins JOIN (
  SELECT sku, warehouse_code, share_pct, valid_from, least(valid_until, lead(valid_from) OVER (
    PARTITION BY sku, warehouse_code, customer_class, channel ORDER BY valid_from) - 1) AS last_day
  FROM supply_allocation
) AS kept ON kept.sku = begins.sku AND kept.warehouse_code = begins.warehouse_code
  AND begins.valid_from BETWEEN kept.valid_from AND kept.last_day
GROUP BY begins.sku, begins.warehouse_code, begins.valid_from
HAVING sum(kept.share_pct) > 100
"""
#: Days and ranks beyond which nobody means what they type.
_MOST = 1_000
#: An allocation ends the day before the next one of the same class and channel begins.
_ALLOCATIONS = text("""
SELECT kept.*, least(valid_until, lead(valid_from) OVER (PARTITION BY sku, warehouse_code, customer_class, channel ORDER BY valid_from) - 1)
    AS last_day
FROM supply_allocation AS kept WHERE sku = ANY(:skus) ORDER BY sku, warehouse_code, priority, customer_class, channel, valid_from
""")
_PROMISED = text("""
SELECT line.sku, line.warehouse_code AS place, customer.customer_class, orders.channel, line.sched_ship AS day,
       sum(line.qty - line.qty_cancelled - line.qty_shipped) AS open, sum(line.qty_shipped) AS shipped
FROM fulfil_line AS line JOIN sales_order AS orders USING (order_no) JOIN customer USING (customer_no)
WHERE line.sku = ANY(:skus) AND line.source_type = 'STOCK' AND line.sched_ship >= (
  SELECT min(valid_from) FROM supply_allocation WHERE sku = ANY(:skus) AND valid_until >= business_today())
  OR line.sku = ANY(:skus) AND line.source_type = 'STOCK' AND line.qty - line.qty_cancelled - line.qty_shipped > 0
GROUP BY line.sku, line.warehouse_code, customer.customer_class, orders.channel, line.sched_ship
ORDER BY line.sku, line.warehouse_code, line.sched_ship, customer.customer_class, orders.channel
""")
_OVERSOLD = text(f"SELECT * FROM ({OVERSOLD}) AS over WHERE sku = ANY(:skus) ORDER BY valid_from, sku LIMIT 1")
