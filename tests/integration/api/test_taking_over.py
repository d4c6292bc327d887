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


def take_in_what_nobody_can_explain(installation, amina):
    """A statement with one entry that waits for treasury."""
    with installation.database.transaction() as tx:
        yesterday = clock.business_today(tx) - timedelta(days=1)
    taken = camt("S1", yesterday, (Decimal(0), Decimal("-12.50")), [("DBIT", Decimal("12.50"), "what may this be", False)])
    assert amina.post("/api/v1/statements", data=taken, content_type="application/xml").status_code == 202
    run_until_idle(installation.runtime)


def test_a_statement_whose_process_was_cancelled_is_not_dealt_with_by_saying_so(installation, signed_in):
    deploy_content(installation, actor="test")
    amina, olga = signed_in("amina"), signed_in("olga")
    take_in_what_nobody_can_explain(installation, amina)
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
    take_in_what_nobody_can_explain(installation, amina)
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


def test_what_an_instance_leaves_that_was_led_by_hand_to_its_end_is_handed_over(installation, signed_in):
    deploy_content(installation, actor="test")
    sara, olga = signed_in("sara"), signed_in("olga")
    asked = {"customer_no": "C-1001", "lines": [{"sku": "PUMP-40", "quantity": "1", "discount_pct": "0"}]}
    quote_no = sara.post("/api/v1/quotes", json=asked).json["quote_no"]
    run_until_idle(installation.runtime)
    with installation.database.transaction() as tx:
        instance_id = tx.execute(text("SELECT id FROM instance WHERE process_key = 'quote-to-order'")).scalar_one()
    token = olga.get(f"/api/v1/instances/{instance_id}/tokens").json[0]
    moved = {"task_id": token["task_id"], "reason": "They chose another supplier", "element_id": "quote_lost"}
    answer = olga.post(f"/api/v1/instances/{instance_id}/move", json=moved)
    assert answer.status_code == 200, answer.json
    assert broken(installation, olga) == []
    (found,) = [each for each in sara.get("/api/v1/user-tasks").json if each["element_id"] == "take_over"]
    form = sara.get(f"/api/v1/user-tasks/{found['id']}").json["form_data"]
    assert found["title"] == f"Take over {quote_no}: its Quote to order ended early"
    assert (form["cancelled_by"], form["still_open"]) == ("olga", f"quote {quote_no}")


def test_who_takes_over_from_who_took_over_starts_the_first_process_anew(installation, signed_in):
    """Two that look after what is left never leave it to each other."""
    deploy_content(installation, actor="test")
    amina, olga = signed_in("amina"), signed_in("olga")
    take_in_what_nobody_can_explain(installation, amina)
    for process_key in ("statement-intake", "cancelled-instance"):
        with installation.database.transaction() as tx:
            running = text("SELECT id FROM instance WHERE process_key = :key AND state = 'waiting'")
            instance_id = tx.execute(running, {"key": process_key}).scalar_one()
        assert olga.post(f"/api/v1/instances/{instance_id}/cancel", json={"reason": "By mistake"}).status_code == 200
        run_until_idle(installation.runtime)
    again = olga.post(f"/api/v1/instances/{instance_id}/start-anew", json={"reason": "By mistake too"})
    assert (again.status_code, again.json["code"]) == (409, "business_key_taken")
    decide(amina, outcome="anew", reason="It was not explained")
    assert broken(installation, olga) == []
    assert task_of(amina)["task"]["name"] == "Explain bank entry"
