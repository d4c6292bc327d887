"""The instances under way on a version are taken over to another one by a plan that was drafted, changed and tried before."""

import base64

import pytest

from tests import tiny_models as m

WHY = {"reason": "The second look is the law now"}


@pytest.fixture(autouse=True)
def unbuilt(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def ravi(signed_in):
    return signed_in("ravi")


@pytest.fixture
def deploy(ravi):
    """Deploys `checks` with these names for its two tasks, and answers the id of its process version."""

    def deploy(first, second):
        elements = m.start() + m.user(first, candidateGroups="sales") + m.user(second, candidateGroups="sales") + m.end()
        bundle = m.bundle("checks", elements, f"start -> {first} -> {second} -> done")
        files = {name: base64.b64encode(content).decode() for name, content in bundle.files.items()}
        made = ravi.post("/api/v1/deployments", json={"name": "checks", "files": files})
        assert made.status_code == 201, made.json
        [process] = ravi.get("/api/v1/bundles/checks/versions/latest").json["processes"]
        return process["id"]

    return deploy


@pytest.fixture
def begin(signed_in):
    olga = signed_in("olga")

    def begin(key):
        made = olga.post("/api/v1/instances", json={"process_key": "checks", "business_key": key, "variables": {}})
        assert made.status_code == 201, made.json
        return made.json["id"]

    return begin


def version_of(ravi, instance_id):
    return ravi.get(f"/api/v1/instances/{instance_id}").json["process_version"]


def test_those_chosen_go_by_the_drafted_plan_the_others_finish_where_they_began(ravi, signed_in, deploy, begin):
    old = deploy("check", "confirm")
    one, two = begin("Q-1"), begin("Q-2")
    deploy("check", "approve")
    plan = ravi.get(f"/api/v1/process-versions/{old}/migration-plan").json
    assert (plan["source"]["version"], plan["target"]["version"], plan["under_way"]) == (1, 2, 2)
    assert {each["element_id"]: (each["becomes"], each["instances"]) for each in plan["elements"] if each["type"] == "userTask"} == {
        "check": ("check", 2),
        "confirm": (None, 0),
    }
    tried = ravi.get(f"/api/v1/process-versions/{old}/instances").json["items"]
    assert [(each["business_key"], each["stands_on"], each["obstacle"]) for each in tried] == [
        ("Q-1", ["check"], None),
        ("Q-2", ["check"], None),
    ]
    for _ in range(2):  # an answer may be lost, and the request come again
        done = ravi.post(f"/api/v1/process-versions/{old}/migrate", json={**WHY, "instances": [one]})
        assert [(each["instance_id"], each["state"]) for each in done.json["results"]] == [(one, "waiting")]
    assert (version_of(ravi, one), version_of(ravi, two)) == (2, 1)
    act, begun = signed_in("olga").get(f"/api/v1/audit?target=instance:{one}").json["items"]
    assert begun["action"] == "start"
    assert (act["actor"], act["action"], act["reason"]) == ("ravi", "migrate", WHY["reason"])


def test_what_cannot_go_says_why_until_the_plan_is_changed_on_the_page(ravi, deploy, begin):
    old = deploy("check", "confirm")
    one = begin("Q-1")
    deploy("look", "confirm")
    page = f"/processes/checks/take-over/{old}"
    assert f'href="{page}"' in ravi.get("/processes/checks?show=versions").text
    refused = ravi.get(page).text
    assert "has no counterpart of its kind in the new version" in refused
    assert "Take the chosen ones over" not in refused
    assert "Take the chosen ones over" in ravi.post(page, data={"plan.check": "look", "act": "try"}).text
    nobody = ravi.post(page, data={**WHY, "plan.check": "look", "act": "take-over"})
    assert (nobody.status_code, "No instance is chosen." in nobody.text) == (422, True)
    silent = ravi.post(page, data={"plan.check": "look", "instance": one, "act": "take-over"})
    assert (silent.status_code, "A reason is missing." in silent.text) == (422, True)
    done = ravi.post(page, data={**WHY, "plan.check": "look", "instance": one, "act": "take-over"}).text
    assert "1 of 1 goes on with version 2 now." in done
    assert "Nobody is left on version 1" in done
    assert version_of(ravi, one) == 2


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"chek": "check"}, {"chek": ["is no element of the old version"]}),
        ({"check": "look"}, {"check": ["cannot become look, which the new version does not have"]}),
        ({"check": "done"}, {"check": ["cannot become done, which is of another kind"]}),
    ],
)
def test_a_plan_that_fits_neither_version_is_refused_beside_its_element(ravi, deploy, begin, plan, said):
    old = deploy("check", "confirm")
    one = begin("Q-1")
    deploy("check", "approve")
    refused = ravi.post(f"/api/v1/process-versions/{old}/migrate", json={**WHY, "instances": [one], "plan": plan})
    assert (refused.status_code, refused.json["code"], refused.json["errors"]) == (422, "plan_invalid", said)
    assert version_of(ravi, one) == 1


def test_the_latest_version_has_nowhere_to_go_and_not_everybody_may(ravi, deploy, signed_in):
    latest = deploy("check", "confirm")
    refused = ravi.get(f"/api/v1/process-versions/{latest}/migration-plan")
    assert (refused.status_code, refused.json["code"]) == (409, "version_latest")
    assert ravi.get("/api/v1/process-versions/99/migration-plan").status_code == 404
    assert signed_in("sara").get(f"/processes/checks/take-over/{latest}").status_code == 403
