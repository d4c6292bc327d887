"""Each condition of the room's SQL has a case here that goes wrong without it: two orders leave side by side, each by itself."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from handlers.billing.model import Invoice
from handlers.fulfillment import commands, picking, shipping, short_picks, undoing
from handlers.fulfillment.papers import save_pick_list
from handlers.fulfillment.ports import Place
from handlers.inventory.stock import Receipt
from handlers.orders.fulfilment_lines import Change, count, lock_lines_of_order
from handlers.orders.receiving import receive_stock
from handlers.rowsets import insert_rows
from handlers.shipments import records
from tests.integration.golden.builders import SKU, one
from tests.integration.golden.side_by_side import CHAIR, two_orders
from tests.integration.standing import standing_instance, standing_task, standing_wait
from tests.steps import as_a_step, commit_step

D = Decimal
LABEL = {"service": "Standard", "cost": D("7.90"), "currency": "EUR", "label": None}
reserve, confirm_pick, ship_confirm = as_a_step(picking.reserve), as_a_step(picking.confirm_pick), as_a_step(shipping.ship_confirm)
plan, standing = as_a_step(picking.plan), as_a_step(undoing.standing)


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        yield tx


@pytest.fixture
def two(tx):
    return two_orders(tx)


def packed(tx, group, packages=1, weight="90"):
    reserve(tx, group)
    return confirm_pick(tx, group, packages, D(weight))


def reserved(tx, group):
    return one(tx, "SELECT sum(qty_reserved) FROM fulfil_line WHERE group_no = :no", no=group)


def more_is_sold(tx, group, sku=SKU):
    """One piece more of a line, as a change of the order leaves it."""
    tx.execute(text("UPDATE order_line SET qty_ordered = qty_ordered + 1 WHERE sku = :sku"), {"sku": sku})
    tx.execute(text("UPDATE fulfil_line SET qty = qty + 1 WHERE group_no = :no AND sku = :sku"), {"no": group, "sku": sku})
    commit_step(tx)


def test_a_group_is_planned_reserved_and_picked_from_its_own_warehouse(tx, two):
    assert (plan(tx, two.group).line_count, plan(tx, two.other_group).line_count) == (2, 2)
    assert plan(tx, two.other_group).release_at == datetime(2026, 3, 5, tzinfo=UTC)
    reserve(tx, two.group)
    reserve(tx, two.other_group)
    as_a_step(picking.release_reservation)(tx, two.group)
    assert (reserved(tx, two.group), reserved(tx, two.other_group)) == (0, 41)
    reserve(tx, two.group)
    _, rows = save_pick_list(tx, two.group, datetime(2026, 3, 10, tzinfo=UTC))
    assert [(row["sku"], row["qty"]) for row in rows] == [(SKU, 60), (CHAIR, 5)]
    tx.execute(text("UPDATE fulfil_line SET qty_reserved = 0, qty_cancelled = qty WHERE sku = :sku"), {"sku": CHAIR})
    assert plan(tx, two.group).line_count == 1


def test_a_group_is_packed_anew_once_its_shipment_was_unpacked_or_has_left(tx, two):
    other = packed(tx, two.other_group)
    first = packed(tx, two.group)
    as_a_step(picking.unpick)(tx, first)
    second = confirm_pick(tx, two.group, 2, D("181.5"))
    assert len({other, first, second}) == 3
    assert one(tx, "SELECT count(*) FROM shipment WHERE cancelled_at IS NOT NULL") == 1
    assert standing(tx, two.group).packed == second
    ship_confirm(tx, second, "wanda")
    found = standing(tx, two.group)
    assert (found.packed, found.shipped) == ("", second), "the first, with the same lines, never left"
    assert (found.qty_open, standing(tx, two.other_group).qty_open) == (0, 41)
    costs = "SELECT sum(cost) FROM shipment_line WHERE shipment_no = :no"
    assert (one(tx, costs, no=first), one(tx, costs, no=second)) == (0, 910)
    more_is_sold(tx, two.group)
    reserve(tx, two.group)
    assert confirm_pick(tx, two.group, 1, D(3)) not in {first, second, other}


def test_a_carrier_books_delivers_and_is_given_back_one_shipment(tx, two):
    other, mine = packed(tx, two.other_group), packed(tx, two.group)
    records.mark_booked(tx, mine, LABEL | {"carrier": "ROAD", "tracking_no": "1Z"})
    records.mark_booked(tx, mine, LABEL | {"carrier": "AIR", "tracking_no": "2Z"})
    booked = "SELECT carrier FROM shipment WHERE shipment_no = :no"
    assert (one(tx, booked, no=mine), one(tx, booked, no=other)) == ("ROAD", "")
    records.forget_booking(tx, other)
    assert one(tx, booked, no=mine) == "ROAD"
    commit_step(tx)
    ship_confirm(tx, mine, "wanda")
    records.forget_booking(tx, mine)
    assert one(tx, booked, no=mine) == "ROAD", "who carries what has left is known for ever"
    commit_step(tx)
    ship_confirm(tx, other, "wanda")
    as_a_step(shipping.confirm_delivery)(tx, mine)
    assert tx.scalars(text("SELECT shipment_no FROM shipment WHERE delivered_at IS NOT NULL")).all() == [mine]
    lines = tx.scalars(text("SELECT id FROM shipment_line WHERE shipment_no = :no"), {"no": mine}).all()
    assert [row.cost for row in records.recognise_costs(tx, lines)] == [840, 70]
    assert records.recognise_costs(tx, lines) == []
    assert one(tx, "SELECT sum(cogs), sum(cogs) FILTER (WHERE NOT id = ANY(:ids)) FROM shipment_line", ids=lines) == (910, 0)


def test_the_papers_of_a_shipment_say_what_is_in_it_who_sends_it_and_who_gets_it(tx, two):
    packed(tx, two.other_group)
    mine = packed(tx, two.group, packages=2)
    consigned, _ = shipping.consignment(tx, mine)
    assert consigned.sender == Place("Ordercraft Möbel GmbH", "Hafen 2", "Linz", "4020", "AT")
    assert (consigned.receiver.name, len(consigned.packages)) == ("Indifferent Mirror GmbH", 2)
    assert shipping.billing_facts(tx, mine) == {
        "incoterm": "FCA", "item_class": "HARDWARE", "order_type": "STANDARD", "delivered": False,
    }  # fmt: skip
    advice = shipping.shipment_row(tx, mine)
    assert (advice.customer_name, advice.customer_po, len(advice.packages)) == ("Indifferent Mirror GmbH", "PO-4711", 2)
    assert [(line.line_no, line.sku, line.qty) for line in shipping.advice_lines(tx, mine)] == [(1, SKU, 60), (2, CHAIR, 5)]


@pytest.mark.parametrize("before", ["nothing", "unpacked", "shipped"])
def test_what_is_not_found_is_counted_by_group_whatever_was_packed_before(tx, two, before):
    reserve(tx, two.other_group)
    as_a_step(short_picks.record_short_pick)(tx, two.other_group, [short_picks.Found(CHAIR, D(39), "")], actor="wanda")
    confirm_pick(tx, two.other_group, 1, D(90))
    if before == "nothing":
        reserve(tx, two.group)
    else:
        shipment_no = packed(tx, two.group)
        as_a_step(picking.unpick if before == "unpacked" else lambda tx, no: shipping.ship_confirm(tx, no, "wanda"))(tx, shipment_no)
    more_is_sold(tx, two.group)
    reserve(tx, two.group)
    came = Receipt(sku=SKU, warehouse_code="LINZ", qty=D(1), unit_cost=D(14), reference=f"{two.group}:77")
    as_a_step(receive_stock)(tx, [came])
    found = one(tx, "SELECT sum(qty_reserved) - 1 FROM fulfil_line WHERE group_no = :no AND sku = :sku", no=two.group, sku=SKU)
    short_picks.record_short_pick(tx, two.group, [short_picks.Found(SKU, found, "")], actor="wanda")
    assert one(tx, "SELECT max(source_id) FROM journal WHERE event_type = 'stock.short_picked'") == f"{two.group}:1"


def test_undoing_a_group_leaves_its_neighbour_packed_and_reserved(tx, two):
    other, mine = packed(tx, two.other_group), packed(tx, two.group)
    assert as_a_step(undoing.undo_preparation)(tx, two.group) == 65
    assert (reserved(tx, two.group), reserved(tx, two.other_group)) == (0, 41)
    assert (standing(tx, two.group).packed, standing(tx, two.other_group).packed) == ("", other)
    cancelled_at = one(tx, "SELECT cancelled_at FROM shipment WHERE shipment_no = :no", no=mine)
    commit_step(tx)
    more_is_sold(tx, two.group)
    third = packed(tx, two.group)
    ship_confirm(tx, third, "wanda")
    assert as_a_step(undoing.undo_preparation)(tx, two.group) == 0
    assert one(tx, "SELECT cancelled_at FROM shipment WHERE shipment_no = :no", no=mine) == cancelled_at
    assert one(tx, "SELECT shipped_at IS NOT NULL AND cancelled_at IS NULL FROM shipment WHERE shipment_no = :no", no=third)


def test_a_shipment_is_worked_on_beside_who_works_on_another(tx, two, database):
    packed(tx, two.other_group)
    mine = packed(tx, two.group)
    with database.transaction() as neighbour:
        lock_lines_of_order(neighbour, two.other_order)
        tx.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert records.lock_shipment(tx, mine).shipment_no == mine


def bill(tx, number, shipment_no, order_no, **more):
    head = {
        "invoice_no": number, "kind": "INV", "grouping": "", "order_no": order_no, "shipment_no": shipment_no, "customer_no": "C-MIRROR",
        "bill_to": {}, "ship_to": {}, "currency": "EUR", "invoice_date": date(2026, 3, 10), "delivery_date": date(2026, 3, 10),
        "net_days": 30, "due_date": date(2026, 4, 9), "net_total": 1, "tax_total": 0, "gross_total": 1,
    }  # fmt: skip
    insert_rows(tx, Invoice, [head | more])


def test_what_has_left_is_unsettled_until_all_of_it_is_billed_and_its_invoice_is_with_the_customer(tx, two):
    now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    other, mine = packed(tx, two.other_group), packed(tx, two.group)
    ship_confirm(tx, other, "wanda")
    assert standing(tx, two.group).shipped == "", "packed, and the neighbour's left"
    ship_confirm(tx, mine, "wanda")
    assert standing(tx, two.group).shipped == mine
    count(tx, [Change(line_id=line, invoiced=qty) for line, qty in records.quantities(tx, mine).items()])
    assert standing(tx, two.group).shipped == "", "billed, and the neighbour's is not"
    bill(tx, "INV-1", other, two.other_order)
    bill(tx, "INV-2", mine, two.order_no, cancelled_at=now)
    bill(tx, "INV-3", mine, two.order_no, delivered_at=now)
    assert standing(tx, two.group).shipped == "", "the neighbour's bill and one that was cancelled are on nobody's way"
    bill(tx, "INV-4", mine, two.order_no)
    assert standing(tx, two.group).shipped == mine


def test_a_delivery_is_told_only_to_who_waits_for_it_or_looks_for_the_goods(tx, two, database):
    runtime = Runtime(database, {}, {}, NullDispatcher())
    other, mine = packed(tx, two.other_group), packed(tx, two.group)
    for shipment_no in (other, mine):
        ship_confirm(tx, shipment_no, "wanda")
    own, strange = standing_instance(tx, "fulfillment-to-invoice", two.group), standing_instance(tx, "fulfillment", two.other_group)
    standing_wait(tx, own, "delivery.confirmed", kind="signal", shipment_no=mine)
    standing_wait(tx, own, "delivery.refused", shipment_no=mine)
    standing_wait(tx, strange, "delivery.confirmed", shipment_no=other)
    standing_task(tx, own, "pick_and_pack")
    standing_task(tx, own, "trace_delivery", state="completed")
    standing_task(tx, strange, "trace_delivery")
    commit_step(tx)
    assert as_a_step(commands.deliver.__get__(runtime))(tx, mine, None, "wanda") == "recorded"
    waits = tx.begin_nested()
    standing_wait(tx, own, "delivery.confirmed", shipment_no=mine)
    assert tx.execute(commands._AWAITED, {"shipment_no": mine}).scalar_one() is True
    waits.rollback()
    standing_task(tx, own, "trace_delivery")
    assert tx.execute(commands._AWAITED, {"shipment_no": mine}).scalar_one() is True
