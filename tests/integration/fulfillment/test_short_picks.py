"""Less is found than the stock says: what is there is packed, the rest is promised anew, and the difference is written off."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from engine.service_tasks import Refused
from handlers.fulfillment import tasks
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from tests.integration.golden.builders import Sold, company, context, customer, item, on_stock, order, warehouse

D = Decimal


@pytest.fixture
def group(database):
    """60 and 30 pieces of an item that costs 10.00, reserved for one group; 100 are on the books."""
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
        made = order(tx, [Sold("60", "22.50"), Sold("30", "22.50")]).groups[0]
        tasks.reserve(tasks.Group(made), tx)
        return made


def found(tx, group, qty, sku=None):
    sku = sku or tx.scalar(text("SELECT sku FROM fulfil_line LIMIT 1"))
    return tasks.record_short_pick(tasks.ShortPick(group, [tasks.FoundItem(sku, D(qty))]), tx, context()).qty


def lines(tx):
    rows = tx.execute(text("SELECT qty - qty_cancelled, qty_reserved, group_no IS NULL FROM fulfil_line ORDER BY id"))
    return [tuple(row) for row in rows]


def broken(tx):
    return [result.id for result in check_all(tx) if not result.ok]


def test_the_pick_list_names_each_item_once_with_all_that_is_to_be_picked(database, group):
    with database.transaction() as tx:
        listed = tasks.create_pick_list(tasks.Group(group), tx, context())
        assert [(each.qty, each.found) for each in listed.items] == [(90, 90)]
        assert listed.item_count == 1


def test_what_was_found_is_packed_and_the_rest_goes_back_to_promising(database, group):
    with database.transaction() as tx:
        assert found(tx, group, "70") == 70
        assert lines(tx) == [(60, 60, False), (10, 10, False), (20, 0, True)]
        assert tx.execute(text("SELECT on_hand, reserved FROM stock_balance")).one() == (80, 70)
        shipment_no = tasks.confirm_pick(tasks.PickAndPack(group, 1, D(70)), tx).shipment_no
        assert tx.scalar(text("SELECT sum(qty) FROM shipment_line WHERE shipment_no = :no"), {"no": shipment_no}) == 70
        assert not {"INV-04", "INV-05"} & set(broken(tx))


def test_the_difference_is_worth_what_the_goods_cost(database, group):
    with database.transaction() as tx:
        value = tx.scalar(text("SELECT value FROM stock_balance"))
        inventory, adjusted = balances(tx)["1400"], balances(tx).get("5300", D(0))
        found(tx, group, "70")
        written_off = value * 20 / 100
        assert balances(tx)["1400"] == inventory - written_off
        assert balances(tx)["5300"] == adjusted + written_off
        (movement,) = tx.execute(text("SELECT qty, value, reference FROM stock_movement WHERE kind = 'ADJUSTMENT'")).all()
        assert tuple(movement) == (-20, -written_off, f"{group}:1")


def test_nothing_at_all_was_found(database, group):
    with database.transaction() as tx:
        assert found(tx, group, "0") == 0
        assert {line[1] for line in lines(tx)} == {0}
        assert sum(line[0] for line in lines(tx) if line[2]) == 90
        assert tx.scalar(text("SELECT on_hand FROM stock_balance")) == 10


def test_all_was_found_after_all_and_nothing_changes(database, group):
    with database.transaction() as tx:
        assert found(tx, group, "90") == 90
        assert lines(tx) == [(60, 60, False), (30, 30, False)]
        assert tx.scalar(text("SELECT count(*) FROM stock_movement WHERE kind = 'ADJUSTMENT'")) == 0


@pytest.mark.parametrize("qty", ["90.0001", "-1"])
def test_more_than_was_to_be_picked_or_less_than_nothing_is_refused(database, group, qty):
    with database.transaction() as tx, pytest.raises(Invalid) as refused:
        found(tx, group, qty)
    assert list(refused.value.errors) == ["items.0.found"]


def test_an_item_that_is_not_on_the_list_is_refused(database, group):
    with database.transaction() as tx, pytest.raises(Invalid, match="cannot have been found") as refused:
        found(tx, group, "1", sku="GHOST")
    assert refused.value.errors == {"items.0.sku": [f"GHOST is not among the items of group {group}"]}


def test_an_item_that_is_named_twice_is_refused_where_it_is_named_again(database, group):
    with database.transaction() as tx:
        named = [tasks.FoundItem(tx.scalar(text("SELECT sku FROM fulfil_line LIMIT 1")), D(1))]
    with database.transaction() as tx, pytest.raises(Invalid) as refused:
        tasks.record_short_pick(tasks.ShortPick(group, named, named), tx, context())
    assert list(refused.value.errors) == ["other_items.0.sku"]


def test_a_second_short_pick_takes_off_what_is_missing_then(database, group):
    with database.transaction() as tx:
        found(tx, group, "70")
        assert found(tx, group, "69") == 69
        references = tx.scalars(text("SELECT reference FROM stock_movement WHERE kind = 'ADJUSTMENT' ORDER BY id")).all()
        assert references == [f"{group}:1", f"{group}:2"]


def test_a_packed_or_cancelled_group_is_not_picked_short(database, group):
    with database.transaction() as tx:
        tasks.confirm_pick(tasks.PickAndPack(group, 1, D(90)), tx)
        with pytest.raises(Conflict, match="packed already"):
            found(tx, group, "70")
        tx.rollback()
    with database.transaction() as tx:
        tx.execute(text("UPDATE fulfil_group SET cancelled_at = now()"))
        with pytest.raises(Refused):
            found(tx, group, "70")
