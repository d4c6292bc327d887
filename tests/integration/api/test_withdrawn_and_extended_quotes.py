"""A quote that was sent: withdrawn or extended through the API, and told by the worker."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from api.content import deploy_content
from api.demo.people import PEOPLE
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
    assert (late.status_code, late.json["code"]) == (409, "quote_withdrawn")


def test_a_quote_is_valid_longer_after_it_was_extended_twice(installation, signed_in, sent):
    sara = signed_in("sara")
    for days in (60, 90):
        body = {"valid_until": in_days(installation, days), "reason": "The board meets later"}
        assert sara.post(f"/api/v1/quotes/{sent}/extend", json=body).status_code == 202
        run_until_idle(installation.runtime)
    assert sara.get(f"/api/v1/quotes/{sent}").json["valid_until"].startswith(in_days(installation, 90))
    assert state_of(installation, sent) == "SENT"


def test_an_acceptance_after_the_last_day_is_told_so_at_once_and_counts_when_there_is_more_time(installation, signed_in, sent):
    sara = signed_in("sara")
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE quote SET valid_until = business_now() - interval '1 minute'"))
    late = sara.post(f"/api/v1/quotes/{sent}/accept", json={"customer_po": "PO-1"})
    assert (late.status_code, late.json["code"]) == (409, "quote_expired")
    assert late.json["next_step"].startswith("Give the customer more time")
    body = {"valid_until": in_days(installation, 60), "reason": "The board meets later"}
    assert sara.post(f"/api/v1/quotes/{sent}/extend", json=body).status_code == 202
    run_until_idle(installation.runtime)
    assert sara.post(f"/api/v1/quotes/{sent}/accept", json={"customer_po": "PO-1"}).status_code == 202
    run_until_idle(installation.runtime)
    assert state_of(installation, sent) == "ORDERED"


@pytest.mark.parametrize("days", [-1, 10, 400])
def test_a_quote_is_not_extended_into_the_past_nor_shortened_nor_beyond_a_year(installation, signed_in, sent, days):
    body = {"valid_until": in_days(installation, days), "reason": "The board meets later"}
    refused = signed_in("sara").post(f"/api/v1/quotes/{sent}/extend", json=body)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["valid_until"])


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


def test_the_page_of_a_quote_gives_more_time_and_takes_it_back(installation, signed_in, sent):
    sara, address = signed_in("sara"), f"/quotes/{sent}"
    given = {"valid_until": in_days(installation, 60), "reason": "The board meets later"}
    assert sara.post(f"{address}/extend", data=given).headers["Location"].endswith("?done=answered")
    run_until_idle(installation.runtime)
    assert sara.get(f"/api/v1{address}").json["valid_until"].startswith(in_days(installation, 60))
    assert sara.post(f"{address}/withdraw", data={"reason": "Costs rose"}).status_code == 303
    run_until_idle(installation.runtime)
    assert state_of(installation, sent) == "WITHDRAWN"
    assert "Costs rose" in sara.get(address).text


@pytest.mark.parametrize(
    ("verb", "typed", "told"),
    [
        ("extend", {"valid_until": "soon", "reason": "The board meets later"}, "Valid until must be a day"),
        ("extend", {"valid_until": "2020-01-01", "reason": "The board meets later"}, "Valid until must lie in the future"),
        ("extend", {"valid_until": "2099-01-01", "reason": ""}, "Why is missing"),
        ("withdraw", {"reason": "  "}, "Why is missing"),
        ("accept", {"customer_po": ""}, "Their purchase order number is missing"),
    ],
)
def test_what_is_wrong_with_an_answer_stands_beside_its_field_in_the_dialog_that_comes_back_open(signed_in, sent, verb, typed, told):
    refused = signed_in("sara").post(f"/quotes/{sent}/{verb}", data=typed)
    assert refused.status_code == 422
    dialog = refused.text.split(f'id="{verb}"')[1].split("</dialog>")[0]
    assert "data-opened" in dialog.split(">")[0]
    assert told in dialog


def test_sales_lowers_the_discount_of_one_line_that_was_rejected(installation, signed_in):
    deploy_content(installation, actor="the product")
    sara = signed_in("sara")
    lines = [
        {"sku": "PUMP-40", "quantity": "10", "discount_pct": "60", "discount_reason": "Fair"},
        {"sku": "PUMP-40", "quantity": "1"},
    ]
    quote_no = sara.post("/api/v1/quotes", json={"customer_no": "C-1001", "lines": lines}).json["quote_no"]
    run_until_idle(installation.runtime)
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM user_task WHERE state = 'open' AND element_id = 'approve_quote'")) == 1
        groups = tx.scalar(text("SELECT candidate_groups[1] FROM user_task WHERE state = 'open'"))
    approver = next(each.name for each in PEOPLE if groups in each.groups)
    (task,) = signed_in(approver).get("/api/v1/user-tasks").json
    refused = {"data": {"approved": False, "comment": "Too much on line 1"}}
    assert signed_in(approver).post(f"/api/v1/user-tasks/{task['id']}/complete", json=refused).status_code == 200
    run_until_idle(installation.runtime)
    (link,) = re.findall(r'href="(/worklist/[^"]+)">Revise quote', sara.get(f"/quotes/{quote_no}").text)
    opened = sara.get(f"/api/v1/user-tasks/{link.rpartition('/')[2]}").json
    assert [(row["line_no"], Decimal(str(row["discount_pct"]))) for row in opened["form_data"]["lines"]] == [(1, 60), (2, 0)]
    offered = {"action": "offer", "discount_pct": 0, "lines": [{"discount_pct": 5}, {"discount_pct": 0}], "comment": "Lowered"}
    assert sara.post(f"/api/v1/user-tasks/{opened['task']['id']}/complete", json={"data": offered}).status_code == 200
    run_until_idle(installation.runtime)
    shown = sara.get(f"/api/v1/quotes/{quote_no}").json
    assert [Decimal(line["manual_discount_pct"]) for line in shown["lines"]] == [5, 0]
    assert shown["version_no"] == 2
