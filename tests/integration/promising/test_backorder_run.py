"""The backorder run as it is deployed: by receipts, by request and by the clock, on a real company."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.runtime.operate.operations import cancel
from engine.runtime.post import schedules
from engine.runtime.post.mailbox import Message
from engine.runtime.post.timers import tick
from engine.runtime.verbs import messages
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store.clock import business_today
from handlers.invariants import check_all
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import SupplyDraft
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.fulfilment_lines import Kept, lock_lines_of_order, release, return_to_promising
from handlers.orders.holds import apply_hold, release_hold
from handlers.orders.story import order_story
from handlers.parties.policy import choose
from handlers.promising import backorders, commands
from tests.integration.at_work import at_work, settle
from tests.integration.orders.trade import D, add_coyote, open_trade, stock

BPMN = Path(__file__).parents[3] / "bpmn"


@pytest.fixture
def runtime(database):
    runtime = at_work(database, "order-to-promise", "fulfillment-to-invoice", "cancel-order", "cancel-fulfillment")
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-VIP", customer_class="A")
        add_coyote(tx, "C-LAST", customer_class="C")
    return runtime


def ordered(runtime, *lines, customer_no="C-LAST", **more):
    with runtime.database.transaction() as tx:
        drafts = [LineDraft(sku=sku, qty=D(qty)) for sku, qty in lines]
        order_no = create_order(tx, OrderDraft(customer_no=customer_no, lines=drafts, source="API", **more))
        given = {"order_no": order_no, "source": "API"}
        messages.publish(runtime, tx, Message("order.received", {"order_no": order_no}, given, business_key=order_no))
    settle(runtime)
    return order_no


def on_stock(runtime, sku, qty):
    with runtime.database.transaction() as tx:
        stock(tx, sku, qty)


def comes_in(runtime, sku, qty, reference="GR-NEW"):
    with runtime.database.transaction() as tx:
        receipt = Receipt(sku=sku, warehouse_code="VIENNA", qty=D(qty), unit_cost=D(14), reference=reference)
        commands.receive_stock(runtime, tx, [receipt], "wanda")
    settle(runtime)


def hour_strikes(runtime):
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE schedule SET next_due_at = now() - interval '1 second' WHERE element_id = 'every_hour'"))
        assert schedules.fire(runtime, tx) == 1
    settle(runtime)


def second_passes(runtime):
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE timer SET due_at = now() - interval '1 second' WHERE element_id = 'let_others_in'"))
        tick(runtime, tx)
    settle(runtime)


def parts(runtime, order_no):
    """How much of the order is in groups, and how much waits."""
    with runtime.database.transaction() as tx:
        assert [result.id for result in check_all(tx) if not result.ok] == []
        story = order_story(tx, order_no)
        return (
            [int(part["qty"] - part["qty_cancelled"]) for part in story.parts if part["group_no"]],
            int(sum(part["qty"] - part["qty_cancelled"] for part in story.parts if not part["group_no"])),
        )


def rows(runtime, sql, **given):
    with runtime.database.transaction() as tx:
        return [tuple(row) for row in tx.execute(text(sql), given)]


def test_60_of_100_go_at_once_and_the_40_that_come_in_later_go_without_anybody_asking(runtime):
    on_stock(runtime, "OMINOUS-ANVIL", 60)
    order_no = ordered(runtime, ("OMINOUS-ANVIL", 100))
    assert parts(runtime, order_no) == ([60], 40)
    ended = "SELECT element_id FROM history JOIN instance i ON i.id = instance_id WHERE process_key = :key ORDER BY history.id DESC LIMIT 1"
    assert rows(runtime, ended, key="order-to-promise") == [("rest_waits_for_supply",)]
    comes_in(runtime, "OMINOUS-ANVIL", 40)
    assert parts(runtime, order_no) == ([60, 40], 0)
    waiting = "SELECT business_key FROM instance WHERE process_key = 'fulfillment-to-invoice' ORDER BY business_key"
    assert rows(runtime, waiting) == [("FG-000001",), ("FG-000002",)]
    assert rows(runtime, ended, key="backorder-run") == [("backorders_promised",)]


def cancelled(runtime, order_no):
    with runtime.database.transaction() as tx:
        given = {"order_no": order_no, "reason": "Bought elsewhere", "cancelled_by": "tom"}
        messages.publish(
            runtime, tx, Message("order.cancellation_requested", {"order_no": order_no}, given, business_key=order_no, actor="tom")
        )
    settle(runtime)


@pytest.mark.parametrize("days_ahead", [1, 60])
def test_what_a_cancelled_order_frees_is_promised_to_the_next_at_once_reserved_or_only_planned(runtime, days_ahead):
    on_stock(runtime, "OMINOUS-ANVIL", 10)
    with runtime.database.transaction() as tx:
        day = business_today(tx) + timedelta(days=days_ahead)
    first = ordered(runtime, ("OMINOUS-ANVIL", 10), requested_date=day)
    second = ordered(runtime, ("OMINOUS-ANVIL", 4))
    assert (parts(runtime, first), parts(runtime, second)) == (([10], 0), ([], 4))
    cancelled(runtime, first)
    assert parts(runtime, second) == ([4], 0)
    assert len(rows(runtime, "SELECT 1 FROM instance WHERE process_key = 'backorder-run'")) == 1


def test_a_cancellation_that_frees_what_nobody_waits_for_begins_no_run(runtime):
    on_stock(runtime, "OMINOUS-ANVIL", 10)
    first = ordered(runtime, ("OMINOUS-ANVIL", 10))
    ordered(runtime, ("GIANT-MAGNET", 2))
    cancelled(runtime, first)
    assert rows(runtime, "SELECT 1 FROM instance WHERE process_key = 'backorder-run'") == []


def test_goods_that_go_back_to_promising_leave_no_stale_promise_and_the_first_one_stays(runtime):
    on_stock(runtime, "OMINOUS-ANVIL", 10)
    order_no = ordered(runtime, ("OMINOUS-ANVIL", 10))
    promise = "SELECT promised_ship, promised_arrival, first_promised FROM order_line"
    ((ship, arrival, first),) = rows(runtime, promise)
    assert (ship is not None, arrival) == (True, first)
    with runtime.database.transaction() as tx:
        (line_id,) = tx.execute(text("SELECT id FROM fulfil_line")).scalars()
        lock_lines_of_order(tx, order_no)
        release(tx, [line_id])
        assert return_to_promising(tx, [Kept(line_id=line_id, qty=D(6))]) == 4
    assert rows(runtime, promise) == [(None, None, first)]
    history = "SELECT promised_ship, promised_arrival FROM line_promise ORDER BY id"
    assert rows(runtime, history) == [(ship, arrival), (None, None)]
    hour_strikes(runtime)
    ((_, again, kept),) = rows(runtime, promise)
    assert (again is not None, kept) == (True, first)


def test_a_line_that_ships_later_arrives_later(runtime):
    on_stock(runtime, "OMINOUS-ANVIL", 10)
    order_no = ordered(runtime, ("OMINOUS-ANVIL", 10))
    ((ship, arrival),) = rows(runtime, "SELECT sched_ship, sched_arrive FROM fulfil_line")
    with runtime.database.transaction() as tx:
        (line_id,) = tx.execute(text("SELECT id FROM fulfil_line")).scalars()
        lock_lines_of_order(tx, order_no)
        return_to_promising(tx, [Kept(line_id=line_id, qty=D(10), ship=ship + timedelta(days=3))])
    moved = (ship + timedelta(days=3), arrival + timedelta(days=3))
    assert rows(runtime, "SELECT sched_ship, sched_arrive FROM fulfil_line") == [moved]
    assert rows(runtime, "SELECT promised_ship, promised_arrival, first_promised FROM order_line") == [(*moved, arrival)]


def test_the_customer_is_told_once_what_comes_when_and_what_still_waits(runtime):
    order_no = ordered(runtime, ("OMINOUS-ANVIL", 10))
    comes_in(runtime, "OMINOUS-ANVIL", 4)
    told = "SELECT target, payload FROM effect WHERE payload->>'kind' = 'dates_announced'"
    ((target, payload),) = rows(runtime, told)
    (line,) = payload["lines"]
    assert (target, payload["order_no"], payload["still_open"]) == ("wile@coyote.example", order_no, 6)
    assert (line["line_no"], line["sku"], line["qty"]) == (1, "OMINOUS-ANVIL", 4)
    (arrival,) = rows(runtime, "SELECT sched_arrive FROM fulfil_line WHERE group_no IS NOT NULL")
    assert line["arrival"] == arrival[0].isoformat()
    hour_strikes(runtime)
    assert len(rows(runtime, told)) == 1


def test_what_a_few_get_goes_to_the_important_customer_then_to_the_late_then_to_the_first_who_asked(runtime):
    first, late, important = (
        ordered(runtime, ("OMINOUS-ANVIL", 4)),
        ordered(runtime, ("OMINOUS-ANVIL", 4)),
        ordered(runtime, ("OMINOUS-ANVIL", 4), customer_no="C-VIP"),
    )
    rows_of = {"first": first, "late": late, "important": important}
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE order_line SET requested_arrival = business_today() - 1 WHERE order_no = :no"), {"no": late})
    assert {name: parts(runtime, number) for name, number in rows_of.items()} == {
        "first": ([], 4),
        "late": ([], 4),
        "important": ([], 4),
    }, "nobody has been served by a supplier"
    comes_in(runtime, "OMINOUS-ANVIL", 9)
    assert parts(runtime, important) == ([4], 0)
    assert parts(runtime, late) == ([4], 0)
    assert parts(runtime, first) == ([1], 3)


def test_an_order_that_ships_complete_waits_whole_takes_nothing_from_others_and_goes_whole(runtime):
    on_stock(runtime, "TINY-PARASOL", 5)
    whole = ordered(runtime, ("TINY-PARASOL", 5), ("OMINOUS-ANVIL", 2), ship_complete=True)
    assert parts(runtime, whole) == ([], 7)
    comes_in(runtime, "OMINOUS-ANVIL", 1)
    assert parts(runtime, whole) == ([], 7)
    comes_in(runtime, "OMINOUS-ANVIL", 1, reference="GR-LAST")
    assert parts(runtime, whole) == ([5, 2], 0)


def test_a_complete_order_that_cannot_go_leaves_its_goods_to_the_next_in_rank(runtime):
    ordered(runtime, ("TINY-PARASOL", 5), ("OMINOUS-ANVIL", 2), ship_complete=True)
    next_in_rank = ordered(runtime, ("TINY-PARASOL", 5))
    comes_in(runtime, "TINY-PARASOL", 5)
    assert parts(runtime, next_in_rank) == ([5], 0)


def test_a_day_beyond_the_horizon_is_promised_by_the_clock_when_it_comes_within_reach(runtime):
    on_stock(runtime, "OMINOUS-ANVIL", 5)
    with runtime.database.transaction() as tx:
        choose(tx, "promise.within_days", D(10))
        today = tx.execute(text("SELECT business_today()")).scalar_one()
    far = ordered(runtime, ("OMINOUS-ANVIL", 5), requested_date=today + timedelta(days=40))
    assert parts(runtime, far) == ([], 5)
    hour_strikes(runtime)
    assert parts(runtime, far) == ([], 5)
    with runtime.database.transaction() as tx:
        choose(tx, "promise.within_days", D(40))
    hour_strikes(runtime)
    assert parts(runtime, far) == ([5], 0)


def test_goods_that_are_expected_give_a_date_at_once(runtime):
    order_no = ordered(runtime, ("OMINOUS-ANVIL", 10))
    with runtime.database.transaction() as tx:
        due = tx.execute(text("SELECT business_today() + 21")).scalar_one()
        draft = SupplyDraft(reference="PO-77", sku="OMINOUS-ANVIL", warehouse_code="VIENNA", due_date=due, qty_open=D(10), unit_cost=D(14))
        commands.expect_supply(runtime, tx, draft, "wanda")
    settle(runtime)
    assert parts(runtime, order_no) == ([10], 0)
    ((ship,),) = rows(runtime, "SELECT ship_date FROM fulfil_group")
    assert ship >= due


def test_an_order_on_hold_is_left_out_and_served_when_the_hold_is_released(runtime):
    order_no = ordered(runtime, ("OMINOUS-ANVIL", 3))
    with runtime.database.transaction() as tx:
        apply_hold(tx, order_no, "CREDIT_CHECK_FAILURE", "Over the limit")
    comes_in(runtime, "OMINOUS-ANVIL", 3)
    assert parts(runtime, order_no) == ([], 3)
    with runtime.database.transaction() as tx:
        release_hold(tx, order_no, "CREDIT_CHECK_FAILURE", "Paid")
    hour_strikes(runtime)
    assert parts(runtime, order_no) == ([3], 0)


def test_a_request_looks_at_its_order_alone(runtime):
    other, asked = ordered(runtime, ("OMINOUS-ANVIL", 3)), ordered(runtime, ("OMINOUS-ANVIL", 3))
    on_stock(runtime, "OMINOUS-ANVIL", 6)
    with runtime.database.transaction() as tx:
        messages.publish(runtime, tx, Message("backorder.requested", {"order_no": asked}, {"order_no": asked}))
    settle(runtime)
    assert (parts(runtime, asked), parts(runtime, other)) == (([3], 0), ([], 3))


def test_a_run_serves_a_few_orders_at_a_time_and_goes_on_with_the_rest(runtime):
    orders = [ordered(runtime, ("OMINOUS-ANVIL", 1)) for _ in range(3)]
    with runtime.database.transaction() as tx:
        choose(tx, "promise.most_in_a_round", D(2))
    comes_in(runtime, "OMINOUS-ANVIL", 3)
    second_passes(runtime)
    assert [parts(runtime, order_no) for order_no in orders] == [([1], 0)] * 3
    rounds = "SELECT count(*) FROM history WHERE element_id = 'promise_backorders' AND outcome = 'completed'"
    assert rows(runtime, rounds) == [(2,)]


def test_a_run_that_can_promise_nothing_writes_nothing(runtime):
    order_no = ordered(runtime, ("OMINOUS-ANVIL", 3))
    written = "SELECT (SELECT max(id) FROM fulfil_line), (SELECT max(id) FROM order_event), (SELECT max(id) FROM line_promise)"
    before = rows(runtime, written)
    hour_strikes(runtime)
    assert (rows(runtime, written), parts(runtime, order_no)) == (before, ([], 3))


def test_goods_that_nobody_waits_for_begin_no_run(runtime):
    ordered(runtime, ("OMINOUS-ANVIL", 3))
    comes_in(runtime, "TINY-PARASOL", 3)
    assert rows(runtime, "SELECT count(*) FROM instance WHERE process_key = 'backorder-run'") == [(0,)]


def test_what_a_run_promised_that_was_ended_before_it_told_anybody_is_handed_over_by_the_next_and_once(runtime, monkeypatch):
    order_no = ordered(runtime, ("OMINOUS-ANVIL", 6))
    monkeypatch.setattr(backorders, "news_of", _no_words)
    with runtime.database.transaction() as tx:
        receipt = Receipt(sku="OMINOUS-ANVIL", warehouse_code="VIENNA", qty=D(6), unit_cost=D(14), reference="GR-7")
        commands.receive_stock(runtime, tx, [receipt], "wanda")
    run_until_idle(runtime)
    ((run,),) = rows(runtime, "SELECT id FROM instance WHERE process_key = 'backorder-run' AND state = 'incident'")
    with runtime.database.transaction() as tx:
        cancel(runtime, tx, run, "otto", "It hangs")
    monkeypatch.undo()
    assert parts(runtime, order_no) == ([6], 0)
    asked = "SELECT business_key FROM instance WHERE process_key = 'fulfillment-to-invoice'"
    assert rows(runtime, asked) == []
    hour_strikes(runtime)
    assert rows(runtime, asked) == [("FG-000001",)]
    hour_strikes(runtime)
    assert len(rows(runtime, asked)) == 1


def _no_words(*_):
    raise AssertionError("the words are missing")
