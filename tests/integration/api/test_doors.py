"""What knocks at the doors of the house from outside: foreign forms, odd tokens, addresses to go to, bodies nobody can read."""

import base64

import pytest
from sqlalchemy import text

from api.auth.accounts import NewAccount, add_account
from api.auth.sessions import forget_what_is_over
from api.requests import forget_old_keys
from api.sign_in import safe_next
from engine.jobs.clock import clean
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.runtime.verbs.start import start
from tests import tiny_models as m


@pytest.mark.parametrize("token", ["", "wrong", "ümlaut-€".encode().decode("latin-1")])
def test_a_wrong_csrf_token_is_refused_whatever_it_holds(signed_in, token):
    browser = signed_in("sara")
    answer = browser.post("/logout", headers={"X-CSRF-Token": token})
    assert (answer.status_code, answer.json["code"]) == (403, "csrf")
    answer = browser.post("/logout", data={"csrf_token": "ж"}, headers={"X-CSRF-Token": ""})
    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_signs_nobody_in(client, site):
    answer = client.post("/login", data={"persona": "sara"}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert client.post("/login", data={"persona": "sara"}, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 302


def test_who_signs_in_comes_to_the_whole_address_they_asked_for(client):
    answer = client.get("/worklist?scope=mine&search=a+b")
    assert answer.headers["Location"] == "/login?next=/worklist?scope=mine%26search=a%2Bb"
    page = client.get(answer.headers["Location"])
    assert 'value="/worklist?scope=mine&amp;search=a+b"' in page.text


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "/\t/evil.example", "/\t\\evil.example", "/a\r\nX: y", "https://evil.example"]
)
def test_signing_in_leads_nowhere_else(target):
    assert safe_next(target) == "/"


@pytest.mark.parametrize("body", ['{"variables": ' + "[" * 100_000, "[" * 100_000, '{"variables": {"a": ' + "[" * 2000 + "]" * 2000 + "}}"])
def test_a_body_nested_beyond_reason_is_refused(signed_in, body):
    answer = signed_in("olga").post("/api/v1/instances", data=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "value", ["1" * 5000, "-" + "9" * 400, "1e99999", "NaN", "Infinity", '"\\u0000"', '"\\ud800"', '{"\\u0000": 1}', '{"\\ud800": 1}']
)
def test_a_variable_that_cannot_be_kept_is_refused(signed_in, installation, value):
    browser = signed_in("olga")
    body = f'{{"process_key": "quote-to-order", "variables": {{"a": {value}}}}}'
    for address in ("/api/v1/instances", "/api/v1/messages"):
        given = (
            body
            if address.endswith("instances")
            else f'{{"name": "hold.released", "payload": {{"a": {value}}}, "correlation": {{"b": {value}}}}}'
        )
        answer = browser.post(address, data=given, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, answer.text


def test_a_decision_that_waits_for_a_busy_worker_is_said_to_be_accepted(signed_in, installation):
    with installation.database.transaction() as tx:
        deploy(installation.runtime, tx, m.bundle("tiny", m.start() + m.user("check") + m.end(), "start -> check -> done"), "ada")
        start(installation.runtime, tx, "tiny", {})
        tx.execute(text("UPDATE instance SET lease_owner = gen_random_uuid(), lease_until = now() + interval '1 minute'"))
    browser = signed_in("sara")
    (task,) = browser.get("/api/v1/user-tasks").json
    answer = browser.post(f"/api/v1/user-tasks/{task['id']}/complete", json={"data": {}})
    assert (answer.status_code, answer.json["state"]) == (200, "accepted")
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE instance SET lease_until = 'epoch'"))
    run_until_idle(installation.runtime)
    assert browser.get(f"/api/v1/user-tasks/{task['id']}").json["task"]["state"] == "completed"


@pytest.mark.parametrize(
    "values", ["[1,2]", '["x","y"]', '[{"t":"2026-01-01T00:00:00"},"x"]', '[{"t":7},{"t":7}]', '{"t":1}', "[null]", "7"]
)
def test_a_cursor_of_somebody_else_is_refused(signed_in, values):
    cursor = base64.urlsafe_b64encode(values.encode()).decode()
    answer = signed_in("olga").get(f"/api/v1/instances?cursor={cursor}")
    assert (answer.status_code, answer.json["code"]) == (400, "cursor")


def test_old_keys_and_sessions_are_forgotten_by_the_clock(signed_in, installation):
    signed_in("sara")
    with installation.database.transaction() as tx:
        row = "'sara', 'k', 'h', now() - interval '8 days'"
        tx.execute(text(f"INSERT INTO idempotency_key (account_name, key, request_hash, created_at) VALUES ({row})"))
        tx.execute(text("UPDATE sign_in SET expires_at = now() - interval '1 second'"))
    clean(installation.runtime, (forget_old_keys, forget_what_is_over))
    with installation.database.transaction() as tx:
        assert tx.execute(text("SELECT (SELECT count(*) FROM idempotency_key), (SELECT count(*) FROM sign_in)")).one() == (0, 0)


def test_in_a_demo_nobody_signs_in_without_a_password_as_somebody_added_later(client, database):
    with database.transaction() as tx:
        add_account(tx, NewAccount("nora", "Nora Newcomer", ("admin",), password="orchid-lantern-42"))
    assert "Nora Newcomer" not in client.get("/login").text
    assert client.post("/login", data={"persona": "nora"}).status_code == 401
    assert client.post("/login", data={"persona": "sara"}).status_code == 302
