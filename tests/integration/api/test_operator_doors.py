"""What an operator may do to an instance, he can do through the API; and each act is in the audit log with its reason."""

import base64

import pytest
from sqlalchemy import text

from tests import tiny_models as m

WHY = {"reason": "The law has changed"}


@pytest.fixture
def olga(signed_in):
    return signed_in("olga")


@pytest.fixture
def checks(installation, signed_in):
    """Starts an instance that waits at `check`; beside it runs a timer, and a signal is awaited behind it."""

    def deploy(name_of_second="confirm"):
        elements = m.start() + m.user("check", candidateGroups="sales") + m.timer("wait", "PT30M")
        elements += m.user(name_of_second, candidateGroups="sales") + m.end()
        bundle = m.bundle("checks", elements, f"start -> check -> wait -> {name_of_second} -> done")
        files = {name: base64.b64encode(content).decode() for name, content in bundle.files.items()}
        answer = signed_in("ravi").post("/api/v1/deployments", json={"name": "checks", "files": files})
        assert answer.status_code == 201, answer.json

    deploy()
    return deploy


def begun(olga):
    made = olga.post("/api/v1/instances", json={"process_key": "checks", "variables": {"amount": 21}})
    assert made.status_code == 201, made.json
    return made.json["id"]


def token(olga, instance_id):
    (found,) = olga.get(f"/api/v1/instances/{instance_id}/tokens").json
    return found


def test_a_step_is_skipped_a_timer_moved_and_the_instance_goes_back(checks, olga, installation):
    one = begun(olga)
    skipped = olga.post(f"/api/v1/instances/{one}/skip", json={**WHY, "task_id": token(olga, one)["task_id"], "variables": {"ok": True}})
    assert skipped.status_code == 200, skipped.json
    timer = token(olga, one)
    assert timer["element_id"] == "wait"
    moved = olga.post(f"/api/v1/timers/{timer['task_id']}/move", json={**WHY, "due_at": "2030-01-01T00:00:00Z"})
    assert moved.status_code == 200, moved.json
    assert olga.post(f"/api/v1/instances/{one}/go-back", json={**WHY, "element_id": "check"}).status_code == 200
    assert token(olga, one)["element_id"] == "check"
    assert olga.post(
        f"/api/v1/instances/{one}/move", json={**WHY, "task_id": token(olga, one)["task_id"], "element_id": "confirm"}
    ).json == {
        "id": one,
        "state": "waiting",
    }
    acts = olga.get(f"/api/v1/audit?target=instance:{one}").json["items"]
    assert [act["action"] for act in acts] == ["move", "go_back", "move_timer", "skip", "start"]
    assert {act["reason"] for act in acts[:4]} == {"The law has changed"}


def test_an_instance_is_taken_to_another_version_by_a_plan_that_was_tried_before(checks, olga, installation):
    one = begun(olga)
    checks("approve")
    with installation.database.transaction() as tx:
        latest = tx.scalar(text("SELECT id FROM process_version WHERE process_key = 'checks' AND latest"))
    drafted = olga.get(f"/api/v1/instances/{one}/migration-plan?version_id={latest}").json
    assert (drafted["plan"]["check"], drafted["obstacle"]) == ("check", None)
    answer = olga.post(f"/api/v1/instances/{one}/migrate", json={**WHY, "version_id": latest, "plan": drafted["plan"]})
    assert answer.status_code == 200, answer.json
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT process_version_id FROM instance WHERE id = :id"), {"id": one}) == latest


def test_an_ended_instance_begins_anew_and_one_that_runs_does_not(checks, olga):
    one = begun(olga)
    early = olga.post(f"/api/v1/instances/{one}/start-anew", json=WHY)
    assert (early.status_code, early.json["code"]) == (409, "instance_not_ended")
    olga.post(f"/api/v1/instances/{one}/cancel", json=WHY)
    again = olga.post(f"/api/v1/instances/{one}/start-anew", json=WHY)
    assert again.status_code == 201, again.json
    assert again.json["id"] != one


def test_a_retired_version_begins_no_more_instances(checks, olga, signed_in, installation):
    with installation.database.transaction() as tx:
        latest = tx.scalar(text("SELECT id FROM process_version WHERE process_key = 'checks' AND latest"))
    assert olga.post(f"/api/v1/process-versions/{latest}/retire", json=WHY).status_code == 403
    assert signed_in("ravi").post(f"/api/v1/process-versions/{latest}/retire", json=WHY).json["state"] == "retired"
    assert olga.post("/api/v1/instances", json={"process_key": "checks"}).status_code == 404


def test_a_task_is_handed_on_by_its_holder_or_an_operator(checks, olga, signed_in):
    one = begun(olga)
    task = token(olga, one)["task_id"]
    sara = signed_in("sara")
    assert sara.post(f"/api/v1/user-tasks/{task}/claim").json["assignee"] == "sara"
    assert olga.post(f"/api/v1/user-tasks/{task}/assign", json={"to": "marcus"}).json["assignee"] == "marcus"


def test_the_same_repairs_are_on_the_page_of_the_instance(checks, olga, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    one = begun(olga)
    page = f"/operations/instances/{one}"
    assert "Skip a step" in olga.get(page).text
    nobody = olga.post(f"{page}/repair/skip", data={"task_id": token(olga, one)["task_id"], "reason": ""})
    assert nobody.status_code == 422
    skipped = olga.post(f"{page}/repair/skip", data={**WHY, "task_id": token(olga, one)["task_id"], "variables": '{"ok": true}'})
    assert skipped.status_code == 303, skipped.text
    assert "Move a timer" in olga.get(page).text
    moved = {**WHY, "task_id": token(olga, one)["task_id"], "due_at": "2030-01-01T08:30"}
    assert olga.post(f"{page}/repair/move-timer", data=moved).status_code == 303
    assert olga.post(f"{page}/repair/go-back", data={**WHY, "element_id": "check"}).status_code == 303
    assert token(olga, one)["element_id"] == "check"
    checks("approve")
    assert "To the latest version" in olga.get(page).text
    assert olga.post(f"{page}/repair/migrate", data=WHY).status_code == 303
    assert olga.post(f"{page}/repair/migrate", data=WHY).status_code == 409
    olga.post(f"{page}/cancel", data=WHY)
    anew = olga.post(f"{page}/repair/start-anew", data=WHY)
    assert anew.headers["Location"] != page
    assert [act["action"] for act in olga.get(f"/api/v1/audit?target=instance:{one}").json["items"]][:2] == ["start_anew", "cancel"]


def test_a_signal_that_nobody_waits_for_is_heard_by_nobody(olga):
    answer = olga.post("/api/v1/signals", json={**WHY, "name": "prices.changed"})
    assert (answer.status_code, answer.json) == (202, {"instances": []})


def test_a_changed_row_of_the_audit_log_shows(checks, olga, installation):
    one = begun(olga)
    olga.post(f"/api/v1/instances/{one}/suspend", json=WHY)
    olga.post(f"/api/v1/instances/{one}/resume", json=WHY)
    assert olga.get("/api/v1/audit/verification").json == {"ok": True, "first_broken": None}
    with installation.database.transaction() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))  # the log's trigger refuses it otherwise
        changed = tx.scalar(text("UPDATE audit SET reason = 'Nothing' WHERE action = 'suspend' RETURNING id"))
    assert olga.get("/api/v1/audit/verification").json == {"ok": False, "first_broken": changed}


def test_a_step_is_completed_and_a_message_given_after_a_look_at_what_that_would_do(olga, signed_in):
    elements = (
        m.start()
        + m.service("pack", "topic:pack-parcel", result="parcel")
        + m.catch("paid", "payment_made", "={no: &quot;1&quot;}", "payment")
        + m.end()
    )
    bundle = m.bundle("packing", elements, "start -> pack -> paid -> done", outside=m.message("payment.made"))
    files = {name: base64.b64encode(content).decode() for name, content in bundle.files.items()}
    assert signed_in("ravi").post("/api/v1/deployments", json={"name": "packing", "files": files}).status_code == 201
    one = olga.post("/api/v1/instances", json={"process_key": "packing", "variables": {}}).json["id"]
    pack = {"task_id": token(olga, one)["task_id"], "variables": {"weight": 3}}
    seen = olga.post(f"/api/v1/instances/{one}/preview", json={"verb": "complete", **pack}).json
    assert (seen["problem"], seen["state"]) == (None, "waiting")
    assert [each["element_id"] for each in seen["ran"]] == ["pack"]
    assert token(olga, one)["element_id"] == "pack"  # it was only tried
    assert olga.post(f"/api/v1/instances/{one}/complete", json={**WHY, **pack}).status_code == 200
    paid = {"task_id": token(olga, one)["task_id"], "variables": {"amount": 7}}
    assert signed_in("sara").post(f"/api/v1/instances/{one}/correlate", json={**WHY, **paid}).status_code == 403
    assert olga.post(f"/api/v1/instances/{one}/correlate", json={**WHY, **paid}).json == {"id": one, "state": "completed"}
    late = olga.post(f"/api/v1/instances/{one}/preview", json={"verb": "correlate", **paid}).json
    assert late["problem"] is not None
    assert olga.post(f"/api/v1/instances/{one}/preview", json={"verb": "move", "task_id": paid["task_id"]}).status_code == 422


def test_variables_are_written_where_it_stands_after_a_look_and_the_history_says_who(checks, olga, installation, monkeypatch):
    one = begun(olga)
    seen = olga.post(f"/api/v1/instances/{one}/preview", json={"verb": "change_data", "variables": {"amount": 12}}).json
    assert (seen["problem"], seen["state"]) == (None, "waiting")
    assert olga.get(f"/api/v1/instances/{one}").json["variables"]["amount"] == 21
    assert olga.post(f"/api/v1/instances/{one}/data", json={**WHY, "variables": {"amount": 12, "vip": True}}).json["state"] == "waiting"
    assert olga.get(f"/api/v1/instances/{one}").json["variables"] == {"amount": 12, "vip": True}
    assert token(olga, one)["element_id"] == "check"
    nothing = olga.post(f"/api/v1/instances/{one}/data", json={**WHY, "variables": {}})
    assert (nothing.status_code, nothing.json["code"]) == (422, "variables_missing")
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    assert olga.post(f"/operations/instances/{one}/repair/data", data={**WHY, "act": "do", "var.amount": "15"}).status_code == 303
    page = olga.get(f"/operations/instances/{one}").text
    assert "Data changed by hand" in page
    assert "olga" in page
    with installation.database.transaction() as tx:
        told = tx.execute(text("SELECT action, reason FROM audit WHERE action = 'change_data' ORDER BY id")).all()
    assert [tuple(row) for row in told] == [("change_data", "The law has changed")] * 2


def test_an_instance_is_given_what_the_new_version_asks_for_while_it_is_taken_over(checks, olga, installation):
    one = begun(olga)
    checks("countersign")
    with installation.database.transaction() as tx:
        target = tx.scalar(text("SELECT max(id) FROM process_version WHERE process_key = 'checks'"))
    body = {**WHY, "version_id": target, "variables": {"desk": "north"}}
    answer = olga.post(f"/api/v1/instances/{one}/migrate", json=body)
    assert answer.status_code == 200, answer.json
    assert olga.get(f"/api/v1/instances/{one}").json["variables"] == {"amount": 21, "desk": "north"}
