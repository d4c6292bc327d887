"""Exact money: no floats, no mixed currencies, rounding half away from zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import Invalid
from handlers.values import Money, exact, not_negative, percent, positive, round4, round_currency, truncate_currency


def D(value) -> Decimal:  # noqa: N802
    return Decimal(str(value))


def test_euros_and_dollars_are_never_added():
    with pytest.raises(Invalid, match=r"10 EUR and 5 USD are of different currencies"):
        Money(D(10), "EUR") + Money(D(5), "USD")


def test_euros_and_dollars_are_never_compared():
    with pytest.raises(Invalid, match="different currencies"):
        assert Money(D(10), "EUR") < Money(D(5), "USD")


def test_a_tenth_and_two_tenths_are_three_tenths():
    assert Money(D("0.1"), "EUR") + Money(D("0.2"), "EUR") == Money(D("0.3"), "EUR")


@pytest.mark.parametrize("wrong", [0.1 + 0.2, float("nan"), "12.50", True, None, D("NaN"), D("Infinity"), D("1e30")])
def test_what_is_no_exact_number_is_refused_by_name(wrong):
    with pytest.raises(Invalid) as refused:
        exact(wrong, "lines.3.price")
    assert list(refused.value.errors) == ["lines.3.price"]
    assert refused.value.next_step


@pytest.mark.parametrize(("check", "wrong"), [(positive, D(0)), (positive, D(-1)), (positive, D("0.00001")), (not_negative, D("-0.01"))])
def test_quantities_are_above_zero_and_amounts_not_below(check, wrong):
    with pytest.raises(Invalid):
        check(wrong, "qty")


@pytest.mark.parametrize("code", ["eur", "EURO", "", "E1R", "ÄÖÜ"])
def test_a_currency_is_three_capital_letters(code):
    with pytest.raises(Invalid, match="no currency code"):
        Money(D(1), code)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [("2.005", "EUR", "2.01"), ("-2.005", "EUR", "-2.01"), ("2.5", "JPY", "3"), ("1.0005", "KWD", "1.001"), ("2.004999", "EUR", "2.00")],
)
def test_amounts_are_rounded_half_up_to_the_smallest_unit(amount, currency, rounded):
    assert str(round_currency(D(amount), currency)) == rounded


def test_cutting_off_never_rounds_up():
    assert truncate_currency(D("9.999"), "EUR") == D("9.99")


def test_unit_prices_have_four_decimals():
    assert round4(D("22.50005")) == D("22.5001")


def test_a_share_of_nothing_is_zero():
    assert percent(D(5), D(0)) == 0


@given(st.decimals(-(10**9), 10**9, places=6), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_rounding_moves_an_amount_by_at_most_half_a_unit(amount, currency):
    unit = {"EUR": D("0.01"), "JPY": D(1), "KWD": D("0.001")}[currency]
    assert abs(round_currency(amount, currency) - amount) <= unit / 2
