"""What the warehouse and the carrier say reaches the process that waits for it, and becomes nobody's task where none does."""

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from handlers.fulfillment import commands, shipping, short_picks
from tests.integration.fulfillment.test_cancelling import do, ordered, pack, runtime, settle  # noqa: F401  # fixtures
from tests.integration.golden.builders import SKU, Sold, one, order


def deliver(runtime):  # noqa: F811
    with runtime.database.transaction() as tx:
        return commands.deliver(runtime, tx, "SH-000001", None, "jonas")


def kept(tx):
    return tx.execute(text("SELECT name FROM message WHERE state <> 'delivered'")).scalars().all()


@pytest.mark.parametrize("incoterm", ["FCA", "DAP"])
def test_a_delivery_is_told_to_whoever_waits_for_it_and_to_nobody_else(runtime, ordered, incoterm):  # noqa: F811
    pack(runtime)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE sales_order SET incoterm = :incoterm"), {"incoterm": incoterm})
    do(runtime, "Hand over", handed_over=True)
    assert deliver(runtime) == {"FCA": "recorded", "DAP": "delivered"}[incoterm]
    settle(runtime)
    assert deliver(runtime) == "recorded", "again, when nobody waits any more"
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT posted_at IS NOT NULL FROM invoice") is True
        assert one(tx, "SELECT qty_delivered FROM fulfil_line") == 60
        assert kept(tx) == []


def test_a_carrier_that_is_faster_than_we_are_leaves_nobody_waiting(runtime, ordered, monkeypatch):  # noqa: F811
    pack(runtime)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE sales_order SET incoterm = 'DAP'"))
    left = shipping.ship_confirm

    def faster(tx, shipment_no, actor):
        shipped_at = left(tx, shipment_no, actor)
        shipping.confirm_delivery(tx, shipment_no)
        return shipped_at

    monkeypatch.setattr(shipping, "ship_confirm", faster)
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT posted_at IS NOT NULL FROM invoice") is True
        assert kept(tx) == []


def test_a_group_that_does_not_wait_for_its_day_cannot_be_let_go_earlier(runtime, ordered):  # noqa: F811
    with runtime.database.transaction() as tx, pytest.raises(Conflict) as refused, tx.begin_nested():
        commands.release_group(runtime, tx, ordered.groups[0], "jonas")
    assert refused.value.code == "group_not_waiting"
    with runtime.database.transaction() as tx:
        assert kept(tx) == []


def test_a_group_that_waits_for_its_day_is_let_go_once(runtime):  # noqa: F811
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")])
        tx.execute(text("UPDATE fulfil_group SET ship_date = business_today() + 30"))
    payload = {"group_no": made.groups[0], "order_no": made.order_no}
    with runtime.database.transaction() as tx:
        messages.publish(runtime, tx, Message("fulfillment.requested", payload, payload, business_key=made.groups[0]))
    settle(runtime)
    with runtime.database.transaction() as tx:
        assert commands.release_group(runtime, tx, made.groups[0], "jonas").state == "delivered"
    settle(runtime)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT element_id FROM user_task WHERE state = 'open'") == "pick_and_pack"
    with runtime.database.transaction() as tx:
        assert commands.release_group(runtime, tx, made.groups[0], "jonas").state == "duplicate"


@pytest.fixture
def long_list(monkeypatch):
    """As in a group of more items than the form lists."""
    monkeypatch.setattr(short_picks, "ITEMS_OF_A_FORM", 0)


def test_an_item_or_quantity_that_is_not_in_the_group_is_refused_beside_its_field(long_list, runtime, ordered):  # noqa: F811
    given = {"short": True, "packages": 1, "weight_kg": 1}
    for other, field in (({"sku": "GHOST", "found": 1}, "other_items.0.sku"), ({"sku": SKU, "found": 61}, "other_items.0.found")):
        with pytest.raises(Invalid) as refused:
            do(runtime, "Pick and pack", **given, items=[], other_items=[other])
        assert list(refused.value.errors) == [field]
    do(runtime, "Pick and pack", **given, items=[], other_items=[{"sku": SKU, "found": 59}])
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT sum(qty_picked) FROM fulfil_line") == 59
