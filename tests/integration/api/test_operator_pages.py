"""The pages of operators and administrators: versions, signals, tasks of others, the audit log."""

import re

import pytest
from sqlalchemy import text

from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import start
from tests import tiny_models as m

WHY = {"reason": "As agreed with the team"}


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def checks(installation, company_database):
    """A process with a task that its candidates may do, and one instance of it."""
    settings = {"candidateGroups": "sales,order-desk"}
    with company_database.transaction() as tx:
        deploy(
            installation.runtime, tx, m.bundle("checks", m.start() + m.user("check", **settings) + m.end(), "start -> check -> done"), "ada"
        )
        start(installation.runtime, tx, "checks", {})
        return tx.execute(text("SELECT id, process_version_id AS version FROM instance")).one()


def test_a_signal_is_sent_on_its_page_and_the_page_says_who_heard_it(installation, signed_in, company_database):
    with company_database.transaction() as tx:
        definition = '<bpmn:signalEventDefinition signalRef="fire"/>'
        hears = f'<bpmn:intermediateCatchEvent id="hears" name="hears">{definition}</bpmn:intermediateCatchEvent>'
        outside = '<bpmn:signal id="fire" name="fire"/>'
        bundle = m.bundle("alarm", m.start() + hears + m.end(), "start -> hears -> done", outside=outside)
        deploy(installation.runtime, tx, bundle, "ada")
        instance_id = start(installation.runtime, tx, "alarm", {})
    olga, page = signed_in("olga"), "/operations/signals"
    assert re.search(r"fire</a></td><td[^>]*>1<", olga.get(page).text)
    wrong = olga.post(page, data={"name": "", "payload": "[1]", **WHY})
    assert wrong.status_code == 422
    assert "Signal is missing" in wrong.text
    wrong = olga.post(page, data={"name": "fire", "payload": "[1]", **WHY})
    assert "Data, as JSON must be a JSON object" in wrong.text
    assert ">[1]</textarea>" in wrong.text
    sent = olga.post(page, data={"name": "fire", "payload": '{"floor": 3}', **WHY})
    assert str(instance_id) in sent.text
    assert "Nobody waits for a signal" in sent.text
    assert "Nobody waited for it" in olga.post(page, data={"name": "fire", **WHY}).text
    assert signed_in("sara").post(page, data={"name": "fire", **WHY}).status_code == 403


def test_a_task_is_assigned_by_an_operator_and_handed_on_by_its_holder(checks, signed_in, company_database):
    with company_database.transaction() as tx:
        task = tx.scalar(text("SELECT id FROM user_task"))
    page = f"/worklist/{task}"
    olga, sara = signed_in("olga"), signed_in("sara")
    assert "Hand on…" not in sara.get(page).text
    assert "Everybody" in olga.get("/worklist").text
    assert page in olga.get("/worklist?view=everybody").text
    assert page not in olga.get("/worklist").text
    offered = re.findall(r"<option>(\w+)</option>", olga.get(page).text)
    assert offered == ["edith", "sara", "tom"]
    assert olga.post(f"{page}/assign", data={"to": "nobody"}).status_code == 422
    assert olga.post(f"{page}/assign", data={"to": ""}).status_code == 422
    assert sara.get("/worklist?view=mine").text.count(page) == 0
    assert olga.post(f"{page}/assign", data={"to": "sara"}).status_code == 303
    assert page in sara.get("/worklist?view=mine").text
    assert re.findall(r"<option>(\w+)</option>", sara.get(page).text.partition('id="hand-to"')[2]) == ["edith", "tom"]
    done = sara.post(f"{page}/assign", data={"to": "tom"})
    assert "tom has it now" in sara.get(done.headers["Location"]).text
    assert sara.post(f"{page}/assign", data={"to": "sara"}).status_code == 403


def test_the_api_hands_a_task_to_nobody_who_does_not_exist(checks, signed_in, company_database):
    with company_database.transaction() as tx:
        task = tx.scalar(text("SELECT id FROM user_task"))
    refused = signed_in("olga").post(f"/api/v1/user-tasks/{task}/assign", json={"to": "nobody"})
    assert (refused.status_code, refused.json["code"], list(refused.json["errors"])) == (422, "person_unknown", ["to"])


def test_the_audit_log_is_searched_and_verified_on_its_page(checks, signed_in, company_database):
    olga = signed_in("olga")
    olga.post(f"/operations/instances/{checks.id}/suspend", data=WHY)
    page = olga.get("/operations/audit?action=suspend").text
    assert "As agreed with the team" in page
    assert "No entry fits this filter" in olga.get("/operations/audit?actor=nobody").text
    assert "The log is whole." in olga.post("/operations/audit/verification").text
    with company_database.transaction() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))  # the log's trigger refuses it otherwise
        tx.execute(text("UPDATE audit SET reason = 'Nothing' WHERE action = 'suspend'"))
    assert "tampered with" in olga.post("/operations/audit/verification").text
    assert signed_in("sara").post("/operations/audit/verification").status_code == 403
