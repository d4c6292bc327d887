"""The plan of a group's parcels: what is reserved for it, in the cartons on file."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.documents.numbers import next_numbers
from handlers.fulfillment import rules
from handlers.fulfillment.cartons import Box, Goods, Parcel, is_weighed, plan_parcels, weigh
from handlers.parties.master_data import company


def plan_of(tx: Session, group_nos: Sequence[str]) -> dict[str, list[Parcel]]:
    """The parcels that the goods reserved for some groups make, by group. Two statements."""
    boxes = [Box(*row) for row in tx.execute(_CARTONS)]
    goods: dict[str, list[Goods]] = {group_no: [] for group_no in group_nos}
    for row in tx.execute(_GOODS, {"groups": list(group_nos)}):
        goods[row.group_no].append(Goods(row.sku, row.qty, row.weight_kg, row.volume_l))
    return {group_no: plan_parcels(given, boxes) for group_no, given in goods.items()}


def planned_weight(parcels: Sequence[Parcel]) -> Decimal | None:
    """What planned parcels weigh in all; None where an item's weight is not on file, so that somebody weighs them."""
    if not parcels or not all(is_weighed(parcel.goods) for parcel in parcels):
        return None
    return sum((each.weight_kg for each in parcels), Decimal(0))


def packages_of(tx: Session, group_no: str, count: int, weight_kg: Decimal) -> list[dict[str, Any]]:
    """Packages with their serial codes and weights: as planned where they are as many as were planned, else each weighs the same."""
    planned = plan_of(tx, [group_no])[group_no]
    as_planned = len(planned) == count and planned_weight(planned) is not None
    each_kg = weigh(planned, weight_kg) if as_planned else rules.weights(weight_kg, count)
    cartons = [each.box.code if each.box else None for each in planned] if len(planned) == count else [None] * count
    gln = company(tx).gln
    serials = [int(number.rpartition("-")[2]) for number in next_numbers(tx, "SSCC", count)]
    return [
        {"sscc": rules.sscc(gln, serial), "package_no": number, "weight_kg": weight, "carton_code": carton}
        for number, (serial, weight, carton) in enumerate(zip(serials, each_kg, cartons, strict=True), start=1)
    ]


_CARTONS = text("SELECT code, volume_l, max_kg, tare_kg FROM carton WHERE active ORDER BY code")
_GOODS = text("""
SELECT line.group_no, line.sku, sum(line.qty_reserved) AS qty, item.weight_kg, item.volume_l
FROM fulfil_line AS line JOIN item ON item.sku = line.sku
WHERE line.group_no = ANY(:groups) AND line.qty_reserved > 0
GROUP BY line.group_no, line.sku, item.weight_kg, item.volume_l ORDER BY line.group_no, line.sku
""")
