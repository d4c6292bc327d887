"""Interest is counted day by day, to the cent, on what was open, overdue and undisputed when each day began."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.receivables.late_interest import Claim, Days, Part, RateFrom, interest_days

D = Decimal
DUE = date(2026, 4, 9)
TEN = [RateFrom(date(2026, 1, 1), D("10"))]


def claim(amount="3650.00", **changes):
    given = {"parts": [Part(DUE, D(amount))], "open_amount": D(amount), "currency": "EUR"}
    return Claim(**given | changes)


def days(first, last, principal, rate, interest):
    return Days(date(2026, *first), date(2026, *last), D(principal), D(rate), D(interest))


def test_the_due_date_costs_nothing_and_the_day_after_is_the_first():
    assert interest_days(claim(), TEN, date(2026, 4, 1), DUE) == []
    assert interest_days(claim(), TEN, date(2026, 4, 1), date(2026, 4, 10)) == [days((4, 10), (4, 10), "3650.00", "10", "1.00")]


def test_thirty_days_of_eight_percent_come_to_the_cent():
    eight = [RateFrom(date(2026, 1, 1), D("8"))]
    assert interest_days(claim("1668.00"), eight, date(2026, 4, 10), date(2026, 5, 9)) == [days((4, 10), (5, 9), "1668.00", "8", "10.97")]


def test_a_payment_lowers_what_costs_from_the_day_after_it():
    paid = claim(open_amount=D("1825.00"), reduced={date(2026, 4, 12): D("1825.00")})
    assert interest_days(paid, TEN, date(2026, 4, 10), date(2026, 4, 14)) == [
        days((4, 10), (4, 12), "3650.00", "10", "3.00"),
        days((4, 13), (4, 14), "1825.00", "10", "1.00"),
    ]


def test_what_was_paid_and_taken_back_costs_only_while_it_was_missing():
    back = claim(reduced={date(2026, 4, 11): D("3650.00"), date(2026, 4, 13): D("-3650.00")})
    found = interest_days(back, TEN, date(2026, 4, 10), date(2026, 4, 15))
    assert [(each.first_day.day, each.last_day.day) for each in found] == [(10, 11), (14, 15)]


def test_a_rate_that_changes_parts_the_days_on_its_day():
    rates = [RateFrom(date(2026, 7, 1), D("20")), RateFrom(date(2026, 1, 1), D("10"))]
    assert interest_days(claim(), rates, date(2026, 6, 30), date(2026, 7, 2)) == [
        days((6, 30), (6, 30), "3650.00", "10", "1.00"),
        days((7, 1), (7, 2), "3650.00", "20", "4.00"),
    ]


@pytest.mark.parametrize("rate", ["0", "-0.88"])
def test_a_rate_of_nothing_or_less_costs_nothing(rate):
    assert interest_days(claim(), [RateFrom(date(2026, 1, 1), D(rate))], date(2026, 4, 10), date(2026, 4, 20)) == []


def test_days_before_the_first_rate_cost_nothing():
    late = [RateFrom(date(2026, 4, 12), D("10"))]
    assert interest_days(claim(), late, date(2026, 4, 10), date(2026, 4, 12)) == [days((4, 12), (4, 12), "3650.00", "10", "1.00")]


def test_of_instalments_each_costs_from_its_own_day_and_money_pays_the_first():
    parts = [Part(DUE, D("3650.00"), D("7300.00")), Part(date(2026, 4, 11), D("7300.00"))]
    owed = claim(parts=parts, open_amount=D("10950.00"))
    assert interest_days(owed, TEN, date(2026, 4, 10), date(2026, 4, 13)) == [
        days((4, 10), (4, 11), "3650.00", "10", "2.00"),
        days((4, 12), (4, 13), "10950.00", "10", "6.00"),
    ]
    assert interest_days(claim(parts=parts, open_amount=D("7300.00")), TEN, date(2026, 4, 10), date(2026, 4, 11)) == []


def test_what_is_in_dispute_costs_nothing_from_the_day_after_until_the_day_it_ends():
    held = claim(disputed=[(D("1825.00"), date(2026, 4, 10), date(2026, 4, 12))])
    assert interest_days(held, TEN, date(2026, 4, 10), date(2026, 4, 13)) == [
        days((4, 10), (4, 10), "3650.00", "10", "1.00"),
        days((4, 11), (4, 12), "1825.00", "10", "1.00"),
        days((4, 13), (4, 13), "3650.00", "10", "1.00"),
    ]
    all_of_it = claim(disputed=[(D("4000.00"), date(2026, 4, 1), None)])
    assert interest_days(all_of_it, TEN, date(2026, 4, 10), date(2026, 4, 13)) == []


@given(
    amount=st.decimals("0.01", "99999.99", places=2), rate=st.decimals("0.01", "30", places=2), first=st.integers(0, 60),
    length=st.integers(0, 400),
)  # fmt: skip
def test_days_never_overlap_and_together_are_what_was_asked_for(amount, rate, first, length):
    since = date.fromordinal(DUE.toordinal() + 1 + first)
    until = date.fromordinal(since.toordinal() + length)
    found = interest_days(claim(amount), [RateFrom(date(2026, 1, 1), rate)], since, until)
    assert [(each.first_day, each.last_day, each.count) for each in found] == [(since, until, length + 1)]
    assert abs(found[0].interest - amount * rate * (length + 1) / 36500) <= D("0.005")
