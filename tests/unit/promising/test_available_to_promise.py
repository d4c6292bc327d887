"""Available-to-promise and sourcing, on the worked example of the domain reference and on small vivid cases."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.promising.projection import Projection
from handlers.promising.rules import Demand, EveryDay, Horizon, Market, Part, Source, align, plan_line

TODAY = date(2026, 3, 2)
VIENNA = Source(source_type="STOCK", source="VIENNA", rank=1, transit_days=1)
LYON = Source(source_type="STOCK", source="LYON", rank=2, transit_days=3)
ANVIL_MAKERS = Source(source_type="DROP", source="ANVIL-MAKERS", rank=3, lead_days=7, transit_days=2)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def worked_example() -> Projection:
    projection = Projection(TODAY, Decimal(40))
    projection.supply(day(5), Decimal(60))
    projection.supply(day(12), Decimal(100))
    projection.demand(day(2), Decimal(30))
    projection.demand(day(7), Decimal(20))
    projection.demand(day(13), Decimal(60))
    return projection


def market(stock: dict[str, Projection], *sources: Source, most_splits: int = 3) -> Market:
    return Market(sources, stock, Horizon(today=TODAY, most_splits=most_splits))


def demand(qty: int, wanted: date | None = None, **more) -> Demand:
    return Demand(order_line_id=1, sku="OMINOUS-ANVIL", qty=Decimal(qty), wanted=wanted, **more)


def short(parts: list[Part]) -> list[tuple[int, str, int | None]]:
    return [(int(part.qty), part.source.source if part.source else "-", (part.ship - TODAY).days if part.ship else None) for part in parts]


def test_what_may_be_promised_never_steals_from_a_later_promise():
    projection = worked_example()
    assert [projection.free_at(day(number)) for number in (0, 5, 12)] == [10, 50, 90]


def test_45_pieces_wanted_today_are_promised_whole_for_day_5():
    assert worked_example().earliest(Decimal(45), TODAY) == day(5)


def test_45_pieces_wanted_today_are_split_into_10_now_and_35_on_day_5():
    parts = plan_line(demand(45), market({"VIENNA": worked_example()}, VIENNA))
    assert short(parts) == [(10, "VIENNA", 0), (35, "VIENNA", 5)]


def test_100_pieces_with_60_on_hand_ship_60_now_and_40_on_the_day_of_the_supply():
    projection = Projection(TODAY, Decimal(60))
    projection.supply(day(9), Decimal(40))
    assert short(plan_line(demand(100), market({"VIENNA": projection}, VIENNA))) == [(60, "VIENNA", 0), (40, "VIENNA", 9)]


def test_a_line_that_must_ship_complete_waits_for_its_last_piece():
    projection = Projection(TODAY, Decimal(60))
    projection.supply(day(9), Decimal(40))
    assert short(plan_line(demand(100, ship_complete=True), market({"VIENNA": projection}, VIENNA))) == [(100, "VIENNA", 9)]


def test_the_second_rank_delivers_whole_what_the_first_has_only_in_part():
    stock = {"VIENNA": Projection(TODAY, Decimal(3)), "LYON": Projection(TODAY, Decimal(50))}
    assert short(plan_line(demand(10), market(stock, VIENNA, LYON))) == [(10, "LYON", 0)]


def test_a_supplier_delivers_the_rest_that_stock_does_not_have():
    parts = plan_line(demand(10), market({"VIENNA": Projection(TODAY, Decimal(4))}, VIENNA, ANVIL_MAKERS))
    assert short(parts) == [(4, "VIENNA", 0), (6, "ANVIL-MAKERS", 7)]


def test_a_rest_below_the_suppliers_minimum_is_a_backorder():
    picky = Source(source_type="DROP", source="ANVIL-MAKERS", rank=3, lead_days=7, moq=Decimal(50))
    parts = plan_line(demand(10), market({"VIENNA": Projection(TODAY, Decimal(4))}, VIENNA, picky))
    assert short(parts) == [(4, "VIENNA", 0), (6, "-", None)]


def test_nothing_known_at_all_is_a_backorder_without_a_date():
    assert short(plan_line(demand(10), market({}, VIENNA))) == [(10, "-", None)]


def test_an_item_with_a_time_fence_is_promised_behind_it_when_known_supply_ends():
    parts = plan_line(demand(10, fence=day(21)), market({"VIENNA": Projection(TODAY, Decimal(4))}, VIENNA))
    assert short(parts) == [(4, "VIENNA", 0), (6, "VIENNA", 21)]


def test_a_line_wanted_later_leaves_as_late_as_it_may():
    parts = plan_line(demand(10, wanted=day(14)), market({"VIENNA": Projection(TODAY, Decimal(50))}, VIENNA))
    assert (parts[0].ship, parts[0].arrive) == (day(13), day(14))


def test_the_last_allowed_part_covers_all_that_is_missing():
    projection = Projection(TODAY, Decimal(1))
    for number in (1, 2, 3):
        projection.supply(day(number), Decimal(1))
    parts = plan_line(demand(4), market({"VIENNA": projection}, VIENNA, most_splits=2))
    assert short(parts) == [(1, "VIENNA", 0), (3, "VIENNA", 3)]


def test_parts_come_in_whole_packs():
    projection = Projection(TODAY, Decimal(10))
    projection.supply(day(4), Decimal(10))
    parts = plan_line(demand(12, pack_size=Decimal(6)), market({"VIENNA": projection}, VIENNA))
    assert short(parts) == [(6, "VIENNA", 0), (6, "VIENNA", 4)]


def test_two_lines_of_one_item_do_not_get_the_same_piece():
    shared = market({"VIENNA": Projection(TODAY, Decimal(5))}, VIENNA)
    assert [short(plan_line(demand(4), shared)), short(plan_line(demand(4), shared))] == [
        [(4, "VIENNA", 0)],
        [(1, "VIENNA", 0), (3, "-", None)],
    ]


def test_lines_that_arrive_together_leave_for_the_latest_arrival():
    early = Part(order_line_id=1, sku="A", qty=Decimal(1), source=VIENNA, ship=day(0), arrive=day(1))
    late = Part(order_line_id=2, sku="B", qty=Decimal(1), source=LYON, ship=day(6), arrive=day(9))
    assert [(part.ship, part.arrive) for part in align([early, late], EveryDay())] == [(day(8), day(9)), (day(6), day(9))]


changes = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 80)), max_size=8)


@given(on_hand=st.integers(0, 100), supplies=changes, demands=changes, wants=st.lists(st.integers(1, 60), max_size=6))
def test_promises_never_make_a_balance_worse_than_it_was(on_hand, supplies, demands, wants):
    projection = Projection(TODAY, Decimal(on_hand))
    for number, qty in supplies:
        projection.supply(day(number), Decimal(qty))
    for number, qty in demands:
        projection.demand(day(number), Decimal(qty))

    def balances():
        total, found = Decimal(on_hand), []
        for number in range(31):
            total += projection.changes.get(day(number), Decimal(0))
            found.append(total)
        return found

    shared = market({"VIENNA": projection}, VIENNA)
    before = balances()
    for qty in wants:
        parts = plan_line(demand(qty), shared)
        assert sum(part.qty for part in parts) == qty
    assert all(now >= min(0, was) for now, was in zip(balances(), before, strict=True))
