"""Mails about tasks: written once with what caused them, sent by a mail server on loopback, with a link that opens one task."""

import json
import re
from dataclasses import replace

import pyotp
import pytest
from sqlalchemy import text

from api.auth import second_factor
from api.auth.accounts import account_named
from api.notices.rounds import tell
from api.notices.sending import Outward
from api.settings import Settings
from engine.runtime.state import effects
from engine.runtime.state.effects import EffectSink
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from handlers.calling import Answer
from handlers.changes import Author
from tests import tiny_models as m
from tests.integration.postman import postman  # noqa: F401  # a fixture


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def house(installation, postman):  # noqa: F811  # the fixture
    """Tom has a mail address, and the log was read up to now. `house.deliver()` sends what is due."""
    settings = Settings(
        smtp_host="127.0.0.1", smtp_port=postman.port, smtp_security="none", mail_from="o@orders.example", site="https://o.example/"
    )
    database = installation.database
    ports = {**installation.runtime.ports, EffectSink: Outward(settings, database)}
    runtime = replace(installation.runtime, ports=ports)
    model = m.start() + m.user("check", candidateGroups="sales,order-desk", dueIn="PT1H", title="Check K-1") + m.end()
    with database.transaction() as tx:
        tx.execute(text("UPDATE user_account SET mail = 'tom@example.com' WHERE name = 'tom'"))
        deploy(runtime, tx, m.bundle("checks", model, "start -> check -> done"), "ada")
        start(runtime, tx, "checks", {}, StartOptions(business_key="K-1"))
    tell(runtime)
    return type("House", (), {"runtime": runtime, "database": database, "letters": postman.handler.letters, "postman": postman.handler})


@pytest.fixture
def task(signed_in, house):
    """The one task, which sara has handed to tom; it is due within an hour."""
    sara = signed_in("sara")
    (found,) = sara.get("/api/v1/user-tasks").json
    assert sara.post(f"/api/v1/user-tasks/{found['id']}/assign", json={"to": "tom"}).status_code == 200
    return found["id"]


def send(house):
    tell(house.runtime)
    effects.deliver(house.runtime)


def link_in(letter):
    return re.search(r"https://o\.example/task-link#(\S+)", letter.get_content())[1]


def open_link(client, code):
    return client.post("/task-link", data={"code": code})


def test_whoever_is_handed_a_task_gets_one_mail_and_a_server_that_cannot_now_is_asked_again(house, task):
    house.postman.broken = True
    send(house)
    assert house.letters == []
    with house.database.transaction() as tx:
        waits = tx.execute(text("SELECT state, attempts, answer ->> 'error' AS error FROM effect WHERE key LIKE 'notice:%'")).one()
        tx.execute(text("UPDATE effect SET due_at = now()"))
    assert (waits.state, waits.attempts) == ("pending", 1)
    assert "451" in waits.error
    house.postman.broken = False
    send(house)
    send(house)
    handed, soon = sorted(house.letters, key=lambda letter: letter["Subject"])
    assert (handed["To"], handed["Subject"], soon["Subject"]) == ("tom@example.com", "Check K-1", "Due soon: Check K-1")
    assert "sara has handed you the task" in handed.get_content()
    assert "It is about K-1." in handed.get_content()


def test_the_link_opens_only_this_task_and_only_once(house, task, client, application):
    send(house)
    code = link_in(house.letters[-1])
    assert client.get("/task-link").status_code == 200  # a scanner that follows it uses nothing up
    assert open_link(client, code).location == f"/worklist/{task}"
    page = client.get(f"/worklist/{task}").text
    assert "it opens this task and nothing else" in page
    assert 'aria-label="Main"' not in page
    for elsewhere in ("/worklist", "/orders", "/profile", "/api/v1/user-tasks", "/api/v1/orders"):
        refused = client.get(elsewhere)
        assert (refused.status_code, "one task only" in refused.text) == (403, True)
    csrf = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    done = client.post(f"/api/v1/user-tasks/{task}/complete", json={"data": {}}, headers={"X-CSRF-Token": csrf})
    assert done.status_code == 200
    again = open_link(application.test_client(), code)
    assert (again.status_code, "was used already" in again.text) == (422, True)
    with house.database.transaction() as tx:
        assert tx.scalar(text("SELECT completed_by FROM user_task")) == "tom"
        assert tx.scalar(text("SELECT count(*) FROM audit WHERE action = 'sign_in' AND detail ->> 'by' = 'task link'")) == 1


def test_the_link_stands_for_the_password_only_and_a_newer_one_replaces_it(house, task, application, client, signed_in):
    with application.app_context(), house.database.transaction() as tx:
        account = account_named(tx, "tom")
        secret = second_factor.begin(tx, account).secret
        account_id = account.id
        now = tx.scalar(text("SELECT CAST(extract(epoch FROM now()) AS bigint)"))
    with application.app_context():
        second_factor.confirm(house.database, account_id, pyotp.TOTP(secret).at(now - 30), Author("tom"))
    send(house)
    older, newer = (link_in(letter) for letter in house.letters)
    assert open_link(client, older).status_code == 422
    assert open_link(client, newer).location == f"/login/code?next=/worklist/{task}"
    assert client.get(f"/worklist/{task}").location.startswith("/login")
    entered = client.post("/login/code", data={"code": pyotp.TOTP(secret).at(now), "next": f"/worklist/{task}"})
    assert entered.location == f"/worklist/{task}"
    assert client.get(f"/worklist/{task}").status_code == 200
    assert client.get("/orders").status_code == 403


def test_a_person_chooses_a_digest_and_gets_one_a_day_in_their_language(house, task, signed_in):
    tom = signed_in("tom")
    wrong = tom.post("/profile/notices", data={"digest": "on", "digest_hour": "24", "remind_hours": "2", "language": ""})
    assert (wrong.status_code, "must be an hour from 0 to 23" in wrong.text) == (422, True)
    chosen = tom.post("/profile/notices", data={"digest": "on", "digest_hour": "0", "remind_hours": "0", "language": "de"})
    assert chosen.headers["Set-Cookie"].startswith("language=de")
    send(house)
    send(house)
    (letter,) = house.letters  # neither at once nor before it is due
    assert letter["Subject"] == "Ihre Aufgaben heute"
    assert "- Check K-1 (K-1)" in letter.get_content()
    shown = tom.get("/profile/notices").text
    assert "Ihre Aufgaben heute" in shown
    page = tom.get(f"/worklist/{task}").text
    assert '<html lang="de"' in page
    assert "<h1>Aufgaben</h1>" in page
    assert "Fällig" in page


def test_without_a_mail_server_mails_are_kept_and_the_page_says_so(installation, house, task, signed_in):
    tell(house.runtime)
    effects.deliver(replace(house.runtime, ports={**house.runtime.ports, EffectSink: Outward(Settings(), house.database)}))
    assert house.letters == []
    page = signed_in("tom").get("/profile/notices").text
    assert "No mail server is configured" in page
    assert "Kept, not sent" in page


def test_a_cause_is_told_when_it_appears_and_when_it_has_grown_tenfold(house, signed_in):
    olga = signed_in("olga")
    assert signed_in("tom").post("/operations/alerts", data={"kind": "mail", "address": "ops@example.com"}).status_code == 403
    assert olga.post("/operations/alerts", data={"kind": "webhook", "address": "ftp://x"}).status_code == 422
    assert olga.post("/operations/alerts", data={"kind": "mail", "address": "ops@example.com"}).status_code == 303
    for times in (1, 1, 8):
        with house.database.transaction() as tx:
            tx.execute(_INCIDENTS, {"times": times})
        send(house)
        send(house)
    assert [letter["Subject"] for letter in house.letters] == [
        "New cause of incidents: 503 from the carrier",
        "10 times: 503 from the carrier",
    ]
    assert "Nobody has acknowledged it." in house.letters[0].get_content()


_INCIDENTS = text("""
INSERT INTO incident (instance_id, kind, message, fingerprint, next_step)
SELECT (SELECT id FROM instance LIMIT 1), 'failed', '503 from the carrier', 'f1', 'Retry.' FROM generate_series(1, :times)
""")


def test_who_has_a_chat_is_written_to_there_and_decides_from_its_button(house, task, signed_in, client, monkeypatch):
    sent = []
    monkeypatch.setattr("api.notices.sending.call", lambda request, *_: sent.append(request) or Answer(200, {}, b""))
    tom, choice = signed_in("tom"), {"at_once": "on", "remind_hours": "0", "digest_hour": "7", "language": ""}
    open_one = tom.post("/profile/notices", data={**choice, "chat_url": "http://hooks.slack.com/services/T1"})
    assert (open_one.status_code, "must begin with https://" in open_one.text) == (422, True)
    assert tom.post("/profile/notices", data={**choice, "chat_url": "https://hooks.slack.com/services/T1"}).status_code == 303
    send(house)
    assert house.letters == []
    (request,) = sent
    said = json.loads(request.body)
    press = said["blocks"][1]["elements"][0]
    assert (request.url, press["text"]["text"]) == ("https://hooks.slack.com/services/T1", "Open the task")
    assert "sara has handed you the task" in said["text"]
    code = press["url"].partition("#")[2]
    assert open_link(client, code).location == f"/worklist/{task}"
    csrf = re.search(r'name="csrf-token" content="([^"]+)"', client.get(f"/worklist/{task}").text)[1]
    assert client.post(f"/api/v1/user-tasks/{task}/complete", json={"data": {}}, headers={"X-CSRF-Token": csrf}).status_code == 200


def test_a_chat_that_refuses_is_asked_again_and_its_secret_address_stands_in_no_list(house, task, signed_in, monkeypatch):
    monkeypatch.setattr("api.notices.sending.call", lambda request, *_: Answer(410, {}, b""))
    address = "https://chat.example/hooks/secret-key"
    choice = {"at_once": "on", "remind_hours": "0", "digest_hour": "7", "language": "", "chat_url": address}
    signed_in("tom").post("/profile/notices", data=choice)
    send(house)
    with house.database.transaction() as tx:
        waits = tx.execute(text("SELECT state, attempts, answer ->> 'error' AS error FROM effect WHERE key LIKE 'notice:%'")).one()
    assert (waits.state, waits.attempts) == ("pending", 1)
    assert "chat.example answered 410." in waits.error
    assert "secret-key" not in signed_in("olga").get("/operations/effects").text
