"""A customer cancels in the moment the goods leave: one of the two happens, whole, and nobody is told of a collision."""

import threading
import time

import pytest

from engine.service_tasks import Refused
from handlers.fulfillment import picking, shipping
from handlers.invariants import check_all
from handlers.inventory import stock
from handlers.orders import cancellation
from handlers.orders.cancellation import cancel_order
from handlers.orders.holds import apply_hold
from handlers.orders.status import status_of
from tests.integration.golden import builders as b


@pytest.fixture
def packed(database):
    with database.transaction() as tx:
        b.company(tx)
        b.customer(tx)
        b.item(tx)
        b.warehouse(tx)
        b.on_stock(tx, "10")
        made = b.order(tx, [b.Sold("10", "25.00")])
    with database.transaction() as tx:
        picking.check_gate(tx, made.groups[0])
        picking.reserve(tx, made.groups[0])
        shipment_no = picking.confirm_pick(tx, made.groups[0], 1, b.D(1))
    return made.order_no, shipment_no


def both(database, first, second, paused, monkeypatch):
    """`first` runs until it calls `paused`; then `second` begins and has to wait for it. What became of each, in this order."""
    module, name = paused
    real, reached, told = getattr(module, name), threading.Event(), ["", ""]

    def slow(*given, **more):
        reached.set()
        time.sleep(0.5)
        return real(*given, **more)

    def run(place, act):
        try:
            with database.transaction() as tx:
                act(tx)
            told[place] = "done"
        except Exception as error:  # noqa: BLE001  # whatever it is, the test names it
            told[place] = type(error).__name__

    monkeypatch.setattr(module, name, slow)
    threads = [threading.Thread(target=run, args=each) for each in ((0, first), (1, second))]
    threads[0].start()
    reached.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join(20)
    return told


def test_a_cancellation_that_comes_while_the_goods_leave_is_too_late(database, packed, monkeypatch):
    order_no, shipment_no = packed
    told = both(
        database,
        lambda tx: shipping.ship_confirm(tx, shipment_no, "wanda"),
        lambda tx: cancel_order(tx, order_no, "Bought elsewhere"),
        (stock, "average_costs"),
        monkeypatch,
    )
    assert told == ["done", "Conflict"]
    with database.transaction() as tx:
        assert status_of(tx, order_no).status == "SHIPPED"
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_goods_of_an_order_that_is_being_cancelled_do_not_leave(database, packed, monkeypatch):
    order_no, shipment_no = packed
    told = both(
        database,
        lambda tx: cancel_order(tx, order_no, "Bought elsewhere"),
        lambda tx: shipping.ship_confirm(tx, shipment_no, "wanda"),
        (cancellation, "cancel_open"),
        monkeypatch,
    )
    assert told == ["done", Refused.__name__]
    with database.transaction() as tx:
        assert b.one(tx, "SELECT on_hand, reserved FROM stock_balance") == (10, 0)
        assert b.one(tx, "SELECT shipped_at FROM shipment") is None


def test_a_hold_that_comes_while_the_goods_leave_comes_after_them(database, packed, monkeypatch):
    order_no, shipment_no = packed
    told = both(
        database,
        lambda tx: shipping.ship_confirm(tx, shipment_no, "wanda"),
        lambda tx: apply_hold(tx, order_no, "ADDRESS", "Unknown at this address"),
        (stock, "average_costs"),
        monkeypatch,
    )
    assert told == ["done", "done"]
    with database.transaction() as tx:
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_goods_do_not_leave_while_a_hold_is_being_put_on_their_order(database, packed, monkeypatch):
    order_no, shipment_no = packed

    def hold(tx):
        apply_hold(tx, order_no, "ADDRESS", "Unknown at this address")
        shipping.blocking(tx, order_no, "ship")

    told = both(database, hold, lambda tx: shipping.ship_confirm(tx, shipment_no, "wanda"), (shipping, "blocking"), monkeypatch)
    assert told == ["done", "NotYet"]
