"""An order is cancelled while a person has it, or by an operator who ends its instance: in either way nothing of it is left."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from engine.runtime.operate import incidents, operations
from engine.runtime.state.people import Person
from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.service_tasks import Broken
from handlers.invariants import check_all
from handlers.orders.cancellation import cancel_group, cancel_order
from handlers.orders.commands import may_be_cancelled, request_cancellation
from handlers.orders.status import status_of
from handlers.promising.promise import promise_lines
from tests.integration.at_work import at_work
from tests.integration.orders import trade as t
from tests.worklist import tasks_of

CREDIT = Person("carl", frozenset({"credit", "order-desk", "buyer"}))


@pytest.fixture
def runtime(database):
    runtime = at_work(database, "order-to-promise", "cancel-order")
    with database.transaction() as tx:
        t.open_trade(tx)
        t.stock(tx, "OMINOUS-ANVIL", 60)
    return runtime


@pytest.fixture
def with_credit(runtime):
    """An order that waits for the credit desk."""
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE customer SET credit_limit = 100"))
        order_no = t.order(tx, ("OMINOUS-ANVIL", 50))
        given = {"order_no": order_no, "source": "API"}
        messages.publish(runtime, tx, Message("order.received", {"order_no": order_no}, given, business_key=order_no))
    run_until_idle(runtime)
    with runtime.database.transaction() as tx:
        assert [task.business_key for task in tasks_of(tx, CREDIT)] == [order_no]
    return order_no


def all_over(runtime, order_no, state):
    with runtime.database.transaction() as tx:
        assert tx.execute(text("SELECT message FROM incident")).all() == []
        rows = tx.execute(text("SELECT process_key, state FROM instance")).all()
        assert dict(map(tuple, rows)) == {"order-to-promise": state, "cancel-order": "completed"}
        assert status_of(tx, order_no).status == "CANCELLED"
        assert status_of(tx, order_no).holds == ()
        assert tx.scalars(text("SELECT response_code FROM order_reply")).all() == ["RE"]
        assert tasks_of(tx, CREDIT) == []
        assert tx.execute(text("SELECT count(*) FROM message WHERE state = 'buffered'")).scalar_one() == 0
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_an_order_that_credit_decides_on_ends_by_the_drawn_event(runtime, with_credit):
    with runtime.database.transaction() as tx:
        request_cancellation(runtime, tx, with_credit, "Bought elsewhere", "olga")
    run_until_idle(runtime)
    all_over(runtime, with_credit, "completed")


def test_an_operator_who_ends_the_instance_of_an_order_cancels_the_order(runtime, with_credit):
    with runtime.database.transaction() as tx:
        instance_id = tx.execute(text("SELECT id FROM instance")).scalar_one()
        operations.cancel(runtime, tx, instance_id, "otto", "Entered twice")
    run_until_idle(runtime)
    all_over(runtime, with_credit, "cancelled")


def received(runtime, tx, order_no):
    given = {"order_no": order_no, "source": "QUOTE"}
    messages.note(runtime, tx, Message("order.received", {"order_no": order_no}, given, business_key=order_no))


@pytest.mark.parametrize("limit", [100, 10_000])
def test_an_order_that_is_cancelled_before_anybody_has_looked_at_it_waits_for_nobody(runtime, limit):
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE customer SET credit_limit = :limit"), {"limit": limit})
        order_no = t.order(tx, ("OMINOUS-ANVIL", 50))
        cancel_order(tx, order_no, "Bought elsewhere")
        received(runtime, tx, order_no)
    run_until_idle(runtime)
    with runtime.database.transaction() as tx:
        assert tx.execute(text("SELECT state FROM instance")).scalars().all() == ["completed"]
        assert tasks_of(tx, CREDIT) == []
        assert status_of(tx, order_no).status == "CANCELLED"
        assert [each.id for each in check_all(tx) if not each.ok] == []


def stopped(*_given, **_ports):
    raise Broken("The tables are being repaired", next_step="Wait until they are")


@pytest.mark.parametrize(
    ("step", "task", "limit"),
    [
        ("check_order", "orders.check_order", 10_000),
        ("hold_for_credit", "orders.apply_hold", 100),
        ("submit_order", "orders.submit_order", 10_000),
    ],
)
def test_an_order_that_is_cancelled_while_its_process_stands_at_an_incident_is_over_when_it_goes_on(
    runtime, monkeypatch, step, task, limit
):
    """Nobody waits for the cancellation then: the step that would lead to a person, or commit us, looks by itself."""
    working = runtime.service_tasks[task]
    broken = replace(working, run=stopped)
    monkeypatch.setitem(runtime.service_tasks._by_name, task, broken)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE customer SET credit_limit = :limit"), {"limit": limit})
        order_no = t.order(tx, ("OMINOUS-ANVIL", 50))
        received(runtime, tx, order_no)
    run_until_idle(runtime)
    with runtime.database.transaction() as tx:
        incident_id, element_id = tx.execute(text("SELECT id, element_id FROM incident")).one()
        assert element_id == step
        request_cancellation(runtime, tx, order_no, "Bought elsewhere", "olga")
    run_until_idle(runtime)
    monkeypatch.setitem(runtime.service_tasks._by_name, task, working)
    with runtime.database.transaction() as tx:
        incidents.retry(runtime, tx, incident_id, "otto")
    run_until_idle(runtime)
    with runtime.database.transaction() as tx:
        assert tx.execute(text("SELECT state FROM incident")).scalars().all() == ["resolved"]
        states = dict(map(tuple, tx.execute(text("SELECT process_key, state FROM instance")).all()))
        assert states == {"order-to-promise": "completed", "cancel-order": "completed"}
        assert (status_of(tx, order_no).status, status_of(tx, order_no).holds) == ("CANCELLED", ())
        assert tx.scalars(text("SELECT state FROM sales_order")).all() == ["DRAFT"]
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_what_a_supplier_ships_stays_open_until_the_supplier_agrees(database):
    with database.transaction() as tx:
        t.open_trade(tx)
        t.stock(tx, "OMINOUS-ANVIL", 60)
        order_no = t.order(tx, ("OMINOUS-ANVIL", 50), ("GIANT-MAGNET", 2))
        promise_lines(tx, order_no, t.ANYWHERE, t.context(tx).now)
        done = cancel_order(tx, order_no, "Bought elsewhere")
        assert (done.qty, len(done.stock_groups), len(done.dropship_groups)) == (50, 1, 1)
        assert status_of(tx, order_no).qty_cancelled == 50
        assert may_be_cancelled(tx, order_no) is None
        again = cancel_order(tx, order_no, "Really")
        assert (again.qty, again.stock_groups, again.dropship_groups) == (0, (), done.dropship_groups)
        assert cancel_group(tx, done.dropship_groups[0], "The supplier agrees") == 2
        assert cancel_group(tx, done.dropship_groups[0], "Again") == 0
        assert status_of(tx, order_no).status == "CANCELLED"
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_a_backorder_is_cancelled_with_its_order(database):
    with database.transaction() as tx:
        t.open_trade(tx)
        t.stock(tx, "OMINOUS-ANVIL", 60)
        order_no = t.order(tx, ("OMINOUS-ANVIL", 80))
        promise_lines(tx, order_no, t.STOCK_ONLY, t.context(tx).now)
        assert cancel_order(tx, order_no, "Bought elsewhere").qty == 80
        assert tx.execute(text("SELECT sum(qty - qty_cancelled) FROM fulfil_line")).scalar_one() == 0
        assert tx.execute(text("SELECT reserved FROM stock_balance")).scalar_one() == 0
