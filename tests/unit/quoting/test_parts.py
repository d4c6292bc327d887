"""What a part of a quote comes to, and what can be ordered of it."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.quoting.rules import Answerable, Quoted, acceptance_problems, part_of, too_late
from tests.integration.orders.trade import D
from tests.unit.quoting.test_objections import NOW


def quoted(line_no=1, qty="100", *, ordered="0", accepted="0", unit="2.50", discount="0"):  # noqa: PLR0913  # a line
    return Quoted(
        line_no=line_no,
        qty=D(qty),
        ordered=D(ordered),
        accepted=D(accepted),
        unit_net=D(unit),
        line_net=round(D(unit) * D(qty), 2),
        header_discount=D(discount),
    )


def test_40_of_100_take_their_share_of_the_discount_and_the_freight_and_the_rest_takes_what_is_left():
    first = part_of([quoted(accepted="40", discount="10.01"), quoted(2, "1", unit="50")], D("7.99"), "EUR")
    assert (first.quantities, first.header_discount, first.freight, first.net) == ({1: D(40)}, D("4.00"), D("2.66"), D("96.00"))
    rest = part_of([quoted(ordered="40", accepted="60", discount="10.01"), quoted(2, "1", accepted="1", unit="50")], D("7.99"), "EUR")
    assert (rest.quantities, rest.header_discount, rest.freight) == ({1: D(60), 2: D(1)}, D("6.01"), D("5.33"))


def test_the_freight_of_goods_given_away_follows_their_quantities():
    assert part_of([quoted(accepted="25", unit="0")], D(8), "EUR").freight == D(2)
    assert part_of([quoted(ordered="25", accepted="75", unit="0")], D(8), "EUR").freight == D(6)


def test_what_is_given_away_entirely_is_not_discounted_by_more_than_it_costs():
    part = part_of([quoted(qty="3", ordered="2", accepted="1", unit="0.333", discount="1.00")], D(0), "EUR")
    assert (part.header_discount, part.net) == (D("0.33"), D(0))


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(0, 999)), min_size=1, max_size=5), st.integers(0, 5000))
def test_two_parts_have_together_the_discount_and_the_freight_of_the_quote(lines, freight):
    sold = [(qty, min(first, qty), D(cents) / 100) for qty, first, cents in lines]
    discounts = [round(unit * qty / 10, 2) for qty, _, unit in sold]
    rows = [
        (
            quoted(no, qty, accepted=first, unit=unit, discount=discount),
            quoted(no, qty, ordered=first, accepted=qty - first, unit=unit, discount=discount),
        )
        for no, ((qty, first, unit), discount) in enumerate(zip(sold, discounts, strict=True), 1)
    ]
    first, rest = (part_of([row[place] for row in rows], D(freight) / 100, "EUR") for place in (0, 1))
    assert first.header_discount + rest.header_discount == sum(discounts)
    assert first.freight + rest.freight == D(freight) / 100
    assert min(first.header_discount, rest.header_discount, first.freight, rest.freight) >= 0


def test_what_cannot_be_ordered_is_told_by_its_place():
    lines = [quoted(1, ordered="60"), quoted(2, "5", ordered="5"), quoted(3)]
    assert acceptance_problems(lines, [(1, D(40)), (3, D(100))]) == {}
    assert acceptance_problems(lines, [(1, D("40.5")), (2, D(1)), (9, D(1)), (3, D(1)), (3, D(2))]) == {
        "lines.0.qty": ["must be at most 40, which is left of the line"],
        "lines.1.line_no": ["is ordered already"],
        "lines.2.line_no": ["is no line of the quote"],
        "lines.4.line_no": ["is named twice"],
    }


def test_a_purchase_order_that_was_ordered_under_is_not_accepted_again_but_the_rest_can_be_declined():
    asked = {"state": "SENT", "now": NOW, "valid_until": NOW, "ordered_as": "SO-7"}
    refused = too_late(Answerable(accepts=True, **asked))
    assert (refused.code, refused.because) == ("quote_answered", "was accepted under this purchase order before, as order SO-7")
    assert too_late(Answerable(accepts=False, **asked)) is None
