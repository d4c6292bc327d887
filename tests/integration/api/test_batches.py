"""What is done to many, by API and on the pages: previewed, begun, followed, exported."""

import re

import pytest
from sqlalchemy import text

from engine.runtime.operate import batch_work
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m

WHY = {"reason": "Stocktaking until noon"}


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def three(installation, company_database):
    """Three checks under way; the business key of one reads like a formula."""
    settings = {"candidateGroups": "sales"}
    keys = ("CHECK-1", "CHECK-2", "=1+1")
    with company_database.transaction() as tx:
        model = m.bundle("checks", m.start() + m.user("check", **settings) + m.end(), "start -> check -> done")
        deploy(installation.runtime, tx, model, "ada")
        return [start(installation.runtime, tx, "checks", {}, StartOptions(business_key=key)) for key in keys]


def test_a_batch_is_previewed_begun_and_followed_by_api(three, installation, signed_in):
    olga = signed_in("olga")
    chosen = {"process_key": "checks", "instance_ids": [str(three[0]), str(three[1])]}
    seen = olga.post("/api/v1/batches/preview", json={"verb": "suspend", "chosen": chosen})
    assert seen.json == {"verb": "suspend", "instances": 2, "excluded": [], "for_two": False}
    begun = olga.post("/api/v1/batches", json={"verb": "suspend", "chosen": chosen, "stop_after": 2, **WHY})
    assert (begun.status_code, begun.json["state"], begun.json["pending"]) == (202, "running", 2)
    batch_work.work(installation.runtime)
    address = f"/api/v1/batches/{begun.json['id']}"
    assert [olga.get(address).json[name] for name in ("state", "passed", "total")] == ["ended", 2, 2]
    items = olga.get(f"{address}/items?state=passed").json["items"]
    assert sorted((each["business_key"], each["instance_state"]) for each in items) == [
        ("CHECK-1", "suspended"),
        ("CHECK-2", "suspended"),
    ]
    assert [each["id"] for each in olga.get("/api/v1/batches").json["items"]] == [begun.json["id"]]
    again = olga.post("/api/v1/batches", json={"verb": "suspend", "chosen": chosen, **WHY})
    assert again.json["detail"] == "It can be done to none of the instances: 2 is suspended: resume it first."
    assert olga.post(f"{address}/pause").json["code"] == "batch_ended"
    assert olga.get("/api/v1/batches/4711").status_code == 404


@pytest.mark.parametrize(
    ("chosen", "field"), [({"variable": "order_no:64"}, "variable"), ({"state": "stuck"}, "state")], ids=["variable", "state"]
)
def test_a_filter_that_cannot_be_understood_is_refused_by_name(three, signed_in, chosen, field):
    refused = signed_in("olga").post("/api/v1/batches/preview", json={"verb": "cancel", "chosen": chosen})
    assert (refused.status_code, refused.json["code"], list(refused.json["errors"])) == (422, "filter_unreadable", [field])


def test_a_migration_names_its_version_within_all_numbers(three, signed_in):
    olga, body = signed_in("olga"), {"verb": "migrate", "chosen": {"process_key": "checks"}, **WHY}
    assert olga.post("/api/v1/batches", json=body).json["code"] == "version_missing"
    assert olga.post("/api/v1/batches", json={**body, "version_id": 10**30}).status_code == 422


def test_only_operators_begin_a_batch_and_everybody_may_read_it(three, signed_in):
    olga, sara = signed_in("olga"), signed_in("sara")
    body = {"verb": "cancel", "chosen": {"process_key": "checks"}, **WHY}
    assert sara.post("/api/v1/batches", json=body).status_code == 403
    assert sara.post("/operations/batches", data={"verb": "cancel", **WHY}).status_code == 403
    batch_id = olga.post("/api/v1/batches", json=body).json["id"]
    page = sara.get(f"/operations/batches/{batch_id}").text
    assert "0 of 3 passed, 3 not begun." in page
    assert "Stop for good" not in page


def test_a_batch_is_previewed_begun_steered_and_exported_on_its_pages(three, installation, signed_in):
    olga = signed_in("olga")
    choice = {"verb": "suspend", "process": "checks"}
    preview = olga.get("/operations/batches/new", query_string=choice).text
    assert "Suspend 3 instances" in preview
    refused = olga.post("/operations/batches", data={**choice, "stop_after": "some", "reason": "Stocktaking"})
    assert refused.status_code == 422
    assert "must be a whole number above 0" in refused.text
    assert ">Stocktaking</textarea>" in refused.text
    key = re.search(r'name="key" value="(\w+)"', preview)[1]
    begun = [olga.post("/operations/batches", data={**choice, **WHY, "key": key}).headers["Location"] for _ in range(2)]
    assert begun[0] == begun[1]
    assert 'hx-trigger="every 1s"' in olga.get(begun[0]).text
    assert "paused it" in olga.post(f"{begun[0]}/pause", headers={"HX-Request": "true"}).text
    olga.post(f"{begun[0]}/go-on")
    batch_work.work(installation.runtime)
    page = olga.get(begun[0]).text
    assert "3 of 3 passed." in page
    assert "every 1s" not in page
    assert "'=1+1" in olga.get(f"{begun[0]}.csv").text
    assert "None is in this state" in olga.get(f"{begun[0]}?show=failed").text
    assert "Suspend 3" in olga.get("/operations/batches").text
    none = olga.get("/operations/batches/new", query_string=choice)
    assert "3 left out: is suspended: resume it first" in none.text
    assert "Nothing can be done to any of them" in none.text


def test_a_page_that_is_made_up_is_refused_and_changes_nothing(three, signed_in, company_database):
    olga = signed_in("olga")
    for wrong in ({"verb": "explode"}, {"verb": "cancel", "instance": "7"}, {"verb": "cancel", "variable": "x:1"}):
        assert olga.get("/operations/batches/new", query_string=wrong).status_code == 422
        assert olga.post("/operations/batches", data={**wrong, **WHY}).status_code == 422
    with company_database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM batch")) == 0


def test_the_list_of_instances_says_what_of_its_filter_it_does_not_understand(three, signed_in):
    olga = signed_in("olga")
    page = olga.get("/operations/instances?variable=order_no:64").text
    assert "names no variable and its value" in page
    assert "CHECK-1" not in page
    assert "CHECK-1" in olga.get("/operations/instances").text


@pytest.fixture
def loads(installation, company_database):
    """Two loads that are to be checked, and one that waits for its truck already."""
    model = (
        m.start() + m.user("check", candidateGroups="sales") + m.catch("truck", "truck_came", "={ load_no: load_no }", "truck") + m.end()
    )
    flows = "start -> check -> truck -> done"
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, m.bundle("loads", model, flows, outside=m.message("truck.came")), "ada")
        return [start(installation.runtime, tx, "loads", {"load_no": key}, StartOptions(business_key=key)) for key in ("L-1", "L-2", "L-3")]


def test_many_are_moved_past_a_step_and_given_the_message_they_wait_for(loads, installation, signed_in):
    olga = signed_in("olga")
    chosen = {"verb": "move", "process": "loads"}
    form = olga.get("/operations/batches/new", query_string=chosen).text
    assert "check (3 here)" in form
    assert olga.post("/operations/batches", data={**chosen, **WHY, "from": "check"}).status_code == 422
    two = {"instance": [str(loads[0]), str(loads[1])]}
    olga.post("/operations/batches", data={**chosen, **two, **WHY, "from": "check", "to": "truck"})
    batch_work.work(installation.runtime)
    again = olga.post("/operations/batches", data={**chosen, **WHY, "from": "check", "to": "truck"}).headers["Location"]
    batch_work.work(installation.runtime)
    page = olga.get(again).text
    assert "1 of 3 passed, 2 failed" in page
    assert "It does not stand at check any more." in page
    telling = {"verb": "message", "process": "loads"}
    assert "truck.came (3 wait)" in olga.get("/operations/batches/new", query_string=telling).text
    assert olga.post("/operations/batches", data={**telling, **WHY, "name": "truck.came", "payload": "soon"}).status_code == 422
    body = {"verb": "message", "chosen": {"process_key": "loads"}, "name": "truck.came", "payload": {"plate": "W-77"}, **WHY}
    assert olga.post("/api/v1/batches", json={**body, "name": ""}).json["code"] == "message_missing"
    begun = olga.post("/api/v1/batches", json=body).json["id"]
    batch_work.work(installation.runtime)
    assert [olga.get(f"/api/v1/batches/{begun}").json[name] for name in ("passed", "failed")] == [3, 0]
    with installation.database.transaction() as tx:
        states = tx.scalars(text("SELECT DISTINCT state FROM instance WHERE process_key = 'loads'")).all()
    assert states == ["completed"]


def test_variables_of_many_are_written_where_they_stand_and_nothing_else_moves(three, installation, signed_in, company_database):
    olga, choice = signed_in("olga"), {"verb": "data", "process": "checks"}
    assert "Change the data of 3 instances" in olga.get("/operations/batches/new", query_string=choice).text
    empty = olga.post("/operations/batches", data={**choice, **WHY, "variables": ""})
    assert empty.status_code == 422
    assert "It is not said which variables are written." in empty.text
    begun = olga.post("/operations/batches", data={**choice, **WHY, "variables": '{"carrier": "ACME"}'})
    assert begun.status_code == 303
    batch_work.work(installation.runtime)
    assert "3 of 3 passed." in olga.get(begun.headers["Location"]).text
    with company_database.transaction() as tx:
        found = tx.execute(text("SELECT state, variables->>'carrier' FROM instance WHERE process_key = 'checks'")).all()
    assert [tuple(row) for row in found] == [("waiting", "ACME")] * 3
