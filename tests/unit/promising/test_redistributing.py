"""Who keeps, gains or loses when promises are taken up: by strategy, within it by priority, wanted day, day of the order and number."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.problems import Invalid
from handlers.promising.projection import Projection
from handlers.promising.redistributing import (
    Claim,
    Held,
    Strategy,
    StrategyCase,
    fingerprint,
    read_strategies,
    redistribute,
)
from handlers.promising.rules import Demand, Horizon, Market, Source

MONDAY = date(2026, 3, 2)
VIENNA = Source(source_type="STOCK", source="VIENNA", rank=1)


class Shop:
    """So much on hand, and lines that are promised it or wait."""

    def __init__(self, on_hand: int, later: int = 0):
        self.projection = Projection(MONDAY, Decimal(on_hand))
        if later:
            self.projection.supply(MONDAY + timedelta(days=10), Decimal(later))
        self.market = Market([VIENNA], {"VIENNA": self.projection}, Horizon(today=MONDAY))
        self.claims: list[Claim] = []

    def line(self, strategy: str, *, waits: int = 0, has: tuple[int, ...] = (), wanted: int | None = None, **more: int) -> None:
        on, priority = more.get("on", 5), more.get("priority", 1)
        number = len(self.claims) + 1
        ship = MONDAY + timedelta(days=on)
        held = [
            Held(part_id=10 * number + place, place="VIENNA", qty=Decimal(qty), ship=ship, arrive=ship) for place, qty in enumerate(has)
        ]
        for each in held:
            self.projection.demand(each.ship, each.qty)
        day = None if wanted is None else MONDAY + timedelta(days=wanted)
        claim = Claim(
            order_no=f"SO-{number}",
            line_no=1,
            customer_no="C-1",
            strategy=Strategy(name=strategy, priority=priority),
            ordered_on=MONDAY,
            waiting=Decimal(waits),
            held=held,
            demand=Demand(order_line_id=number, sku="ANVIL", qty=Decimal(waits), wanted=day),
            market=self.market,
        )
        self.claims.append(claim)

    def run(self):
        """By order: what it gets anew, what of its promises goes, what waits then, and how that is called."""
        found = sorted(redistribute(self.claims), key=lambda each: each.claim.order_no)
        return [
            (
                sum(int(part.qty) for part in each.parts if part.source),
                sum(int(held.qty) for held in each.gone),
                int(each.waiting),
                each.verdict,
            )
            for each in found
        ]


def test_who_gains_takes_first_from_who_loses_then_from_who_only_keeps():
    shop = Shop(30)
    shop.line("GAIN", waits=10)
    shop.line("FILL", has=(10,))
    shop.line("LOSE", has=(10, 10))
    assert shop.run() == [(10, 0, 0, "gains"), (0, 0, 0, "keeps"), (0, 10, 10, "loses")]


def test_who_only_keeps_loses_a_promise_whole_and_gains_nothing_though_some_is_left():
    shop = Shop(30)
    shop.line("GAIN", waits=25)
    shop.line("FILL", has=(30,), waits=5)
    assert shop.run() == [(25, 0, 0, "gains"), (0, 30, 35, "loses")]


def test_who_gains_keeps_what_it_has_and_nobody_takes_it():
    shop = Shop(10)
    shop.line("GAIN", has=(10,), priority=2)
    shop.line("GAIN", waits=10, priority=1)
    assert shop.run() == [(0, 0, 0, "keeps"), (0, 0, 10, "keeps")]


def test_of_those_who_redistribute_the_one_wanted_first_is_served_first_and_the_other_moves_or_loses():
    shop = Shop(10, later=10)
    shop.line("REDISTRIBUTE", has=(10,), on=5, wanted=9)
    shop.line("REDISTRIBUTE", waits=10, wanted=3)
    assert shop.run() == [(10, 10, 0, "loses"), (10, 0, 0, "gains")], "the first now waits for the supply of the tenth day"


def test_who_has_what_it_would_get_is_left_alone():
    shop = Shop(10)
    shop.line("REDISTRIBUTE", has=(10,), on=5, wanted=5)
    assert shop.run() == [(0, 0, 0, "keeps")]


@pytest.mark.parametrize(("on_hand", "wanted", "verdict"), [(10, 3, "gains"), (9, 3, "fails"), (9, None, "fails")])
def test_a_winner_gets_all_in_time_or_the_run_fails(on_hand, wanted, verdict):
    shop = Shop(on_hand)
    shop.line("WIN", waits=10, wanted=wanted)
    shop.line("LOSE", has=(5,))
    assert shop.run()[0][3] == verdict


def test_a_winner_that_is_late_fails_though_nothing_waits():
    shop = Shop(0, later=10)
    shop.line("WIN", waits=10, wanted=9)
    assert shop.run() == [(10, 0, 0, "fails")]


def test_two_plans_are_the_same_when_they_do_the_same():
    def plan(waits):
        shop = Shop(20)
        shop.line("GAIN", waits=waits)
        shop.line("LOSE", has=(20,))
        return fingerprint(redistribute(shop.claims))

    assert plan(10) == plan(10) != plan(11)


def test_an_answer_of_the_table_that_cannot_be_followed_is_refused_by_its_case():
    case = {"customer_class": "A", "item_class": "HARDWARE", "is_late": False}
    key = StrategyCase(**case)
    assert read_strategies([case], [{"strategy": "LOSE", "priority": 2}]) == {key: Strategy(name="LOSE", priority=2)}
    for answer in (None, {"strategy": "IMPROVE", "priority": 1}, {"strategy": "WIN", "priority": None}):
        with pytest.raises(Invalid, match="no answer for A, HARDWARE"):
            read_strategies([case], [answer])
