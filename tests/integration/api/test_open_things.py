"""Everything open with its owner, over HTTP."""

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
