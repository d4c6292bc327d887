from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from handlers.dropship.rules import (
    AckFacts,
    Agreed,
    Answered,
    Billed,
    BillPatience,
    BillTotals,
    Due,
    MatchFacts,
    Offer,
    Payment,
    Settlement,
    Terms,
    ack_facts,
    candidates,
    due,
    least_agreed,
    match_facts,
    patience,
    payment,
    purchase_tax,
    settle,
    waits_for,
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
    amounts = D("1.45"), D("8.00"), D(0), D(0), D("9.60"), D("660.00"), D("0.00")
    assert facts == MatchFacts(*amounts, duplicate=False, received=True, order_cancelled=False)
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


# ---- exact boundaries


def test_a_supplier_takes_exactly_its_minimum():
    assert [one.supplier_no for one in candidates([replace(OFFER, moq=D(10))], 1, {})] == ["S-OMINOUS"]


def test_a_supplier_is_as_good_and_as_fast_as_the_worst_of_its_lines():
    slow = replace(OFFER, rank=3, lead_days=9, unit_cost=D(60))
    (one,) = candidates([OFFER, slow], 2, {})
    assert (one.rank, one.lead_days, one.cost, one.net) == (3, 9, D(1150), D(1600))
    assert one.margin_gap == D("7.00"), "25 percent of the dearer line less the floor of 18"


AS_ORDERED = Answered(D(10), D(50), D(10), D(50), date(2026, 3, 12))


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"said_ship": date(2026, 3, 13)}, AckFacts("CA", 1, D(0), D(0))),
        ({"said_price": D(51)}, AckFacts("CA", 0, D("2.00"), D(0))),
        ({"said_qty": D(9)}, AckFacts("CA", 0, D(0), D(1))),
        ({"said_ship": date(2026, 3, 11)}, AckFacts("AP", 0, D(0), D(0))),
        ({"said_price": D(49)}, AckFacts("AP", 0, D(0), D(0))),
        ({"said_qty": D(0)}, AckFacts("RE", 0, D(0), D(10))),
    ],
)
def test_each_change_alone_makes_an_acceptance_conditional(change, facts):
    assert ack_facts("AP", [replace(AS_ORDERED, **change)], date(2026, 3, 12)) == facts


def test_an_answer_that_ships_one_of_two_lines_is_no_rejection():
    lines = [AS_ORDERED, replace(AS_ORDERED, said_qty=D(0))]
    assert ack_facts("AP", lines, date(2026, 3, 12)) == AckFacts("CA", 0, D(0), D(10))


def test_freight_is_taxed_at_the_highest_rate_of_the_goods():
    reduced = replace(LINE, own_tax_pct=D(10))
    totals = BillTotals(D("177.40"), D("1303.40"), "EUR", freight=D("50.00"))
    assert match_facts([LINE, reduced], totals, duplicate=False).tax_off == 0


def test_a_bill_below_what_was_expected_is_off_by_as_much_as_one_above_it():
    assert match_facts([LINE], replace(TOTALS, gross=D("650.40")), duplicate=False).amount_off == D("9.60")


def test_goods_count_as_received_when_any_line_has_more_than_was_billed():
    nothing = replace(LINE, received=D(0))
    billed = replace(LINE, received=D(4), billed_before=D(4))
    assert match_facts([nothing, LINE], TOTALS, duplicate=False).received
    assert not match_facts([nothing, billed], TOTALS, duplicate=False).received


@pytest.mark.parametrize(("qty", "before", "accrued"), [(10, 0, 550), (12, 0, 550), (4, 8, 110), (2, 11, 0)])
def test_no_more_is_accrued_than_is_left_of_what_was_ordered(qty, before, accrued):
    line = replace(LINE, qty=D(qty), billed_before=D(before), amount=D("55.80") * qty)
    settled = settle([line], line.amount, "EUR")
    assert (settled.accrued, settled.accrued + settled.variance) == (accrued, line.amount)


@pytest.mark.parametrize(
    ("supplier", "valid", "tax"),
    [("AT", True, ("S", "AT")), ("AT", False, ("S", "AT")), ("DE", True, None), ("DE", False, ("S", "DE")), ("US", True, None)],
)
def test_a_supplier_charges_tax_at_home_and_within_the_union_only_without_our_vat_number(supplier, valid, tax):
    assert purchase_tax("S", supplier, "AT", vat_no_valid=valid) == tax


TWO_TEN_NET_THIRTY = Terms(30, D(2), 10)
BILLED_ON = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("today", "pay_on"),
    [
        (date(2026, 3, 2), date(2026, 3, 12)),
        (date(2026, 3, 12), date(2026, 3, 12)),
        (date(2026, 3, 13), date(2026, 4, 1)),
        (date(2026, 4, 2), date(2026, 4, 2)),
    ],
)
def test_a_bill_is_paid_on_the_last_day_of_its_discount_else_when_it_is_due_and_never_in_the_past(today, pay_on):
    assert due(TWO_TEN_NET_THIRTY, BILLED_ON, D("660.00"), "EUR", today) == Due(date(2026, 4, 1), date(2026, 3, 12), D("13.20"), pay_on)


@pytest.mark.parametrize(("today", "pay_on"), [(date(2026, 3, 2), date(2026, 4, 1)), (date(2026, 4, 5), date(2026, 4, 5))])
def test_without_a_discount_a_bill_is_paid_when_it_is_due(today, pay_on):
    assert due(Terms(30, D(0), 10), BILLED_ON, D("660.00"), "EUR", today) == Due(date(2026, 4, 1), None, D(0), pay_on)


def test_a_discount_gives_its_share_of_the_input_tax_back():
    assert payment(D("669.60"), D("111.60"), D("13.20"), "EUR") == Payment(D("656.40"), D("11.00"), D("2.20"))
    assert payment(D(0), D(0), D(0), "EUR") == Payment(D(0), D(0), D(0))


DELIVERED = Agreed(D(10), D(10), D(10), D(10), date(2026, 3, 12))


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ([{}], "NOTHING"),
        ([{"billed": D(9)}], "BILL"),
        ([{"received": D(9), "billed": D(9)}], "GOODS"),
        ([{}, {"received": D(9)}], "GOODS"),
        ([{}, {"billed": D(9)}], "BILL"),
        ([{"received": D(11), "billed": D(11)}], "NOTHING"),
    ],
)
def test_an_order_waits_for_goods_before_it_waits_for_the_bill(changes, waits):
    assert waits_for([replace(DELIVERED, **change) for change in changes]) == waits


def test_a_supplier_is_asked_the_day_after_the_latest_despatch_that_is_missing_and_for_a_bill_after_thirty_days():
    missing = replace(DELIVERED, received=D(4), billed=D(0))
    later = replace(missing, ship=date(2026, 3, 20))
    arrived = replace(DELIVERED, ship=date(2026, 3, 30))
    bill = BillPatience(first=30, again=7)
    assert patience([missing, later, arrived], date(2026, 3, 10), 0, bill) == 11
    assert patience([missing], date(2026, 3, 12), 2, bill) == 1
    assert patience([missing], date(2026, 3, 25), 0, bill) == 1
    assert patience([missing], date(2026, 3, 11), 0, bill) == 2
    unbilled = [replace(DELIVERED, billed=D(0))]
    assert [patience(unbilled, date(2026, 3, 10), reminders, bill) for reminders in (0, 1, 2)] == [30, 7, 7]


@pytest.mark.parametrize(
    ("despatched", "received", "billed", "wanted", "left"),
    [(4, 3, 2, 0, 4), (2, 4, 3, 0, 4), (1, 2, 5, 0, 5), (4, 3, 2, 7, 7), (4, 3, 2, 12, 10)],
)
def test_no_less_stays_agreed_than_is_on_its_way_delivered_or_billed(despatched, received, billed, wanted, left):
    assert least_agreed(Agreed(D(10), D(despatched), D(received), D(billed), BILLED_ON), D(wanted)) == left
