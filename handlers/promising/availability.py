"""Where supply and demand come from: balances, expected supply, and what is promised and not shipped, in constantly many statements."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from engine.iso8601 import zone_of
from engine.runtime.state.calendars import read_calendars
from engine.store.clock import business_today
from engine.store.locks import Lock, take
from engine.working_time import WorkingCalendar, weekdays
from handlers.catalog.offers import offer_in_force
from handlers.inventory.model import Warehouse
from handlers.parties.policy import chosen
from handlers.promising.allocation_rules import Allotment, SeenBy, Viewer
from handlers.promising.allocations import allotments
from handlers.promising.calendars import ShippingDays, WarehouseCalendar
from handlers.promising.production import capabilities
from handlers.promising.projection import Capability, Projection, Promisable
from handlers.promising.rules import Horizon, Market, Source
from handlers.promising.sourcing import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """Everything a promise looks at, for a set of items."""

    stock: Mapping[str, Mapping[str, Projection]]
    kept: Mapping[str, Mapping[str, Allotment]]
    made: Mapping[str, Mapping[str, Capability]]
    suppliers: Mapping[str, Sequence[Source]]
    warehouses: Sequence[str]
    horizon: Horizon
    reserve_until: date

    def seen_by(self, sku: str, customer_class: str, channel: str) -> Mapping[str, Promisable]:
        """What may be promised of an item, by warehouse, to a class of customers by a channel: without what is kept for others."""
        stock, kept = self.stock.get(sku, {}), self.kept.get(sku, {})
        if not kept:
            return stock
        viewer = Viewer(customer_class, channel)
        return {place: SeenBy(free, kept[place], viewer) if place in kept else free for place, free in stock.items()}

    def market(self, sources: Sequence[Source], sku: str, customer_class: str, channel: str) -> Market:
        """Where an order of a class and channel may have an item from, what is free for it there, and what can be made of it."""
        return Market(sources, self.seen_by(sku, customer_class, channel), self.horizon, self.made.get(sku, {}))


def look(tx: Session, skus: Collection[str], now: datetime) -> Supplies:
    """What may be promised of the items at this moment."""
    wanted = sorted(set(skus))
    policy = chosen(tx, "promise.most_splits", "promise.within_days", "promise.reserve_within_days")
    warehouses = tx.scalars(select(Warehouse).where(Warehouse.active).order_by(Warehouse.code)).all()
    calendars = read_calendars(tx) if any(place.calendar_code for place in warehouses) else {}
    calendar = WarehouseCalendar(
        now,
        {
            place.code: ShippingDays(
                calendar=_days_of(place, calendars), time_zone=place.time_zone, cut_off=place.cut_off, handling_days=place.handling_days
            )
            for place in warehouses
        },
    )
    horizon = Horizon(
        today=business_today(tx),
        calendar=calendar,
        most_splits=int(policy["promise.most_splits"]),
        within_days=int(policy["promise.within_days"]),
    )
    changes = read_changes(tx, wanted, horizon.today)
    stock = _project(changes, {place.code for place in warehouses}, horizon.today)
    made = capabilities(tx, wanted, calendar, horizon.today, horizon.last_day)
    for sku, places in made.items():
        for place in places:  # what was never there can be made there
            stock[sku].setdefault(place, Projection(horizon.today, Decimal(0)))
    return Supplies(
        made=made,
        kept=allotments(tx, wanted, supply_of(changes, horizon.today), horizon.today),
        stock=stock,
        suppliers=_suppliers(tx, wanted),
        warehouses=[place.code for place in warehouses],
        horizon=horizon,
        reserve_until=date.fromordinal(horizon.today.toordinal() + int(policy["promise.reserve_within_days"])),
    )


def read_changes(tx: Session, skus: Sequence[str], today: date) -> Sequence[RowMapping]:
    """What is there of the items (without a day), comes in (`comes`), and is promised, by place and day."""
    past_due = int(chosen(tx, "promise.past_due_days")["promise.past_due_days"])
    return tx.execute(_CHANGES, {"skus": list(skus), "today": today, "past_due": past_due}).mappings().all()


def supply_of(changes: Sequence[RowMapping], today: date) -> Mapping[tuple[str, str], Sequence[tuple[date, Decimal]]]:
    """Of all changes what is there, today, and comes in, by item and place."""
    supply: dict[tuple[str, str], list[tuple[date, Decimal]]] = defaultdict(list)
    for row in changes:
        if row["comes"]:
            supply[row["sku"], row["place"]].append((row["day"] or today, row["qty"]))
    return supply


def _days_of(place: Warehouse, calendars: Mapping[str, WorkingCalendar]) -> WorkingCalendar:
    """Its calendar; where that is gone too, the working days of its country."""
    return calendars.get(place.calendar_code or "") or weekdays(place.country, zone_of(place.time_zone))


def sources_of(places: Sequence[Place], sku: str, sourcing: str, supplies: Supplies) -> list[Source]:
    """The places an item may come from, best rank first, as the decision named them; a drop-ship item only from its suppliers."""
    found: list[Source] = []
    for place in places:
        if place.source_type == "DROP":
            offers = supplies.suppliers.get(sku, ())
            found += [_as_ranked(offer, place) for offer in offers if place.source in {"*", offer.source}]
        elif sourcing != "DROP":
            named = supplies.warehouses if place.source == "*" else [place.source]
            found += [Source(source_type="STOCK", source=code, rank=place.rank, transit_days=place.transit_days) for code in named]
    if sourcing == "DROP" and not found:
        found = list(supplies.suppliers.get(sku, ()))
    return sorted(found, key=lambda source: source.rank)


def lock_items(tx: Session, skus: Collection[str]) -> None:
    """Let no one else promise the same items, nor move their stock, until this transaction ends."""
    take(tx, Lock.ITEM, skus)
    take(tx, Lock.STOCK, skus, by="sku")


def _as_ranked(offer: Source, place: Place) -> Source:
    return Source(
        source_type="DROP",
        source=offer.source,
        rank=place.rank,
        transit_days=place.transit_days,
        lead_days=offer.lead_days,
        moq=offer.moq,
    )


def _project(changes: Sequence[RowMapping], active: Collection[str], today: date) -> defaultdict[str, dict[str, Projection]]:
    stock: defaultdict[str, dict[str, Projection]] = defaultdict(dict)
    for row in changes:
        if row["place"] not in active:
            continue
        projection = stock[row["sku"]].setdefault(row["place"], Projection(today, Decimal(0)))
        projection.supply(row["day"] or today, row["qty"])
    return stock


def _suppliers(tx: Session, skus: Sequence[str]) -> dict[str, list[Source]]:
    found: dict[str, list[Source]] = defaultdict(list)
    for row in tx.execute(_SUPPLIERS, {"skus": skus}).mappings():
        found[row["sku"]].append(
            Source(source_type="DROP", source=row["supplier_no"], rank=row["rank"], lead_days=row["lead_days"], moq=row["moq"])
        )
    return found


_CHANGES = text("""
SELECT sku, warehouse_code AS place, NULL::date AS day, sum(on_hand - safety_stock) AS qty, true AS comes
FROM stock_balance WHERE sku = ANY(:skus) AND (expires_on IS NULL OR expires_on > :today) GROUP BY sku, warehouse_code
UNION ALL
SELECT sku, warehouse_code, due_date, sum(qty_open), true
FROM supply WHERE sku = ANY(:skus) AND qty_open > 0 AND due_date >= CAST(:today AS date) - CAST(:past_due AS int)
GROUP BY sku, warehouse_code, due_date
UNION ALL
SELECT line.sku, line.warehouse_code, line.sched_ship, -sum(line.qty - line.qty_cancelled - line.qty_shipped), false
FROM fulfil_line AS line
WHERE line.sku = ANY(:skus) AND line.qty - line.qty_cancelled - line.qty_shipped > 0
GROUP BY line.sku, line.warehouse_code, line.sched_ship
""")
_SUPPLIERS = text(f"""
SELECT offer.sku, offer.supplier_no, offer.rank, offer.lead_days, offer.moq
FROM supplier_item AS offer JOIN supplier USING (supplier_no)
WHERE offer.sku = ANY(:skus) AND {offer_in_force()} AND supplier.active ORDER BY offer.sku, offer.rank, offer.supplier_no
""")
