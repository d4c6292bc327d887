from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.billing.rules import (
    Billable,
    Charge,
    Creditable,
    TaxGroup,
    TermPart,
    Terms,
    amount_of,
    describe_terms,
    freight_tax,
    instalments,
    outside_vat,
    revenue,
    schedule,
    spread_credit,
    taxes,
)
from handlers.values import round_currency

D = Decimal


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.decimals(min_value="0.01", max_value="99999.99", places=2))
def test_partial_invoices_add_up_to_the_line_to_the_cent(quantities, worth):
    ordered = D(sum(quantities))
    qty_before, amount_before = D(0), D(0)
    for qty in quantities:
        amount = amount_of(Billable(D(qty), ordered, worth, qty_before, amount_before), "EUR")
        assert amount >= 0
        qty_before, amount_before = qty_before + qty, amount_before + amount
    assert amount_before == worth


def test_golden_g1_sixty_of_a_hundred_at_22_50():
    assert amount_of(Billable(D(60), D(100), D("2250.00"), D(0), D(0)), "EUR") == D("1350.00")
    assert amount_of(Billable(D(40), D(100), D("2250.00"), D(60), D("1350.00")), "EUR") == D("900.00")


def test_tax_is_rounded_once_per_rate_and_not_per_line():
    charges = [Charge(D("0.03"), "S", D(19)), Charge(D("0.03"), "S", D("19.0000")), Charge(D("10.00"), "S", D(7)), Charge(D(5), "Z", D(0))]
    assert taxes(charges, "EUR") == [
        TaxGroup("S", D(7), D("10.00"), D("0.70")),
        TaxGroup("S", D(19), D("0.06"), D("0.01")),
        TaxGroup("Z", D(0), D(5), D("0.00")),
    ]


def test_carriage_is_taxed_like_the_goods_of_the_highest_value():
    assert freight_tax([Charge(D(10), "S", D(20)), Charge(D(30), "S", D(5)), Charge(D(25), "S", D(20))]) == ("S", D(20))
    assert freight_tax([]) == ("S", D(0))


def test_two_ten_net_thirty():
    due = schedule(Terms(30, D(2), 10), date(2026, 3, 10), D("1668.00"), "EUR")
    assert (due.due_date, due.discount_date, due.discount_amount) == (date(2026, 4, 9), date(2026, 3, 20), D("33.36"))
    assert describe_terms(Terms(30, D(2), 10), due, "EUR") == (
        "2 % discount (33.36 EUR) when paid by 2026-03-20; payable by 2026-04-09 without deduction."
    )


@pytest.mark.parametrize(
    ("day", "due"), [(date(2026, 3, 6), date(2026, 3, 6)), (date(2026, 3, 7), date(2026, 3, 9)), (date(2026, 3, 8), date(2026, 3, 9))]
)
def test_a_due_date_on_a_weekend_moves_to_monday(day, due):
    assert schedule(Terms(0), day, D(1), "EUR").due_date == due


def test_terms_without_a_discount_offer_none():
    due = schedule(Terms(30), date(2026, 3, 10), D(100), "EUR")
    assert (due.discount_date, due.discount_amount) == (None, D(0))
    assert "without deduction" in describe_terms(Terms(30), due, "EUR")


def test_the_gross_is_goods_and_carriage_and_tax():
    goods = [Charge(D("1350.00"), "S", D(20))]
    groups = taxes([*goods, Charge(D("40.00"), "S", D(20))], "EUR")
    assert revenue(goods, D("40.00"), groups).gross == D("1668.00")


@pytest.mark.parametrize(("category", "outside"), [("O", True), ("S", False), ("Z", False), ("E", False)])
def test_only_what_is_not_subject_to_vat_shares_no_invoice_with_others(category, outside):
    assert outside_vat(category) is outside


@pytest.mark.parametrize("terms", [Terms(30, D(2), 0), Terms(30, D(0), 10)])
def test_a_discount_needs_both_a_percentage_and_days(terms):
    assert schedule(terms, date(2026, 3, 10), D(100), "EUR").discount_date is None


@pytest.mark.parametrize(
    ("parts", "gross", "due"),
    [
        ([("33.3333", 0, "INVOICE", 0), ("33.3333", 0, "INVOICE", 30), (0, 0, "INVOICE", 60)], "100.00",
         [("2026-03-10", "33.33"), ("2026-04-09", "33.33"), ("2026-05-11", "33.34")]),
        ([("70", 0, "END_OF_MONTH", 30), (0, "500", "DELIVERY", 10)], "1000.00", [("2026-03-23", "500.00"), ("2026-04-30", "500.00")]),
        ([(0, "500", "INVOICE", 10), (0, 0, "INVOICE", 30)], "120.00", [("2026-03-20", "120.00")]),
        ([("50", 0, "INVOICE", 4), ("50", 0, "INVOICE", 5)], "9.99", [("2026-03-16", "9.99")]),
    ],
    ids=["thirds", "an amount first, then what is left", "no part beyond what is left", "parts of one day are one"],
)  # fmt: skip
def test_instalments_come_to_the_invoice_in_the_order_they_are_due(parts, gross, due):
    terms = [TermPart(D(share), D(amount), due_from, days) for share, amount, due_from, days in parts]
    found = instalments(terms, date(2026, 3, 10), date(2026, 3, 12), D(gross), "EUR")
    assert [(str(part.due_date), f"{part.amount:.2f}") for part in found] == due


def _gross(rates):
    def of(nets):
        by_rate = {rate: sum((net for net, each in zip(nets, rates, strict=True) if each == rate), D(0)) for rate in set(rates)}
        return sum((net + round_currency(net * rate / 100, "EUR") for rate, net in by_rate.items()), D(0))

    return of


@given(
    lefts=st.lists(st.tuples(st.decimals("0.01", "999.99", places=2), st.sampled_from([D(0), D(7), D(20)])), min_size=1, max_size=5),
    share=st.decimals("0.01", "1", places=2),
)
def test_a_gross_amount_is_spread_over_lines_to_the_cent_or_a_cent_or_two_below_and_never_beyond_one(lefts, share):
    rates = [rate for _, rate in lefts]
    gross_of = _gross(rates)
    gross = round_currency(sum((left + left * rate / 100 for left, rate in lefts), D(0)) * share, "EUR")
    nets = spread_credit([Creditable(left, rate) for left, rate in lefts], gross, gross_of, D("0.01"))
    if nets:
        assert all(0 <= net <= left for net, (left, _) in zip(nets, lefts, strict=True))
        assert D(0) <= gross - gross_of(nets) <= D("0.02") or nets == [left for left, _ in lefts]


def test_nothing_is_spread_where_less_is_left_than_that():
    line = [Creditable(D("100.00"), D(20))]
    assert spread_credit(line, D("120.00"), _gross([D(20)]), D("0.01")) == [D("100.00")]
    assert spread_credit(line, D("120.01"), _gross([D(20)]), D("0.01")) == []
    assert spread_credit(line, D(0), _gross([D(20)]), D("0.01")) == []
    assert spread_credit([], D("1.00"), _gross([]), D("0.01")) == []
