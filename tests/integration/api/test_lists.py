"""Every list of the API is paged by a cursor, and no row is shown twice or left out between two pages."""

import pytest
from sqlalchemy import text

from api.content import deploy_content
from engine.runtime.verbs.run_until_idle import run_until_idle

LISTS = [
    "instances",
    "incidents",
    "invoices",
    "statements",
    "bank-accounts",
    "journals",
    "receipts",
    "stock",
    "deployments",
    "process-versions",
    "purchase-orders",
    "quotes",
    "orders",
    "audit",
    "exchange-rates",
    "periods",
    "pending-changes",
]


@pytest.fixture
def edith(installation, signed_in):
    """A company with some of everything: four quotes, each with its process and its paper."""
    deploy_content(installation, actor="the product")
    edith = signed_in("edith")
    for quantity in ("1", "2", "3", "4"):
        lines = [{"sku": "PUMP-40", "quantity": quantity, "discount_pct": "60", "discount_reason": "Fair"}]
        edith.post("/api/v1/quotes", json={"customer_no": "C-1001", "lines": lines})
    run_until_idle(installation.runtime)
    return edith


def test_a_list_read_row_by_row_is_the_list_read_at_once(edith):
    filled = set()
    for path in LISTS:
        whole = edith.get(f"/api/v1/{path}?limit=200").json
        assert set(whole) == {"items", "next_cursor"}, path
        found, cursor = [], ""
        while len(found) < 6:
            page = edith.get(f"/api/v1/{path}?limit=1&cursor={cursor}" if cursor else f"/api/v1/{path}?limit=1").json
            found += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert found == whole["items"][: len(found)], path
        assert len(found) == min(6, len(whole["items"])), path
        filled |= {path} if found else set()
    assert filled >= {"instances", "deployments", "process-versions", "quotes", "bank-accounts", "stock"}


def test_the_worklist_is_an_array_whose_header_leads_to_the_next_page(edith):
    whole, found, path = edith.get("/api/v1/user-tasks?limit=200"), [], "/api/v1/user-tasks?state=open&limit=1"
    while path:
        page = edith.get(path)
        found += page.json
        path = page.headers.get("Link", "").removesuffix('>; rel="next"').removeprefix("<")
    assert len(found) > 1
    assert found == whole.json
    assert "Link" not in whole.headers


def test_purchase_orders_go_on_behind_the_last_page(edith, installation):
    with installation.database.transaction() as tx:
        for number in range(3):
            tx.execute(text("SELECT set_config('session_replication_role', 'replica', true)"))
            tx.execute(
                text("""
                INSERT INTO purchase_order
                  (po_no, group_no, order_no, supplier_no, currency, ship_to, neutral_packing, requested_ship, net_total)
                VALUES (:po, :grp, 'SO-1', 'S-1', 'EUR', '{}', false, current_date, 10)
                """),
                {"po": f"PO-{number}", "grp": f"FG-{number}"},
            )
    first = edith.get("/api/v1/purchase-orders?limit=2").json
    rest = edith.get(f"/api/v1/purchase-orders?limit=2&cursor={first['next_cursor']}").json
    assert sorted(row["po_no"] for row in [*first["items"], *rest["items"]]) == ["PO-0", "PO-1", "PO-2"]
    assert rest["next_cursor"] is None
    assert {row["state"] for row in first["items"]} == {"DRAFT"}
