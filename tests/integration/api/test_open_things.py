"""Everything open with its owner, over HTTP."""

from click.testing import CliRunner
from sqlalchemy import text

from api.commands.explain import command as explain_command
from api.content import deploy_content
from engine.runtime.verbs.run_until_idle import run_until_idle


def test_a_backorder_is_listed_with_the_run_that_will_look_at_it_and_nothing_is_without_an_owner(installation, signed_in):
    deploy_content(installation, actor="test")
    client = signed_in("tom")
    body = {"customer_no": "C-1001", "customer_po": "PO-4711", "lines": [{"sku": "PUMP-40", "quantity": "1000"}]}
    order_no = client.post("/api/v1/orders", json=body).json["order_no"]
    run_until_idle(installation.runtime)
    found = client.get(f"/api/v1/open-things?key={order_no}")
    assert found.status_code == 200, found.json
    assert [thing["number"] for thing in found.json["items"]] in ([order_no], [f"{order_no}/1"])
    assert {thing["mover"] for thing in found.json["items"]} <= {"task", "schedule"}
    assert client.get("/api/v1/open-things?ownerless=true").json["items"] == []


def test_the_order_says_how_much_waits_and_who_looks_at_it_though_its_own_process_has_ended(installation, signed_in, monkeypatch):
    deploy_content(installation, actor="test")
    client = signed_in("tom")
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE customer SET customer_class = 'C', credit_limit = 1000000, order_limit = 1000000"))
        on_hand = tx.execute(text("SELECT sum(on_hand) FROM stock_balance WHERE sku = 'PUMP-40'")).scalar_one()
        tx.execute(text("UPDATE supply SET qty_open = 0"))
    body = {"customer_no": "C-1001", "customer_po": "PO-4712", "lines": [{"sku": "PUMP-40", "quantity": str(int(on_hand) + 7)}]}
    order_no = client.post("/api/v1/orders", json=body).json["order_no"]
    run_until_idle(installation.runtime)
    told = client.get(f"/api/v1/orders/{order_no}/story").json["open_things"]
    waits = next(thing for thing in told if thing["kind"] == "backordered order line")
    assert (waits["mover"], waits["what"], waits["number"]) == ("schedule", "backorder-run", f"{order_no}/1")
    assert waits["detail"].startswith("7 ")
    page = client.get(f"/orders/{order_no}").get_data(as_text=True)
    assert waits["detail"] in page
    assert "The process backorder-run looks at it again" in page
    monkeypatch.setattr("api.commands.explain.open_database", lambda _settings: installation.database)
    said = CliRunner().invoke(explain_command, [order_no]).output
    assert f"Open: backordered order line {order_no}/1, {waits['detail']}" in said
    assert "Nothing is left to do" not in said
