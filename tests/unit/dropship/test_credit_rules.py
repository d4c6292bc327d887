"""What speaks against a supplier's credit note, and what of it goes back into the accrual."""

from dataclasses import replace
from decimal import Decimal

from handlers.dropship.credit_rules import Credited, CreditFoot, credit_facts, restored

D = Decimal
#: Ten were ordered and billed at 55.00, six came.
TEN = Credited(D(1), D(55), D(55), D(20), D(10), D(55), D(10), D(6), D(10), D(55))


def line(qty, price=55, **more):
    known = {"qty": D(qty), "unit_price": D(price), "amount": D(qty) * D(price)}
    return replace(TEN, **known, **{name: D(value) for name, value in more.items()})


def facts(reason, *lines, tax="44", freight=0):
    return credit_facts(lines, CreditFoot(reason, D(tax), D(freight), "EUR"), duplicate=False, bill_open=False)


def test_four_of_ten_billed_that_never_came_are_credited_as_they_were_billed():
    found = facts("GOODS", line(4))
    assert (found.qty_over_billed, found.price_over_billed, found.qty_received, found.tax_off) == (0, 0, 0, 0)


def test_goods_that_came_are_not_goods_that_never_came_but_may_have_gone_back():
    assert facts("GOODS", line(5)).qty_received == 1
    assert facts("RETURN", line(5)).qty_received == 0


def test_more_than_the_bill_has_left_and_dearer_than_it_was_speak_against_it():
    found = facts("PRICE", line(11), line(2, "59.50"))
    assert (found.qty_over_billed, found.price_over_billed) == (1, D("4.50"))


def test_the_tax_is_measured_by_our_own_rates_that_of_freight_by_the_highest():
    assert facts("PRICE", line(1, 10), line(1, 10, own_tax_pct=10), tax="5", freight=10).tax_off == 0
    assert facts("PRICE", line(1, 10), tax="1.90").tax_off == D("0.10")


def test_what_was_billed_beyond_the_order_never_was_in_the_accrual_and_does_not_come_back_into_it():
    assert restored([line(4)], "EUR") == 220
    assert restored([line(4, order_billed=12)], "EUR") == 110
    assert restored([line(2, order_billed=12)], "EUR") == 0
    assert restored([line(2, 99, ordered_price="54.995")], "EUR") == D("109.99")
