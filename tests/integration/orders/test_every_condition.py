"""Each condition of the room's SQL has a case here that goes wrong without it: two orders, of which only one is meant."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Invalid, NotFound
from engine.store import json_text
from handlers.catalog import master_data as catalog
from handlers.invariants import check_all
from handlers.orders import fulfilment_lines, holds
from handlers.orders import tasks as orders
from handlers.orders.cancellation import cancel_group, cancel_order, confirmation
from handlers.orders.commands import may_be_cancelled
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.fulfilment_groups import live_group, release_group
from handlers.orders.fulfilment_lines import Kept
from handlers.orders.status import statuses
from handlers.promising.promise import promise_lines
from tests.integration.golden.builders import one
from tests.integration.orders.trade import ANYWHERE, D, add_coyote, context, effects, open_trade, order, stock, supply_in, validated
from tests.integration.standing import standing_instance, standing_wait
from tests.steps import as_a_step, commit_step

ANVIL, PARASOL, MAGNET = "OMINOUS-ANVIL", "TINY-PARASOL", "GIANT-MAGNET"


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        open_trade(tx)
        yield tx


def promised(tx, *lines, **more):
    order_no = order(tx, *lines, **more)
    orders.submit_order(orders.OrderNumber(order_no), tx)
    promise_lines(tx, order_no, ANYWHERE, context(tx).now)
    commit_step(tx)
    return order_no


@pytest.fixture
def two(tx):
    """Mine and the neighbour's, each with anvils, parasols and magnets; of the parasols 7 of the neighbour's wait for supply."""
    stock(tx, ANVIL, 100)
    stock(tx, PARASOL, 8)
    mine = promised(tx, (ANVIL, 8), (PARASOL, 3), (MAGNET, 4))
    return mine, promised(tx, (ANVIL, 10), (PARASOL, 12), (MAGNET, 2))


def parts(tx, order_no):
    """Item, kind of group (nothing where it waits), open quantity and reservation of each part of an order."""
    rows = tx.execute(
        text("""
        SELECT line.sku, coalesce(team.kind, '') AS kind, line.qty - line.qty_cancelled AS qty, line.qty_reserved FROM fulfil_line AS line
        LEFT JOIN fulfil_group AS team USING (group_no) WHERE line.order_no = :no ORDER BY line.id"""),
        {"no": order_no},
    )
    return [tuple(row) for row in rows]


def group(tx, order_no, kind="STOCK"):
    return one(tx, "SELECT group_no FROM fulfil_group WHERE order_no = :no AND kind = :kind", no=order_no, kind=kind)


MINE = [(ANVIL, "STOCK", 8, 8), (PARASOL, "STOCK", 3, 3), (MAGNET, "DROP", 4, 0)]
THEIRS = [(ANVIL, "STOCK", 10, 10), (PARASOL, "STOCK", 5, 5), (PARASOL, "", 7, 0), (MAGNET, "DROP", 2, 0)]


def test_an_order_is_cancelled_without_a_thing_of_its_neighbour(tx, two):
    mine, other = two
    assert (parts(tx, mine), sorted(parts(tx, other))) == (MINE, sorted(THEIRS))
    before = parts(tx, other)
    done = as_a_step(cancel_order)(tx, mine, "Bought elsewhere")
    assert (done.qty, done.awaited_skus, done.dropship_groups) == (11, (PARASOL,), (group(tx, mine, "DROP"),))
    assert parts(tx, mine) == [(ANVIL, "STOCK", 0, 0), (PARASOL, "STOCK", 0, 0), (MAGNET, "DROP", 4, 0)]
    assert parts(tx, other) == before
    assert set(statuses(tx, [mine])) == {mine}
    assert confirmation(tx, mine, "")["cancelled"] == "8 EA of line 1 (Ominous-Anvil); 3 EA of line 2 (Tiny-Parasol)"
    assert confirmation(tx, other, "")["cancelled"] == ""
    assert as_a_step(cancel_group)(tx, group(tx, other), "Not these") == 15
    assert confirmation(tx, other, "")["cancelled"] == "10 EA of line 1 (Ominous-Anvil); 5 EA of line 2 (Tiny-Parasol)"
    assert [each.id for each in check_all(tx) if not each.ok] == []


def test_what_is_freed_is_named_only_where_another_order_waits_for_just_that(tx):
    """Mine has parasols that left already and a magnet of the supplier's; others wait for both, and some got parasols from stock."""
    stock(tx, ANVIL, 100)
    stock(tx, PARASOL, 2)
    mine = promised(tx, (ANVIL, 8), (PARASOL, 1), (MAGNET, 1))
    promised(tx, (ANVIL, 10), (PARASOL, 5))
    magnets = promised(tx, (MAGNET, 2))
    tx.execute(text("UPDATE fulfil_line SET group_no = NULL, supplier_no = NULL WHERE order_no = :no"), {"no": magnets})
    left = text("UPDATE fulfil_line SET qty_shipped = qty, qty_reserved = 0 WHERE order_no = :no AND sku = :sku")
    tx.execute(left, {"no": mine, "sku": PARASOL})
    taken = "UPDATE reservation SET state = 'CONSUMED' WHERE fulfil_line_id IN (SELECT id FROM fulfil_line WHERE qty_shipped > 0)"
    tx.execute(text(taken))
    commit_step(tx)
    as_a_step(cancel_order)(tx, promised(tx, (ANVIL, 100)), "Bought elsewhere")
    assert as_a_step(cancel_order)(tx, mine, "Bought elsewhere").awaited_skus == ()


def test_one_group_is_cancelled_and_the_other_groups_stay_reserved(tx, two):
    mine, other = two
    before = parts(tx, other)
    assert as_a_step(cancel_group)(tx, group(tx, mine), "Not these") == 11
    assert (parts(tx, mine)[2], parts(tx, other)) == ((MAGNET, "DROP", 4, 0), before)


def test_only_what_a_supplier_has_still_to_ship_of_the_order_is_left_to_the_supplier(tx):
    """Of three suppliers' groups one is shipped, one was given up, one is open."""
    mine = promised(tx, (MAGNET, 1))
    other = promised(tx, (MAGNET, 2))
    open_group = group(tx, mine, "DROP")
    for number, state in (("FG-8", "qty_shipped = qty"), ("FG-9", "qty_cancelled = qty")):
        tx.execute(
            text("""
            INSERT INTO fulfil_group (group_no, order_no, kind, supplier_no, ship_date)
            SELECT :number, order_no, kind, supplier_no, ship_date FROM fulfil_group WHERE group_no = :like"""),
            {"number": number, "like": open_group},
        )
        tx.execute(
            text("""
            INSERT INTO fulfil_line (order_no, order_line_id, seq, group_no, sku, source_type, supplier_no, qty)
            SELECT order_no, order_line_id, 10 + (SELECT count(*) FROM fulfil_line), :number, sku, source_type, supplier_no, qty
            FROM fulfil_line WHERE group_no = :like"""),
            {"number": number, "like": open_group},
        )
        tx.execute(text(f"UPDATE fulfil_line SET {state} WHERE group_no = :number"), {"number": number})
    tx.execute(text("UPDATE order_line SET qty_ordered = 3 WHERE order_no = :no"), {"no": mine})
    tx.execute(text("UPDATE fulfil_group SET cancelled_at = now() WHERE group_no = 'FG-9'"))
    commit_step(tx)
    assert as_a_step(cancel_order)(tx, mine, "Bought elsewhere").dropship_groups == (open_group,)
    assert as_a_step(cancel_order)(tx, other, "Bought elsewhere").dropship_groups == (group(tx, other, "DROP"),)


def test_an_order_of_which_nothing_is_open_is_too_late_to_cancel_only_when_it_has_left_itself(tx):
    stock(tx, ANVIL, 100)
    mine = promised(tx, (ANVIL, 8))
    other = promised(tx, (ANVIL, 10))
    tx.execute(text("UPDATE fulfil_line SET qty_shipped = qty, qty_reserved = 0 WHERE order_no = :no"), {"no": other})
    tx.execute(text("UPDATE order_line SET qty_cancelled = 4 WHERE order_no = :no"), {"no": other})
    tx.execute(text("UPDATE fulfil_line SET qty_shipped = 6, qty_cancelled = 4 WHERE order_no = :no"), {"no": other})
    commit_step(tx)
    as_a_step(cancel_order)(tx, mine, "Bought elsewhere")
    again = as_a_step(cancel_order)(tx, mine, "Again")
    assert (again.qty, again.stock_groups) == (0, ())
    assert one(tx, "SELECT count(*) FROM fulfil_group WHERE order_no = :no AND cancelled_at IS NOT NULL", no=other) == 0


def test_a_group_that_became_empty_is_closed_with_its_own_order(tx, two):
    mine, other = two
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty, qty_reserved = 0 WHERE group_no = :no"), {"no": group(tx, other)})
    commit_step(tx)
    done = as_a_step(cancel_order)(tx, mine, "Bought elsewhere")
    assert done.stock_groups == (group(tx, mine),)
    with pytest.raises(NotFound, match="no drop-ship group"):
        live_group(tx, group(tx, mine), "DROP")


@pytest.mark.parametrize(
    ("kind", "name", "mine", "told"),
    [
        ("message", "order.cancelled", True, True),
        ("message", "order.cancelled", False, False),
        ("message", "order.changed", True, False),
        ("signal", "order.cancelled", True, False),
    ],
)
def test_somebody_is_at_work_on_an_order_who_waits_for_the_word_that_it_is_cancelled(tx, kind, name, mine, told):
    own, other = order(tx, (ANVIL, 1)), order(tx, (ANVIL, 1))
    standing_wait(tx, standing_instance(tx, "order-to-promise"), name, kind=kind, order_no=own if mine else other)
    commit_step(tx)
    assert cancel_order(tx, own, "Bought elsewhere").at_work is told


CANCEL = "order.cancellation_requested"


def say(tx, name, state, key, order_no):
    tx.execute(
        text("""
        INSERT INTO message (name, correlation, payload, payload_hash, business_key, state, expires_at)
        VALUES (:name, CAST(:correlation AS jsonb), '{}', '', :key, :state, now())"""),
        {"name": name, "state": state, "key": key, "correlation": json_text.encode({"order_no": order_no}).decode()},
    )


def test_a_cancellation_is_under_way_while_its_process_runs_or_its_message_waits(tx):
    mine, other = order(tx, (ANVIL, 1)), order(tx, (ANVIL, 1))
    standing_instance(tx, "cancel-order", other)
    standing_instance(tx, "cancel-order", mine, "completed")
    standing_instance(tx, "order-to-promise", mine)
    for name, state, key, about in (
        ("order.changed", "buffered", mine, mine),
        (CANCEL, "delivered", mine, mine),
        (CANCEL, "buffered", other, mine),
        (CANCEL, "buffered", mine, other),
    ):
        say(tx, name, state, key, about)
    assert may_be_cancelled(tx, mine) is None
    message = tx.begin_nested()
    say(tx, CANCEL, "buffered", mine, mine)
    assert may_be_cancelled(tx, mine).code == "cancellation_under_way"
    message.rollback()
    standing_instance(tx, "cancel-order", mine)
    assert may_be_cancelled(tx, mine).code == "cancellation_under_way"


# ---- parts of lines


def test_what_waits_is_forgotten_by_order_and_nothing_else_is(tx, two):
    mine, other = two
    third = promised(tx, (PARASOL, 6), (PARASOL, 2), (PARASOL, 4))
    for sku, change in ((6, "qty_cancelled = qty"), (2, "qty_shipped = 1"), (4, "qty_reserved = 1")):
        tx.execute(text(f"UPDATE fulfil_line SET {change} WHERE order_no = :no AND qty = :qty"), {"no": third, "qty": sku})
    before = parts(tx, third)
    fulfilment_lines.drop_backorders(tx, [mine, third])
    assert (parts(tx, mine), parts(tx, third)) == (MINE, before), "each part says something that happened"
    assert sorted(parts(tx, other)) == sorted(THEIRS)
    fulfilment_lines.drop_backorders(tx, [other])
    assert sorted(parts(tx, other)) == sorted(each for each in THEIRS if each[1])


def test_what_comes_in_is_added_to_the_line_that_waits(tx, two):
    _, other = two
    stock(tx, PARASOL, 3)
    commit_step(tx)
    promise_lines(tx, other, ANYWHERE, context(tx).now)
    assert sorted(parts(tx, other)) == sorted([*(each for each in THEIRS if each[1]), (PARASOL, "STOCK", 3, 3), (PARASOL, "", 4, 0)])


def test_a_group_is_released_to_the_warehouse_by_itself(tx, two):
    release_group(tx, group(tx, two[0]))
    assert tx.scalars(text("SELECT group_no FROM fulfil_group WHERE released_at IS NOT NULL")).all() == [group(tx, two[0])]


def test_what_a_group_gives_back_is_a_part_of_the_same_line_and_promises_nothing(tx, two):
    mine, other = two
    before = parts(tx, other)
    promise = text("SELECT line_no, promised_ship IS NULL FROM order_line WHERE order_no = :no ORDER BY line_no")
    kept = one(tx, "SELECT id FROM fulfil_line WHERE order_no = :no AND sku = :sku", no=mine, sku=ANVIL)
    theirs = tx.execute(promise, {"no": other}).all()
    tx.execute(text("UPDATE fulfil_line SET group_no = NULL WHERE order_no = :no"), {"no": other})
    before = parts(tx, other)
    assert fulfilment_lines.return_to_promising(tx, [Kept(line_id=kept, qty=D(5))]) == 3
    assert parts(tx, mine) == [(ANVIL, "STOCK", 5, 8), *MINE[1:], (ANVIL, "", 3, 0)]
    assert tx.execute(promise, {"no": mine}).all() == [(1, True), (2, False), (3, False)]
    assert (parts(tx, other), tx.execute(promise, {"no": other}).all()) == (before, theirs)
    assert fulfilment_lines.return_to_promising(tx, [Kept(line_id=kept, qty=D(5))]) == 0
    assert [row.seq for row in tx.execute(text("SELECT seq FROM fulfil_line WHERE order_no = :no ORDER BY id"), {"no": mine})] == [
        1,
        1,
        1,
        2,
    ]


def test_what_a_group_has_still_to_ship_is_neither_cancelled_nor_gone(tx, two):
    mine, _ = two
    for sku, change in ((ANVIL, "qty_cancelled = qty, qty_reserved = 0"), (PARASOL, "qty_shipped = 1, qty_reserved = 2")):
        tx.execute(text(f"UPDATE fulfil_line SET {change} WHERE order_no = :no AND sku = :sku"), {"no": mine, "sku": sku})
    assert [(line.sku, line.open_qty) for line in fulfilment_lines.open_lines(tx, group(tx, mine))] == [(PARASOL, 2)]


def test_another_supplier_is_given_one_group(tx, two):
    mine, _ = two
    tx.execute(text("INSERT INTO supplier (supplier_no, name, country, currency) VALUES ('S-SECOND', 'Second', 'AT', 'EUR')"))
    fulfilment_lines.give_to_supplier(tx, group(tx, mine, "DROP"), "S-SECOND")
    for table in ("fulfil_group", "fulfil_line"):
        served = text(f"SELECT supplier_no FROM {table} WHERE order_no = :no AND supplier_no IS NOT NULL")
        assert [tx.scalars(served, {"no": number}).all() for number in two] == [["S-SECOND"], ["S-ACME"]]


# ---- holds and answers


def test_a_hold_is_released_on_its_own_order_and_once(tx):
    mine, other = order(tx, (ANVIL, 1)), order(tx, (ANVIL, 1))
    for order_no in (mine, other):
        for code in ("MANUAL", "ADDRESS", "TAX"):
            holds.apply_hold(tx, order_no, code, "Look at it")
    assert holds.release_hold(tx, mine, "TAX", "It is right", actor="tina")
    who = text("SELECT hold_code, released_by FROM hold WHERE order_no = :no ORDER BY hold_code")
    assert tx.execute(who, {"no": mine}).all() == [("ADDRESS", None), ("MANUAL", None), ("TAX", "tina")]
    assert holds.release_all(tx, mine, "Over", actor="olga") == ["ADDRESS", "MANUAL"]
    assert tx.execute(who, {"no": mine}).all() == [("ADDRESS", "olga"), ("MANUAL", "olga"), ("TAX", "tina")]
    assert {row.released_by for row in tx.execute(who, {"no": other})} == {None}


def test_a_letter_about_an_order_goes_to_its_own_customer(tx):
    add_coyote(tx, "C-ROADRUNNER", email="beep@road.example")
    mine, _ = order(tx, (ANVIL, 1)), order(tx, (ANVIL, 1), customer_no="C-ROADRUNNER")
    ledger = effects(tx)
    orders.tell_customer(orders.CustomerNote(mine, "It is late"), tx, ledger)
    assert [effect.target for effect in ledger.recorded] == ["wile@coyote.example"]


def duplicate_of(tx, order_no):
    return [issue["message"] for issue in validated(tx, order_no).issues if issue["code"] == "DUPLICATE_PO"]


def test_a_purchase_order_was_received_before_in_an_order_that_stands_and_is_not_long_ago(tx):
    rejected, old, _ = (order(tx, (ANVIL, 1), customer_po=po) for po in ("PO-7", "PO-7", "PO-8"))
    tx.execute(text("UPDATE sales_order SET state = 'REJECTED' WHERE order_no = :no"), {"no": rejected})
    tx.execute(text("UPDATE sales_order SET created_at = now() - interval '400 days' WHERE order_no = :no"), {"no": old})
    first = order(tx, (ANVIL, 1), customer_po="po-7")
    mine = order(tx, (ANVIL, 1), customer_po="PO-7")
    for order_no, code in ((first, "DUPLICATE_PO"), (mine, "MANUAL")):
        holds.apply_hold(tx, order_no, code, "Look at it")
        holds.release_hold(tx, order_no, code, "It is fine")
    told = [f"Purchase order PO-7 was received before as {first}."]
    assert (duplicate_of(tx, first), duplicate_of(tx, mine), duplicate_of(tx, mine)) == ([], told, told)
    holds.release_hold(tx, mine, "DUPLICATE_PO", "It is another one")
    assert duplicate_of(tx, mine) == []


# ---- what a line names


def test_a_unit_is_counted_in_pieces_only_where_the_item_is(tx):
    catalog.add_item(tx, catalog.ItemDraft(sku="LOOSE-SAND", name="Sand", uom="KGM"))
    catalog.set_unit(tx, catalog.UnitDraft(sku=ANVIL, uom="BX", factor=D(12)))
    catalog.set_unit(tx, catalog.UnitDraft(sku=ANVIL, uom="PK", factor=D(480)))
    catalog.set_unit(tx, catalog.UnitDraft(sku=PARASOL, uom="BX", factor=D(99)))
    boxes = create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=[LineDraft(sku=ANVIL, qty=Decimal(2), uom="BX")]))
    assert one(tx, "SELECT qty_ordered FROM order_line WHERE order_no = :no", no=boxes) == 24
    with pytest.raises(Invalid, match="LOOSE-SAND is not sold in"):
        create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=[LineDraft(sku="LOOSE-SAND", qty=Decimal(2), uom="C62")]))


def test_the_days_of_the_parts_of_a_line_are_its_own_promise(tx):
    stock(tx, ANVIL, 3)
    supply_in(tx, ANVIL, 9, days=20)
    supply_in(tx, PARASOL, 9, days=40)
    mine = promised(tx, (ANVIL, 5), (PARASOL, 2))
    ships = "SELECT promised_ship FROM order_line WHERE order_no = :no AND sku = :sku"
    first, second = (one(tx, ships, no=mine, sku=sku) for sku in (ANVIL, PARASOL))
    assert second > first
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty WHERE qty = 2 AND sku = :sku"), {"sku": ANVIL})
    fulfilment_lines.note_promises(tx, [mine])
    assert one(tx, ships, no=mine, sku=ANVIL) < first, "what is cancelled promises nothing"
    other = promised(tx, (ANVIL, 1))
    noted = one(tx, ships, no=other, sku=ANVIL)
    tx.execute(text("UPDATE fulfil_line SET sched_ship = sched_ship + 9"))
    fulfilment_lines.note_promises(tx, [mine])
    assert one(tx, ships, no=other, sku=ANVIL) == noted, "nobody asked for it"
