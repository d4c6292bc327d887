"""How a line is sourced from several places, by what is available to promise there and what can be made. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

from handlers.promising.projection import Capability, Promisable

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place a line may come from, as the sourcing decision ranked it: a warehouse, or a supplier that ships to the customer."""

    source_type: str
    source: str
    rank: int = 1
    transit_days: int = 0
    lead_days: int = 0
    moq: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A line to promise. `wanted` is the day it should arrive (None: as soon as can be), `fence` the day from which supply is unlimited."""

    order_line_id: int
    sku: str
    qty: Decimal
    wanted: date | None = None
    ship_complete: bool = False
    pack_size: Decimal = Decimal(1)
    fence: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a line from one place on one day; without a source it is a backorder. `made` of it is to be made by `ready`."""

    order_line_id: int
    sku: str
    qty: Decimal
    source: Source | None = None
    ship: date | None = None
    arrive: date | None = None
    made: Decimal = ZERO
    ready: date | None = None


class Calendar(Protocol):
    """On which days a place ships."""

    def on_or_after(self, place: str, day: date) -> date:
        """The first shipping day from a day on."""

    def on_or_before(self, place: str, day: date) -> date:
        """The last shipping day up to a day."""


class EveryDay:
    """A calendar without days of rest."""

    def on_or_after(self, place: str, day: date) -> date:  # noqa: ARG002  # the port names the place
        """The day itself."""
        return day

    def on_or_before(self, place: str, day: date) -> date:  # noqa: ARG002  # the port names the place
        """The day itself."""
        return day


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """From when, how far ahead and in how many parts a line may be promised."""

    today: date
    calendar: Calendar = field(default_factory=EveryDay)
    most_splits: int = 3
    within_days: int = 365

    @property
    def last_day(self) -> date:
        """The last day that is looked at."""
        return self.today + timedelta(days=self.within_days)


@dataclass(frozen=True, slots=True)
class Market:
    """The places one line may come from, best rank first, and what each may promise."""

    sources: Sequence[Source]
    stock: Mapping[str, Promisable]
    horizon: Horizon
    made: Mapping[str, Capability] = field(default_factory=dict)

    @property
    def places(self) -> list[Source]:
        """The warehouses among the sources that have ever known the item."""
        return [source for source in self.sources if source.source_type == "STOCK" and source.source in self.stock]

    @property
    def supplier(self) -> Source | None:
        """The best supplier among the sources."""
        return next((source for source in self.sources if source.source_type == "DROP"), None)


def plan_line(demand: Demand, market: Market) -> list[Part]:
    """Source a line by the first of these that works.

    1. the whole line in time from the best rank;
    2. for a line that must ship complete, the whole line as early as any source can; when none can, what is missing of it is made;
    3. parts from stock by earliest arrival, the rest from a supplier or made, what comes first, the rest of that as a backorder.

    What is taken from stock is booked as demand, so that the next line of the same item sees it.
    """
    whole = _whole_in_time(demand, market)
    if whole is None and demand.ship_complete:
        offers = [offer for source in market.sources if (offer := _offer(demand, source, demand.qty, market))]
        offers = offers or _made(demand, demand.qty, market)
        whole = min(offers, key=_by_arrival, default=Part(order_line_id=demand.order_line_id, sku=demand.sku, qty=demand.qty))
    if whole is None:
        return _split(demand, market)
    _book(whole, market)
    return [whole]


def _whole_in_time(demand: Demand, market: Market) -> Part | None:
    for source in market.sources:
        part = _offer(demand, source, demand.qty, market)
        if part is not None and _is_in_time(part, source, demand, market):
            return part
    return None


def _is_in_time(part: Part, source: Source, demand: Demand, market: Market) -> bool:
    if demand.wanted is not None:
        return (part.arrive or date.max) <= demand.wanted
    if source.source_type == "DROP":
        return not any(place.rank < source.rank for place in market.places)
    return part.ship == market.horizon.calendar.on_or_after(source.source, market.horizon.today)


def _offer(demand: Demand, source: Source, qty: Decimal, market: Market) -> Part | None:
    """A quantity from one source as early as it can, but not before it is wanted."""
    horizon = market.horizon
    ship_by = _ship_by(demand, source, horizon)
    if source.source_type == "DROP":
        if qty < source.moq:
            return None
        return _part(demand, qty, source, max(ship_by, horizon.today + timedelta(days=source.lead_days)), horizon)
    if source.source not in market.stock:
        return None
    ship = market.stock[source.source].earliest(qty, ship_by)
    if demand.fence is not None:
        ship = min(ship or date.max, max(ship_by, demand.fence))
    return None if ship is None or ship > horizon.last_day else _part(demand, qty, source, ship, horizon)


def _split(demand: Demand, market: Market) -> list[Part]:
    missing = demand.qty
    parts: list[Part] = []
    while len(parts) < market.horizon.most_splits:
        is_last = len(parts) == market.horizon.most_splits - 1
        part = _next_opening(demand, missing, market, must_cover=is_last) or _next_opening(demand, missing, market, must_cover=False)
        if part is None:
            break
        _book(part, market)
        parts.append(part)
        missing -= part.qty
    if missing:
        parts.append(_rest(demand, missing, market))
    return parts


def _next_opening(demand: Demand, missing: Decimal, market: Market, *, must_cover: bool) -> Part | None:
    """The earliest arrival of anything that stock can give; with `must_cover`, of all that is missing.

    Nothing is looked for behind the fence, where supply is unlimited.
    """
    last_day = market.horizon.last_day if demand.fence is None else min(market.horizon.last_day, demand.fence)
    found: list[Part] = []
    for place in market.places:
        projection = market.stock[place.source]
        for day in projection.days():
            ship = max(day, _ship_by(demand, place, market.horizon))
            free = projection.free_at(ship)
            qty = missing if free >= missing else free - free % demand.pack_size
            if qty > 0 and (qty == missing or not must_cover) and ship <= last_day:
                found.append(_part(demand, qty, place, ship, market.horizon))
    return min(found, key=_by_arrival, default=None)


def _rest(demand: Demand, missing: Decimal, market: Market) -> Part:
    """What known supply does not cover: unlimited supply behind the fence, a supplier or what can be made, else a backorder."""
    fenced = [offer for place in market.places if demand.fence and (offer := _offer(demand, place, missing, market))]
    dropped = [offer for source in [market.supplier] if source and (offer := _offer(demand, source, missing, market))]
    rest = min([*fenced, *dropped, *_made(demand, missing, market)], key=_by_arrival, default=None)
    if rest is None:
        return Part(order_line_id=demand.order_line_id, sku=demand.sku, qty=missing)
    _book(rest, market)
    return rest


def _made(demand: Demand, qty: Decimal, market: Market) -> list[Part]:
    """A quantity from each place that can make what it lacks of it."""
    found = []
    for place in market.places:
        capability, stock = market.made.get(place.source), market.stock[place.source]
        if capability is None:
            continue
        wanted = max(_ship_by(demand, place, market.horizon), capability.ready)
        made = qty - min(qty, stock.free_at(wanted))
        ready = capability.earliest(made, wanted)
        if ready is not None and ready <= market.horizon.last_day:
            found.append(replace(_part(demand, qty, place, ready, market.horizon), made=made, ready=ready))
    return found


def _ship_by(demand: Demand, source: Source, horizon: Horizon) -> date:
    if source.source_type == "DROP":
        earliest = horizon.today
        return earliest if demand.wanted is None else max(earliest, demand.wanted - timedelta(days=source.transit_days))
    earliest = horizon.calendar.on_or_after(source.source, horizon.today)
    if demand.wanted is None:
        return earliest
    return max(earliest, horizon.calendar.on_or_before(source.source, demand.wanted - timedelta(days=source.transit_days)))


def _part(demand: Demand, qty: Decimal, source: Source, ship: date, horizon: Horizon) -> Part:
    leaves = horizon.calendar.on_or_after(source.source, ship) if source.source_type == "STOCK" else ship
    return Part(
        order_line_id=demand.order_line_id,
        sku=demand.sku,
        qty=qty,
        source=source,
        ship=leaves,
        arrive=leaves + timedelta(days=source.transit_days),
    )


def _book(part: Part, market: Market) -> None:
    if part.source is not None and part.source.source_type == "STOCK" and part.ship is not None:
        market.stock[part.source.source].demand(part.ship, part.qty - part.made)
        if part.ready is not None:
            market.made[part.source.source].ask(part.ready, part.made)


def _unbook(part: Part, market: Market) -> None:
    if part.source is not None and part.source.source_type == "STOCK" and part.ship is not None:
        market.stock[part.source.source].supply(part.ship, part.qty - part.made)
        if part.ready is not None:
            market.made[part.source.source].ask(part.ready, -part.made)


def _by_arrival(part: Part) -> tuple[date, int, str]:
    rank, code = (part.source.rank, part.source.source) if part.source is not None else (0, "")
    return part.arrive or date.max, rank, code


def plan_order(lines: Sequence[tuple[Demand, Market]], *, together: bool) -> list[Part]:
    """Source the lines of an order, each in its market. `together`: they leave for one arrival, or all of them wait for the last.

    What waits takes nothing off the stock, so that the next order sees it.
    """
    planned = [(market, part) for demand, market in lines for part in plan_line(demand, market)]
    parts = [part for _, part in planned]
    if not together or not planned:
        return parts
    aligned = align(parts, planned[0][0].horizon.calendar)
    for (market, before), after in zip(planned, aligned, strict=True):
        _unbook(before, market)
        _book(after, market)
    return aligned


def align(parts: Sequence[Part], calendar: Calendar) -> list[Part]:
    """Parts that must arrive together: all leave for the latest arrival, on a shipping day; one backorder makes backorders of all."""
    if any(part.source is None for part in parts):
        return [Part(order_line_id=part.order_line_id, sku=part.sku, qty=part.qty) for part in parts]
    latest = max(part.arrive for part in parts if part.arrive is not None)
    return [
        replace(part, ship=_last_shipping_day(part.source, latest, calendar), arrive=latest) for part in parts if part.source is not None
    ]


def _last_shipping_day(source: Source, arrive: date, calendar: Calendar) -> date:
    day = arrive - timedelta(days=source.transit_days)
    return calendar.on_or_before(source.source, day) if source.source_type == "STOCK" else day
