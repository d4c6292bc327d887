"""An item that we make is promised by what can be made; somebody owns what production is asked for, and it is received like supply."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.problems import Invalid, NotFound
from engine.runtime.state.people import Person
from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from engine.store import locks
from engine.store.clock import business_today
from handlers.changes import Author
from handlers.invariants import check_all
from handlers.inventory.supply import SupplyArrival
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.promising import commands
from handlers.promising import tasks as promising
from handlers.promising.production import MadeItemDraft, list_made, set_made_item
from handlers.promising.production_requests import read_request, requests_of
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft, create_quote
from tests.integration.at_work import at_work, do, settle
from tests.integration.orders.trade import D, context, open_trade, stock
from tests.worklist import tasks_of

PETRA = Person("petra", frozenset({"buyer"}))
BY = Author("petra", "A new bench")


@pytest.fixture
def runtime(database, monkeypatch):
    monkeypatch.setattr(locks.watch, "on", True)
    runtime = at_work(database, "order-to-promise", "fulfillment-to-invoice", "production-request")
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 4)
        set_made_item(tx, MadeItemDraft(sku="OMINOUS-ANVIL", warehouse_code="VIENNA", lead_days=5, per_day=D(50)), BY)
    return runtime


def received(runtime, qty) -> str:
    with runtime.database.transaction() as tx:
        order_no = create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=[LineDraft(sku="OMINOUS-ANVIL", qty=D(qty))]))
        given = {"order_no": order_no, "source": "API"}
        messages.publish(runtime, tx, Message("order.received", {"order_no": order_no}, given, business_key=order_no))
    settle(runtime)
    return order_no


def promised(runtime, order_no):
    with runtime.database.transaction() as tx:
        assert [each.id for each in check_all(tx) if not each.ok] == []
        found = text("SELECT CAST(qty AS int), sched_ship - business_today() FROM fulfil_line WHERE order_no = :no ORDER BY sched_ship, id")
        return [tuple(row) for row in tx.execute(found, {"no": order_no})]


def open_requests(runtime):
    with runtime.database.transaction() as tx:
        return requests_of(tx, "OMINOUS-ANVIL"), [task.title for task in tasks_of(tx, PETRA)]


def test_what_stock_lacks_is_made_and_a_buyer_owns_it_until_it_is_planned_and_received(runtime):
    order_no = received(runtime, 10)
    (now, soon) = promised(runtime, order_no)
    assert (now[0], soon[0], soon[1] >= 5) == (4, 6, True)
    (request,), titles = open_requests(runtime)
    assert (request.order_no, request.qty, request.qty_open, request.due_date) == (order_no, 6, 6, request.ready_on)
    assert titles == [f"Make 6 OMINOUS-ANVIL by {request.ready_on}"]
    do(runtime, "OMINOUS-ANVIL by", person=PETRA, outcome="in time")
    assert open_requests(runtime)[1] == []
    with runtime.database.transaction() as tx:
        came = SupplyArrival(
            kind="WIP", reference=request.request_no, sku="OMINOUS-ANVIL", warehouse_code="VIENNA", qty=D(6), delivery_note="BENCH-1"
        )
        commands.receive_supply(runtime, tx, came, "wanda")
    settle(runtime)
    with runtime.database.transaction() as tx:
        assert (read_request(tx, request.request_no).qty_open, read_request(tx, request.request_no).qty_received) == (0, 6)
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_the_second_order_is_promised_after_what_the_first_one_has_asked_for(runtime):
    first, second = received(runtime, 54), received(runtime, 50)
    (_, made), (later,) = promised(runtime, first), promised(runtime, second)
    assert (made[0], later[0]) == (50, 50)
    assert later[1] > made[1], "a day gives fifty"


def test_what_is_made_later_or_not_at_all_is_expected_so(runtime):
    order_no = received(runtime, 10)
    (request,), _ = open_requests(runtime)
    later = request.due_date + timedelta(days=7)
    do(runtime, "OMINOUS-ANVIL by", person=PETRA, outcome="later", due_date=later.isoformat(), reason="The welder is ill")
    (request,), _ = open_requests(runtime)
    assert (request.due_date, request.ready_on < later) == (later, True)
    assert request.order_no == order_no
    received(runtime, 6)
    do(runtime, "OMINOUS-ANVIL by", person=PETRA, outcome="never", reason="No steel to be had")
    found, titles = open_requests(runtime)
    assert (sorted(int(each.qty_open) for each in found), titles) == ([0, 6], [])


def test_what_came_in_before_it_was_planned_ends_the_task(runtime):
    received(runtime, 10)
    (request,), _ = open_requests(runtime)
    for qty, note, left in ((2, "BENCH-1", [4]), (4, "BENCH-2", [])):
        with runtime.database.transaction() as tx:
            came = SupplyArrival(
                kind="WIP", reference=request.request_no, sku="OMINOUS-ANVIL", warehouse_code="VIENNA", qty=D(qty), delivery_note=note
            )
            commands.receive_supply(runtime, tx, came, "wanda")
        settle(runtime)
        with runtime.database.transaction() as tx:
            assert [task.form_data["qty_open"] for task in tasks_of(tx, PETRA)] == left


def test_an_order_that_waited_is_promised_when_we_begin_to_make_the_item(runtime):
    with runtime.database.transaction() as tx:
        set_made_item(tx, MadeItemDraft(sku="OMINOUS-ANVIL", warehouse_code="VIENNA", lead_days=5, active=False), BY)
    order_no = received(runtime, 10)
    assert promised(runtime, order_no)[-1] == (6, None)
    with runtime.database.transaction() as tx:
        commands.set_made_item(runtime, tx, MadeItemDraft(sku="OMINOUS-ANVIL", warehouse_code="VIENNA", lead_days=2), BY)
    settle(runtime)
    assert promised(runtime, order_no)[-1][1] is not None
    assert len(open_requests(runtime)[1]) == 1


def test_an_inquiry_says_when_it_can_be_made_and_asks_nothing_of_production(runtime):
    with runtime.database.transaction() as tx:
        draft = QuoteDraft(customer_no="C-COYOTE", requester="mia", lines=[QuoteLineDraft(sku="OMINOUS-ANVIL", qty=D(10))])
        found = promising.check_availability(promising.QuoteNumber(create_quote(tx, draft)), tx, context(tx))
        assert (found.complete, found.promised_ship >= business_today(tx) + timedelta(days=5)) == (True, True)
        assert requests_of(tx, "OMINOUS-ANVIL") == []


def test_how_an_item_is_made_is_checked(runtime):
    with runtime.database.transaction() as tx:
        for change, problem in (
            ({"lead_days": -1}, Invalid),
            ({"lead_days": 366}, Invalid),
            ({"per_day": D(0)}, Invalid),
            ({"sku": "UNICORN"}, NotFound),
            ({"warehouse_code": "MOON"}, NotFound),
        ):
            with pytest.raises(problem) as refused:
                set_made_item(tx, MadeItemDraft(**{"sku": "TINY-PARASOL", "warehouse_code": "VIENNA", "lead_days": 1} | change), BY)
            assert refused.value.next_step
        assert list_made(tx, "TINY-PARASOL") == []
        with pytest.raises(NotFound, match="no production request MO-9"):
            read_request(tx, "MO-9")
