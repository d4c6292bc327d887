"""How stock is shared out, used up and valued."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import Conflict
from handlers.inventory.rules import Free, Kept, Used, Want, average_costs, share_out, use_reserved


def D(value) -> Decimal:  # noqa: N802
    return Decimal(str(value))


def want(line, qty, sku="OMINOUS-ANVIL"):
    return Want(fulfil_line_id=line, sku=sku, warehouse_code="VIENNA", qty=D(qty))


def free(balance, qty, expires=date.max, sku="OMINOUS-ANVIL"):
    return Free(balance_id=balance, sku=sku, warehouse_code="VIENNA", qty=D(qty), expires_on=expires)


def used(qty, balance=1):
    return Used(reservation_id=1, fulfil_line_id=1, balance_id=balance, qty=D(qty))


def test_the_older_line_is_served_first_and_the_younger_one_gets_the_rest():
    taken, short = share_out([want(2, 5), want(1, 8)], [free(1, 10)])
    assert [(part.fulfil_line_id, part.qty) for part in taken] == [(1, 8), (2, 2)]
    assert [(shortage.fulfil_line_id, shortage.missing) for shortage in short] == [(2, 3)]


def test_what_expires_first_leaves_first():
    taken, _ = share_out([want(1, 5)], [free(1, 4), free(2, 4, date(2026, 4, 1)), free(3, 4, date(2026, 3, 1))])
    assert [(part.balance_id, part.qty) for part in taken] == [(3, 4), (2, 1)]


def test_nothing_is_taken_from_another_item():
    taken, short = share_out([want(1, 5, "TINY-PARASOL")], [free(1, 10)])
    assert (taken, short[0].missing) == ([], 5)


def test_a_line_uses_its_reservations_in_their_order_and_no_more_than_they_hold():
    kept = [Kept(reservation_id=7, balance_id=1, qty=D(2)), Kept(reservation_id=8, balance_id=2, qty=D(2))]
    assert [(part.reservation_id, part.qty) for part in use_reserved(1, D(3), kept)] == [(7, 2), (8, 1)]
    with pytest.raises(Conflict, match="5 were to leave for fulfilment line 1, but only 4 are reserved"):
        use_reserved(1, D(5), kept)


def test_of_two_lots_that_expire_on_one_day_the_older_balance_leaves_first():
    taken, _ = share_out([want(1, 5)], [free(9, 4, date(2026, 3, 1)), free(2, 4, date(2026, 3, 1))])
    assert [(part.balance_id, part.qty) for part in taken] == [(2, 4), (9, 1)]


def test_exactly_what_is_there_is_not_short_and_a_piece_more_is():
    assert share_out([want(1, 10)], [free(1, 10)])[1] == []
    (short,) = share_out([want(1, 11)], [free(1, 10)])[1]
    assert (short.fulfil_line_id, short.sku, short.warehouse_code, short.wanted, short.missing) == (1, "OMINOUS-ANVIL", "VIENNA", 11, 1)


def test_an_empty_balance_and_one_that_is_used_up_give_no_empty_parts():
    taken, _ = share_out([want(1, 4), want(2, 2)], [free(1, 0), free(2, 4), free(3, 9)])
    assert [(part.fulfil_line_id, part.balance_id, part.qty) for part in taken] == [(1, 2, 4), (2, 3, 2)]


def test_nothing_is_taken_from_another_warehouse():
    elsewhere = Free(balance_id=1, sku="OMINOUS-ANVIL", warehouse_code="GRAZ", qty=D(10))
    taken, short = share_out([want(1, 5)], [elsewhere])
    assert (taken, short[0].missing) == ([], 5)


def test_a_line_may_use_exactly_what_is_reserved_and_leaves_the_rest_of_its_reservations_alone():
    kept = [Kept(reservation_id=7, balance_id=1, qty=D(2)), Kept(reservation_id=8, balance_id=2, qty=D(2))]
    assert use_reserved(1, D(4), kept)[-1] == Used(reservation_id=8, fulfil_line_id=1, balance_id=2, qty=D(2))
    assert [part.reservation_id for part in use_reserved(1, D(2), kept)] == [7]


def test_a_refused_issue_says_how_much_is_reserved_and_what_to_do():
    with pytest.raises(Conflict) as refused:
        use_reserved(1, D(5), [])
    assert (refused.value.code, refused.value.next_step) == ("not_reserved", "Reserve the rest first, or ship less.")
    assert "only 0 are reserved" in refused.value.detail


def test_what_empties_a_balance_takes_its_last_cent_and_another_balance_keeps_its_own():
    parts = [used(2), used(1, balance=2), used(1)]
    assert average_costs(parts, {1: (D(3), D(10)), 2: (D(4), D(6))}, "EUR") == [D("6.67"), D("1.50"), D("3.33")]


def test_a_currency_without_cents_is_valued_in_whole_units():
    assert average_costs([used(1), used(2)], {1: (D(3), D(100))}, "JPY") == [33, 67]


def test_three_anvils_worth_ten_euros_cost_ten_euros_together():
    assert average_costs([used(1), used(1), used(1)], {1: (D(3), D(10))}, "EUR") == [D("3.33"), D("3.34"), D("3.33")]


quantities = st.lists(st.integers(1, 40), max_size=8)


@given(wants=quantities, balances=quantities)
def test_no_more_is_given_than_there_is_and_nothing_is_withheld(wants, balances):
    taken, short = share_out([want(line, qty) for line, qty in enumerate(wants)], [free(key, qty) for key, qty in enumerate(balances)])
    given_out = sum(part.qty for part in taken)
    assert given_out == min(sum(wants), sum(balances))
    assert given_out + sum(shortage.missing for shortage in short) == sum(wants)


@given(pieces=st.integers(1, 60), value=st.decimals(0, 9999, places=2))
def test_issuing_a_balance_piece_by_piece_costs_exactly_its_value(pieces, value):
    assert sum(average_costs([used(1)] * pieces, {1: (D(pieces), value)}, "EUR")) == value


def test_what_empties_a_balance_takes_its_whole_value_to_the_fraction_of_a_cent():
    assert average_costs([used(3)], {1: (D(3), D("10.0049"))}, "EUR") == [D("10.0049")]
    assert average_costs([used(0)], {1: (D(0), D(0))}, "EUR") == [D(0)]
