"""What can be brought in of warehouses by file. Their stock is brought in by `handlers/promising/imports.py`: orders wait for it."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from engine.problems import Invalid
from engine.store.tables.calendars import business_calendar
from handlers.bulk import Column, Refers, TableKind
from handlers.catalog.model import Item
from handlers.identifiers import Number
from handlers.inventory.model import PickingPlace, Warehouse
from handlers.inventory.supply import WarehouseDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class PickingPlaceDraft:
    """Where an item is taken from in a warehouse."""

    warehouse_code: Number
    sku: Number
    place: Number


def _check(draft: Any) -> None:
    if draft.time_zone not in available_timezones():
        message = f"is {draft.time_zone!r}; write a name such as Europe/Vienna"
        raise Invalid(f"time_zone {message}", code="time_zone", errors={"time_zone": [message]})
    if draft.handling_days < 0:
        raise Invalid("handling_days is negative.", code="handling_days", errors={"handling_days": ["must be zero or more"]})


KINDS = (
    TableKind(
        code="warehouses",
        title="Warehouses",
        about="Places we ship from.",
        role="ship",
        place=20,
        draft=WarehouseDraft,
        table=Warehouse,
        key=("code",),
        columns=(
            Column("code", "Its name in three or four letters", "VIE"),
            Column("name", "Name as on papers", "Lager Wien"),
            Column("country", "Country by ISO 3166: gives its holidays", "AT"),
            Column("street", "Street and number", "Lagerstraße 12"),
            Column("city", "Town", "Wien"),
            Column("postal_code", "Postal code", "1230"),
            Column("region", "Region", "AT-9"),
            Column("time_zone", "Its time zone", "Europe/Vienna"),
            Column("cut_off", "Until when orders leave on the same day", "16:00"),
            Column("handling_days", "Working days from release to the ramp", "0"),
            Column("gln", "Global Location Number", "9123450000015"),
            Column("calendar_code", "Business calendar on whose days it ships; empty: the working days of its country", ""),
        ),
        check=_check,
        refers=(Refers("calendar_code", business_calendar, "code", "calendar"),),
    ),
    TableKind(
        code="picking-places",
        title="Picking places",
        about="Where an item is taken from in a warehouse; the pick list of a wave goes by it.",
        role="ship",
        place=46,
        draft=PickingPlaceDraft,
        table=PickingPlace,
        key=("warehouse_code", "sku"),
        columns=(
            Column("warehouse_code", "In which warehouse", "VIE"),
            Column("sku", "Which item", "PUMP-40"),
            Column("place", "Aisle, shelf and bin, as the round goes", "A-03-2"),
        ),
        refers=(Refers("warehouse_code", Warehouse, "code", "warehouse"), Refers("sku", Item, "sku", "item")),
    ),
)
