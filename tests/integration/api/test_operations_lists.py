"""The operator's pages of what is pending: work by service task, timers, waits, unheard messages, effects and workers; and their doors."""

import pytest
from sqlalchemy import text

from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import start
from tests import tiny_models as m

WHY = {"reason": "The carrier is down"}


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def task(installation):
    """The name of a service task that there is."""
    return {"level": "service_task", "name": next(each.name for each in installation.runtime.service_tasks)}


@pytest.fixture
def waiting(installation, company_database):
    """An instance that waits for a time, and one that waits for a message."""
    hears = m.catch("hears", "paid", "={ order_no: order_no }")
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, m.bundle("slow", m.start() + m.timer("rest", "PT4H") + m.end(), "start -> rest -> done"), "ada")
        bundle = m.bundle("deaf", m.start() + hears + m.end(), "start -> hears -> done", outside=m.message("paid"))
        deploy(installation.runtime, tx, bundle, "ada")
        return start(installation.runtime, tx, "slow", {}), start(installation.runtime, tx, "deaf", {"order_no": "=SO-17"})


def test_a_service_task_is_suspended_and_resumed_on_the_page_of_work_and_everybody_sees_why(task, signed_in):
    olga = signed_in("olga")
    assert "No service task has anything to do" in olga.get("/operations/work").text
    assert olga.post("/operations/work/suspend", data={**task, "reason": ""}).status_code == 422
    assert olga.post("/operations/work/suspend", data={**task, **WHY}).status_code == 303
    assert "The carrier is down" in signed_in("sara").get("/operations/work").text
    assert signed_in("sara").post("/operations/work/resume", data={**task, **WHY}).status_code == 403
    assert olga.get("/api/v1/suspensions").json["items"][0]["suspended_by"] == "olga"
    assert olga.get("/api/v1/work").json["items"][0]["name"] == task["name"]
    assert task["name"] in olga.get("/operations/work.csv").text
    assert olga.post("/operations/work/suspend", data={**task, **WHY}).status_code == 409
    assert olga.post("/operations/work/resume", data={**task, **WHY}).status_code == 303
    assert "No service task has anything to do" in olga.get("/operations/work").text


def test_a_process_is_suspended_by_the_api_and_begins_no_instance(waiting, signed_in):
    olga, slow = signed_in("olga"), {"level": "process", "name": "slow", **WHY}
    assert olga.post("/api/v1/suspensions", json=slow).status_code == 201
    refused = olga.post("/api/v1/instances", json={"process_key": "slow"})
    assert (refused.status_code, refused.json["code"]) == (409, "process_suspended")
    assert "is suspended by olga" in olga.get(f"/operations/instances/{waiting[0]}").text
    assert "every version" in olga.get("/operations/work").text
    assert olga.post("/api/v1/suspensions/resume", json=slow).json == {"instances": 0}
    assert olga.post("/api/v1/suspensions/close-circuit", json={"name": "nothing", **WHY}).status_code == 404


def test_timers_and_waits_are_listed_with_the_verbs_that_move_them(waiting, signed_in):
    olga = signed_in("olga")
    timers, waits = olga.get("/operations/timers").text, olga.get("/operations/waits?q=SO-17").text
    assert f"/operations/instances/{waiting[0]}/repair/move-timer" in timers
    assert f"/operations/instances/{waiting[1]}/repair/message" in waits
    assert "Nothing fits this filter" in olga.get("/operations/timers?state=overdue").text
    assert "Nothing fits this filter" in olga.get("/operations/waits?process=slow").text
    assert "order_no==SO-17" in olga.get("/operations/waits.csv").text
    assert [each["element_id"] for each in olga.get("/api/v1/timers").json["items"]] == ["rest"]
    assert [each["name"] for each in olga.get("/api/v1/waits").json["items"]] == ["paid"]
    assert olga.get("/api/v1/unheard-messages").json["items"] == []


def test_a_failed_effect_is_sent_again_with_a_reason(signed_in, company_database):
    with company_database.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO effect (key, kind, target, payload, payload_hash, state, attempts, answer) "
                "VALUES ('mail:1', 'mail', '=cmd@example.com', '{}', 'x', 'failed', 12, '{\"error\": \"550 no such user\"}')"
            )
        )
    olga = signed_in("olga")
    page = olga.get("/operations/effects?state=failed").text
    assert "550 no such user" in page
    assert "'=cmd@example.com" in olga.get("/operations/effects.csv").text
    assert olga.post("/operations/effects/again", data={"key": "mail:1", "reason": ""}).status_code == 422
    assert olga.post("/operations/effects/again", data={"key": "mail:2", **WHY}).status_code == 404
    assert olga.post("/operations/effects/again", data={"key": "mail:1", **WHY}).status_code == 303
    (again,) = olga.get("/api/v1/effects").json["items"]
    assert (again["state"], again["attempts"]) == ("pending", 0)
    assert olga.post("/api/v1/effects/again", json={"key": "mail:1", **WHY}).json["state"] == "pending"
    assert [each["target"] for each in olga.get("/api/v1/audit?action=send_again").json["items"]] == ["effect:mail:1"] * 2


def test_the_workers_are_listed_with_whether_they_live(signed_in, company_database):
    with company_database.transaction() as tx:
        tx.execute(text("INSERT INTO worker (process, name, version, threads) VALUES (7, 'host:1', '0.1', 4)"))
    page = signed_in("olga").get("/operations/workers").text
    assert "host:1" in page
    assert "what it held goes to others" in page
    assert signed_in("olga").get("/api/v1/workers").json["items"][0]["alive"] is False


def test_an_instance_is_repaired_on_a_page_that_shows_what_it_would_do(waiting, signed_in, company_database):
    olga, page = signed_in("olga"), f"/operations/instances/{waiting[1]}/repair"
    assert "Choose a step" in olga.get(f"{page}/move").text
    assert "It cannot be done." in olga.get(f"{page}/move?element_id=nowhere").text
    seen = olga.get(f"{page}/move?element_id=done").text
    assert 'aria-label="Steps that would run"' in seen
    seen = olga.post(f"{page}/message", data={"act": "preview", "variables": '{"amount": 12}'}).text
    assert "Completed" in seen
    assert olga.post(f"{page}/message", data={"act": "do", "variables": "[]", **WHY}).status_code == 422
    with company_database.transaction() as tx:
        assert tx.scalar(text("SELECT state FROM instance WHERE id = :id"), {"id": waiting[1]}) == "waiting"
    assert olga.post(f"{page}/message", data={"act": "do", "variables": '{"amount": 12}', **WHY}).status_code == 303
    assert signed_in("sara").get(f"{page}/move").status_code == 403
    element = olga.get(f"/operations/instances/{waiting[1]}/elements/hears").text
    assert "correlate" in element.lower()


@pytest.mark.parametrize("page", ["timers", "waits", "messages", "effects", "effects.csv"])
def test_a_state_that_a_list_does_not_know_is_refused_and_not_read_as_all(signed_in, page):
    answer = signed_in("olga").get(f"/operations/{page}?state=zzz")
    assert (answer.status_code, "Use one of" in answer.text) == (422, True)
