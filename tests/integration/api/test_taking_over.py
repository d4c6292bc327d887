"""Whoever takes over what a cancelled instance was about is asked until nothing of it is left with nobody."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import text

from api.content import deploy_content
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import clock
from tests.life.bank import camt


def task_of(browser):
    (found,) = browser.get("/api/v1/user-tasks").json
    return browser.get(f"/api/v1/user-tasks/{found['id']}").json


def decide(browser, **data):
    answer = browser.post(f"/api/v1/user-tasks/{task_of(browser)['task']['id']}/complete", json={"data": data})
    assert answer.status_code == 200, answer.json


def broken(installation, browser):
    run_until_idle(installation.runtime)
    return [each["id"] for each in browser.get("/api/v1/invariants").json["invariants"] if not each["ok"]]


def test_a_statement_whose_process_was_cancelled_is_not_dealt_with_by_saying_so(installation, signed_in):
    deploy_content(installation, actor="test")
    amina, olga = signed_in("amina"), signed_in("olga")
    with installation.database.transaction() as tx:
        yesterday = clock.business_today(tx) - timedelta(days=1)
    taken = camt("S1", yesterday, (Decimal(0), Decimal("-12.50")), [("DBIT", Decimal("12.50"), "what may this be", False)])
    assert amina.post("/api/v1/statements", data=taken, content_type="application/xml").status_code == 202
    run_until_idle(installation.runtime)
    assert task_of(amina)["task"]["name"] == "Explain bank entry"
    with installation.database.transaction() as tx:
        instance_id = tx.execute(text("SELECT id FROM instance WHERE process_key = 'statement-intake'")).scalar_one()
    assert olga.post(f"/api/v1/instances/{instance_id}/cancel", json={"reason": "By mistake"}).status_code == 200
    assert broken(installation, olga) == [], "its owner has it"
    assert task_of(amina)["form_data"]["still_open"] == "bank line BS-000001/1"

    decide(amina, outcome="by_hand", reason="I thought it was done")
    assert task_of(amina)["form_data"]["still_open"] == "bank line BS-000001/1"
    assert broken(installation, olga) == []

    decide(amina, outcome="anew", reason="It was not")
    assert broken(installation, olga) == []
    assert task_of(amina)["task"]["name"] == "Explain bank entry"
    with installation.database.transaction() as tx:
        states = tx.execute(text("SELECT state FROM instance WHERE process_key = 'cancelled-instance'")).scalars().all()
    assert states == ["completed"]


def test_a_process_that_cannot_begin_again_leaves_its_owner_asked(installation, signed_in):
    deploy_content(installation, actor="test")
    amina, olga = signed_in("amina"), signed_in("olga")
    with installation.database.transaction() as tx:
        yesterday = clock.business_today(tx) - timedelta(days=1)
    taken = camt("S1", yesterday, (Decimal(0), Decimal("-12.50")), [("DBIT", Decimal("12.50"), "what may this be", False)])
    amina.post("/api/v1/statements", data=taken, content_type="application/xml")
    run_until_idle(installation.runtime)
    with installation.database.transaction() as tx:
        instance_id = tx.execute(text("SELECT id FROM instance WHERE process_key = 'statement-intake'")).scalar_one()
    olga.post(f"/api/v1/instances/{instance_id}/cancel", json={"reason": "By mistake"})
    run_until_idle(installation.runtime)
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE process_version SET retired = true WHERE process_key = 'statement-intake'"))
    decide(amina, outcome="anew", reason="Once more")
    assert task_of(amina)["form_data"]["still_open"] == "bank line BS-000001/1"
    with installation.database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM incident")).scalar_one() == 0
