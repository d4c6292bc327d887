from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import Invalid
from handlers.ledger.rules import Entry, Line, check_entry, credit, debit, digest, in_books_currency, merged, mirror, next_open_day

CENTS = st.decimals(min_value="0.01", max_value="99999", places=2)


def entry(*lines: Line) -> Entry:
    return Entry("shipment.confirmed", "SH-000007", "EUR", lines)


def test_an_entry_that_balances_is_accepted():
    check_entry(entry(debit("1500", Decimal("840.00")), credit("1400", Decimal("840.00"))))


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "journal_empty"),
        ([debit("1500", Decimal(840)), credit("1400", Decimal("839.99"))], "journal_unbalanced"),
        ([Line("1500", debit=Decimal(-5)), Line("1400", credit=Decimal(-5))], "journal_amount"),
        ([Line("1500", debit=Decimal(5), credit=Decimal(5))], "journal_amount"),
        ([Line("1500", debit=Decimal("NaN")), Line("1400", credit=Decimal("NaN"))], "journal_amount"),
        ([Line("1500", debit=1.5), Line("1400", credit=1.5)], "journal_amount"),  # type: ignore[arg-type]
        ([debit("1501", Decimal(5)), credit("1400", Decimal(5))], "account_unknown"),
        ([debit("1200", Decimal(5)), credit("4000", Decimal(5))], "journal_party_missing"),
    ],
)
def test_an_entry_that_breaks_a_rule_is_refused_with_what_to_do(lines, code):
    with pytest.raises(Invalid) as refusal:
        check_entry(entry(*lines))
    assert refusal.value.code == code
    assert refusal.value.next_step


def test_a_negative_debit_is_written_as_a_credit():
    assert debit("5100", Decimal("-3.20")) == Line("5100", credit=Decimal("3.20"))


@given(st.lists(CENTS, min_size=1, max_size=30), st.decimals(min_value="0.001", max_value="200", places=6))
def test_both_currencies_balance_after_conversion(amounts, rate):
    lines = [debit("1500", amount) for amount in amounts] + [credit("1400", sum(amounts))]
    assert sum(in_books_currency(lines, rate, Decimal("0.01"))) == 0


def test_a_realised_difference_is_stated_in_the_currency_of_the_books():
    lines = [
        Line("1290", debit=Decimal(1000), accounted=Decimal(950)),
        Line("1200", credit=Decimal(1000), party_no="C-1", accounted=Decimal(-920)),
        Line("7100", accounted=Decimal(-30)),
    ]
    assert sum(in_books_currency(lines, Decimal("0.95"), Decimal("0.01"))) == 0


@given(st.lists(CENTS, min_size=1, max_size=10))
def test_a_mirror_cancels_what_it_mirrors(amounts):
    lines = [debit("1500", amount) for amount in amounts]
    assert sum(line.debit - line.credit for line in [*lines, *mirror(lines)]) == 0


def test_merging_adds_what_has_the_same_account_and_reference():
    lines = [debit("1500", Decimal(2), reference="7"), debit("1500", Decimal(3), reference="7"), debit("1500", Decimal(0), reference="8")]
    assert merged(lines) == [debit("1500", Decimal(5), reference="7")]


def test_the_digest_sees_amounts_and_not_their_trailing_zeros_or_order():
    one = entry(debit("1500", Decimal("840.00")), credit("1400", Decimal(840)))
    same = entry(credit("1400", Decimal("840.0")), debit("1500", Decimal(840)))
    other = entry(debit("1500", Decimal("840.01")), credit("1400", Decimal("840.01")))
    assert digest(one) == digest(same) != digest(other)


def test_a_closed_month_moves_the_posting_to_the_next_open_day():
    closed = [(date(2026, 2, 1), date(2026, 2, 28)), (date(2026, 1, 1), date(2026, 1, 31))]
    assert next_open_day(date(2026, 1, 15), closed) == date(2026, 3, 1)
    assert next_open_day(date(2025, 12, 31), closed) == date(2025, 12, 31)


@pytest.mark.parametrize(
    "lines",
    [
        [Line("1500", debit=Decimal(-5)), Line("1400", debit=Decimal(5))],
        [Line("1500", credit=Decimal(-5)), Line("1400", credit=Decimal(5))],
    ],
    ids=["debit", "credit"],
)
def test_a_negative_amount_is_refused_on_either_side_by_the_name_of_its_journal(lines):
    with pytest.raises(Invalid, match=r"Journal shipment\.confirmed of SH-000007 has debit") as refusal:
        check_entry(entry(*lines))
    assert refusal.value.code == "journal_amount"


def test_half_a_euro_is_a_debit_and_nothing_is_written_without_a_sign():
    assert debit("1500", Decimal("0.50")) == Line("1500", debit=Decimal("0.50"))
    nothing = debit("1500", Decimal(0))
    assert (str(nothing.debit), str(nothing.credit)) == ("0", "0")


def third(account: str = "1500") -> Line:
    return debit(account, Decimal("33.33"))


def in_euros(lines: list[Line], rate: str) -> list[Decimal]:
    return in_books_currency(lines, Decimal(rate), Decimal("0.01"))


def test_the_cent_that_rounding_leaves_goes_to_the_largest_line():
    lines = [third(), third(), third(), credit("1400", Decimal("99.99"))]
    assert in_euros(lines, "0.9137") == [Decimal("30.45"), Decimal("30.45"), Decimal("30.45"), Decimal("-91.35")]


def test_what_is_stated_in_the_currency_of_the_books_stays_as_it_is_stated():
    lines = [
        Line("1500", debit=Decimal(100), accounted=Decimal("91.38")),
        *[credit("1400", Decimal("33.33"))] * 2,
        credit("1400", Decimal("33.34")),
    ]
    assert in_euros(lines, "0.9137") == [Decimal("91.38"), Decimal("-30.45"), Decimal("-30.45"), Decimal("-30.48")]


@pytest.mark.parametrize(
    ("stated", "rate", "left"),
    [("0.03", "2", "0"), ("0.04", "2", "0.04"), ("-0.03", "2", "0"), ("-0.04", "2", "-0.04"), ("0.01", "1", "0.01")],
)
def test_no_more_than_a_cent_a_line_is_taken_for_rounding_and_none_where_nothing_is_converted(stated, rate, left):
    lines = [Line("7100", accounted=Decimal(stated)), debit("1500", Decimal(10)), credit("1400", Decimal(10))]
    assert sum(in_euros(lines, rate)) == Decimal(left)


def test_lines_that_are_all_stated_take_no_cent():
    assert in_euros([Line("1500", accounted=Decimal("5.00")), Line("1400", accounted=Decimal("-4.99"))], "2") == [5, Decimal("-4.99")]


def test_a_mirror_turns_what_is_stated_in_the_books_too():
    stated, plain = mirror([Line("1290", debit=Decimal(1000), accounted=Decimal(950)), debit("1500", Decimal(5))])
    assert stated == Line("1290", credit=Decimal(1000), accounted=Decimal(-950))
    assert plain.accounted is None


def test_the_two_sides_of_one_account_are_added_up_apart():
    half, three = Decimal("0.50"), Decimal(3)
    lines = [debit("1500", Decimal(2)), credit("1500", half), debit("1500", half), credit("1500", three)]
    assert merged(lines) == [debit("1500", Decimal("2.50")), credit("1500", Decimal("3.50"))]


@pytest.mark.parametrize("day", [date(2026, 2, 1), date(2026, 2, 28)])
def test_the_first_and_the_last_day_of_a_closed_month_are_closed(day):
    assert next_open_day(day, [(date(2026, 2, 1), date(2026, 2, 28))]) == date(2026, 3, 1)
    assert next_open_day(date(2026, 3, 1), [(date(2026, 2, 1), date(2026, 2, 28))]) == date(2026, 3, 1)
