"""The steps of order-to-promise, one after the other, as the diagram calls them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from lxml import etree
from sqlalchemy import text

from engine.service_tasks import Refused
from handlers.credit import tasks as credit
from handlers.documents.model import Document
from handlers.invariants import check_all
from handlers.orders import tasks as orders
from handlers.orders.status import status_of
from handlers.orders.story import order_story
from handlers.promising import tasks as promising
from tests.integration.orders.trade import (
    ANYWHERE,
    STOCK_ONLY,
    D,
    context,
    counted_statements,
    effects,
    open_trade,
    order,
    stock,
    supply_in,
    validated,
)


def promise(tx, order_no, rules=STOCK_ONLY):
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promising.list_sourcing_cases(promising.OrderNumber(order_no), tx)
    return promising.promise_lines(promising.PromiseLines(order_no, rules), tx, context(tx), None)


def parts_of(tx, order_no):
    today = tx.execute(text("SELECT current_date")).scalar_one()
    return [
        (
            int(part["qty"]),
            part["source_type"],
            int(part["qty_reserved"]),
            (part["sched_ship"] - today).days if part["sched_ship"] else None,
        )
        for part in order_story(tx, order_no).parts
    ]


def test_an_order_goes_from_receipt_to_a_promise_and_is_answered_once(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 200)
        order_no = order(tx, ("OMINOUS-ANVIL", 100), source="EDI", source_ref="4711", customer_po="PO-77")
        validation = validated(tx, order_no)
        assert (validation.valid, validation.issues) == (True, [])
        pricing = orders.price_order(orders.OrderNumber(order_no), tx)
        assert (pricing.net_total, pricing.gross_total, pricing.has_discrepancy) == (D("2500.00"), D("3000.00"), False)
        facts = credit.assess_exposure(credit.OrderNumber(order_no), tx)
        assert (facts.exposure, facts.available, facts.order_total) == (0, 10000, 3000)
        credit.record_decision(credit.RecordDecision(order_no, "APPROVED", "Within the limit"), tx, context(tx))
        promised = promise(tx, order_no)
        assert (len(promised.stock_groups), promised.dropship_groups, promised.complete) == (1, [], True)
        ledger = effects(tx)
        answer = orders.acknowledge_order(orders.OrderNumber(order_no), tx, ledger)
        again = orders.acknowledge_order(orders.OrderNumber(order_no), tx, ledger)
        assert (answer.response_code, answer) == ("AP", again)
        assert [(sent.kind, sent.target) for sent in ledger.recorded] == [("mail", "wile@coyote.example")]
        xml = etree.fromstring(tx.get(Document, answer.document_id).content)
        assert xml.findtext("{*}OrderResponseCode") == "AP"
        assert xml.findtext(".//{*}LineStatusCode") == "5"
        assert status_of(tx, order_no).status == "PROCESSING"
        assert [row["kind"] for row in order_story(tx, order_no).events] == [
            "order_received", "order_priced", "credit_decided", "order_submitted", "order_promised", "order_acknowledged",
        ]  # fmt: skip
        assert [result.id for result in check_all(tx) if not result.ok] == []


def test_100_pieces_with_60_on_stock_are_promised_as_60_now_and_40_with_the_supply(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
        supply_in(tx, "OMINOUS-ANVIL", 40, days=30)
        order_no = order(tx, ("OMINOUS-ANVIL", 100))
        orders.price_order(orders.OrderNumber(order_no), tx)
        promised = promise(tx, order_no)
        assert len(promised.stock_groups) == 2
        (now, later) = parts_of(tx, order_no)
        assert now[:3] == (60, "STOCK", 60)
        assert later[:3] == (40, "STOCK", 0)
        assert later[3] >= 30
        answer = orders.acknowledge_order(orders.OrderNumber(order_no), tx, effects(tx))
        assert answer.response_code == "AP", "the customer named no date, so nothing was changed"


def test_what_no_supply_covers_is_a_backorder_and_the_answer_says_changed(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
        order_no = order(tx, ("OMINOUS-ANVIL", 100))
        orders.price_order(orders.OrderNumber(order_no), tx)
        promised = promise(tx, order_no)
        assert (promised.backordered_lines, promised.complete) == (1, False)
        assert parts_of(tx, order_no)[1] == (40, "STOCK", 0, None)
        assert orders.acknowledge_order(orders.OrderNumber(order_no), tx, effects(tx)).response_code == "CA"


def test_promising_again_promises_only_what_is_missing(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
        order_no = order(tx, ("OMINOUS-ANVIL", 60))
        first = promise(tx, order_no)
        again = promising.promise_lines(promising.PromiseLines(order_no, STOCK_ONLY), tx, context(tx), None)
        assert (len(first.stock_groups), again.stock_groups) == (1, [])
        assert parts_of(tx, order_no)[0][:3] == (60, "STOCK", 60)


def test_an_order_that_is_promised_is_neither_checked_nor_priced_anew_when_its_process_begins_again(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
        order_no = order(tx, ("OMINOUS-ANVIL", 60))
        promise(tx, order_no)
        with pytest.raises(Refused, match="is promised") as refused:
            validated(tx, order_no)
    assert refused.value.code == "NOTHING_OPEN"


def test_one_order_leaves_from_stock_and_from_a_supplier(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 5)
        order_no = order(tx, ("OMINOUS-ANVIL", 5), ("GIANT-MAGNET", 10))
        orders.price_order(orders.OrderNumber(order_no), tx)
        promised = promise(tx, order_no, ANYWHERE)
        assert len(promised.stock_groups) == 1
        assert [group["supplier_no"] for group in promised.dropship_groups] == ["S-ACME"]
        assert [part[1] for part in parts_of(tx, order_no)] == ["STOCK", "DROP"]
        assert [result.id for result in check_all(tx) if not result.ok] == []


def test_the_sourcing_table_may_answer_first_and_otherwise(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 5)
        order_no = order(tx, ("OMINOUS-ANVIL", 8))
        rule = {
            "item_class": "HARDWARE", "region": "EAST", "customer_class": "B",
            "first_source": "STOCK", "else_source": "BACKORDER", "may_split": False,
        }  # fmt: skip
        promise(tx, order_no, [rule])
        assert parts_of(tx, order_no) == [(8, "STOCK", 0, None)], "it may not be split, so all of it waits"


def test_an_order_that_must_ship_complete_waits_for_its_last_piece(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
        stock(tx, "TINY-PARASOL", 5)
        supply_in(tx, "OMINOUS-ANVIL", 40, days=30)
        order_no = order(tx, ("OMINOUS-ANVIL", 100), ("TINY-PARASOL", 1), ship_complete=True)
        promised = promise(tx, order_no)
        assert len(promised.stock_groups) == 1
        days = {part[3] for part in parts_of(tx, order_no)}
        assert len(days) == 1
        assert days.pop() >= 30


def test_the_first_promise_stays_when_a_later_one_is_made(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 10)
        order_no = order(tx, ("OMINOUS-ANVIL", 10))
        promise(tx, order_no)
        before = order_story(tx, order_no).lines[0]
        tx.execute(text("UPDATE fulfil_line SET sched_arrive = sched_arrive + 9, sched_ship = sched_ship + 9"))
        promising.promise_lines(promising.PromiseLines(order_no, STOCK_ONLY), tx, context(tx), None)
        after = order_story(tx, order_no).lines[0]
        assert after["first_promised"] == before["first_promised"]
        assert after["promised_arrival"] == before["promised_arrival"] + timedelta(days=9)
        assert len(order_story(tx, order_no).promises) == 2
        assert [result.id for result in check_all(tx) if not result.ok] == []


def test_cancelling_before_shipment_gives_every_reservation_back(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60)
        order_no = order(tx, ("OMINOUS-ANVIL", 60))
        promise(tx, order_no)
        assert orders.cancel_order(orders.Reasoned(order_no, "Changed their mind"), tx, context(tx)).qty == 60
        assert orders.cancel_order(orders.Reasoned(order_no, "Twice"), tx, context(tx)).qty == 0
        assert tx.execute(text("SELECT on_hand, reserved FROM stock_balance")).one() == (60, 0)
        assert status_of(tx, order_no).status == "CANCELLED"
        assert tx.execute(text("SELECT count(*) FROM fulfil_group WHERE cancelled_at IS NULL")).scalar_one() == 0
        assert orders.acknowledge_order(orders.OrderNumber(order_no), tx, effects(tx)).response_code == "RE"
        assert [result.id for result in check_all(tx) if not result.ok] == []


def test_an_order_of_1000_lines_costs_as_many_statements_as_one_of_10(database):
    counts = []
    for size in (10, 1000):
        with database.transaction() as tx:
            if size == 10:
                open_trade(tx)
                stock(tx, "OMINOUS-ANVIL", 5000)
        with database.transaction() as tx, counted_statements(database) as sent:
            order_no = order(tx, *[("OMINOUS-ANVIL", 1)] * size)
            validated(tx, order_no)
            orders.price_order(orders.OrderNumber(order_no), tx)
            credit.assess_exposure(credit.OrderNumber(order_no), tx)
            promise(tx, order_no)
            orders.acknowledge_order(orders.OrderNumber(order_no), tx, effects(tx))
            orders.cancel_order(orders.Reasoned(order_no, "Enough"), tx, context(tx))
            order_story(tx, order_no)
        counts.append(sum(sent.values()))
    assert counts[0] == counts[1], counts
    assert counts[1] < 150


def test_line_totals_add_up_to_the_order_whatever_the_discount(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 3), ("TINY-PARASOL", 7), ("GIANT-MAGNET", 1), header_discount=D("10.01"))
        orders.price_order(orders.OrderNumber(order_no), tx)
        story = order_story(tx, order_no)
        assert sum((line["line_net"] - line["header_discount"] for line in story.lines), Decimal(0)) == story.order["net_total"]
        assert story.order["net_total"] == D("225.00") - D("10.01")
