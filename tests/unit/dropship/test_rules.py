from dataclasses import replace
from datetime import date
from decimal import Decimal

from handlers.dropship.rules import (
    AckFacts,
    Answered,
    Billed,
    BillTotals,
    MatchFacts,
    Offer,
    Settlement,
    ack_facts,
    candidates,
    match_facts,
    settle,
)

D = Decimal
OFFER = Offer("S-OMINOUS", D(10), D("55.00"), D("800.00"), D(18), 5, 1, D(1))
LINE = Billed(D(10), D("55.80"), D(20), D("558.00"), D(10), D("55.00"), D(10), D(0))
TOTALS = BillTotals(D("111.60"), D("669.60"), "EUR")


def test_the_best_supplier_is_of_the_best_rank_and_then_the_cheapest():
    cheap, dear = replace(OFFER, supplier_no="S-CHEAP", unit_cost=D(50), rank=2), replace(OFFER, supplier_no="S-DEAR", unit_cost=D(56))
    assert [one.supplier_no for one in candidates([cheap, dear, OFFER], 1, {})] == ["S-OMINOUS", "S-DEAR", "S-CHEAP"]


def test_a_supplier_must_offer_every_line_in_a_quantity_it_sells():
    other = replace(OFFER, supplier_no="S-HALF")
    too_few = replace(OFFER, supplier_no="S-BULK", moq=D(11))
    assert [one.supplier_no for one in candidates([OFFER, OFFER, other, too_few, too_few], 2, {})] == ["S-OMINOUS"]
    assert candidates([], 1, {}) == []


def test_the_margin_counts_the_suppliers_freight():
    (best,) = candidates([OFFER], 1, {"S-OMINOUS": D("50.00")})
    assert best.margin_pct == D("25.00")
    assert best.margin_gap == D("13.25")


def test_an_acknowledgement_as_ordered_changes_nothing():
    line = Answered(D(10), D(55), D(10), D(55), date(2026, 3, 12))
    assert ack_facts("AP", [line], date(2026, 3, 12)) == AckFacts("AP", 0, D(0), D(0))


def test_an_accepted_that_changes_something_is_conditional():
    line = Answered(D(10), D(50), D(8), D(51), date(2026, 3, 15))
    assert ack_facts("AP", [line], date(2026, 3, 12)) == AckFacts("CA", 3, D("2.00"), D(2))


def test_a_rejection_leaves_everything_short():
    assert ack_facts("RE", [Answered(D(10), D(50), D(10), D(50), None)], date(2026, 3, 12)) == AckFacts("RE", 0, D(0), D(10))


def test_golden_g2_is_inside_the_price_tolerance():
    facts = match_facts([LINE], TOTALS, duplicate=False)
    assert facts == MatchFacts(D("1.45"), D("8.00"), D(0), D(0), D("9.60"), D("660.00"), D("0.00"), duplicate=False, received=True)
    assert settle([LINE], D("558.00"), "EUR") == Settlement(D("550.00"), D("8.00"))


def test_a_bill_for_more_than_was_received_says_by_how_much():
    facts = match_facts([replace(LINE, qty=D(12), billed_before=D(1), received=D(9))], TOTALS, duplicate=True)
    assert (facts.qty_over_received, facts.qty_over_ordered, facts.duplicate) == (D(4), D(3), True)


def test_a_cheaper_bill_gives_a_favourable_variance():
    cheaper = replace(LINE, unit_price=D("54.00"), amount=D("540.00"))
    assert match_facts([cheaper], TOTALS, duplicate=False).price_var_amount == D("0.00")
    assert settle([cheaper], D("540.00"), "EUR").variance == D("-10.00")


def test_wrong_tax_is_noticed():
    assert match_facts([LINE], replace(TOTALS, tax=D("111.00")), duplicate=False).tax_off == D("0.60")


def test_nothing_received_is_said():
    assert not match_facts([replace(LINE, received=D(0))], TOTALS, duplicate=False).received
