"""The price waterfall, step by step, with vivid numbers; and its promises as properties."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import Invalid
from handlers.catalog.rules import (
    LineFacts,
    Offer,
    PriceMissing,
    Terms,
    allocate,
    pick_freight,
    price_basket,
    tax_groups,
    tax_treatment,
)


def D(value) -> Decimal:  # noqa: N802
    return Decimal(str(value))


def line(qty=1, list_price: object = "25.00", line_no=1, **more) -> LineFacts:
    given_more = {"sku": "OMINOUS-ANVIL", "list_source": "BASE", "tax_rate_pct": D(20)} | more
    return LineFacts(line_no=line_no, qty=D(qty), list_price=None if list_price is None else D(list_price), **given_more)


def terms(currency="EUR", **more) -> Terms:
    return Terms(currency=currency, tiers=more.pop("tiers", {}), **more)


def priced(*lines, **more):
    return price_basket(lines, terms(**more))


def steps(result, index=0):
    return [step["step"] for step in result.lines[index].steps]


def test_golden_scenario_1_comes_to_2250_net_and_2748_gross_with_freight():
    result = priced(line(100, manual_discount_pct=D(10), cost=D("14.00")), freight=D("40.00"))
    assert (result.lines[0].unit_net, result.net_total, result.tax_total, result.gross_total) == (D("22.5"), D(2250), D(458), D(2748))
    assert (result.discount_pct, result.margin_pct) == (D(10), D("37.78"))


def test_discounts_compound_and_do_not_add():
    offers = [
        Offer("SPRING", exclusive=False, sequence=1, discount_pct=D(10)),
        Offer("LOYAL", exclusive=False, sequence=2, discount_pct=D(10)),
    ]
    assert priced(line(list_price=100), offers=offers).lines[0].unit_net == D(81)


def test_of_several_exclusive_promotions_only_the_best_counts_beside_the_stackable_ones():
    offers = [
        Offer("GOOD", exclusive=True, sequence=1, discount_pct=D(10)),
        Offer("BETTER", exclusive=True, sequence=1, discount_pct=D(20)),
        Offer("EXTRA", exclusive=False, sequence=9, discount_pct=D(5)),
    ]
    result = priced(line(list_price=100), offers=offers)
    assert result.lines[0].unit_net == D(76)
    assert [step["source"] for step in result.lines[0].steps if step["step"] == "promotion"] == ["BETTER", "EXTRA"]


def test_a_promotion_holds_only_where_its_conditions_do():
    offers = [
        Offer("OTHER-ITEM", exclusive=False, sequence=1, discount_pct=D(50), sku="TINY-PARASOL"),
        Offer("OTHER-CLASS", exclusive=False, sequence=1, discount_pct=D(50), item_class="SERVICE"),
        Offer("MORE", exclusive=False, sequence=1, discount_pct=D(50), min_qty=D(10)),
    ]
    assert priced(line(9, list_price=100), offers=offers).lines[0].unit_net == D(100)


def test_an_agreed_price_replaces_the_list_and_stops_volume_and_promotions():
    offers = [Offer("SPRING", exclusive=False, sequence=1, discount_pct=D(10))]
    tiers = {"ANVILS": [(D(10), D(5))]}
    agreed = line(10, agreed_price=D(20), agreement="CONTRACT-7", tier_group="ANVILS")
    assert priced(agreed, offers=offers, tiers=tiers).lines[0].unit_net == D(20)
    stackable = line(10, agreed_price=D(20), agreement="CONTRACT-7", tier_group="ANVILS", stackable=True)
    result = priced(stackable, offers=offers, tiers=tiers)
    assert result.lines[0].unit_net == D("17.1")
    assert steps(result) == ["list", "agreement", "volume", "promotion", "net"]


def test_volume_counts_all_lines_of_the_same_tier_group_together():
    tiers = {"ANVILS": [(D(10), D(5)), (D(100), D(12))]}
    lines = [line(6, tier_group="ANVILS"), line(4, line_no=2, sku="SMALL-ANVIL", list_price=10, tier_group="ANVILS"), line(99, line_no=3)]
    assert [one.unit_net for one in priced(*lines, tiers=tiers).lines] == [D("23.75"), D("9.5"), D(25)]


def test_unit_prices_round_to_four_decimals_before_they_are_multiplied():
    result = priced(line(1000, list_price="0.3333", manual_discount_pct=D("33.3333")))
    assert result.lines[0].unit_net == D("0.2222")
    assert result.lines[0].line_net == D("222.20")


def test_the_largest_line_takes_what_is_left_of_a_header_discount():
    lines = [line(1, "10.00"), line(1, "10.00", line_no=2), line(1, "10.01", line_no=3)]
    result = priced(*lines, header_discount=D("10.00"))
    assert [one.header_discount for one in result.lines] == [D("3.33"), D("3.33"), D("3.34")]
    assert result.net_total == D("20.01")


def test_a_header_discount_in_percent_is_rounded_once():
    assert priced(line(1, "33.33"), line(1, "33.33", line_no=2), header_discount_pct=D(10)).header_discount == D("6.67")


@pytest.mark.parametrize("discount", [D("25.01"), D(-1)])
def test_a_discount_above_the_net_or_below_zero_is_refused(discount):
    with pytest.raises(Invalid, match="impossible"):
        priced(line(1, "25.00"), header_discount=discount)


def test_a_discount_above_100_percent_is_refused():
    with pytest.raises(Invalid, match="below zero"):
        priced(line(manual_discount_pct=D(101)))


def test_a_surcharge_above_a_fifth_of_the_list_price_is_taken_for_a_typing_error():
    assert priced(line(manual_discount_pct=D(-20))).lines[0].unit_net == D(30)
    with pytest.raises(Invalid, match=r"more than 20 % above the list price") as refused:
        priced(line(manual_discount_pct=D("-20.01")))
    assert "lines.1" in refused.value.errors


def test_every_line_without_a_price_is_named():
    with pytest.raises(PriceMissing, match=r"line 1 \(OMINOUS-ANVIL\), line 2 \(TINY-PARASOL\)"):
        priced(line(list_price=None), line(list_price=None, line_no=2, sku="TINY-PARASOL"), line(line_no=3))


def test_a_promised_price_is_not_worked_out_anew():
    offers = [Offer("SPRING", exclusive=False, sequence=1, discount_pct=D(10))]
    result = priced(line(2, list_price=99, fixed_unit_net=D("22.5")), offers=offers)
    assert (result.lines[0].line_net, steps(result)) == (D(45), ["promised"])


def test_yen_have_no_decimals():
    result = priced(line(3, list_price="33.5", tax_rate_pct=D(10)), currency="JPY")
    assert (result.net_total, result.tax_total) == (D(101), D(10))


def test_margins_are_measured_after_the_header_discount_against_the_floor_of_the_class():
    lines = [line(1, 100, cost=D(80), margin_floor_pct=D(18)), line(1, 100, line_no=2, cost=D(20), margin_floor_pct=D(35))]
    result = priced(*lines, header_discount_pct=D(10))
    assert [one.margin_pct for one in result.lines] == [D("11.11"), D("77.78")]
    assert (result.margin_pct, result.lowest_margin_gap) == (D("44.44"), D("-6.89"))


def test_a_line_given_away_has_lost_all_it_cost():
    assert priced(line(1, 100, cost=D(80), manual_discount_pct=D(100))).lines[0].margin_pct == D(-100)


def test_tax_is_rounded_once_for_each_rate_and_freight_follows_the_goods():
    groups = tax_groups([("S", D(20), D("0.03")), ("S", D("20.0"), D("0.03")), ("Z", D(0), D(5))], freight=D("1.00"), currency="EUR")
    assert [(group.category, group.taxable, group.tax) for group in groups] == [("S", D("0.06"), D("0.01")), ("Z", D(6), D(0))]


@pytest.mark.parametrize(
    ("ship_to", "valid", "applied"),
    [
        ("AT", False, ("S", "AT")),
        ("DE", True, ("K", "AT")),
        ("DE", False, ("S", "AT")),
        ("CH", False, ("G", "AT")),
        ("US", True, ("G", "AT")),
    ],
)
def test_tax_depends_on_the_border_and_on_a_valid_vat_number(ship_to, valid, applied):
    assert tax_treatment("S", "AT", ship_to, vat_no_valid=valid) == applied


@pytest.mark.parametrize(
    ("weight", "net", "amount"), [("30", "100", "9.90"), ("30.1", "100", "48"), ("999", "100", "48"), ("5", "500", "0")]
)
def test_freight_comes_from_the_smallest_bracket_that_holds_the_weight(weight, net, amount):
    brackets = [(D(200), D(48), D(500)), (D(30), D("9.90"), D(500))]
    assert pick_freight(brackets, D(weight), D(net)) == D(amount)


money = st.decimals(0, 10_000, places=2)


@given(amount=money, weights=st.lists(money, min_size=1, max_size=12))
def test_what_is_allocated_adds_up_to_what_was_to_be_allocated(amount, weights):
    shares = allocate(amount, weights, "EUR")
    assert sum(shares) == (amount if sum(weights) else 0)
    assert all(share >= 0 for share in shares)


@given(
    lines=st.lists(st.tuples(st.integers(1, 500), money, st.integers(0, 100), st.sampled_from([0, 7, 19, 20])), min_size=1, max_size=8),
    header=st.integers(0, 100),
)
def test_lines_charges_and_taxes_add_up_to_the_totals(lines, header):
    facts = [
        line(qty, list_price=price, line_no=number, manual_discount_pct=D(pct), tax_rate_pct=D(rate))
        for number, (qty, price, pct, rate) in enumerate(lines, 1)
    ]
    result = priced(*facts, header_discount_pct=D(header), freight=D("9.90"))
    assert sum(one.net for one in result.lines) == result.net_total
    assert sum(group.taxable for group in result.taxes) == result.net_total + result.freight
    assert result.gross_total == result.net_total + result.freight + sum(group.tax for group in result.taxes)
    assert all(0 <= one.unit_net <= one.list_price for one in result.lines)


# ---- exact boundaries


@pytest.mark.parametrize(
    "country",
    ["BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT",
     "RO", "SE", "SI", "SK"],
)  # fmt: skip
def test_a_delivery_within_the_union_is_free_of_tax_both_ways_with_a_valid_number(country):
    assert tax_treatment("S", "AT", country, vat_no_valid=True) == ("K", "AT")
    assert tax_treatment("S", country, "AT", vat_no_valid=True) == ("K", country)


@pytest.mark.parametrize("category", ["E", "Z", "O"])
def test_what_is_exempt_at_home_is_exempt_everywhere(category):
    assert tax_treatment(category, "AT", "US", vat_no_valid=True) == (category, "AT")


def test_a_seller_outside_the_union_charges_the_tax_of_where_the_goods_go():
    assert tax_treatment("S", "US", "AT", vat_no_valid=True) == ("S", "AT")
    assert tax_treatment("S", "US", "US", vat_no_valid=False) == ("S", "US")


@pytest.mark.parametrize(("qty", "unit_net"), [(10, 90), (9, 100)])
def test_a_promotion_holds_from_exactly_its_quantity(qty, unit_net):
    offer = Offer("TEN", exclusive=False, sequence=1, discount_pct=D(10), min_qty=D(10))
    assert priced(line(qty, list_price=100), offers=[offer]).lines[0].unit_net == unit_net


def test_the_margin_counts_the_cost_of_every_piece_and_of_what_is_given_away():
    assert priced(line(4, list_price=10, cost=D(6))).lines[0].margin_pct == 40
    assert priced(line(4, list_price=10, cost=D(6), manual_discount_pct=D(100))).lines[0].margin_pct == -100
    assert priced(line(4, list_price=10, manual_discount_pct=D(100))).lines[0].margin_pct == 0


def test_an_agreed_or_a_promised_price_is_a_price_without_any_list():
    agreed = priced(line(2, list_price=None, agreed_price=D(7), agreement="A-1"))
    promised = priced(line(2, list_price=None, fixed_unit_net=D(9)))
    assert (agreed.net_total, promised.net_total, promised.list_total) == (14, 18, 18)
    assert priced(line(2, list_price=10, fixed_unit_net=D(9))).list_total == 20


@pytest.mark.parametrize(("lines", "more"), [(10, False), (11, True)])
def test_ten_lines_without_a_price_are_named_and_of_more_it_is_said(lines, more):
    with pytest.raises(PriceMissing) as refusal:
        priced(*(line(list_price=None, line_no=number) for number in range(1, lines + 1)))
    assert ("and more" in refusal.value.detail) is more
    assert ("line 11" in refusal.value.detail) is False
    assert "line 10 (OMINOUS-ANVIL)" in refusal.value.detail


def test_carriage_costs_nothing_without_brackets_or_weight_and_the_largest_bracket_beyond_all():
    brackets = [(D(10), D(5), None), (D(30), D(9), None), (D(50), D(12), D(500))]
    assert (pick_freight([], D(5), D(1)), pick_freight(brackets, D(0), D(1))) == (0, 0)
    assert (pick_freight(brackets, D(60), D(1)), pick_freight(brackets, D(10), D(999))) == (12, 5)


def test_the_highest_tier_that_is_reached_counts():
    tiers = {"ANVILS": [(D(10), D(5)), (D(50), D(8)), (D(100), D(12))]}
    assert priced(line(50, list_price=100, tier_group="ANVILS"), tiers=tiers).lines[0].unit_net == 92


def test_stackable_promotions_come_in_their_sequence_and_a_manual_discount_is_called_so():
    late = Offer("EARLY-NAME", exclusive=False, sequence=2, discount_pct=D(10))
    soon = Offer("LATE-NAME", exclusive=False, sequence=1, discount_pct=D(20))
    result = priced(line(list_price=100, manual_discount_pct=D(5)), offers=[late, soon])
    assert [(step["step"], step["source"]) for step in result.lines[0].steps[1:4]] == [
        ("promotion", "LATE-NAME"), ("promotion", "EARLY-NAME"), ("manual", ""),
    ]  # fmt: skip
