"""Who is served first, and what the ranking must have answered."""

from datetime import date, timedelta

import pytest

from engine.problems import Invalid
from handlers.promising.ranking import Rank, RankCase, Waiting, read_ranks, served_first

TODAY = date(2026, 3, 2)


def waits(order_no, customer_class="B", wanted=None, ordered=0):
    day = None if wanted is None else TODAY + timedelta(days=wanted)
    return Waiting(order_no=order_no, customer_class=customer_class, wanted=day, ordered_on=TODAY - timedelta(days=ordered))


def ranks(**by_class):
    return {
        RankCase(customer_class=name, is_late=is_late): Rank(strategy=strategy, priority=priority)
        for name, (strategy, priority) in by_class.items()
        for is_late in (True, False)
    }


@pytest.mark.parametrize(("wanted", "is_late"), [(-1, True), (0, False), (1, False), (None, False)])
def test_an_order_is_late_from_the_day_after_it_was_wanted(wanted, is_late):
    assert waits("SO-1", wanted=wanted).rank_case(TODAY) == RankCase(customer_class="B", is_late=is_late)


def test_strategy_then_priority_then_wanted_day_then_day_of_the_order_then_number():
    orders = [
        waits("SO-7", "B"),
        waits("SO-6", "B", wanted=5, ordered=1),
        waits("SO-5", "B", wanted=5, ordered=2),
        waits("SO-4", "B", wanted=5, ordered=2),
        waits("SO-3", "B", wanted=4),
        waits("SO-2", "A"),
        waits("SO-1", "C"),
    ]
    by = ranks(C=("WIN", 9), A=("GAIN", 1), B=("GAIN", 2))
    assert [order.order_no for order in served_first(orders, by, TODAY)] == [f"SO-{number}" for number in (1, 2, 3, 4, 5, 6, 7)]


def test_answers_belong_to_the_cases_by_their_place():
    cases = [{"customer_class": "A", "is_late": True}, {"customer_class": "B", "is_late": False}]
    answers = [{"strategy": "WIN", "priority": 1}, {"strategy": "GAIN", "priority": 3}]
    assert read_ranks(cases, answers) == {
        RankCase(customer_class="A", is_late=True): Rank(strategy="WIN", priority=1),
        RankCase(customer_class="B", is_late=False): Rank(strategy="GAIN", priority=3),
    }


@pytest.mark.parametrize("answer", [None, "GAIN", {"strategy": "LOSE", "priority": 1}, {"strategy": "GAIN"}, {"priority": 1}])
def test_a_case_without_a_readable_answer_is_named(answer):
    with pytest.raises(Invalid, match="customer class A, late") as refused:
        read_ranks([{"customer_class": "A", "is_late": True}], [answer])
    assert "WIN, GAIN" in refused.value.next_step
    with pytest.raises(Invalid, match="customer class A, not late"):
        read_ranks([{"customer_class": "A", "is_late": False}], [])
