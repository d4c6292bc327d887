"""Somebody is away: their deputy decides in their name what they could, and nothing that the duties forbid either of them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def begin(installation, company_database):
    """Begins checks of the credit desk, which only carla of it does; answers the id of the task."""
    with company_database.transaction() as tx:
        for key in ("checks", "looks"):
            model = m.start() + m.user("check", candidateGroups="credit", excludedUsers="=excluded") + m.end()
            deploy(installation.runtime, tx, m.bundle(key, model, "start -> check -> done"), "ada")

    def begin(key, *excluded, process="checks"):
        with company_database.transaction() as tx:
            made = start(installation.runtime, tx, process, {"excluded": list(excluded)}, StartOptions(business_key=key))
            return str(tx.scalar(text("SELECT id FROM user_task WHERE instance_id = :id"), {"id": made}))

    return begin


@pytest.fixture
def away(company_database):
    """Somebody of the credit desk who is not at work."""
    with company_database.transaction() as tx:
        return tx.scalar(
            text("SELECT name FROM user_account a JOIN user_group g ON g.account_id = a.id WHERE g.group_name = 'credit' ORDER BY name")
        )


def set_up(browser, deputy="jonas", days=(0, 7), **more):
    now = datetime.now(UTC)
    begins, ends = (now + timedelta(days=each, minutes=-1) for each in days)
    body = {"deputy": deputy, "begins_at": begins.isoformat(), "ends_at": ends.isoformat(), **more}
    return browser.post("/api/v1/substitutions", json=body)


def listed(browser):
    return [each["business_key"] for each in browser.get("/api/v1/user-tasks").json]


def test_a_deputy_decides_on_behalf_and_task_history_and_audit_say_so(begin, away, signed_in, company_database):
    task, jonas = begin("K-1"), signed_in("jonas")
    assert listed(jonas) == []
    assert set_up(signed_in(away)).status_code == 201
    assert listed(jonas) == ["K-1"]
    assert f"for {away}, who is away" in jonas.get("/worklist").text
    assert f"Claim on behalf of {away}" in jonas.get(f"/worklist/{task}").text
    assert jonas.post(f"/api/v1/user-tasks/{task}/complete", json={}).json["state"] == "completed"
    with company_database.transaction() as tx:
        row = tx.execute(text("SELECT completed_by, on_behalf_of FROM user_task")).one()
        act = tx.execute(text("SELECT action, detail FROM audit WHERE target = :target"), {"target": f"user_task:{task}"}).one()
        told = tx.scalar(text("SELECT detail FROM history WHERE element_id = 'check'"))
    assert tuple(row) == ("jonas", away)
    assert tuple(act) == ("complete", {"on_behalf_of": away})
    assert told["on_behalf_of"] == away
    assert f"On behalf of</dt><dd>{away}" in jonas.get(f"/worklist/{task}").text


def test_who_may_not_decide_it_does_not_through_a_deputy_nor_as_one(begin, away, signed_in):
    begin("K-1", "jonas")
    task = begin("K-2", away)
    set_up(signed_in(away))
    jonas = signed_in("jonas")
    assert listed(jonas) == []
    assert jonas.post(f"/api/v1/user-tasks/{task}/complete", json={}).status_code == 404


def test_it_holds_for_its_time_its_processes_and_only_for_people_who_work_here(begin, away, signed_in, company_database):
    begin("K-1")
    begin("L-1", process="looks")
    sara, jonas = signed_in(away), signed_in("jonas")
    set_up(sara, days=(1, 2))
    assert listed(jonas) == []
    number = set_up(sara, process_keys=["looks"]).json["id"]
    assert listed(jonas) == ["L-1"]
    with company_database.transaction() as tx:
        tx.execute(text("UPDATE user_account SET active = false WHERE name = :name"), {"name": away})
    assert listed(jonas) == []
    with company_database.transaction() as tx:
        tx.execute(text("UPDATE user_account SET active = true WHERE name = :name"), {"name": away})
    assert jonas.post(f"/api/v1/substitutions/{number}/end").status_code == 204
    assert listed(jonas) == []
    assert jonas.post(f"/api/v1/substitutions/{number}/end").status_code == 409


def test_what_lies_on_the_desk_of_who_is_away_is_taken_over_and_given_back_to_them(begin, away, signed_in):
    task, carla, jonas = begin("K-1"), signed_in(away), signed_in("jonas")
    carla.post(f"/api/v1/user-tasks/{task}/claim")
    assert jonas.post(f"/api/v1/user-tasks/{task}/claim").status_code == 404
    set_up(carla)
    taken = jonas.post(f"/api/v1/user-tasks/{task}/claim")
    assert taken.json["assignee"] == "jonas"
    assert carla.get(f"/api/v1/user-tasks/{task}").json["task"]["assignee"] == "jonas"
    assert jonas.post(f"/api/v1/user-tasks/{task}/release").json["assignee"] == away


def test_who_stood_behind_a_decision_is_no_second_pair_of_eyes(installation, company_database, away, signed_in):
    model = m.start() + m.user("first", candidateGroups="credit", resultVariable="one")
    model += m.user("second", candidateGroups="credit", excludedUsers="=[&quot;jonas&quot;]") + m.end()
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, m.bundle("twice", model, "start -> first -> second -> done"), "ada")
        start(installation.runtime, tx, "twice", {}, StartOptions(business_key="T-1"))
    carla, jonas = signed_in(away), signed_in("jonas")
    set_up(carla)
    (first,) = jonas.get("/api/v1/user-tasks").json
    jonas.post(f"/api/v1/user-tasks/{first['id']}/complete", json={})
    (second,) = carla.get("/api/v1/user-tasks").json
    refused = carla.post(f"/api/v1/user-tasks/{second['id']}/complete", json={})
    assert (refused.status_code, refused.json["code"]) == (403, "four_eyes")


def test_nonsense_is_refused_beside_its_field(away, signed_in):
    sara = signed_in(away)
    assert set_up(sara, deputy=away).json["errors"] == {"deputy": ["is who is away"]}
    assert set_up(sara, days=(3, 1)).json["errors"] == {"ends_at": ["is not after the beginning"]}
    assert set_up(sara, days=(-9, -1)).json["errors"] == {"ends_at": ["is over already"]}
    assert set_up(sara, deputy="nobody").json["code"] == "person_unknown"
    assert set_up(sara, person="jonas", deputy="tom").status_code == 403
    assert set_up(signed_in("jonas"), deputy="tom").status_code == 201
    assert set_up(sara).json["errors"] == {"deputy": ["is away then"]}


def test_the_page_sets_it_up_and_ends_it(away, signed_in):
    sara = signed_in(away)
    today = datetime.now(UTC).date()
    data = {"deputy": "jonas", "begins": today.isoformat(), "ends": (today + timedelta(days=2)).isoformat(), "note": "Skiing"}
    page = sara.post("/worklist/substitutes", data=data, follow_redirects=True).text
    assert "Skiing" in page
    assert "All tasks" in page
    number = page.split("/worklist/substitutes/")[1].split("/end")[0]
    assert f"Ended by {away}" in sara.post(f"/worklist/substitutes/{number}/end", follow_redirects=True).text
    wrong = sara.post("/worklist/substitutes", data={**data, "ends": ""})
    assert wrong.status_code == 422
    assert "Choose both days" in wrong.text
