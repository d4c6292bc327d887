"""A late order of the best customer gets what another was promised: shown first, then moved whole or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.runtime.state.people import Person
from engine.runtime.verbs import messages, start
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.start import StartOptions
from engine.store import locks
from engine.store.clock import business_today
from handlers.changes import Author
from handlers.invariants import check_all
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.promising.allocations import AllocationDraft, set_allocation
from tests.integration.at_work import at_work, do, settle
from tests.integration.orders.trade import D, add_coyote, open_trade, stock
from tests.worklist import tasks_of

TOM = Person("tom", frozenset({"order-desk"}))


@pytest.fixture
def runtime(database, monkeypatch):
    monkeypatch.setattr(locks.watch, "on", True)
    runtime = at_work(database, "order-to-promise", "fulfillment-to-invoice")
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-BEST", customer_class="A")
        add_coyote(tx, "C-PATIENT", customer_class="C")
        stock(tx, "OMINOUS-ANVIL", 60)
    return runtime


def received(runtime, customer_no, *quantities, days) -> str:
    with runtime.database.transaction() as tx:
        day = business_today(tx) + timedelta(days=days)
        lines = [LineDraft(sku="OMINOUS-ANVIL", qty=D(qty)) for qty in quantities]
        order_no = create_order(tx, OrderDraft(customer_no=customer_no, lines=lines, requested_date=day))
        given = {"order_no": order_no, "source": "API"}
        messages.publish(runtime, tx, Message("order.received", {"order_no": order_no}, given, business_key=order_no))
    settle(runtime)
    return order_no


def begin(runtime):
    with runtime.database.transaction() as tx:
        start.start(runtime, tx, "redistribute-supply", {"skus": ["OMINOUS-ANVIL"]}, StartOptions(actor="tom"))
    settle(runtime)


def promised(runtime, order_no):
    with runtime.database.transaction() as tx:
        assert [each.id for each in check_all(tx) if not each.ok] == []
        found = text("""
        SELECT line.line_no, coalesce(sum(part.qty - part.qty_cancelled) FILTER (WHERE part.group_no IS NOT NULL), 0), line.first_promised
        FROM order_line AS line JOIN fulfil_line AS part ON part.order_line_id = line.id
        WHERE line.order_no = :order_no GROUP BY line.line_no, line.first_promised ORDER BY 1
        """)
        rows = tx.execute(found, {"order_no": order_no}).all()
        return [int(row[1]) for row in rows], [row[2] for row in rows]


def test_what_others_were_promised_goes_to_the_best_customer_and_the_first_promise_stays_on_record(runtime):
    patient = received(runtime, "C-PATIENT", 40, 20, days=30)
    best = received(runtime, "C-BEST", 30, days=20)
    (had, first_promises), (gets, _) = promised(runtime, patient), promised(runtime, best)
    assert (had, gets) == ([40, 20], [0])
    begin(runtime)
    with runtime.database.transaction() as tx:
        (task,) = tasks_of(tx, TOM)
        lines = [(each["order_no"], each["line_no"], each["verdict"]) for each in task.form_data["lines"]]
    assert sorted(lines) == [(patient, 1, "loses"), (best, 1, "gains")]
    assert promised(runtime, patient)[0] == [40, 20], "nothing moves before somebody has agreed"
    do(runtime, "Redistribute supply", person=TOM, action="move", reason="They have waited longest")
    assert promised(runtime, best)[0] == [30]
    assert promised(runtime, patient) == ([0, 20], first_promises)
    with runtime.database.transaction() as tx:
        groups = tx.execute(text("SELECT order_no, cancelled_at IS NULL FROM fulfil_group ORDER BY group_no")).all()
        working = tx.execute(text("SELECT count(*) FROM instance WHERE process_key = 'fulfillment-to-invoice' AND state = 'waiting'"))
        assert (groups, working.scalar_one()) == ([(patient, True), (best, True)], 2)


def test_a_plan_that_is_not_what_was_agreed_to_moves_nothing_and_is_made_anew(runtime):
    patient = received(runtime, "C-PATIENT", 60, days=30)
    best = received(runtime, "C-BEST", 30, days=20)
    begin(runtime)
    other = received(runtime, "C-BEST", 10, days=10)
    do(runtime, "Redistribute supply", person=TOM, action="move", reason="They have waited longest")
    assert [promised(runtime, each)[0] for each in (patient, best, other)] == [[60], [0], [0]]
    do(runtime, "Redistribute supply", person=TOM, action="move", reason="This is right too")
    assert [promised(runtime, each)[0] for each in (patient, best, other)] == [[0], [30], [10]]


def test_what_the_warehouse_has_been_given_is_nobodys_to_take(runtime):
    patient = received(runtime, "C-PATIENT", 60, days=30)
    received(runtime, "C-BEST", 30, days=20)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE fulfil_group SET released_at = now()"))
    begin(runtime)
    with runtime.database.transaction() as tx:
        assert tasks_of(tx, TOM) == []
    assert promised(runtime, patient)[0] == [60]


def test_what_is_kept_for_a_class_is_not_moved_to_another_however_long_that_has_waited(runtime):
    with runtime.database.transaction() as tx:
        today = business_today(tx)
        kept = {"customer_class": "C", "qty": D(60), "valid_from": today, "valid_until": today + timedelta(days=60)}
        set_allocation(tx, AllocationDraft(sku="OMINOUS-ANVIL", warehouse_code="VIENNA", **kept), Author("tom"))
    patient = received(runtime, "C-PATIENT", 40, 20, days=30)
    best = received(runtime, "C-BEST", 30, days=20)
    begin(runtime)
    with runtime.database.transaction() as tx:
        assert tasks_of(tx, TOM) == []
    assert (promised(runtime, patient)[0], promised(runtime, best)[0]) == ([40, 20], [0])
