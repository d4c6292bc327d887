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


# ---- tolerances

MEASURED = tasks.short_picks.Tolerance(D(5), D(5))


def found_within(tx, group, qty, tolerance=MEASURED):
    sku = tx.scalar(text("SELECT sku FROM fulfil_line LIMIT 1"))
    kinds = list(tasks.short_picks.kinds_of(tx, group).values())
    given = tasks.ShortPick(group, [tasks.FoundItem(sku, D(qty))], kinds=kinds, tolerances=[tolerance] * len(kinds))
    return tasks.record_short_pick(given, tx, context()).qty


def ordered(tx):
    return [tuple(row) for row in tx.execute(text("SELECT qty_ordered, qty_cancelled, line_net FROM order_line ORDER BY line_no"))]


def test_a_little_less_closes_the_line_and_nothing_is_promised_anew(database, group):
    with database.transaction() as tx:
        assert found_within(tx, group, "85.5") == D("85.5")
        assert lines(tx) == [(60, 60, False), (D("25.5"), D("25.5"), False)]
        assert ordered(tx) == [(60, 0, 1350), (30, D("4.5"), 675)]
        assert tx.scalar(text("SELECT on_hand FROM stock_balance")) == D("95.5")
        assert tx.scalar(text("SELECT detail->>'qty' FROM order_event WHERE kind = 'closed_short'")) == "4.5000"


def test_a_piece_less_than_the_tolerance_is_a_short_pick(database, group):
    with database.transaction() as tx:
        assert found_within(tx, group, "85.4999") == D("85.4999")
        assert ordered(tx)[1][1] == 0
        assert sum(line[0] for line in lines(tx) if line[2]) == D("4.5001")


def test_a_little_more_is_shipped_and_the_order_comes_to_more(database, group):
    with database.transaction() as tx:
        before = tx.execute(text("SELECT net_total, tax_total, gross_total FROM sales_order")).one()
        assert found_within(tx, group, "94.5") == D("94.5")
        assert lines(tx) == [(60, 60, False), (D("34.5"), D("34.5"), False)]
        assert ordered(tx)[1] == (D("34.5"), 0, D("776.25"))
        net, tax, gross = tx.execute(text("SELECT net_total, tax_total, gross_total FROM sales_order")).one()
        assert (net - before.net_total, tax - before.tax_total) == (D("101.25"), D("20.25"))
        assert gross == net + tax
        tasks.confirm_pick(tasks.PickAndPack(group, 1, D(70)), tx)
        assert not {"INV-04", "INV-05", "INV-06", "INV-25", "INV-36"} & set(broken(tx))


@pytest.mark.parametrize(("qty", "tolerance"), [("94.5001", MEASURED), ("90.0001", tasks.short_picks.EXACT)])
def test_more_than_the_tolerance_is_refused_at_its_field(database, group, qty, tolerance):
    with database.transaction() as tx, pytest.raises(Invalid) as refused:
        found_within(tx, group, qty, tolerance)
    assert list(refused.value.errors) == ["items.0.found"]


def test_more_than_the_books_have_is_refused_and_says_what_to_do(database, group):
    with database.transaction() as tx, pytest.raises(Invalid, match="not on the books") as refused:
        found_within(tx, group, "101", tasks.short_picks.Tolerance(D(20), D(0)))
    assert refused.value.errors == {"items.0.found": ["is 1 more than is free on the books"]}


def test_nothing_at_all_is_never_enough(database, group):
    with database.transaction() as tx:
        assert found_within(tx, group, "0", tasks.short_picks.Tolerance(D(0), D(100))) == 0
        assert [row[1] for row in ordered(tx)] == [0, 0]
