"""Webhooks in: believed by signature, kept once, done once, and owned where nothing came of them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

ORDER = {"customer_no": "C-1001", "customer_po": "PO-9001", "lines": [{"sku": "PUMP-40", "quantity": "2.5"}]}
DOOR = "/api/v1/intake/webhooks/web-shop"
SHOP = {"name": "web-shop", "label": "Web shop", "kinds": ["order.created", "order.cancellation_requested"], "customer_no": "C-1001"}


@pytest.fixture
def keeper(signed_in):
    return signed_in("edith")


@pytest.fixture
def secret(keeper, signed_in):
    """The secret of the web shop: edith asked for it, olga agreed."""
    asked = keeper.post("/api/v1/webhook-sources", json=SHOP)
    assert (asked.status_code, asked.json["state"]) == (202, "pending")
    assert signed_in("olga").post(f"{asked.headers['Location']}/confirm", json={"reason": "as agreed"}).status_code == 200
    return keeper.post("/api/v1/webhook-sources/web-shop/secret", json={}).json["secret"]


def signed(secret, body, message_id="m-1", at=None):
    raw = body if isinstance(body, str) else json.dumps(body)
    at = at or datetime.now(UTC)
    headers = {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "Content-Type": "application/json"}
    return {"data": raw, "headers": {**headers, "webhook-signature": Webhook(secret).sign(message_id, at, raw)}}


def created(data=ORDER):
    return {"type": "order.created", "timestamp": "2026-11-30T14:05:00Z", "data": data}


def count(installation, table="sales_order"):
    with installation.database.transaction() as tx:
        return tx.scalar(text(f"SELECT count(*) FROM {table}"))


def test_a_signed_order_is_taken_in_once_however_often_it_comes(client, secret, installation):
    before = count(installation)
    first = client.post(DOOR, **signed(secret, created()))
    assert (first.status_code, first.json["state"], first.json["duplicate"]) == (202, "done", False), first.json
    assert first.headers["Location"] == f"/api/v1/orders/{first.json['reference']}"
    again = client.post(DOOR, **signed(secret, created()))
    assert (again.status_code, again.json) == (202, {**first.json, "duplicate": True})
    other = client.post(DOOR, **signed(secret, created({**ORDER, "customer_po": "PO-9002"})))
    assert (other.status_code, other.json["code"]) == (409, "key_reused")
    assert count(installation) == before + 1
    told = {"type": "order.cancellation_requested", "data": {"order_no": first.json["reference"], "reason": "bought elsewhere"}}
    assert client.post(DOOR, **signed(secret, told, "m-2")).json["state"] == "done"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"webhook-id": ""}, "webhook-id is missing"),
        ({"webhook-timestamp": "yesterday"}, "webhook-timestamp is no number"),
        ({"webhook-signature": "v1a,xyz"}, "no signature of version v1"),
        ({"webhook-signature": "v1,AAAA"}, "fits neither the body nor a secret"),
        ({"webhook-id": "m-7"}, "fits neither the body nor a secret"),
    ],
)
def test_what_is_not_signed_is_refused_by_the_part_that_is_wrong_and_kept_nowhere(client, secret, installation, change, said):
    message = signed(secret, created())
    answer = client.post(DOOR, data=message["data"], headers={**message["headers"], **change})
    assert (answer.status_code, answer.json["code"]) == (401, "not_signed")
    assert said in answer.json["detail"]
    assert count(installation, "webhook_received") == 0


def test_an_old_time_another_body_and_an_unknown_name_are_not_believed(client, secret):
    for minutes, said in ((-6, "5 minutes ago"), (6, "5 minutes ahead")):
        answer = client.post(DOOR, **signed(secret, created(), at=datetime.now(UTC) + timedelta(minutes=minutes)))
        assert (answer.status_code, said in answer.json["detail"]) == (401, True)
    message = signed(secret, created())
    assert client.post(DOOR, data=message["data"].replace("2.5", "9.5"), headers=message["headers"]).status_code == 401
    assert client.post(DOOR.replace("web-shop", "nobody"), **message).status_code == 401
    assert client.post(DOOR, data=b"\xff", headers=message["headers"]).status_code == 401


def test_two_secrets_count_for_a_day_and_a_paused_source_is_not_believed(client, keeper, secret, installation):
    new = keeper.post("/api/v1/webhook-sources/web-shop/secret", json={}).json["secret"]
    assert [client.post(DOOR, **signed(each, created({}), each[-8:])).status_code for each in (secret, new)] == [202, 202]
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE webhook_source SET previous_until = now() - interval '1 second'"))
    assert [client.post(DOOR, **signed(each, created({}), f"x{each[-8:]}")).status_code for each in (secret, new)] == [401, 202]
    assert keeper.post("/api/v1/webhook-sources/web-shop/pause", json={}).status_code == 200
    assert client.post(DOOR, **signed(new, created())).status_code == 401
    assert secret not in keeper.get("/api/v1/webhook-sources").text + keeper.get("/api/v1/audit?limit=200").text


def test_what_nothing_comes_of_is_kept_owned_tried_again_or_let_go(client, keeper, secret, installation, signed_in):
    unknown = client.post(DOOR, **signed(secret, {"type": "coffee.ordered", "data": {}}, "m-1")).json
    foreign = client.post(DOOR, **signed(secret, created({**ORDER, "customer_no": "C-1002"}), "m-2")).json
    missing = client.post(DOOR, **signed(secret, created({**ORDER, "lines": [{"sku": "PUMP-40", "quantity": "-1"}]}), "m-3")).json
    unread = client.post(DOOR, **signed(secret, "[1", "m-4")).json
    beyond = client.post(DOOR, **signed(secret, {"type": "message", "data": {}}, "m-5")).json
    states = [each["state"] for each in (unknown, foreign, missing, unread, beyond)]
    assert states == ["unknown", "rejected", "rejected", "rejected", "unknown"]
    assert foreign["problem"]["errors"] == {"customer_no": ["is not C-1001"]}
    assert list(missing["problem"]["errors"]) == ["lines.0.quantity"]
    open_things = keeper.get("/api/v1/open-things?kind=webhook%20that%20came").json["items"]
    assert {(each["mover"], each["who"]) for each in open_things} == {("hold", "operator")}
    with installation.database.transaction() as tx:
        assert set(tx.scalars(text("SELECT target FROM effect WHERE key LIKE 'webhook-received:%'"))) == {"edith"}
        tx.execute(text("UPDATE webhook_source SET customer_no = NULL"))
    olga = signed_in("olga")
    assert "C-1001 only" in olga.get("/operations/webhooks/received?state=waiting").text
    again = olga.post(f"/api/v1/webhooks-received/{foreign['id']}/again", json={}).json
    assert (again["state"], again["problem"]) == ("done", {})
    assert olga.post(f"/api/v1/webhooks-received/{foreign['id']}/again", json={}).status_code == 409
    assert olga.post(f"/operations/webhooks/received/{unknown['id']}/let-go", data={"reason": ""}).status_code == 422
    assert olga.post(f"/operations/webhooks/received/{unknown['id']}/let-go", data={"reason": "none of ours"}).status_code == 303
    assert len(keeper.get("/api/v1/webhooks-received?state=waiting").json["items"]) == 3


def test_a_source_is_checked_by_field_and_speaks_only_the_messages_it_was_given(client, keeper, signed_in):
    wrong = {"name": "web shop!", "kinds": ["coffee"], "customer_no": "C-9", "messages": ["x"]}
    answer = keeper.post("/api/v1/webhook-sources", json=wrong)
    assert (answer.status_code, set(answer.json["errors"])) == (422, {"name", "kinds", "customer_no", "messages"})
    assert signed_in("olga").post("/api/v1/webhook-sources", json=SHOP).status_code == 403
    asked = keeper.post("/api/v1/webhook-sources", json={"name": "pay", "kinds": ["message"], "messages": ["payment.returned"]})
    signed_in("ines").post(f"{asked.headers['Location']}/confirm", json={})
    secret = keeper.post("/api/v1/webhook-sources/pay/secret", json={}).json["secret"]
    door = DOOR.replace("web-shop", "pay")
    told = {"type": "message", "data": {"name": "payment.returned", "correlation": {"invoice_no": "INV-1"}, "payload": {"amount": 1.10}}}
    assert client.post(door, **signed(secret, told)).json["reference"] == "buffered"
    told["data"]["name"] = "quote.accepted"
    assert client.post(door, **signed(secret, told, "m-2")).json["state"] == "unknown"
