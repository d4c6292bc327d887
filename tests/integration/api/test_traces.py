"""What an order brings along is told to the audit log."""

import pytest
from sqlalchemy import text

from engine.runtime.state.audit import first_broken
from tests.integration.api.test_large_orders import ubl_order

TOLD = "SELECT actor, action, target, detail FROM audit WHERE id > :last ORDER BY id"


@pytest.fixture
def told(installation):
    """What the log was told since."""
    with installation.database.transaction() as tx:
        last = tx.scalar(text("SELECT coalesce(max(id), 0) FROM audit"))

    def since():
        with installation.database.transaction() as tx:
            assert first_broken(tx) is None
            return tx.execute(text(TOLD), {"last": last}).all()

    return since


def test_masters_that_an_order_brings_along_are_told_field_by_field(signed_in, told):
    answer = ubl_order(signed_in("tom"), 9, 2)
    assert answer.status_code == 202, answer.json
    (row,) = (row for row in told() if row.target.startswith("ubl_order:"))
    items, prices = row.detail["items"]["to"], row.detail["prices"]["to"]
    assert [item["sku"] for item in items] == ["NEW-9-1", "NEW-9-2"]
    assert {"name", "uom", "item_class", "tax_category"} <= items[0].keys()
    assert prices[0].keys() >= {"price_list_code", "unit_price"}
    customers = [row for row in told() if row.target.startswith("customer:")]
    assert all(row.detail["name"]["from"] is None for row in customers)
