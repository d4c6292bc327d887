"""On which days a warehouse ships: those of its business calendar, without one all but weekends and public holidays of its country.

After its cut-off it ships from the next day on only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.working_time import WorkingCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingDays:
    """What a warehouse's row says about its days."""

    calendar: WorkingCalendar
    time_zone: str
    cut_off: time
    handling_days: int


@dataclass(frozen=True, slots=True)
class WarehouseCalendar:
    """The shipping days of all warehouses, as seen at one moment."""

    now: datetime
    places: Mapping[str, ShippingDays]
    _known: dict[tuple[str, date, int], date] = field(default_factory=dict)

    def on_or_after(self, place: str, day: date) -> date:
        """The first day on which the warehouse ships, from a day on."""
        return self._walk(place, max(day, self._first_day(place)), 1)

    def on_or_before(self, place: str, day: date) -> date:
        """The last day on which the warehouse ships, up to a day."""
        return self._walk(place, day, -1)

    def working_days(self, place: str, first: date, last: date) -> list[date]:
        """The days from the first to the last on which the place works."""
        days = (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
        return [day for day in days if self.places[place].calendar.is_working_day(day)]

    def _walk(self, place: str, day: date, step: int) -> date:
        key = (place, day, step)
        if key not in self._known:
            while not self.places[place].calendar.is_working_day(day):
                day += timedelta(days=step)
            self._known[key] = day
        return self._known[key]

    def _first_day(self, place: str) -> date:
        days = self.places[place]
        local = self.now.astimezone(ZoneInfo(days.time_zone))
        late = local.time() > days.cut_off
        return local.date() + timedelta(days=days.handling_days + late)
