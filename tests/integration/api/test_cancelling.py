"""Cancelling over HTTP and on the pages: an order by the order desk, an instance by an operator who was shown what it holds."""

import pytest
from sqlalchemy import text

from api.content import deploy_content
from engine.runtime.verbs.run_until_idle import run_until_idle


@pytest.fixture
def promised(installation, signed_in):
    """An order whose group waits in the warehouse."""
    deploy_content(installation, actor="test")
    body = {"customer_no": "C-1001", "customer_po": "PO-4711", "lines": [{"sku": "PUMP-40", "quantity": "2"}]}
    order_no = signed_in("tom").post("/api/v1/orders", json=body).json["order_no"]
    run_until_idle(installation.runtime)
    return order_no


def instance_of_group(client, order_no):
    instances = client.get(f"/api/v1/orders/{order_no}/story").json["instances"]
    return next(each for each in instances if each["process_key"] == "fulfillment-to-invoice")


def reserved(installation):
    with installation.database.transaction() as tx:
        return tx.execute(text("SELECT coalesce(sum(reserved), 0) FROM stock_balance")).scalar_one()


def test_the_order_desk_cancels_an_order_and_nothing_of_it_is_kept(installation, signed_in, promised):
    tom = signed_in("tom")
    assert reserved(installation) == 2
    answer = tom.post(f"/api/v1/orders/{promised}/cancel", json={"reason": "Bought elsewhere"})
    assert (answer.status_code, answer.json["state"]) == (202, "cancelling")
    run_until_idle(installation.runtime)
    assert tom.get(f"/api/v1/orders/{promised}").json["status"] == "CANCELLED"
    assert reserved(installation) == 0
    again = tom.post(f"/api/v1/orders/{promised}/cancel", json={"reason": "Really"})
    assert (again.status_code, again.json["code"]) == (409, "order_cancelled")
    assert [each["id"] for each in tom.get("/api/v1/invariants").json["invariants"] if not each["ok"]] == []


def test_who_may_not_take_orders_cannot_cancel_them(signed_in, promised):
    assert signed_in("jonas").post(f"/api/v1/orders/{promised}/cancel", json={"reason": "I will not pick it"}).status_code == 403


def test_an_unknown_order_is_not_cancelled(signed_in, promised):
    assert signed_in("tom").post("/api/v1/orders/SO-999999/cancel", json={"reason": "A typing error"}).status_code == 404


def test_the_page_of_an_order_offers_to_cancel_it_until_it_is_cancelled(installation, signed_in, promised):
    tom = signed_in("tom")
    page = tom.get(f"/orders/{promised}").text
    assert "Cancel order…" in page
    assert "Reserved: 2 EA of PUMP-40" in page
    assert "Cancel order…" not in signed_in("jonas").get(f"/orders/{promised}").text
    assert tom.post(f"/orders/{promised}/cancel", data={"reason": "Bought elsewhere"}).status_code == 303
    run_until_idle(installation.runtime)
    assert "Cancel order…" not in tom.get(f"/orders/{promised}").text


def test_an_operator_is_shown_what_an_instance_holds_before_it_is_cancelled(installation, signed_in, promised):
    ops = signed_in("olga")
    instance = instance_of_group(ops, promised)
    held = ops.get(f"/api/v1/instances/{instance['id']}/holdings").json
    assert held["undone"] is True
    assert {each["kind"] for each in held["items"]} == {"reservation", "fulfilment lines"}
    assert {"kind": "reservation", "number": "PUMP-40", "amount": "2.0000", "unit": "EA"}.items() <= held["items"][0].items()
    page = ops.get(f"/operations/instances/{instance['id']}").text
    assert "A process gives back what it holds" in page
    assert "Reserved: 2 EA of PUMP-40" in page
    assert ops.post(f"/api/v1/instances/{instance['id']}/cancel", json={"reason": "Stuck"}).status_code == 200
    run_until_idle(installation.runtime)
    told = ops.get(f"/api/v1/orders/{promised}/story").json["instances"]
    states = sorted(each["state"] for each in told if each["process_key"] == "fulfillment-to-invoice")
    assert states == ["cancelled", "waiting"], "its lines were promised anew"
    assert [each["id"] for each in ops.get("/api/v1/invariants").json["invariants"] if not each["ok"]] == []


def test_what_an_unknown_instance_holds_is_not_known(signed_in, promised):
    unknown = "/api/v1/instances/00000000-0000-0000-0000-000000000000/holdings"
    assert signed_in("olga").get(unknown).status_code == 404
