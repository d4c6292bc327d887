"""Which cartons goods are packed into: first fit, the largest pieces first, each parcel in the smallest carton that holds it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Final

ZERO: Final = Decimal(0)
#: A plan of more parcels than a shipment may have packages is no plan.
MOST_PARCELS: Final = 999


@dataclass(frozen=True, slots=True)
class Goods:
    """So much of an item, in its unit; weight in kilograms and room in litres of one unit, zero where it is not on file."""

    sku: str
    qty: Decimal
    weight_kg: Decimal
    volume_l: Decimal


@dataclass(frozen=True, slots=True)
class Box:
    """A carton: how many litres it holds, how many kilograms may be in it, and what it weighs empty."""

    code: str
    volume_l: Decimal
    max_kg: Decimal
    tare_kg: Decimal


@dataclass(slots=True)
class Parcel:
    """A parcel as planned: what is in it, and the carton; none for goods that no carton holds, which travel as they are."""

    box: Box | None
    goods: list[Goods] = field(default_factory=list)

    @property
    def net_kg(self) -> Decimal:
        """What the goods weigh."""
        return sum((each.qty * each.weight_kg for each in self.goods), ZERO)

    @property
    def volume_l(self) -> Decimal:
        """The room that the goods take."""
        return sum((each.qty * each.volume_l for each in self.goods), ZERO)

    @property
    def weight_kg(self) -> Decimal:
        """What the parcel weighs, to the gram."""
        return (self.net_kg + (self.box.tare_kg if self.box else ZERO)).quantize(Decimal("0.001"))

    def fitting(self, item: Goods) -> Decimal:
        """How much of an item still fits: whole units, and the rest of less than one where that is all there is."""
        if self.box is None:
            return ZERO
        room = [
            (left / each)
            for left, each in ((self.box.max_kg - self.net_kg, item.weight_kg), (self.box.volume_l - self.volume_l, item.volume_l))
            if each
        ]
        most = min(room, default=item.qty)
        return item.qty if most >= item.qty else max(most, ZERO).quantize(Decimal(1), rounding=ROUND_DOWN)


def plan_parcels(goods: Sequence[Goods], boxes: Sequence[Box]) -> list[Parcel]:
    """Parcels for some goods; without cartons on file all of it is one parcel. Empty where it would be more parcels than may be."""
    if not boxes:
        return [Parcel(None, list(goods))] if goods else []
    largest = max(boxes, key=lambda box: (box.volume_l, box.max_kg, box.code))
    parcels: list[Parcel] = []
    for item in sorted(goods, key=lambda each: (-each.volume_l, -each.weight_kg, each.sku)):
        parcels = _pack(item, parcels, largest)
        if len(parcels) > MOST_PARCELS:
            return []
    for parcel in parcels:
        parcel.box = parcel.box and _smallest(parcel, boxes, parcel.box)
    return parcels


def is_weighed(goods: Sequence[Goods]) -> bool:
    """Whether the weight of everything is on file, so that what a plan weighs can be believed."""
    return all(each.weight_kg for each in goods)


def in_words(parcels: Sequence[Parcel]) -> str:
    """A plan in a line: how many of each carton."""
    counted: dict[str, int] = {}
    for parcel in parcels:
        name = parcel.box.code if parcel.box else "as it is"
        counted[name] = counted.get(name, 0) + 1
    return ", ".join(f"{count} x {name}" for name, count in counted.items())


def weigh(parcels: Sequence[Parcel], total_kg: Decimal) -> list[Decimal]:
    """What was weighed in all, spread over the parcels as they are planned to weigh; the last takes what is left of rounding."""
    planned = sum((each.weight_kg for each in parcels), ZERO)
    shares = [(total_kg * each.weight_kg / planned).quantize(Decimal("0.001"), rounding=ROUND_DOWN) for each in parcels[:-1]]
    return [*shares, total_kg - sum(shares, ZERO)]


def _pack(item: Goods, parcels: list[Parcel], largest: Box) -> list[Parcel]:
    left = item.qty
    for parcel in parcels:
        left = _put(parcel, item, left)
    each = Parcel(largest).fitting(Goods(item.sku, left, item.weight_kg, item.volume_l)) if left else ZERO
    while left and len(parcels) <= MOST_PARCELS:
        if not each:  # no carton holds one of it
            part = min(left, Decimal(1))
            parcels.append(Parcel(None, [Goods(item.sku, part, item.weight_kg, item.volume_l)]))
            left -= part
        else:
            parcels.append(Parcel(largest))
            left = _put(parcels[-1], item, left)
    return parcels


def _put(parcel: Parcel, item: Goods, left: Decimal) -> Decimal:
    part = parcel.fitting(Goods(item.sku, left, item.weight_kg, item.volume_l)) if left else ZERO
    if part:
        parcel.goods.append(Goods(item.sku, part, item.weight_kg, item.volume_l))
    return left - part


def _smallest(parcel: Parcel, boxes: Sequence[Box], largest: Box) -> Box:
    holding = [box for box in boxes if parcel.volume_l <= box.volume_l and parcel.net_kg <= box.max_kg]
    return min(holding, key=lambda box: (box.volume_l, box.max_kg, box.code), default=largest)
