"""The steps of quote-to-order, one after the other, as the diagram calls them."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.service_tasks import Refused
from handlers.catalog import master_data as catalog
from handlers.documents.model import Document
from handlers.invariants import check_all
from handlers.orders import tasks as orders
from handlers.orders.story import order_story
from handlers.promising import tasks as promising
from handlers.quoting import tasks as quoting
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft, create_quote
from handlers.quoting.life import find_quote
from tests.integration.orders.trade import D, context, effects, open_trade, stock, supply_in


def quote(tx, *lines, requester="mia.sales", **more):
    drafts = [QuoteLineDraft(sku=sku, qty=D(qty)) for sku, qty in lines or [("OMINOUS-ANVIL", 100)]]
    return create_quote(tx, QuoteDraft(customer_no="C-COYOTE", requester=requester, lines=drafts, **more))


def approve_and_send(tx, quote_no, approver="sam.manager"):
    forms = [{"approved": "yes", "comment": "Fine", "approver": approver}] if approver else []
    quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
    quoting.record_approval(quoting.RecordApproval(quote_no, forms), tx, context(tx))
    document = quoting.produce_document(quoting.QuoteNumber(quote_no), tx, context(tx))
    sent = quoting.send_quote(quoting.QuoteNumber(quote_no), tx, context(tx), effects(tx))
    return document, sent


def test_a_quote_goes_from_price_to_order_at_the_quoted_price(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 200)
        quote_no = quote(tx, discount_pct=D(10))
        pricing = quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        assert (pricing.list_total, pricing.net_total, pricing.gross_total) == (D(2500), D(2250), D(2700))
        assert (pricing.discount_pct, pricing.margin_pct, pricing.deal_size) == (D(10), D("37.78"), D(2250))
        assert pricing.lowest_margin_gap == D("19.78"), "37.78 % less the floor of 18 %"
        available = promising.check_availability(promising.QuoteNumber(quote_no), tx, context(tx))
        assert (available.complete, available.short_lines) == (True, [])
        document, sent = approve_and_send(tx, quote_no)
        paper = tx.get(Document, document.document_id)
        assert paper.content.startswith(b"%PDF")
        assert sent.valid_until > context(tx).now
        assert quoting.check_acceptance(quoting.Acceptance(quote_no, "PO-9"), tx, context(tx)).accepted
        first = quoting.create_order(quoting.Acceptance(quote_no, "PO-9"), tx)
        catalog.set_price(tx, catalog.PriceDraft(price_list_code="BASE-EUR", sku="OMINOUS-ANVIL", unit_price=D(99)))
        again = quoting.create_order(quoting.Acceptance(quote_no, "PO-9"), tx)
        assert again == first
        orders.price_order(orders.OrderNumber(first.order_no), tx)
        assert order_story(tx, first.order_no).order["gross_total"] == D(2700)
        assert quoting.close_quote(quoting.CloseQuote(quote_no, "ORDERED", "PO-9"), tx).state == "ORDERED"
        assert quoting.close_quote(quoting.CloseQuote(quote_no, "LOST", "Late answer"), tx).state == "ORDERED"
        assert [result.id for result in check_all(tx) if not result.ok] == []


def test_availability_never_reserves_and_names_the_lines_that_are_short(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
        supply_in(tx, "OMINOUS-ANVIL", 40, days=12)
        quote_no = quote(tx, ("OMINOUS-ANVIL", 100), ("GIANT-MAGNET", 2))
        found = promising.check_availability(promising.QuoteNumber(quote_no), tx, context(tx))
        assert (found.complete, found.short_lines) == (True, [1])
        assert tx.execute(text("SELECT sum(reserved) FROM stock_balance")).scalar_one() == 0


def test_a_missing_price_is_refused_for_finance_to_set(database):
    with database.transaction() as tx:
        open_trade(tx)
        catalog.add_item(tx, catalog.ItemDraft(sku="ROCKET-SKATES", name="Rocket skates"))
        quote_no = quote(tx, ("ROCKET-SKATES", 1))
        with pytest.raises(Refused, match=r"ROCKET-SKATES") as refused:
            quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        assert refused.value.code == "PRICE_MISSING"


def test_a_change_after_approval_makes_the_approval_void(database):
    with database.transaction() as tx:
        open_trade(tx)
        quote_no = quote(tx)
        quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        quoting.record_approval(quoting.RecordApproval(quote_no, []), tx, context(tx))
        quoting.revise_quote(quoting.ReviseQuote(quote_no, D(5), "A little more"), tx)
        quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        with pytest.raises(Conflict, match="not approved as it stands"):
            quoting.send_quote(quoting.QuoteNumber(quote_no), tx, context(tx), effects(tx))
        assert (find_quote(tx, quote_no).version_no, find_quote(tx, quote_no).net_total) == (2, D(2375))


def test_a_revision_lowers_the_discount_of_a_line_and_keeps_what_was_offered_before(database):
    with database.transaction() as tx:
        open_trade(tx)
        lines = [QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(10), discount_pct=D(25)), QuoteLineDraft(sku="TINY-PARASOL", qty=D(1))]
        quote_no = create_quote(tx, QuoteDraft(customer_no="C-COYOTE", requester="mia.sales", lines=lines))
        first = quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        assert [(line.line_no, line.sku, line.discount_pct) for line in first.lines] == [(1, "OMINOUS-ANVIL", 25), (2, "TINY-PARASOL", 0)]
        lowered = quoting.ReviseQuote(quote_no, D(0), "As agreed", lines=[quoting.LineDiscount(1, D(10))])
        assert quoting.revise_quote(lowered, tx).version_no == 2
        second = quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        assert (first.net_total, second.net_total, second.lines[0].discount_pct) == (D("197.50"), D(235), 10)
        kept = tx.execute(text("SELECT comment, snapshot->'lines'->0->>'unit_net' FROM quote_version")).one()
        assert (kept[0], D(kept[1])) == ("As agreed", D("18.75"))
        once, again = quoting.LineDiscount(1, D(1)), quoting.LineDiscount(1, D("100.01"))
        for lines, others, wrong in (
            ([quoting.LineDiscount(3, D(1))], [], "lines.0.line_no"),
            ([again], [], "lines.0.discount_pct"),
            ([once], [once], "other_lines.0.line_no"),
        ):
            with pytest.raises(Invalid) as refused:
                quoting.revise_quote(quoting.ReviseQuote(quote_no, D(0), "", lines, others), tx)
            assert list(refused.value.errors) == [wrong]


def test_a_sent_quote_is_extended_to_a_later_day_and_no_other_quote_is(database):
    with database.transaction() as tx:
        open_trade(tx)
        quote_no = quote(tx)
        now = context(tx).now
        with pytest.raises(Conflict, match="not open for acceptance"):
            quoting.extend_quote(quoting.ExtendQuote(quote_no, now + timedelta(days=60)), tx, context(tx))
        approve_and_send(tx, quote_no)
        for wrong in (now - timedelta(days=1), now + timedelta(days=10), now + timedelta(days=366)):
            with pytest.raises(Invalid) as refused:
                quoting.extend_quote(quoting.ExtendQuote(quote_no, wrong), tx, context(tx))
            assert list(refused.value.errors) == ["valid_until"]
        until = now + timedelta(days=60)
        assert quoting.extend_quote(quoting.ExtendQuote(quote_no, until), tx, context(tx)).valid_until == until
        assert find_quote(tx, quote_no).valid_until == until


def test_pricing_an_approved_quote_again_keeps_the_approval_while_nothing_changed(database):
    with database.transaction() as tx:
        open_trade(tx)
        quote_no = quote(tx)
        approve_and_send(tx, quote_no)
        quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        assert find_quote(tx, quote_no).state == "SENT"


def test_nobody_approves_a_quote_of_their_own(database):
    with database.transaction() as tx:
        open_trade(tx)
        quote_no = quote(tx)
        quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        with pytest.raises(Forbidden, match=r"mia\.sales asked for quote"):
            quoting.record_approval(quoting.RecordApproval(quote_no, [{"approved": "yes"}]), tx, context(tx, "mia.sales"))


def test_nobody_approves_above_their_limit(database):
    with database.transaction() as tx:
        open_trade(tx)
        quote_no = quote(tx)
        quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        with pytest.raises(Forbidden, match="above what sam"):
            quoting.record_approval(
                quoting.RecordApproval(quote_no, [{"approved": "yes", "approver": "sam", "amount_limit": 1000}]), tx, context(tx)
            )


WRONG_ACCEPTANCES = [
    ("UPDATE quote SET valid_until = now() - interval '1 day'", "valid until"),
    ("UPDATE quote SET approved_at = now() - interval '15 days'", "older than 14 days"),
    ("UPDATE customer SET active = false", "not active"),
    ("UPDATE customer SET po_pattern = 'A[0-9]+'", "does not look like"),
    ("UPDATE quote SET snapshot_hash = 'other'", "changed after its approval"),
]


def test_an_acceptance_that_comes_too_late_or_wrong_says_why(database):
    with database.transaction() as tx:
        open_trade(tx)
        quote_no = quote(tx)
        approve_and_send(tx, quote_no)
        for tamper, reason in WRONG_ACCEPTANCES:
            tampering = tx.begin_nested()
            tx.execute(text(tamper))
            tx.expire_all()
            check = quoting.check_acceptance(quoting.Acceptance(quote_no, "PO-9"), tx, context(tx))
            assert (check.accepted, reason in check.reason) == (False, True), check
            tampering.rollback()


def test_a_purchase_order_is_not_accepted_for_two_quotes(database):
    with database.transaction() as tx:
        open_trade(tx)
        first, second = quote(tx), quote(tx)
        for quote_no in (first, second):
            approve_and_send(tx, quote_no)
        order_no = quoting.create_order(quoting.Acceptance(first, "PO-9"), tx).order_no
        check = quoting.check_acceptance(quoting.Acceptance(second, "PO-9"), tx, context(tx))
        assert check.reason == f"The purchase order was used for {order_no} already."


def test_an_unapproved_quote_is_never_ordered(database):
    with database.transaction() as tx:
        open_trade(tx)
        quote_no = quote(tx)
        with pytest.raises(Conflict, match="cannot be ordered"):
            quoting.create_order(quoting.Acceptance(quote_no, "PO-9"), tx)


def test_a_closed_quote_stays_closed(database):
    with database.transaction() as tx:
        open_trade(tx)
        quote_no = quote(tx)
        quoting.close_quote(quoting.CloseQuote(quote_no, "LOST", "Too dear"), tx)
        with pytest.raises(Refused, match=r"is closed \(lost\)") as refused:
            quoting.price_quote(quoting.QuoteNumber(quote_no), tx)
        assert refused.value.code == "QUOTE_CLOSED", "the diagram ends there, instead of standing at an incident for ever"


def test_the_same_reference_makes_one_quote(database):
    with database.transaction() as tx:
        open_trade(tx)
        assert quote(tx, source_ref="RFQ-1") == quote(tx, source_ref="RFQ-1")


WRONG_QUOTES = [
    ({"lines": []}, Invalid, "no lines"),
    ({"currency": "USD"}, Invalid, "does not buy in USD"),
    ({"currency": "euro"}, Invalid, "no currency code"),
    ({"discount_pct": D("100.01")}, Invalid, "must be a percentage from 0 to 100"),
    ({"discount_pct": D(-1)}, Invalid, "must be a percentage from 0 to 100"),
    ({"lines": [QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(1), discount_pct=D("100.01"))]}, Invalid, r"lines\.0\.discount_pct is 100\.01"),
    ({"lines": [QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(1), discount_pct=D("-20.01"))]}, Invalid, r"lines\.0\.discount_pct is -20\.01"),
    ({"customer_no": "C-NOBODY"}, NotFound, "no customer C-NOBODY"),
    ({"lines": [QuoteLineDraft(sku="GHOST", qty=D(1))]}, NotFound, "no item GHOST"),
    ({"lines": [QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(-1))]}, Invalid, "above zero"),
    ({"lines": [QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D("NaN"))]}, Invalid, "no usable number"),
    ({"lines": [QuoteLineDraft(sku="OMINOUS-ANVIL", qty=0.1 + 0.2)]}, Invalid, "not an exact number"),
]


def test_a_wrong_quote_is_refused_with_the_cure_and_nothing_is_written(database):
    with database.transaction() as tx:
        open_trade(tx)
        for change, problem, says in WRONG_QUOTES:
            given = {"customer_no": "C-COYOTE", "requester": "mia", "lines": [QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(1))]} | change
            with pytest.raises(problem, match=says) as refused:
                create_quote(tx, QuoteDraft(**given))
            assert refused.value.next_step
        assert tx.execute(text("SELECT count(*) FROM quote")).scalar_one() == 0
