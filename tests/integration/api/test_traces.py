"""Every operation that writes leaves a row of the audit log, or is on the list of those that do not, with the reason."""

import pytest
from sqlalchemy import text

from api.auth.traces import TOLD_BY_VERBS, UNTRACED
from engine.runtime.state.audit import first_broken
from tests.integration.api.test_large_orders import ubl_order

#: What writes and leaves no row of its own in its verb.
RECEIPT = {"sku": "PUMP-40", "warehouse_code": "VIE", "qty": "3", "unit_cost": "41.17", "reference": "GR-1"}
TOLD = "SELECT actor, action, target, detail FROM audit WHERE id > :last ORDER BY id"


def writing(application):
    for rule in application.url_map.iter_rules():
        for method in sorted(rule.methods - {"GET", "HEAD", "OPTIONS"}):
            if rule.rule.startswith(("/api/", "/engine-rest/")):
                yield f"{method} {rule.rule}", application.view_functions[rule.endpoint]


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


def test_what_leaves_no_row_is_there_and_has_a_reason(application):
    there = dict(writing(application))
    assert sorted(UNTRACED.keys() - there.keys()) == []
    assert all(reason.endswith(".") for reason in UNTRACED.values())
    assert len(there) > 200
    assert len(UNTRACED) < len(there) / 5


def test_every_other_operation_that_writes_goes_through_the_edge_that_tells_the_log(application):
    """`operation` tells of what no verb told; what opens its own transactions is named, and what is open to all has a trace of its own."""
    outside = [
        name
        for name, view in writing(application)
        if name not in UNTRACED and not hasattr(view, "traced") and not getattr(view, "open_to_all", False)
    ]
    assert sorted(outside) == sorted(TOLD_BY_VERBS)


def test_an_operation_whose_verb_tells_nothing_is_told_by_the_edge_without_what_was_sent(signed_in, told):
    answer = signed_in("jonas").post("/api/v1/stock/receipts", json={"receipts": [RECEIPT]})
    assert answer.status_code == 201, answer.json
    row = told()[-1]
    assert (row.actor, row.action, row.target) == ("jonas", "operation", "POST /api/v1/stock/receipts")
    assert "41.17" not in str(row.detail)


def test_an_operation_whose_verb_tells_is_told_once(signed_in, told):
    assert signed_in("edith").patch("/api/v1/items/PUMP-40", json={"changes": {"name": "Pump of 40 l"}}).status_code == 200
    (row,) = (row for row in told() if row.action != "sign_in")
    assert (row.action, row.target, row.detail["name"]["to"]) == ("change", "item:PUMP-40", "Pump of 40 l")


def test_what_is_refused_leaves_no_row_of_the_edge_and_the_same_key_again_no_second_one(signed_in, told):
    jonas, address = signed_in("jonas"), "/api/v1/stock/receipts"
    assert jonas.post(address, json={"receipts": [{**RECEIPT, "qty": "-1"}]}).status_code == 422
    assert [row for row in told() if row.action == "operation"] == []
    statuses = [jonas.post(address, json={"receipts": [RECEIPT]}, headers={"Idempotency-Key": "v1"}).status_code for _ in range(2)]
    assert statuses == [201, 201]
    assert len([row for row in told() if row.action == "operation"]) == 1


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
