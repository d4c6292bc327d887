"""The match engine: what each rule finds, that the first which may decides, and that nothing is ever given twice."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.receivables.matching import APPLY, OFF, RECOMMEND, RULES, Rule, find_matches
from handlers.receivables.naming import nearest_name
from handlers.receivables.rules import Cash, Item

D = Decimal
DAY = date(2026, 3, 18)
ALL = tuple(Rule(rule, APPLY, D(60)) for rule in RULES)
MIRROR = Item("INV-000001", "C-1", "A", "EUR", D("100.00"), None, D(0), date(2026, 3, 1), date(2026, 2, 1))
SECOND = replace(MIRROR, invoice_no="INV-000002", open_amount=D("40.00"), due_date=date(2026, 4, 1), document_date=date(2026, 3, 2))
THIRD = replace(MIRROR, invoice_no="INV-000003", open_amount=D("25.00"), due_date=date(2026, 3, 3))
ITEMS = (MIRROR, SECOND, THIRD)
PAID = Cash("RC-1", D("100.00"), "EUR", DAY, [], customer_no="C-1", recognised_by="account", paid_from="C-1")


def found(cash, items=ITEMS, rules=ALL):
    """The rule that applies, its invoices, and what else is shown as (rule, invoices)."""
    (finding,) = find_matches([cash], items, rules)
    applied = (finding.applied.rule, *finding.applied.invoices) if finding.applied else None
    return applied, [(each.rule, *each.invoices) for each in finding.others]


@pytest.mark.parametrize(
    ("amount", "applied"),
    [
        ("100.00", ("M7", "INV-000001")),
        ("165.00", ("M8", "INV-000001", "INV-000003", "INV-000002")),
        ("125.00", ("M9", "INV-000001", "INV-000003")),
        ("65.00", None),
        ("3.00", None),
    ],
)
def test_an_amount_finds_one_invoice_all_of_them_or_all_that_are_late(amount, applied):
    assert found(replace(PAID, amount=D(amount)))[0] == applied


def test_a_sum_that_only_one_choice_makes_is_shown_and_never_applied():
    assert found(replace(PAID, amount=D("65.00"))) == (None, [("M11", "INV-000003", "INV-000002")])
    twin = replace(THIRD, invoice_no="INV-000004")
    assert found(replace(PAID, amount=D("65.00")), (*ITEMS, twin)) == (None, [])


def test_what_is_late_under_one_term_of_payment_is_found_beside_what_is_late_under_another():
    other = replace(THIRD, invoice_no="INV-000005", document_date=date(2026, 2, 20), open_amount=D("7.00"))
    same = replace(MIRROR, invoice_no="INV-000006", open_amount=D("11.00"))
    assert found(replace(PAID, amount=D("111.00")), (MIRROR, other, same))[0] == ("M10", "INV-000001", "INV-000006")


def test_a_discount_in_time_makes_the_amount():
    offered = replace(MIRROR, discount_date=DAY, discount_amount=D("2.00"))
    assert found(replace(PAID, amount=D("98.00")), [offered])[0] == ("M7", "INV-000001")
    assert found(replace(PAID, amount=D("98.00"), received_on=DAY + timedelta(days=1)), [offered], ALL[6:])[0] is None


def test_a_number_with_two_letters_wrong_is_recognised_by_number_amount_and_customer_together():
    typed = replace(PAID, text="ref INV-00O00I", amount=D("100.00"))
    (finding,) = find_matches([typed], [MIRROR], [Rule("M6", APPLY, D(85))])
    assert (finding.applied.rule, finding.applied.score) == ("M6", D(89))
    assert "Something like INV-000001 is written" in finding.applied.why
    (shown,) = find_matches([typed], [MIRROR], [Rule("M6", APPLY, D(90))])
    assert (shown.applied, [each.score for each in shown.others]) == (None, [D(89)])


def test_a_payer_who_is_only_guessed_pays_nothing_by_an_amount():
    for recognised_by in ("name", "likeness", "alias", ""):
        assert found(replace(PAID, recognised_by=recognised_by, paid_from=None)) == (None, [("M7", "INV-000001")])
    assert found(replace(PAID, customer_no=None, recognised_by="", paid_from=None)) == (None, [("M7", "INV-000001")])


def test_a_parent_pays_for_its_subsidiary_and_nobody_for_a_stranger():
    subsidiary = replace(MIRROR, party_no="C-9", paid_by="C-1")
    assert found(PAID, [subsidiary])[0] == ("M7", "INV-000001")
    assert found(PAID, [replace(MIRROR, party_no="C-9")]) == (None, [])


def test_the_oldest_first_only_where_it_is_agreed_and_the_last_one_in_part():
    agreed = replace(PAID, amount=D("110.00"), oldest_first=True)
    (finding,) = find_matches([agreed], ITEMS, ALL)
    assert [(each.invoice_no, each.amount, each.difference) for each in finding.applied.matches] == [
        ("INV-000001", D("100.00"), D(0)),
        ("INV-000003", D("10.00"), D("15.00")),
    ]
    assert found(replace(PAID, amount=D("110.00")))[0] is None


def test_what_is_named_goes_before_what_only_an_amount_says_whoever_paid_first():
    first = replace(PAID, receipt_no="RC-1")
    later = replace(PAID, receipt_no="RC-2", named=["INV-000001"], received_on=DAY + timedelta(days=1))
    by = {each.receipt_no: each.applied and each.applied.rule for each in find_matches([first, later], ITEMS, ALL)}
    assert by == {"RC-1": None, "RC-2": "M1"}


def test_a_rule_that_is_off_or_only_recommends_does_so():
    assert found(PAID, rules=[Rule("M7", OFF)]) == (None, [])
    assert found(PAID, rules=[Rule("M7", RECOMMEND)]) == (None, [("M7", "INV-000001")])
    named = replace(PAID, named=["INV-000001"])
    assert found(named, rules=[Rule("M1", RECOMMEND)]) == (None, [("M1", "INV-000001")])


AMOUNTS = st.integers(1, 12).map(lambda number: D(number * 5))


@given(
    st.lists(st.tuples(AMOUNTS, st.integers(0, 40), st.sampled_from(["C-1", "C-2"])), max_size=6),
    st.lists(st.tuples(AMOUNTS, st.sampled_from(["C-1", "C-2", None]), st.booleans(), st.integers(0, 7)), max_size=5),
    st.randoms(use_true_random=False),
)
def test_nothing_is_applied_beyond_what_is_open_or_came_in_and_the_order_changes_nothing(owed, paid, chance):
    items = [
        replace(MIRROR, invoice_no=f"INV-{place:06}", open_amount=amount, due_date=DAY - timedelta(days=days), party_no=party)
        for place, (amount, days, party) in enumerate(owed, start=1)
    ]
    cash = [
        replace(
            PAID, receipt_no=f"RC-{place}", amount=amount, customer_no=customer, paid_from=customer, oldest_first=oldest,
            named=[f"INV-{named:06}"] if named else [],
        )
        for place, (amount, customer, oldest, named) in enumerate(paid, start=1)
    ]  # fmt: skip
    findings = find_matches(cash, items, ALL)
    left = {item.invoice_no: item.open_amount for item in items}
    for finding in findings:
        matches = finding.applied.matches if finding.applied else ()
        came_in = next(one.amount for one in cash if one.receipt_no == finding.receipt_no)
        assert sum(each.amount for each in matches) <= came_in
        for each in matches:
            left[each.invoice_no] -= min(each.amount, each.open_amount)
    assert all(amount >= 0 for amount in left.values())
    chance.shuffle(cash)
    chance.shuffle(items)
    assert find_matches(cash, items, ALL) == findings


def test_a_name_is_recognised_whatever_the_order_of_its_words_and_a_tie_is_nobody():
    names = [("C-1", "Indifferent Mirror GmbH"), ("C-2", "Gloomy Lamp AG"), ("C-3", "Gloomy Lamp AG")]
    assert nearest_name("MIRROR GMBH INDIFFERENT", names) == "C-1"
    assert nearest_name("Gloomy Lamp AG", names) is None
    assert nearest_name("Somebody else", names) is None
