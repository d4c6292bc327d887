"""A little more or less than ordered leaves through the diagram, and what left is what is charged."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Invalid
from handlers.invariants import check_all
from tests.integration.at_work import at_work, do, say
from tests.integration.golden.builders import SKU, Sold, company, customer, item, on_stock, one, order, warehouse

D = Decimal


@pytest.fixture
def runtime(database):
    made = at_work(database, "fulfillment-to-invoice", "invoice-to-receipt")
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "200")
    return made


@pytest.mark.parametrize(
    ("found", "gross", "ordered", "cancelled"), [("103", "2781.00", 103, 0), ("97", "2619.00", 100, 3), ("100", "2700.00", 100, 0)]
)
def test_cable_that_was_cut_a_little_otherwise_is_charged_as_it_left(runtime, found, gross, ordered, cancelled):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("100", "22.50")])
        tx.execute(text("UPDATE order_line SET uom = 'M'"))
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
    with runtime.database.transaction() as tx:
        listed = one(tx, "SELECT form_data->'items'->0 FROM user_task WHERE element_id = 'pick_and_pack'")
        assert (listed["sku"], listed["most"]) == (SKU, 105)
    do(runtime, "Pick", short=True, items=[{**listed, "found": D(found)}], packages=1, weight_kg=D(30))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT sum(gross_total) FROM invoice WHERE posted_at IS NOT NULL") == D(gross)
        assert tx.execute(text("SELECT qty_ordered, qty_cancelled FROM order_line")).one() == (ordered, cancelled)
        assert one(tx, "SELECT count(*) FROM fulfil_line WHERE group_no IS NULL") == 0
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_more_than_the_tolerance_is_refused_at_the_form_and_nothing_changes(runtime):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("100", "22.50")])
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
    with runtime.database.transaction() as tx:
        listed = one(tx, "SELECT form_data->'items'->0 FROM user_task WHERE element_id = 'pick_and_pack'")
    with pytest.raises(Invalid):
        do(runtime, "Pick", short=True, items=[{**listed, "found": D(101)}], packages=1, weight_kg=D(30))
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT qty_ordered FROM order_line") == 100
