"""A quote is ordered in parts: at the quoted prices, each part once, and what is left stays open."""

import pytest
from sqlalchemy import text

from engine.problems import Invalid
from handlers.catalog import master_data as catalog
from handlers.invariants import check_all
from handlers.orders import tasks as orders
from handlers.orders.story import order_story
from handlers.quoting import tasks as quoting
from handlers.quoting.acceptance import Accepted, AcceptedLine, read_accepted, record_accepted
from handlers.quoting.views import show_quote
from tests.integration.orders.trade import D, context, open_trade
from tests.integration.quoting.test_quote_to_order import approve_and_send, quote


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        open_trade(tx)
        yield tx


def accepted(tx, quote_no, po, *lines):
    wanted = Accepted(po, [AcceptedLine(number, D(qty)) for number, qty in lines])
    record_accepted(tx, quote_no, read_accepted(tx, quote_no, wanted))
    return quoting.check_acceptance(quoting.Acceptance(quote_no, po), tx, context(tx))


def ordered(tx, quote_no, po):
    made = quoting.create_order(quoting.Acceptance(quote_no, po), tx)
    orders.price_order(orders.OrderNumber(made.order_no), tx)
    return made, order_story(tx, made.order_no).order


def test_40_of_100_are_ordered_now_and_the_rest_later_and_together_they_are_what_was_quoted(tx):
    catalog.set_freight_rate(tx, catalog.FreightRateDraft(zone="", currency="EUR", up_to_kg=D(1000), amount=D("9.99")))
    tx.execute(text("UPDATE item SET weight_kg = 1"))
    quote_no = quote(tx, ("OMINOUS-ANVIL", 100), ("TINY-PARASOL", 7), discount_pct=D(3))
    approve_and_send(tx, quote_no)
    check = accepted(tx, quote_no, "PO-1", (1, 40))
    assert (check.accepted, check.part, check.net_total) == (True, "line 1: 40 of 100 OMINOUS-ANVIL", D(970))
    assert (check.price_gap_pct, check.margin_gap) == (D(0), D("24.27")), "42.27 % less the floor of 18 %"
    first, order = ordered(tx, quote_no, "PO-1")
    assert (first.left, order["net_total"]) == (True, D(970))
    shown = show_quote(tx, quote_no)
    assert ([(line.qty, line.qty_ordered) for line in shown.lines], shown.quote.state) == ([(100, 40), (7, 0)], "SENT")
    assert accepted(tx, quote_no, "PO-2").part == "line 1: 60 of 100 OMINOUS-ANVIL; line 2: 7 of 7 TINY-PARASOL"
    second, rest = ordered(tx, quote_no, "PO-2")
    assert (second.left, second.order_no != first.order_no) == (False, True)
    shown = show_quote(tx, quote_no)
    assert order["net_total"] + rest["net_total"] == shown.quote.net_total
    assert order["freight"] + rest["freight"] == shown.freight == D("9.99")
    assert [each.customer_po for each in shown.orders] == ["PO-1", "PO-2"]
    assert quoting.close_quote(quoting.CloseQuote(quote_no, "ORDERED", "Both"), tx).state == "ORDERED"
    assert [result.id for result in check_all(tx) if not result.ok] == []


def test_a_part_that_comes_again_is_the_same_order_and_leaves_as_much(tx):
    quote_no = quote(tx)
    approve_and_send(tx, quote_no)
    accepted(tx, quote_no, "PO-1", (1, 40))
    first = quoting.create_order(quoting.Acceptance(quote_no, "PO-1"), tx)
    assert quoting.check_acceptance(quoting.Acceptance(quote_no, "PO-1"), tx, context(tx)).reason == ""
    assert quoting.create_order(quoting.Acceptance(quote_no, "PO-1"), tx) == first
    assert show_quote(tx, quote_no).lines[0].qty_ordered == 40


def test_a_further_part_under_the_same_purchase_order_is_asked_about_and_is_an_order_of_its_own(tx):
    quote_no = quote(tx)
    approve_and_send(tx, quote_no)
    accepted(tx, quote_no, "PO-1", (1, 40))
    first = quoting.create_order(quoting.Acceptance(quote_no, "PO-1"), tx)
    assert accepted(tx, quote_no, "po-1", (1, 10)).reason == f"The purchase order was used for {first.order_no} already."
    second = quoting.create_order(quoting.Acceptance(quote_no, "po-1"), tx)
    assert second.order_no != first.order_no
    assert show_quote(tx, quote_no).lines[0].qty_ordered == 50


def test_a_part_below_the_quantity_break_is_told_how_much_dearer_it_would_be_alone(tx):
    tx.execute(text("UPDATE item SET tier_group = 'ANVILS' WHERE sku = 'OMINOUS-ANVIL'"))
    catalog.set_volume_tier(tx, catalog.TierDraft(tier_group="ANVILS", min_qty=D(100), discount_pct=D(20)))
    quote_no = quote(tx)
    approve_and_send(tx, quote_no)
    assert accepted(tx, quote_no, "PO-1", (1, 10)).price_gap_pct == D(25), "25.00 instead of 20.00"
    _, order = ordered(tx, quote_no, "PO-1")
    assert order["net_total"] == D(200), "what was quoted holds, if sales takes it"


def test_a_part_is_looked_at_with_the_cost_of_today(tx):
    quote_no = quote(tx)
    approve_and_send(tx, quote_no)
    tx.execute(text("UPDATE item SET cost = 22 WHERE sku = 'OMINOUS-ANVIL'"))
    check = accepted(tx, quote_no, "PO-1", (1, 10))
    assert (check.margin_gap, check.quoted_margin_gap) == (D(-6), D(26)), "12 % and 44 % against a floor of 18 %"


def test_a_part_whose_price_list_ended_is_for_a_person(tx):
    quote_no = quote(tx)
    approve_and_send(tx, quote_no)
    tx.execute(text("DELETE FROM price"))
    check = accepted(tx, quote_no, "PO-1", (1, 10))
    assert (check.accepted, check.reason.startswith("The part cannot be compared with today's prices: No price in EUR")) == (False, True)


def test_all_that_is_left_needs_no_lines_and_too_much_is_refused_by_line(tx):
    quote_no = quote(tx, ("OMINOUS-ANVIL", 100), ("TINY-PARASOL", 7))
    whole = Accepted(" PO-1 ", [AcceptedLine(1, D("100.0")), AcceptedLine(2, D(7))])
    assert read_accepted(tx, quote_no, whole) == Accepted("PO-1")
    for lines, wrong in (
        ([AcceptedLine(1, D(101))], "lines.0.qty"),
        ([AcceptedLine(1, D(0))], "lines.0.qty"),
        ([AcceptedLine(1, D("NaN"))], "lines.0.qty"),
        ([AcceptedLine(1, D(1)), AcceptedLine(3, D(1))], "lines.1.line_no"),
    ):
        with pytest.raises(Invalid) as refused:
            read_accepted(tx, quote_no, Accepted("PO-1", lines))
        assert (list(refused.value.errors), bool(refused.value.next_step)) == ([wrong], True)


def test_the_rest_of_a_quote_ends_as_ordered_in_part_and_says_why(tx):
    for outcome in ("LOST", "EXPIRED", "WITHDRAWN"):
        quote_no = quote(tx)
        approve_and_send(tx, quote_no)
        accepted(tx, quote_no, f"PO-{outcome}", (1, 40))
        quoting.create_order(quoting.Acceptance(quote_no, f"PO-{outcome}"), tx)
        assert quoting.close_quote(quoting.CloseQuote(quote_no, outcome, "No more anvils"), tx).state == "PARTIALLY_ORDERED"
        assert show_quote(tx, quote_no).close_reason == "No more anvils"
    assert [result.id for result in check_all(tx) if not result.ok] == []


def test_a_new_offer_is_one_for_what_is_left(tx):
    quote_no = quote(tx, ("OMINOUS-ANVIL", 100), ("TINY-PARASOL", 7))
    approve_and_send(tx, quote_no)
    accepted(tx, quote_no, "PO-1", (1, 40), (2, 7))
    quoting.create_order(quoting.Acceptance(quote_no, "PO-1"), tx)
    accepted(tx, quote_no, "PO-2", (1, 10))
    quoting.revise_quote(quoting.ReviseQuote(quote_no, D(10), "For the rest"), tx)
    assert quoting.price_quote(quoting.QuoteNumber(quote_no), tx).net_total == D(1350), "60 anvils less a tenth"
    approve_and_send(tx, quote_no)
    assert quoting.check_acceptance(quoting.Acceptance(quote_no, "PO-3"), tx, context(tx)).part == ""
    assert not quoting.create_order(quoting.Acceptance(quote_no, "PO-3"), tx).left
    kept = tx.execute(text("SELECT snapshot->'lines'->0->>'qty_ordered' FROM quote_version")).scalar_one()
    assert D(kept) == 40
    assert len(show_quote(tx, quote_no).orders) == 2


def test_more_than_was_quoted_is_never_ordered(tx):
    quote_no = quote(tx)
    approve_and_send(tx, quote_no)
    accepted(tx, quote_no, "PO-1", (1, 60))
    quoting.create_order(quoting.Acceptance(quote_no, "PO-1"), tx)
    with pytest.raises(Invalid, match="must be at most 40"):
        accepted(tx, quote_no, "PO-2", (1, 60))
