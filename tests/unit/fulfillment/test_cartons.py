"""Parcels are planned by first fit: the largest pieces first, and each parcel in the smallest carton that holds it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.fulfillment.cartons import Box, Goods, in_words, is_weighed, plan_parcels, weigh

D = Decimal
S, L = Box("S", D(10), D(5), D("0.2")), Box("L", D(60), D(20), D("0.8"))


def goods(sku, qty, weight="1", volume="1"):
    return Goods(sku, D(qty), D(weight), D(volume))


def packed(parcels):
    return [(each.box.code if each.box else "", {item.sku: item.qty for item in each.goods}) for each in parcels]


def test_a_pump_and_its_seals_travel_in_one_carton_and_the_smallest_that_holds_them():
    assert packed(plan_parcels([goods("PUMP", 1, "4.8", "9"), goods("SEAL", 1, "0.2", "1")], [S, L])) == [("S", {"PUMP": 1, "SEAL": 1})]


def test_a_litre_more_takes_the_next_carton():
    assert packed(plan_parcels([goods("PUMP", 1, "4", "9"), goods("SEAL", 1, "0.2", "1.0001")], [S, L])) == [("L", {"PUMP": 1, "SEAL": 1})]


@pytest.mark.parametrize(("qty", "parcels"), [(20, [20]), (21, [20, 1]), (45, [20, 20, 5])])
def test_a_carton_is_full_when_its_weight_is(qty, parcels):
    assert [sum(item.qty for item in each.goods) for each in plan_parcels([goods("LEAD", qty, "1", "0.1")], [S, L])] == parcels


def test_the_rest_of_one_carton_takes_what_is_smaller():
    made = plan_parcels([goods("BIG", 3, "1", "25"), goods("SMALL", 12, "0.1", "1")], [S, L])
    assert packed(made) == [("L", {"BIG": 2, "SMALL": 10}), ("L", {"BIG": 1, "SMALL": 2})]


def test_what_no_carton_holds_travels_as_it_is():
    assert packed(plan_parcels([goods("PIPE", 2, "30", "80"), goods("SEAL", 1)], [S, L])) == [
        ("", {"PIPE": 1}),
        ("", {"PIPE": 1}),
        ("S", {"SEAL": 1}),
    ]


def test_without_cartons_on_file_all_of_it_is_one_parcel():
    (parcel,) = plan_parcels([goods("PUMP", 3), goods("SEAL", 9)], [])
    assert (parcel.box, parcel.weight_kg) == (None, 12)
    assert plan_parcels([], [L]) == plan_parcels([], []) == []


def test_a_length_of_cable_is_not_cut_to_fill_a_carton():
    assert packed(plan_parcels([goods("CABLE", "2.5", "9", "1")], [L])) == [("L", {"CABLE": 2}), ("L", {"CABLE": D("0.5")})]


def test_what_would_be_a_thousand_parcels_is_no_plan():
    assert len(plan_parcels([goods("LEAD", 999, "20")], [L])) == 999
    assert plan_parcels([goods("LEAD", 1000, "20")], [L]) == []


def test_the_carton_weighs_too_and_what_was_weighed_is_spread_as_planned():
    parcels = plan_parcels([goods("LEAD", 25, "1", "0.1")], [S, L])
    assert [each.weight_kg for each in parcels] == [D("20.8"), D("5.2")]
    assert weigh(parcels, D(27)) == [D("21.600"), D("5.400")]
    assert sum(weigh(parcels, D("10.001"))) == D("10.001")


def test_a_plan_is_said_in_a_line():
    assert in_words(plan_parcels([goods("LEAD", 45, "1", "0.1"), goods("PIPE", 1, "30")], [S, L])) == "1 x as it is, 2 x L, 1 x S"
    assert in_words([]) == ""


def test_a_weight_that_is_not_on_file_is_not_guessed():
    assert is_weighed([goods("SEAL", 1)])
    assert not is_weighed([goods("SEAL", 1), goods("FEATHER", 1, "0")])


numbers = st.decimals("0", "30", places=2)


@given(st.lists(st.tuples(st.decimals("0.5", "40", places=1), numbers, numbers), max_size=6))
def test_whatever_is_packed_everything_is_in_and_nothing_is_overloaded(rows):
    asked = [Goods(f"I{place}", *row) for place, row in enumerate(rows)]
    parcels = plan_parcels(asked, [S, L])
    for item in asked:
        assert sum(each.qty for parcel in parcels for each in parcel.goods if each.sku == item.sku) == item.qty
    for parcel in parcels:
        assert parcel.goods
        if parcel.box:
            assert parcel.net_kg <= parcel.box.max_kg
            assert parcel.volume_l <= parcel.box.volume_l
