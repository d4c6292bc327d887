"""A quote that was sent: withdrawn or extended through the API, and told by the worker."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from api.content import deploy_content
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store.clock import business_today


@pytest.fixture
def sent(installation, signed_in) -> str:
    """A quote within what needs no approval."""
    deploy_content(installation, actor="the product")
    lines = [{"sku": "PUMP-40", "quantity": "1"}]
    quote_no: str = signed_in("sara").post("/api/v1/quotes", json={"customer_no": "C-1001", "lines": lines}).json["quote_no"]
    run_until_idle(installation.runtime)
    assert state_of(installation, quote_no) == "SENT"
    return quote_no


def state_of(installation, quote_no: str) -> str:
    with installation.database.transaction() as tx:
        return tx.execute(text("SELECT state FROM quote WHERE quote_no = :no"), {"no": quote_no}).scalar_one()


def in_days(installation, days: int) -> str:
    with installation.database.transaction() as tx:
        return (business_today(tx) + timedelta(days=days)).isoformat()


def test_a_quote_is_withdrawn_once_and_cannot_be_accepted_afterwards(installation, signed_in, sent):
    sara = signed_in("sara")
    for _ in range(2):
        assert sara.post(f"/api/v1/quotes/{sent}/withdraw", json={"reason": "Costs rose"}).status_code == 202
    run_until_idle(installation.runtime)
    assert state_of(installation, sent) == "WITHDRAWN"
    late = sara.post(f"/api/v1/quotes/{sent}/accept", json={"customer_po": "PO-1"})
    assert (late.status_code, late.json["code"]) == (409, "quote_not_sent")


def test_a_quote_is_valid_longer_after_it_was_extended_twice(installation, signed_in, sent):
    sara = signed_in("sara")
    for days in (60, 90):
        body = {"valid_until": in_days(installation, days), "reason": "The board meets later"}
        assert sara.post(f"/api/v1/quotes/{sent}/extend", json=body).status_code == 202
        run_until_idle(installation.runtime)
    assert sara.get(f"/api/v1/quotes/{sent}").json["valid_until"].startswith(in_days(installation, 90))
    assert state_of(installation, sent) == "SENT"


@pytest.mark.parametrize("days", [-1, 10, 400])
def test_a_quote_is_not_extended_into_the_past_nor_shortened_nor_beyond_a_year(installation, signed_in, sent, days):
    body = {"valid_until": in_days(installation, days), "reason": "The board meets later"}
    refused = signed_in("sara").post(f"/api/v1/quotes/{sent}/extend", json=body)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["valid_until"])
