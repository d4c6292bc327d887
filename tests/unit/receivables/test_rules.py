from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.receivables.rules import (
    ACTIONS,
    NO_DISCOUNT,
    Cash,
    Item,
    Named,
    Owed,
    Split,
    match,
    named_invoices,
    rule_of,
    split,
    untouched,
)

D = Decimal
ITEM = Item("INV-000001", "C-1", "B", "EUR", D("1668.00"), date(2026, 3, 20), D("33.36"))
OTHER = replace(ITEM, invoice_no="INV-000002", open_amount=D("1080.00"), discount_amount=D("21.60"))
CASH = Cash("RC-000001", D("1668.00"), "EUR", date(2026, 3, 18), ["INV-000001"])
OWED = Owed(D("1668.00"), D("1668.00"), D("278.00"), D("33.36"), "EUR")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Invoice INV-000001", ["INV-000001"]),
        ("inv 1, INV/2 and Inv.-000003", ["INV-000001", "INV-000002", "INV-000003"]),
        ("RF04INV000007", ["INV-000007"]),
        ("RF04 INV0 0000 7", ["INV-000007"]),
        ("rf04 inv0 0000 7 1234 thank you", ["INV-000007"]),
        ("RF05INV000007", []),
        ("INV-000001 INV-000001", ["INV-000001"]),
        ("INV-000001 1668.00 EUR", ["INV-000001"]),
        ("INV-\n000001", ["INV-000001"]),
        ("INV-1000000", ["INV-1000000"]),
        ("INV-0000001", []),
        ("INVOICE 12, COINV5, 000001", []),
        ("INV-0", []),
        ("INV-12345678901234567890", []),
        ("", []),
    ],
)
def test_invoice_numbers_are_found_however_they_are_written(text, numbers):
    assert list(named_invoices([text]).sure) == numbers


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("PAYMENT FOR INV-00002\n5", ["INV-000002", "INV-000025"]),
        ("PAYMENT FOR INV-00002 5", ["INV-000002", "INV-000025"]),
        ("PAYMENT FOR INV-00002", ["INV-000002"]),
        ("inv 2 5 pieces", ["INV-000002", "INV-000025"]),
        ("INV-123456\n7", ["INV-123456", "INV-1234567"]),
        ("INV-00002\n50.00", ["INV-000002"]),
        ("INV-0002\n50", ["INV-000002", "INV-000250"]),
    ],
)
def test_a_number_that_may_be_a_part_is_only_possible(text, possible):
    assert named_invoices([text]) == Named((), tuple(possible))


def test_a_number_written_whole_elsewhere_is_sure():
    assert named_invoices(["INV-00002\n5", "INV-000025"]) == Named(("INV-000025",), ("INV-000002",))


PART = replace(CASH, amount=D("1.00"), named=[], possible=["INV-000001", "INV-000002"])


@pytest.mark.parametrize(
    ("changes", "paid"),
    [
        ({}, []),
        ({"amount": D("1668.00")}, ["INV-000001"]),
        ({"amount": D("1634.64")}, ["INV-000001"]),
        ({"amount": D("1634.63")}, []),
        ({"paid_from": "C-1"}, ["INV-000001"]),
        ({"paid_from": "C-3"}, []),
        ({"amount": D("1080.00"), "paid_from": "C-1"}, []),
        ({"named": ["INV-000404"], "amount": D("1668.00")}, []),
        ({"amount": D("1668.00"), "currency": "USD"}, []),
    ],
)
def test_a_part_of_a_number_needs_a_second_witness(changes, paid):
    items = {"INV-000001": ITEM, "INV-000002": replace(OTHER, party_no="C-2")}
    assert [one.invoice_no for one in match([replace(PART, **changes)], items)] == paid


def test_m1_the_exact_amount():
    (found,) = match([CASH], {"INV-000001": ITEM})
    assert (found.rule, found.difference) == ("M1", 0)


def test_m1_less_the_discount_needs_a_decision():
    (found,) = match([replace(CASH, amount=D("1634.64"))], {"INV-000001": ITEM})
    assert (found.rule, found.difference, found.discount_available, found.days_after_discount_date) == ("M1", D("33.36"), D("33.36"), -2)


def test_m2_a_remittance_over_two_invoices_in_full_and_less_discount():
    both = replace(CASH, amount=D("2748.00"), named=["INV-000001", "INV-000002"])
    items = {"INV-000001": ITEM, "INV-000002": OTHER}
    assert [(one.invoice_no, one.rule, one.difference) for one in match([both], items)] == [
        ("INV-000001", "M2", 0),
        ("INV-000002", "M2", 0),
    ]
    reduced = replace(both, amount=D("2693.04"))
    assert [one.difference for one in match([reduced], items)] == [D("33.36"), D("21.60")]
    assert match([replace(both, amount=D("2000.00"))], items) == []


@pytest.mark.parametrize(("difference", "rule"), [("3.20", "M3"), ("-4.99", "M3"), ("5.01", "M4"), ("-5.01", "M5")])
def test_differences_have_names(difference, rule):
    assert rule_of(D(difference), D("1668.00")) == rule


def test_another_currency_or_an_unknown_number_is_never_matched():
    assert match([replace(CASH, currency="USD")], {"INV-000001": ITEM}) == []
    assert match([replace(CASH, named=["INV-000404"])], {"INV-000001": ITEM}) == []


def test_a_second_payment_sees_what_the_first_has_left():
    first, second = replace(CASH, amount=D("1000.00")), replace(CASH, receipt_no="RC-000002", amount=D("668.00"))
    assert [(one.rule, one.difference) for one in match([first, second], {"INV-000001": ITEM})] == [("M4", D("668.00")), ("M1", 0)]
    assert len(match([CASH, replace(CASH, receipt_no="RC-000002")], {"INV-000001": ITEM})) == 1


def test_golden_g1_an_earned_discount_gives_its_share_of_the_tax_back():
    assert split("EARNED_DISCOUNT", D("1634.64"), OWED) == Split(D("1634.64"), discount=D("27.80"), discount_tax=D("5.56"))


def test_no_more_discount_than_was_offered():
    assert split("EARNED_DISCOUNT", D("1000.00"), OWED).settles == D("1033.36")


def test_a_write_off_settles_short_and_over():
    assert split("WRITE_OFF", D("1664.80"), OWED) == Split(D("1664.80"), written_off=D("3.20"))
    assert split("WRITE_OFF", D("1670.00"), OWED) == Split(D("1668.00"), income=D("2.00"))


def test_too_much_goes_on_account_and_too_little_stays_open():
    assert split("ON_ACCOUNT", D("1700.00"), OWED) == Split(D("1668.00"), on_account=D("32.00"))
    assert split("ON_ACCOUNT", D("100.00"), OWED) == Split(D(0), on_account=D("100.00"))
    assert split("PARTIAL", D("100.00"), OWED) == Split(D("100.00"))


@given(
    st.sampled_from(sorted(ACTIONS)),
    st.decimals(min_value="0.01", max_value="3000", places=2),
    st.decimals(min_value="0.01", max_value="2000", places=2),
)
def test_nothing_is_settled_twice_and_no_cash_is_invented(action, amount, open_amount):
    parts = split(action, amount, replace(OWED, open_amount=open_amount, original=D(2000)))
    assert 0 <= parts.settles <= open_amount
    assert 0 <= parts.cash + parts.income + parts.on_account <= amount
    assert min(parts.cash, parts.discount, parts.discount_tax, parts.written_off, parts.income, parts.on_account) >= 0


# ---- exact boundaries


def test_a_number_that_we_never_printed_is_not_even_possible():
    assert named_invoices(["INV-0", "INV-000000 7"]) == Named()


def test_a_valid_creditor_reference_of_somebody_else_names_no_invoice():
    assert named_invoices(["RF18 5390 0754 7034"]) == Named()


def test_of_two_valid_references_in_one_the_longest_counts():
    assert named_invoices(["RF69 INV000001 12"]) == Named(("INV-000112",))


def test_two_invoices_that_may_be_meant_are_not_paid_together():
    both = replace(PART, amount=D("2748.00"), paid_from="C-1")
    assert match([both], {"INV-000001": ITEM, "INV-000002": OTHER}) == []


def test_the_last_cents_of_an_invoice_are_still_paid_by_its_number():
    item = replace(ITEM, open_amount=D("0.01"), discount_date=None, discount_amount=D(0))
    (found,) = match([replace(CASH, amount=D("0.01"))], {"INV-000001": item})
    assert (found.rule, found.difference, found.days_after_discount_date) == ("M1", 0, NO_DISCOUNT)


def test_no_discount_is_left_once_a_part_was_paid_or_where_none_was_offered():
    first, second = replace(CASH, amount=D("1000.00")), replace(CASH, receipt_no="RC-000002", amount=D("634.64"))
    _, rest = match([first, second], {"INV-000001": ITEM})
    assert (rest.rule, rest.difference, rest.discount_available) == ("M4", D("33.36"), 0)
    (found,) = match([replace(CASH, amount=D("1634.64"))], {"INV-000001": replace(ITEM, discount_date=None)})
    assert (found.rule, found.difference, found.discount_available) == ("M4", D("33.36"), 0)


@pytest.mark.parametrize(
    ("difference", "open_amount", "rule"),
    [
        ("5.00", "1668.00", "M3"),
        ("5.01", "1668.00", "M4"),
        ("-5.00", "1668.00", "M3"),
        ("0.50", "100.00", "M3"),
        ("0.51", "100.00", "M4"),
        ("-0.51", "100.00", "M5"),
    ],
)
def test_a_difference_is_small_up_to_five_and_to_half_a_percent(difference, open_amount, rule):
    assert rule_of(D(difference), D(open_amount)) == rule


@pytest.mark.parametrize("action", ["APPLY", "WRITE_OFF", "EARNED_DISCOUNT", "UNEARNED_DISCOUNT", "PARTIAL", "ON_ACCOUNT"])
def test_every_action_of_the_decision_table_is_known(action):
    assert action in ACTIONS
    assert split(action, D("1668.00"), OWED).cash in {D("1668.00"), 0}


@pytest.mark.parametrize(
    ("parts", "difference", "whole"),
    [
        ((), "4.50", "0"),
        (("1000.00",), "1000.00", "0"),
        (("500.00", "495.50", "4.50"), "4.49", "0"),
        (("500.00", "495.50", "4.50"), "4.50", "4.50"),
        (("500.00", "495.50", "4.50"), "499.99", "4.50"),
        (("500.00", "495.50", "4.50"), "500.00", "500.00"),
        (("500.00", "495.50", "4.50"), "1000.00", "500.00"),
        (("500.00", "495.50", "4.50"), "-3.00", "0"),
    ],
)
def test_of_what_stays_open_the_last_instalments_are_whole_ones_and_the_first_is_a_remainder(parts, difference, whole):
    assert untouched([D(part) for part in parts], D(difference)) == D(whole)


@pytest.mark.parametrize(
    ("written", "sure", "possible"),
    [
        ("INV-000001 LC-000001", ("INV-000001", "LC-000001"), ()),
        ("dm 000012, lc.000003", ("DM-000012", "LC-000003"), ()),
        ("LC 7 and DM 20", (), ()),
        ("LC-1234567", (), ()),
    ],
)
def test_late_charges_and_debit_notes_are_named_only_as_we_print_them(written, sure, possible):
    assert named_invoices([written]) == Named(sure, possible)
