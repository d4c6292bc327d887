"""The exact boundaries of available-to-promise and of sourcing: one piece, one day, one rank more or less is another answer."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest

from handlers.promising.projection import Projection
from handlers.promising.rules import Demand, EveryDay, Horizon, Market, Part, Source, align, plan_line, plan_order

TODAY = date(2026, 3, 2)
VIENNA = Source(source_type="STOCK", source="VIENNA", rank=1, transit_days=1)
LYON = Source(source_type="STOCK", source="LYON", rank=2, transit_days=3)
MAKERS = Source(source_type="DROP", source="MAKERS", rank=3, lead_days=7, transit_days=2)
NEVER = date(2999, 1, 1)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def stock(on_hand: int, **supplies: int) -> Projection:
    """`stock(5, d3=10)`: 5 on hand, 10 come in on day 3; a negative number is promised to others."""
    projection = Projection(TODAY, Decimal(on_hand))
    for name, qty in supplies.items():
        projection.supply(day(int(name[1:])), Decimal(qty))
    return projection


def market(places: dict[str, Projection], *sources: Source, **horizon) -> Market:
    return Market(sources, places, Horizon(today=TODAY, **horizon))


def demand(qty, wanted: date | None = None, **more) -> Demand:
    return Demand(order_line_id=1, sku="ANVIL", qty=Decimal(qty), wanted=wanted, **more)


def short(parts: list[Part]) -> list[tuple[int, str, int | None]]:
    return [(int(part.qty), part.source.source if part.source else "-", (part.ship - TODAY).days if part.ship else None) for part in parts]


@dataclass
class ClosedOn:
    """A calendar with days on which nothing ships."""

    closed: set[date]

    def on_or_after(self, _place: str, given: date) -> date:
        while given in self.closed:
            given += timedelta(days=1)
        return given

    def on_or_before(self, _place: str, given: date) -> date:
        while given in self.closed:
            given -= timedelta(days=1)
        return given


def test_supply_counts_from_its_very_day_and_not_a_day_before():
    assert [stock(0, d5=10).free_at(day(number)) for number in (4, 5, 6)] == [0, 10, 10]


def test_demand_of_a_later_day_is_kept_today_and_what_is_over_is_free_from_its_very_day():
    assert [stock(10, d3=-4, d5=2).free_at(day(number)) for number in (0, 2, 3, 4, 5)] == [6, 6, 6, 6, 8]


def test_a_balance_below_nothing_leaves_nothing_free():
    assert stock(1, d2=-3).free_at(TODAY) == 0


def test_what_was_due_before_today_counts_as_todays():
    projection = Projection(TODAY, Decimal(0))
    projection.supply(day(-2), Decimal(4))
    assert (projection.free_at(day(-5)), projection.days()) == (4, [TODAY])


@pytest.mark.parametrize(("qty", "found"), [(10, 0), (11, 5), (21, None)])
def test_exactly_what_is_free_may_be_promised_and_one_piece_more_waits(qty, found):
    earliest = stock(10, d5=10).earliest(Decimal(qty), TODAY)
    assert earliest == (None if found is None else day(found))


def test_a_day_that_is_past_is_asked_for_today():
    assert stock(10).earliest(Decimal(1), day(-3)) == TODAY


@pytest.mark.parametrize(("qty", "parts"), [(5, [(5, "VIENNA", 0)]), (6, [(6, "-", None)])])
def test_a_line_that_ships_complete_gets_exactly_the_free_quantity_and_not_one_piece_more(qty, parts):
    assert short(plan_line(demand(qty, ship_complete=True), market({"VIENNA": stock(5)}, VIENNA))) == parts


@pytest.mark.parametrize(("qty", "parts"), [(50, [(50, "MAKERS", 7)]), (49, [(49, "-", None)])])
def test_a_supplier_takes_exactly_its_minimum_and_not_one_piece_less(qty, parts):
    picky = Source(source_type="DROP", source="MAKERS", rank=3, lead_days=7, moq=Decimal(50))
    assert short(plan_line(demand(qty), market({}, picky))) == parts
    assert short(plan_line(demand(qty, ship_complete=True), market({}, picky))) == parts


@pytest.mark.parametrize(("within", "parts"), [(9, [(10, "VIENNA", 9)]), (8, [(10, "-", None)])])
@pytest.mark.parametrize("whole", [True, False])
def test_the_last_day_of_the_horizon_may_be_promised_and_the_next_may_not(within, parts, whole):
    shop = market({"VIENNA": stock(0, d9=10)}, VIENNA, within_days=within)
    assert short(plan_line(demand(10, ship_complete=whole), shop)) == parts


@pytest.mark.parametrize(("within", "parts"), [(9, [(4, "VIENNA", 0), (6, "VIENNA", 9)]), (8, [(4, "VIENNA", 0), (6, "-", None)])])
def test_no_part_of_a_split_leaves_behind_the_horizon(within, parts):
    assert short(plan_line(demand(10), market({"VIENNA": stock(4, d9=6)}, VIENNA, within_days=within))) == parts


@pytest.mark.parametrize(("wanted", "parts"), [(10, [(3, "VIENNA", 9)]), (11, [(3, "-", None)])])
def test_a_wanted_day_is_promised_when_its_ship_day_is_the_last_of_the_horizon(wanted, parts):
    assert short(plan_line(demand(3, wanted=day(wanted)), market({"VIENNA": stock(5)}, VIENNA, within_days=9))) == parts


def test_goods_that_come_in_on_a_day_of_rest_leave_on_the_next_shipping_day():
    shop = market({"VIENNA": stock(0, d5=10)}, VIENNA, calendar=ClosedOn({day(5), day(6)}))
    (part,) = plan_line(demand(10), shop)
    assert (part.ship, part.arrive) == (day(7), day(8))
    assert shop.stock["VIENNA"].free_at(day(7)) == 0


def test_a_line_that_ships_on_the_first_shipping_day_is_in_time_after_a_day_of_rest():
    shop = market({"VIENNA": stock(10), "LYON": stock(10)}, VIENNA, LYON, calendar=ClosedOn({TODAY}))
    assert short(plan_line(demand(10), shop)) == [(10, "VIENNA", 1)]


def test_a_line_wanted_on_a_day_leaves_on_the_last_shipping_day_that_brings_it_in_time():
    shop = market({"VIENNA": stock(10)}, VIENNA, calendar=ClosedOn({day(8), day(9)}))
    (part,) = plan_line(demand(10, wanted=day(10)), shop)
    assert (part.ship, part.arrive) == (day(7), day(8))


@pytest.mark.parametrize(("wanted", "source"), [(1, "VIENNA"), (0, "LYON")])
def test_who_arrives_on_the_very_day_is_in_time_and_a_day_later_is_not(wanted, source):
    near = Source(source_type="STOCK", source="LYON", rank=2, transit_days=0)
    assert short(plan_line(demand(5, wanted=day(wanted)), market({"VIENNA": stock(5), "LYON": stock(5)}, VIENNA, near)))[0][1] == source


@pytest.mark.parametrize(("rank", "source"), [(1, "MAKERS"), (2, "VIENNA")])
def test_a_supplier_of_the_same_rank_as_the_stock_is_as_good_and_one_behind_it_waits_for_what_stock_gives(rank, source):
    makers = Source(source_type="DROP", source="MAKERS", rank=rank, lead_days=0)
    sources = [makers, VIENNA] if rank == 1 else [VIENNA, makers]
    assert short(plan_line(demand(10), market({"VIENNA": stock(4, d3=6)}, *sources)))[0][1] == source


def test_a_supplier_ships_in_its_lead_time_or_later_when_it_is_wanted_later():
    assert short(plan_line(demand(5), market({}, MAKERS))) == [(5, "MAKERS", 7)]
    assert short(plan_line(demand(5, wanted=day(9)), market({}, MAKERS))) == [(5, "MAKERS", 7)]
    assert short(plan_line(demand(5, wanted=day(10)), market({}, MAKERS))) == [(5, "MAKERS", 8)]
    assert short(plan_line(demand(5, wanted=day(-9)), market({}, MAKERS))) == [(5, "MAKERS", 7)]


def test_of_two_arrivals_the_earlier_then_the_better_rank_then_the_code_decides():
    twin = Source(source_type="STOCK", source="ATHENS", rank=1, transit_days=1)
    late = {"VIENNA": stock(0, d2=5), "ATHENS": stock(0, d2=5), "LYON": stock(0, d2=5)}
    assert short(plan_line(demand(5, ship_complete=True), market(late, VIENNA, twin, LYON))) == [(5, "ATHENS", 2)]
    worse = Source(source_type="STOCK", source="ATHENS", rank=2, transit_days=1)
    assert short(plan_line(demand(5, ship_complete=True), market(late, VIENNA, worse))) == [(5, "VIENNA", 2)]


def test_a_line_is_split_into_as_many_parts_as_allowed_and_no_more():
    steps = {"VIENNA": stock(1, d1=1, d2=1, d3=1)}
    assert short(plan_line(demand(4), market(steps, VIENNA, most_splits=3))) == [(1, "VIENNA", 0), (1, "VIENNA", 1), (2, "VIENNA", 3)]


def test_the_last_part_takes_what_there_is_when_nothing_covers_the_rest():
    steps = {"VIENNA": stock(1, d1=1, d2=1)}
    assert short(plan_line(demand(9), market(steps, VIENNA, most_splits=2))) == [(1, "VIENNA", 0), (1, "VIENNA", 1), (7, "-", None)]


def test_a_split_gives_whole_packs_but_the_very_rest_as_it_is():
    assert short(plan_line(demand(15, pack_size=Decimal(6)), market({"VIENNA": stock(8, d4=9)}, VIENNA))) == [
        (6, "VIENNA", 0),
        (9, "VIENNA", 4),
    ]


@pytest.mark.parametrize(("supply_on", "ships"), [(20, 20), (21, 21), (22, 21)])
def test_a_time_fence_promises_behind_it_unless_known_supply_is_there_by_then(supply_on, ships):
    shop = market({"VIENNA": stock(0, **{f"d{supply_on}": 10})}, VIENNA)
    assert short(plan_line(demand(10, fence=day(21)), shop)) == [(10, "VIENNA", ships)]


def test_the_rest_behind_the_fence_is_taken_off_what_others_may_count_on():
    shop = market({"VIENNA": stock(4, d30=6)}, VIENNA)
    assert short(plan_line(demand(10, fence=day(21)), shop)) == [(4, "VIENNA", 0), (6, "VIENNA", 21)]
    assert shop.stock["VIENNA"].free_at(day(30)) == 0


def test_behind_the_fence_the_wanted_day_still_counts():
    shop = market({"VIENNA": stock(0)}, VIENNA)
    assert short(plan_line(demand(3, wanted=day(31), fence=day(21)), shop)) == [(3, "VIENNA", 30)]


def test_without_a_fence_the_rest_is_the_suppliers_and_with_one_whoever_is_earlier():
    slow = Source(source_type="DROP", source="MAKERS", rank=3, lead_days=40)
    assert short(plan_line(demand(5), market({"VIENNA": stock(0)}, VIENNA, slow))) == [(5, "MAKERS", 40)]
    assert short(plan_line(demand(5, fence=day(21)), market({"VIENNA": stock(0)}, VIENNA, slow))) == [(5, "VIENNA", 21)]


def test_a_warehouse_that_never_knew_the_item_promises_nothing_even_behind_a_fence():
    assert short(plan_line(demand(5, fence=day(21)), market({}, VIENNA))) == [(5, "-", None)]


def test_one_line_without_a_source_makes_backorders_of_all_that_arrive_together():
    there = Part(order_line_id=1, sku="A", qty=Decimal(1), source=VIENNA, ship=TODAY, arrive=day(1))
    waits = Part(order_line_id=2, sku="B", qty=Decimal(2))
    assert short(align([there, waits], EveryDay())) == [(1, "-", None), (2, "-", None)]


def test_lines_that_arrive_together_leave_on_shipping_days_but_a_supplier_on_any_day():
    calendar = ClosedOn({day(7), day(8)})
    ours = Part(order_line_id=1, sku="A", qty=Decimal(1), source=VIENNA, ship=TODAY, arrive=day(1))
    theirs = Part(order_line_id=2, sku="B", qty=Decimal(1), source=MAKERS, ship=day(6), arrive=day(8))
    latest = Part(order_line_id=3, sku="C", qty=Decimal(1), source=LYON, ship=day(6), arrive=day(9))
    aligned = align([ours, theirs, latest], calendar)
    assert [(part.ship, part.arrive) for part in aligned] == [(day(6), day(9)), (day(7), day(9)), (day(6), day(9))]


def test_a_complete_order_that_waits_takes_nothing_off_the_stock_and_one_that_goes_takes_it_from_its_later_day():
    shop = market({"VIENNA": stock(5)}, VIENNA)
    nowhere = market({}, VIENNA)
    assert short(plan_order([(demand(5), shop), (demand(1), nowhere)], together=True)) == [(5, "-", None), (1, "-", None)]
    assert shop.stock["VIENNA"].free_at(TODAY) == 5
    later = market({"VIENNA": stock(0, d4=1)}, VIENNA)
    assert short(plan_order([(demand(5), shop), (demand(1), later)], together=True)) == [(5, "VIENNA", 4), (1, "VIENNA", 4)]
    assert (shop.stock["VIENNA"].changes[day(4)], shop.stock["VIENNA"].free_at(TODAY)) == (-5, 0)


def test_lines_that_need_not_arrive_together_keep_their_own_days():
    shop, later = market({"VIENNA": stock(5)}, VIENNA), market({"VIENNA": stock(0, d4=1)}, VIENNA)
    assert short(plan_order([(demand(5), shop), (demand(1), later)], together=False)) == [(5, "VIENNA", 0), (1, "VIENNA", 4)]
    assert plan_order([], together=True) == []


def test_a_complete_line_that_is_in_time_from_the_best_rank_is_not_taken_from_one_that_is_earlier():
    far = Source(source_type="STOCK", source="VIENNA", rank=1, transit_days=3)
    near = Source(source_type="STOCK", source="LYON", rank=2, transit_days=1)
    assert short(plan_line(demand(5, ship_complete=True), market({"VIENNA": stock(5), "LYON": stock(5)}, far, near))) == [(5, "VIENNA", 0)]


def test_a_source_that_says_nothing_more_is_of_the_first_rank_and_a_line_is_split_in_three():
    plain = Source(source_type="STOCK", source="VIENNA")
    assert (plain.rank, plain.transit_days, plain.lead_days, plain.moq) == (1, 0, 0, 0)
    assert (Horizon(today=TODAY).most_splits, Horizon(today=TODAY).last_day) == (3, day(365))


@pytest.mark.parametrize(("supply_on", "ships"), [(20, 20), (21, 21), (22, 21)])
def test_a_complete_line_waits_for_known_supply_before_the_fence_and_else_for_the_fence(supply_on, ships):
    shop = market({"VIENNA": stock(0, **{f"d{supply_on}": 10})}, VIENNA)
    assert short(plan_line(demand(10, ship_complete=True, fence=day(21)), shop)) == [(10, "VIENNA", ships)]


def test_a_supplier_that_is_called_as_a_warehouse_is_none():
    namesake = Source(source_type="DROP", source="VIENNA", lead_days=7)
    assert market({"VIENNA": stock(5)}, namesake).places == []


def test_the_best_rank_that_arrives_on_the_very_day_is_taken_though_another_arrives_a_day_earlier():
    # LYON would have to ship on day 7, which is closed: it ships on day 6 and arrives on day 9, a day too early.
    shop = market({"VIENNA": stock(5), "LYON": stock(5)}, VIENNA, LYON, calendar=ClosedOn({day(7)}))
    (part,) = plan_line(demand(5, wanted=day(10)), shop)
    assert (part.source, part.arrive) == (VIENNA, day(10))


def test_a_supplier_waits_for_what_any_better_warehouse_gives_though_another_is_worse():
    makers = Source(source_type="DROP", source="MAKERS", rank=2, lead_days=0)
    last = Source(source_type="STOCK", source="LYON", rank=3, transit_days=3)
    shop = market({"VIENNA": stock(4), "LYON": stock(0)}, VIENNA, makers, last)
    assert short(plan_line(demand(10), shop)) == [(4, "VIENNA", 0), (6, "MAKERS", 0)]
