"""Lists as one wants to see them again, columns that sort, the owner of a cause, and tasks that go to who has the least."""

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
def begin(installation):
    """Begin one instance a key, each with a task for sales or for receivables."""
    model = m.start() + m.user("check", candidateGroups="=[grp]", excludedUsers="=[requester]", title='="Check " + key') + m.end()
    with installation.database.transaction() as tx:
        deploy(
            installation.runtime, tx, m.bundle("checks", model.replace('"Check "', "&quot;Check &quot;"), "start -> check -> done"), "ada"
        )

    def of(*keys, grp="sales", requester="nobody"):
        for key in keys:
            with installation.database.transaction() as tx:
                given = {"grp": grp, "key": key, "requester": requester}
                start(installation.runtime, tx, "checks", given, StartOptions(business_key=f"N-{key}"))

    return of


def rows(page):
    return [part.split("</a>")[0].rpartition(">")[2] for part in page.split('class="main-link"')[1:]]


def test_a_view_is_saved_found_again_shared_and_removed_by_its_owner(begin, signed_in):
    begin("beta", "alpha")
    sara, tom, olga = signed_in("sara"), signed_in("tom"), signed_in("olga")
    assert rows(sara.get("/worklist?sort=title").text) == ["Check alpha", "Check beta"]
    assert 'aria-sort="ascending"' in sara.get("/worklist?sort=about").text
    assert "left out: sort=amount" in sara.get("/worklist?sort=amount").text
    saved = sara.post("/views", data={"list": "worklist", "name": "By name", "query": "sort=title&cursor=abc", "shared": "on"})
    assert saved.status_code == 303
    assert 'href="/worklist?sort=title"' in tom.get("/worklist").text
    own = {"list": "worklist", "name": "Mine late", "query": "view=overdue"}
    assert sara.post("/api/v1/saved-views", json=own).status_code == 201
    names = [each["name"] for each in tom.get("/api/v1/saved-views?list=worklist").json["items"]]
    assert names == ["By name"]
    (shared,) = tom.get("/api/v1/saved-views?list=worklist").json["items"]
    assert tom.delete(f"/api/v1/saved-views/{shared['id']}").status_code == 403
    assert olga.delete(f"/api/v1/saved-views/{shared['id']}").status_code == 204
    assert sara.post("/api/v1/saved-views", json={**own, "list": "moon", "name": " "}).json["errors"].keys() == {"list", "name"}
    for path in ("/orders", "/operations/instances", "/operations/incidents"):
        assert "Save this view" in sara.get(path).text


def test_instances_are_exported_as_filtered_and_say_when_a_step_is_tried_again(begin, installation, signed_in):
    begin("one", "two")
    with installation.database.transaction() as tx:
        tx.execute(_RETRYING)
    olga = signed_in("olga")
    page = olga.get("/operations/instances?q=N-one").text
    assert "attempt 3 of 9, next 2 Jan 21:37" in page
    lines = olga.get("/operations/instances.csv?q=N-one").text.strip().splitlines()
    assert len(lines) == 2
    assert "N-one" in lines[1]


def test_a_cause_is_given_to_a_colleague_who_looks_after_it(begin, installation, signed_in):
    begin("one")
    with installation.database.transaction() as tx:
        tx.execute(_INCIDENT)
    olga = signed_in("olga")
    assert olga.post("/operations/causes/f1/acknowledge", data={"owner": "nobody-here"}).status_code == 422
    assert olga.post("/operations/causes/f1/acknowledge", data={"owner": "tom", "note": "Ask the carrier"}).status_code == 303
    (cause,) = olga.get("/api/v1/incidents/causes").json["items"]
    assert (cause["owners"], cause["acknowledged"]) == ("tom", 1)


def test_a_group_is_routed_by_load_to_who_is_there_and_may_decide(begin, installation, signed_in):
    olga, marcus = signed_in("olga"), signed_in("marcus")
    assert marcus.put("/api/v1/group-routing/sales", json={"by_load": True}).status_code == 403
    assert olga.put("/api/v1/group-routing/moon", json={"by_load": True}).status_code == 422
    assert olga.put("/api/v1/group-routing/sales", json={"by_load": True}).json == {"groups": ["sales"]}
    begin("one", "two", "three")
    begin("four", requester="edith")
    begin("five", grp="credit")
    with installation.database.transaction() as tx:
        given = dict(tx.execute(text("SELECT title, assignee FROM user_task ORDER BY title")).all())
    assert sorted(given[f"Check {key}"] for key in ("one", "two", "three")) == ["edith", "edith", "sara"]
    assert (given["Check four"], given["Check five"]) == ("sara", None)
    olga.put("/api/v1/group-routing/sales", json={"by_load": False})
    begins, ends = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    away = {"person": "sara", "deputy": "tom", "begins_at": begins.isoformat(), "ends_at": ends.isoformat()}
    assert olga.post("/api/v1/substitutions", json=away).status_code == 201
    olga.put("/api/v1/group-routing/sales", json={"by_load": True})
    begin("six", requester="edith")
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT assignee FROM user_task WHERE title = 'Check six'")) is None  # sara is away, edith may not


def test_who_has_how_much_is_seen_and_a_group_is_routed_on_the_page(begin, signed_in):
    begin("one", "two")
    olga, sara = signed_in("olga"), signed_in("sara")
    (queue,) = (each for each in sara.get("/api/v1/group-routing/queues").json["groups"] if each["group"] == "sales")
    assert (queue["open"], queue["by_load"]) == (2, False)
    assert sara.post("/operations/queues", data={"group": "sales", "by_load": "yes"}).status_code == 403
    assert olga.post("/operations/queues", data={"group": "moon", "by_load": "yes"}).status_code == 422
    assert olga.post("/operations/queues", data={"group": "sales", "by_load": "yes"}).status_code == 303
    begin("three", requester="edith")
    assert sara.get("/api/v1/group-routing/queues").json["desks"] == [{"person": "sara", "open": 1, "late": 0}]
    page = olga.get("/operations/queues").text
    assert "Go to who has the least" in page
    assert "sara" in page
    olga.post("/operations/queues", data={"group": "sales", "by_load": "no"})
    assert olga.get("/api/v1/group-routing").json == {"groups": []}


def test_the_audit_log_is_read_between_two_days(signed_in):
    olga = signed_in("olga")
    assert "Sign in" in olga.get("/operations/audit?since=2020-01-01").text
    assert "No entry fits" in olga.get("/operations/audit?since=2020-01-01&until=2020-01-31").text
    assert olga.get("/operations/audit?since=soon").status_code == 422


_INCIDENT = text("""
INSERT INTO incident (instance_id, kind, message, fingerprint, next_step)
SELECT id, 'failed', '503 from the carrier', 'f1', 'Retry.' FROM instance LIMIT 1
""")
_RETRYING = text("""
WITH made AS (
  INSERT INTO work (id, instance_id, element_id, handler, input, state, attempt, idempotency_key, retry)
  SELECT gen_random_uuid(), id, 'check', 'carrier.book', '{}', 'waiting', 2, 'k', 'R8/PT10S' FROM instance WHERE business_key = 'N-one'
  RETURNING id, instance_id
)
INSERT INTO timer (id, instance_id, element_id, kind, due_at)
SELECT id, instance_id, 'check', 'retry', timestamptz '2099-01-02 21:37+00' FROM made
""")
