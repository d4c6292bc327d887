"""What is promised by what can be made, where stock and supply do not suffice."""

from dataclasses import replace
from datetime import date, timedelta

from handlers.promising.projection import Capability, Projection
from handlers.promising.rules import Demand, Horizon, Market, Source, plan_line, plan_order
from tests.integration.orders.trade import D

TODAY = date(2026, 3, 2)


def day(number):
    return TODAY + timedelta(days=number)


def market(on_hand=0, *, lead=5, per_day=None, asked=(), supplier_after=None, **supply):
    projection = Projection(TODAY, D(on_hand))
    for when, qty in supply.items():
        projection.supply(day(int(when.removeprefix("day"))), D(qty))
    days = [day(number) for number in range(lead, 100)]
    capability = Capability.of(days, None if per_day is None else D(per_day), [(day(when), D(qty)) for when, qty in asked])
    sources = [Source(source_type="STOCK", source="VIE")]
    if supplier_after is not None:
        sources.append(Source(source_type="DROP", source="S-1", rank=2, lead_days=supplier_after))
    return Market(sources, {"VIE": projection}, Horizon(today=TODAY), {"VIE": capability})


def demand(qty, **more):
    return Demand(order_line_id=1, sku="RACK-12", qty=D(qty), **more)


def parts(found):
    return [(int(part.qty), int(part.made), part.ship and (part.ship - TODAY).days) for part in found]


def test_what_stock_lacks_is_made_and_comes_when_it_is_done():
    assert parts(plan_line(demand(10), market(4))) == [(4, 0, 0), (6, 6, 5)]


def test_what_stock_and_supply_suffice_for_is_not_made():
    assert parts(plan_line(demand(10), market(10))) == [(10, 0, 0)]
    assert parts(plan_line(demand(10), market(4, day20=6))) == [(4, 0, 0), (6, 0, 20)]


def test_what_is_wanted_later_is_done_on_that_day():
    assert parts(plan_line(demand(10, wanted=day(12)), market())) == [(10, 10, 12)]


def test_a_day_gives_so_much_and_what_is_asked_for_already_comes_first():
    assert parts(plan_line(demand(10), market(per_day=4))) == [(10, 10, 7)], "four on the fifth, eight on the sixth, ten on the seventh day"
    assert parts(plan_line(demand(4), market(per_day=4, asked=[(5, 4)]))) == [(4, 4, 6)]
    assert parts(plan_line(demand(4), market(per_day=4, asked=[(7, 4)]))) == [(4, 4, 5)], "what is promised for the seventh day is not late"
    assert parts(plan_line(demand(12), market(per_day=4, asked=[(7, 4)]))) == [(12, 12, 8)]
    assert parts(plan_line(demand(4), market(per_day=4, asked=[(4, 90)]))) == [(4, 4, 5)], "what is done before was begun before"


def test_lines_of_one_item_share_what_a_day_gives():
    place = market(per_day=4)
    found = plan_order([(demand(4), place), (replace(demand(4), order_line_id=2), place)], together=False)
    assert parts(found) == [(4, 4, 5), (4, 4, 6)]


def test_more_than_anybody_looks_ahead_for_is_a_backorder():
    (part,) = plan_line(demand(10_000), market(per_day=4))
    assert (part.source, part.made) == (None, 0)
    assert Capability.of([], D(4), []) is None


def test_a_line_that_must_ship_complete_has_made_what_is_missing_of_it():
    assert parts(plan_line(demand(10, ship_complete=True), market(4))) == [(10, 6, 5)]
    assert parts(plan_line(demand(10, ship_complete=True), market(4, day20=6))) == [(10, 0, 20)]


def test_a_supplier_who_is_faster_ships_what_stock_lacks():
    assert parts(plan_line(demand(10), market(4, supplier_after=3))) == [(4, 0, 0), (6, 0, 3)]
    assert parts(plan_line(demand(10), market(4, supplier_after=9))) == [(4, 0, 0), (6, 6, 5)]


def test_an_order_that_waits_for_a_line_asks_nothing_of_production():
    place = market(per_day=4)
    nowhere = Market([], {}, Horizon(today=TODAY))
    found = plan_order([(demand(4), place), (replace(demand(1), order_line_id=2), nowhere)], together=True)
    assert [(part.source, part.made) for part in found] == [(None, 0), (None, 0)]
    assert parts(plan_line(demand(4), place)) == [(4, 4, 5)], "the day is free for others"


def test_an_order_that_ships_together_leaves_when_the_last_is_done():
    place, other = market(per_day=4), market(1)
    found = plan_order([(demand(8), place), (replace(demand(1), order_line_id=2), other)], together=True)
    assert [(part.arrive - TODAY).days for part in found] == [6, 6]
    assert [part.made for part in found] == [8, 0]
