"""Webhooks out: written with what happened, signed, sent in order, tried again, given up to somebody, sent anew."""

from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from engine.store.paging import Asked
from handlers.calling import call
from handlers.open_things import Filter, list_open_things
from handlers.orders.events import note
from handlers.webhooks.delivering import Sender, Sending, forget_old, send_due, tell_audit_head
from tests.integration.webhooks.conftest import LOOPBACK

ORDER = {"customer_no": "C-1001", "customer_po": "PO-4711", "lines": [{"sku": "PUMP-40", "quantity": "2"}]}


def sql(house, statement, **given):
    with house.database.transaction() as tx:
        found = tx.execute(text(statement), given)
        return found.all() if found.returns_rows else None


def subscribe(keeper, told, *events):
    answer = keeper.post("/api/v1/webhooks", json={"label": "web shop", "address": told.address, "events": list(events)})
    assert answer.status_code == 201, answer.json
    return answer.json["id"], answer.json["secret"]


def happen(house, kind, order_no, detail=None):
    with house.database.transaction() as tx:
        note(tx, order_no, kind, detail=detail)


def verified(message, secret):
    headers, _, raw = message
    return Webhook(secret).verify(raw, headers)


@pytest.fixture
def keeper(signed_in, open_house):
    return signed_in("edith")


@pytest.fixture
def order_no(signed_in, open_house):
    return signed_in("tom").post("/api/v1/orders", json=ORDER).json["order_no"]


def test_what_happens_is_told_signed_with_its_facts_and_what_was_rolled_back_is_not(keeper, told, open_house, signed_in):
    _, secret = subscribe(keeper, told, "order.*")
    order_no = signed_in("tom").post("/api/v1/orders", json=ORDER).json["order_no"]
    with open_house.database.transaction() as tx:
        note(tx, order_no, "order_cancelled", detail={"reason": "never"})
        tx.rollback()
    open_house.send()
    (message,) = told.messages
    said = verified(message, secret)
    assert (said["type"], said["subject"], said["data"]["source"]) == ("order.received", order_no, "API")
    assert said["data"]["customer_po"] == "PO-4711"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(message[2].replace("PO-4711", "PO-4712"), message[0])
    assert open_house.send() == 0


def test_a_server_error_is_tried_again_under_the_same_id_and_holds_back_only_what_came_later_about_the_same(
    keeper, told, open_house, signed_in, order_no
):
    other = signed_in("tom").post("/api/v1/orders", json={**ORDER, "customer_po": "PO-4712"}).json["order_no"]
    number, secret = subscribe(keeper, told, "order.held", "order.released")
    told.answers = [503]
    happen(open_house, "hold_applied", order_no, {"hold_code": "CREDIT"})
    happen(open_house, "hold_released", order_no, {"hold_code": "CREDIT"})
    happen(open_house, "hold_applied", other, {"hold_code": "FRAUD"})
    open_house.send()
    assert [(body["type"], body["subject"]) for _, body, _ in told.messages] == [("order.held", order_no), ("order.held", other)]
    shown = keeper.get(f"/api/v1/webhooks/{number}/deliveries").json["items"]
    assert [(each["state"], each["attempts"], each["status"]) for each in shown] == [
        ("delivered", 1, 204),
        ("pending", 0, None),
        ("pending", 1, 503),
    ]
    assert keeper.get(f"/api/v1/webhooks/{number}").json["failing_since"] is None  # the other one came through
    sql(open_house, "UPDATE webhook_delivery SET due_at = now()")
    open_house.send()
    assert told.types() == ["order.held", "order.held", "order.held", "order.released"]
    first, again = told.messages[0], told.messages[2]
    assert (first[0]["webhook-id"], first[2]) == (again[0]["webhook-id"], again[2])
    assert verified(again, secret)["data"]["hold_code"] == "CREDIT"


def test_two_secrets_count_for_a_day_then_the_new_one_alone(keeper, told, open_house):
    number, old = subscribe(keeper, told, "*")
    answer = keeper.post(f"/api/v1/webhooks/{number}/rotate", json={}, headers={"Idempotency-Key": "r1"})
    new = answer.json["secret"]
    assert keeper.post(f"/api/v1/webhooks/{number}/rotate", json={}, headers={"Idempotency-Key": "r1"}).json["code"] == "shown_once"
    keeper.post(f"/api/v1/webhooks/{number}/ping")
    open_house.send()
    assert verified(told.messages[0], old) == verified(told.messages[0], new)
    sql(open_house, "UPDATE webhook_subscription SET previous_until = now() - interval '1 second'")
    keeper.post(f"/api/v1/webhooks/{number}/ping")
    open_house.send()
    assert verified(told.messages[1], new)["data"] == {"asked_by": "edith"}
    with pytest.raises(WebhookVerificationError):
        verified(told.messages[1], old)
    pages = ("/api/v1/audit?limit=200", "/api/v1/webhooks", f"/operations/webhooks/{number}")
    everything = "".join(keeper.get(page).text for page in pages)
    assert old not in everything
    assert new not in everything


def test_a_message_that_was_given_up_has_somebody_who_is_told_and_is_sent_again_or_let_go(keeper, told, open_house, order_no, signed_in):
    number, _ = subscribe(keeper, told, "order.cancelled")
    told.answers = [500] * 3
    happen(open_house, "order_cancelled", order_no)
    sql(open_house, "UPDATE webhook_delivery SET attempts = 9")
    open_house.send()
    (given_up,) = keeper.get(f"/api/v1/webhooks/{number}/deliveries?state=failed").json["items"]
    assert (given_up["attempts"], given_up["status"]) == (10, 500)
    (mail,) = sql(open_house, "SELECT target, payload FROM effect WHERE key LIKE 'webhook:%'")
    assert (mail.target, mail.payload["path"]) == ("edith", f"/operations/webhooks/{number}")
    with open_house.database.transaction() as tx:
        (thing,) = list_open_things(tx, Filter(kind="webhook message given up"), Asked()).rows
    assert (thing.mover, thing.who) == ("hold", "operator")
    page = keeper.get(f"/operations/webhooks/{number}").text
    assert "Given up" in page
    assert "Send again" in page
    here = f"/api/v1/webhooks/{number}/deliveries/{given_up['id']}"
    assert keeper.post(f"{here}/let-go", json={}).status_code == 422
    assert keeper.post(f"/api/v1/webhooks/{number}/replay", json={"since": "2000-01-01T00:00:00Z"}).json == {"messages": 1}
    told.answers = []
    open_house.send()
    assert told.messages[-1][0]["webhook-id"] == given_up_id(given_up)
    assert keeper.post(f"{here}/replay").status_code == 202
    open_house.send()
    assert len({message[0]["webhook-id"] for message in told.messages}) == 1


def given_up_id(row):
    return f"msg_{row['id']}"


def test_an_address_that_fails_for_days_is_left_alone_and_catches_up_when_resumed(keeper, told, open_house, order_no):
    number, _ = subscribe(keeper, told, "order.cancelled")
    told.answers = [500]
    happen(open_house, "order_cancelled", order_no)
    sql(open_house, "UPDATE webhook_subscription SET failing_since = now() - interval '6 days'")
    send_due(open_house.runtime, Sending(open_house.ring, LOOPBACK, timedelta(days=7)))
    assert keeper.get(f"/api/v1/webhooks/{number}").json["state"] == "active"
    told.answers = [500]
    sql(open_house, "UPDATE webhook_delivery SET due_at = now()")
    open_house.send()
    shown = keeper.get(f"/api/v1/webhooks/{number}").json
    assert shown["state"] == "stopped"
    assert "Nothing came through since" in shown["state_reason"]
    sql(open_house, "UPDATE webhook_delivery SET due_at = now()")
    happen(open_house, "order_cancelled", order_no)
    assert open_house.send() == 0
    assert keeper.post(f"/api/v1/webhooks/{number}/resume").status_code == 200
    open_house.send()
    assert told.types() == ["order.cancelled"] * 4
    told.answers = [410]
    keeper.post(f"/api/v1/webhooks/{number}/ping")
    open_house.send()
    assert keeper.get(f"/api/v1/webhooks/{number}").json["state"] == "stopped"


def test_a_redirect_is_not_followed(keeper, told, open_house):
    number, _ = subscribe(keeper, told, "*")
    told.answers, told.headers = [302], {"Location": told.address}
    keeper.post(f"/api/v1/webhooks/{number}/ping")
    open_house.send()
    (shown,) = keeper.get(f"/api/v1/webhooks/{number}/deliveries").json["items"]
    assert (len(told.messages), shown["state"]) == (1, "pending")
    assert "redirects are not followed" in shown["answer"]


def test_what_is_removed_is_told_nothing_and_says_what_it_let_go(keeper, told, open_house, order_no):
    number, _ = subscribe(keeper, told, "order.*")
    happen(open_house, "order_cancelled", order_no)
    assert keeper.delete(f"/api/v1/webhooks/{number}").json == {"messages": 1}
    happen(open_house, "order_cancelled", order_no)
    assert open_house.send() == 0
    assert keeper.get(f"/api/v1/webhooks/{number}").status_code == 404
    assert sql(open_house, "SELECT state FROM webhook_delivery") == [("dropped",)]


def test_who_is_told_is_decided_by_an_administrator_and_a_wrong_address_is_said_beside_its_field(signed_in, keeper, told):
    wanted = {"label": "x", "address": told.address, "events": ["order.*"]}
    assert signed_in("olga").post("/api/v1/webhooks", json=wanted).status_code == 403
    assert signed_in("olga").get("/operations/webhooks").status_code == 200
    for address in (
        "http://10.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/",
        "ftp://a",
        "https://u:p@a.example/",
        "http://[::ffff:10.0.0.1]/",
    ):
        answer = keeper.post("/api/v1/webhooks", json={**wanted, "address": address})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["address"]), address
    answer = keeper.post("/api/v1/webhooks", json={**wanted, "events": ["order.nonsense"]})
    assert answer.json["errors"] == {"events": ["has no order.nonsense"]}
    page = keeper.post("/operations/webhooks", data={"label": "", "address": "x", "events": []})
    assert page.status_code == 422
    assert "Address must begin with https://" in page.text


def test_the_head_of_the_audit_log_is_told_once_a_day_to_whoever_keeps_it_outside(keeper, told, open_house):
    _, secret = subscribe(keeper, told, "audit.head")
    for _ in range(2):
        with open_house.database.transaction() as tx:
            tell_audit_head(tx)
    open_house.send()
    (message,) = told.messages
    head = verified(message, secret)["data"]
    ((latest, digest),) = sql(open_house, "SELECT id, hash FROM audit WHERE id = :id", id=head["audit_id"])
    assert (head["audit_id"], head["hash"]) == (latest, digest)
    sql(open_house, "UPDATE webhook_subscription SET audit_head_on = audit_head_on - 1")
    with open_house.database.transaction() as tx:
        assert tell_audit_head(tx) == 1


def test_what_came_through_long_ago_is_forgotten_and_nothing_else(keeper, told, open_house):
    number, _ = subscribe(keeper, told, "*")
    for _ in range(3):
        keeper.post(f"/api/v1/webhooks/{number}/ping")
    open_house.send()
    first, second, third = (row.id for row in sql(open_house, "SELECT id FROM webhook_delivery ORDER BY id"))
    sql(open_house, "UPDATE webhook_delivery SET last_sent_at = now() - interval '31 days' WHERE id <> :id", id=second)
    sql(open_house, "UPDATE webhook_delivery SET state = 'failed' WHERE id = :id", id=third)
    with open_house.database.transaction() as tx:
        assert forget_old(tx) == 1
    assert [row.id for row in sql(open_house, "SELECT id FROM webhook_delivery ORDER BY id")] == [second, third]
    assert first < second


def test_the_catalogue_is_a_page_and_a_document(keeper):
    assert "invoice.paid" in keeper.get("/operations/webhooks/events").text
    document = keeper.get("/api/v1/asyncapi.json").json
    assert (document["asyncapi"], len(document["operations"])) == ("3.0.0", len(document["components"]["messages"]))
    listed = keeper.get("/api/v1/webhook-events").json["items"]
    assert {each["type"] for each in listed} == {each["name"] for each in document["components"]["messages"].values()}


def test_a_worker_that_dies_after_sending_leaves_a_message_that_is_sent_again_under_its_id(keeper, told, open_house):
    number, _ = subscribe(keeper, told, "*")
    keeper.post(f"/api/v1/webhooks/{number}/ping")

    def sent_and_dead(*given):
        call(*given)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_due(open_house.runtime, Sending(open_house.ring, LOOPBACK, call=sent_and_dead))
    assert open_house.send() == 0, "nobody knows whether the other worker is still at it"
    sql(open_house, "UPDATE webhook_delivery SET due_at = now()")
    open_house.send()
    first, again = told.messages
    assert (first[0]["webhook-id"], first[2]) == (again[0]["webhook-id"], again[2])
    assert sql(open_house, "SELECT state, attempts FROM webhook_delivery") == [("delivered", 2)]


def test_an_address_that_keeps_us_waiting_holds_up_nobody_else(keeper, told, open_house):
    slow, _ = subscribe(keeper, told, "*")
    quick, _ = subscribe(keeper, told, "*")
    let_on, told_quick = Event(), Event()

    def asked(request, *given):
        if request.headers["webhook-id"] == "msg_1":
            let_on.wait(30)
        answer = call(request, *given)
        if request.headers["webhook-id"] == "msg_2":
            told_quick.set()
        return answer

    keeper.post(f"/api/v1/webhooks/{slow}/ping")
    keeper.post(f"/api/v1/webhooks/{quick}/ping")
    sender = Sender(Sending(open_house.ring, LOOPBACK, call=asked))
    assert sender(open_house.runtime) == 2
    assert told_quick.wait(30)
    keeper.post(f"/api/v1/webhooks/{slow}/ping")
    sender(open_house.runtime)
    let_on.set()
    sender.stop()
    assert sorted(message[0]["webhook-id"] for message in told.messages) == ["msg_1", "msg_2", "msg_3"]
