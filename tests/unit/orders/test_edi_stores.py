"""An order that is spread over stores: who gets how much of which line, and what is asked where it is not clear."""

from decimal import Decimal

import pytest

from engine.problems import Invalid
from handlers.orders.edi_order import CODE, EdiLine, EdiOrder, EdiParty, StoreQuantity
from handlers.orders.edi_stores import by_store

D = Decimal


def line(number, qty, *stores):
    told = tuple(StoreQuantity(code=code, code_kind=CODE, qty=D(share)) for code, share in stores)
    return EdiLine(
        buyer_line_no=number, qty=D(qty), unit="EA", unit_price=None, numbers=(), description="", requested_date=None, stores=told
    )


def order(*lines, ship_to=None):
    return EdiOrder(number="PO-1", ordered_on=None, currency="EUR", requested_date=None, ship_to=ship_to, lines=lines, stated_total=D(100))


def shares(orders):
    return [(each.ship_to.code, [(part.buyer_line_no, part.qty) for part in each.lines], each.stated_total) for each in orders]


def test_each_store_gets_its_share_of_every_line_and_lines_without_stores_go_to_the_place_of_the_order():
    pumps, hoses, tape = line("10", 5, ("0007", 2), ("0008", 3)), line("20", 4, ("0008", 1), ("0009", 0), ("0008", 3)), line("30", 1)
    whole = order(pumps, hoses, tape, ship_to=EdiParty(code="DC"))
    assert shares(by_store(whole, to_stores=True)) == [
        ("0007", [("10", D(2))], None),
        ("0008", [("10", D(3)), ("20", D(4))], None),
        ("DC", [("30", D(1))], None),
    ]
    assert by_store(order(tape), to_stores=False) == (order(tape),)


@pytest.mark.parametrize(
    ("lines", "place", "says"),
    [
        ([line("10", 5, ("0007", 2), ("0008", 2))], None, "Line 10 orders 5, its stores (SDQ) come to 4."),
        ([line("10", 5, ("0007", 5)), line("20", 1)], None, "Line 20 names no store, and the order no place of delivery."),
        (
            [line("10", 5, ("0007", 5))],
            EdiParty(name="Hub"),
            "The order names Hub as the place of delivery, and quantities for single stores",
        ),
    ],
)
def test_what_is_not_clear_is_asked(lines, place, says):
    with pytest.raises(Invalid) as refused:
        by_store(order(*lines, ship_to=place), to_stores=False)
    assert refused.value.detail.startswith(says)
