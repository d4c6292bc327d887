"""The secrets of webhooks are sealed in the database: opened to sign and to believe, sealed anew by a new key, and missed in words."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from api.auth.sealing import reseal, ring_of
from handlers.changes import Author
from handlers.sealing import KeyMissing, Ring
from handlers.webhooks.delivering import Sending, send_due
from handlers.webhooks.sealed import sealer
from tests.integration.api.conftest import KEY as OLD
from tests.integration.webhooks.conftest import LOOPBACK
from tests.integration.webhooks.test_webhooks import keeper, subscribe, verified  # noqa: F401  # the same administrator
from tests.integration.webhooks.test_webhooks_in import DOOR, SHOP, created, signed

NEW = "n" * 32


def kept(house, table="webhook_subscription"):
    with house.database.transaction() as tx:
        return tx.execute(text(f"SELECT secret, previous_secret FROM {table}")).one()


@pytest.fixture
def shop_secret(keeper, signed_in):  # noqa: F811  # the fixture of the same name
    asked = keeper.post("/api/v1/webhook-sources", json=SHOP)
    signed_in("olga").post(f"{asked.headers['Location']}/confirm", json={"reason": "as agreed"})
    return keeper.post("/api/v1/webhook-sources/web-shop/secret", json={}).json["secret"]


def test_neither_way_keeps_its_secret_in_words_and_both_are_sealed_anew_by_a_new_key(
    keeper,  # noqa: F811
    told,
    open_house,
    shop_secret,
):
    number, secret = subscribe(keeper, told, "*")
    newer = keeper.post(f"/api/v1/webhooks/{number}/rotate", json={}).json["secret"]
    assert all(row.startswith("gAAAA") for row in (*kept(open_house), kept(open_house, "webhook_source").secret))
    both, new = (ring_of(replace(open_house.settings, secrets_key=keys)) for keys in (f"{NEW},{OLD}", NEW))
    with open_house.database.transaction() as tx:
        assert reseal(tx, both, Author("command-line")) == 3
    assert [new.open(row) for row in kept(open_house)] == [newer, secret]
    assert new.open(kept(open_house, "webhook_source").secret) == shop_secret
    keeper.post(f"/api/v1/webhooks/{number}/ping")
    send_due(open_house.runtime, Sending(new, LOOPBACK))
    assert verified(told.messages[0], secret) == verified(told.messages[0], newer)
    refused = keeper.post(DOOR, **signed(shop_secret, created()))
    assert (refused.status_code, "its key is missing" in refused.json["detail"]) == (401, True)


def test_where_the_key_is_missing_a_message_waits_and_says_so(keeper, told, open_house):  # noqa: F811
    number, _ = subscribe(keeper, told, "*")
    keeper.post(f"/api/v1/webhooks/{number}/ping")
    send_due(open_house.runtime, Sending(Ring((NEW,)), LOOPBACK))
    assert told.messages == []
    with open_house.database.transaction() as tx:
        state, answer = tx.execute(text("SELECT state, answer FROM webhook_delivery")).one()
    assert (state, "key that sealed this secret is not among ours" in answer) == ("pending", True)
    with open_house.database.transaction() as tx, pytest.raises(KeyMissing):
        reseal(tx, Ring((NEW,)), Author("command-line"))


def test_a_secret_of_before_there_was_a_key_still_counts_and_is_sealed_by_the_clock(keeper, told, open_house):  # noqa: F811
    number, secret = subscribe(keeper, told, "*")
    with open_house.database.transaction() as tx:
        tx.execute(text("UPDATE webhook_subscription SET secret = :secret"), {"secret": secret})
    keeper.post(f"/api/v1/webhooks/{number}/ping")
    open_house.send()
    verified(told.messages[0], secret)
    for sealed_now in (1, 0):
        with open_house.database.transaction() as tx:
            assert sealer(open_house.ring)(tx) == sealed_now
    assert open_house.ring.open(kept(open_house).secret) == secret != kept(open_house).secret
