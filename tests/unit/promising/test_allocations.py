"""What is kept of a supply for some, as each one who asks sees it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from handlers.promising.allocation_rules import Allotment, Kept, SeenBy, Supplied, Viewer, is_released, size_of
from handlers.promising.projection import Projection
from tests.integration.orders.trade import D

TODAY = date(2026, 3, 2)
GOOD, OTHER, WEB = Viewer("A", "EDI"), Viewer("B", "EDI"), Viewer("B", "WEB")


def day(number):
    return TODAY + timedelta(days=number)


def kept(size, *, first=0, last=30, customer_class="A", channel="", priority=1):  # noqa: PLR0913  # an allocation
    return Kept(customer_class=customer_class, channel=channel, first=day(first), last=day(last), size=D(size), priority=priority)


def seen(base, allotment, *viewers):
    return [SeenBy(base, allotment, viewer) for viewer in viewers]


def test_what_is_kept_for_a_class_is_free_for_it_and_for_nobody_else():
    good, other = seen(Projection(TODAY, D(100)), Allotment([kept(60)]), GOOD, OTHER)
    assert (good.free_at(TODAY), other.free_at(TODAY)) == (100, 40)
    assert other.earliest(D(41), TODAY) is None
    good.demand(day(3), D(25))
    assert (good.free_at(day(3)), other.free_at(TODAY)) == (75, 40), "it came out of what is kept"
    other.demand(TODAY, D(40))
    assert (good.free_at(TODAY), other.free_at(TODAY)) == (35, 0)
    good.supply(day(3), D(25))
    assert (good.free_at(TODAY), other.free_at(TODAY)) == (60, 0), "what is given back is kept again"


def test_more_than_is_kept_comes_out_of_what_is_free_for_all():
    good, other = seen(Projection(TODAY, D(100)), Allotment([kept(60)]), GOOD, OTHER)
    good.demand(TODAY, D(80))
    assert other.free_at(TODAY) == 20
    good.supply(TODAY, D(30))
    assert other.free_at(TODAY) == 40, "50 of 60 are used: ten are kept"


def test_what_ships_outside_its_days_does_not_use_it():
    good, other = seen(Projection(TODAY, D(100)), Allotment([kept(60, first=5, last=10)]), GOOD, OTHER)
    good.demand(day(4), D(10))
    good.demand(day(11), D(10))
    assert other.free_at(TODAY) == 20
    good.demand(day(5), D(10))
    good.demand(day(10), D(10))
    assert other.free_at(TODAY) == 20


def test_supply_before_its_first_day_is_free_as_far_as_it_is_not_needed_then():
    base = Projection(TODAY, D(50))
    base.supply(day(5), D(60))
    (other,) = seen(base, Allotment([kept(60, first=5)]), OTHER)
    assert (other.free_at(TODAY), other.free_at(day(5))) == (50, 50)
    (none,) = seen(Projection(TODAY, D(50)), Allotment([kept(60, first=5)]), OTHER)
    assert none.free_at(TODAY) == 0


def test_a_better_priority_may_use_what_is_left_of_a_later_one_and_not_the_other_way_round():
    allotment = Allotment([kept(30, priority=1), kept(40, customer_class="", channel="WEB", priority=2)])
    good, web, other = seen(Projection(TODAY, D(100)), allotment, GOOD, WEB, OTHER)
    assert (good.free_at(TODAY), web.free_at(TODAY), other.free_at(TODAY)) == (100, 70, 30)


def test_equals_keep_from_each_other():
    allotment = Allotment([kept(30), kept(40, customer_class="", channel="WEB")])
    good, web, both = seen(Projection(TODAY, D(100)), allotment, GOOD, WEB, Viewer("A", "WEB"))
    assert (good.free_at(TODAY), web.free_at(TODAY), both.free_at(TODAY)) == (60, 70, 100)
    both.demand(TODAY, D(50))
    assert [each.left for each in allotment.kept] == [0, 20], "one after the other"


@pytest.mark.parametrize(("today", "free"), [(day(23), False), (day(24), True), (day(31), True)])
def test_a_week_before_its_last_day_what_is_left_is_free(today, free):
    assert is_released(day(30), 7, today) is free


def test_without_days_it_is_kept_through_its_last_day():
    assert [is_released(day(30), 0, each) for each in (day(30), day(31))] == [False, True]


def test_a_share_is_of_what_is_there_comes_in_and_has_left_already():
    supplied = Supplied(there=D(90), promised_before=D(10), shipped=D(20))
    assert size_of(None, D("33.3333"), supplied) == D("33.3333")
    assert size_of(None, D(50), Supplied(there=D(5), promised_before=D(10), shipped=D(0))) == 0
    assert size_of(D(7), None, supplied) == 7
    assert size_of(None, D("33.3333"), Supplied(there=Decimal(1), promised_before=D(0), shipped=D(0))) == D("0.3333"), "cut off"
