"""How urgent the work of a process is, and how long what has ended of it is kept: set on the page, by API, and kept to."""

import pytest
from sqlalchemy import text

from engine.jobs.pgqueuer import PgQueuerDispatcher
from engine.runtime.state.people import Person
from engine.runtime.verbs import user_tasks
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.process_settings import forget_ended
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m

BASE = "/api/v1/process-settings"
WHY = {"reason": "Orders come before reports"}


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def begin(installation):
    """Begins an instance that waits for the sales."""
    model = m.bundle("checks", m.start() + m.user("check", candidateGroups="sales") + m.end(), "start -> check -> done")
    with installation.database.transaction() as tx:
        deploy(installation.runtime, tx, model, "ada")

    def one(key):
        with installation.database.transaction() as tx:
            return start(installation.runtime, tx, "checks", {}, StartOptions(business_key=key))

    return one


def rows(olga):
    return {row["process_key"]: row for row in olga.get(BASE).json["items"]}


def finish(installation, instance, days_ago):
    with installation.database.transaction() as tx:
        task = tx.scalar(text("SELECT id FROM user_task WHERE instance_id = :id"), {"id": instance})
        user_tasks.complete(installation.runtime, tx, task, {}, user_tasks.Completion(Person("sara", frozenset({"sales"}))))
        tx.execute(
            text("UPDATE instance SET ended_at = now() - make_interval(days => :days) WHERE id = :id"), {"days": days_ago, "id": instance}
        )


def test_what_is_more_urgent_is_delivered_first_also_what_was_rung_for_before(begin, installation, signed_in):
    bell = PgQueuerDispatcher(installation.database)
    object.__setattr__(installation.runtime, "dispatcher", bell)
    olga, instance = signed_in("olga"), begin("CHECK-1")
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE instance SET wake = wake + 1, done = done WHERE id = :id"), {"id": instance})
        bell.ring(tx, [instance])
    changed = olga.put(BASE, json={"process_key": "checks", "work_priority": 90, **WHY})
    assert (changed.status_code, changed.json["state"]) == (200, "set")
    with installation.database.transaction() as tx:
        jobs = tx.scalars(text("SELECT priority FROM pgqueuer.pgqueuer WHERE payload = :id ORDER BY id"), {"id": instance.bytes}).all()
        bell.ring(tx, [instance])
        assert tx.scalar(text("SELECT max(priority) FROM pgqueuer.pgqueuer")) == 90
    assert jobs == [50, 90]


def test_what_has_ended_is_forgotten_when_a_second_person_has_agreed_and_no_sooner(begin, installation, signed_in):
    old, young, open_, above = (begin(key) for key in ("CHECK-1", "CHECK-2", "CHECK-3", "CHECK-4"))
    finish(installation, old, days_ago=200)
    finish(installation, young, days_ago=20)
    finish(installation, above, days_ago=200)
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE instance SET started_by_instance_id = :above WHERE id = :id"), {"above": above, "id": open_})
        assert forget_ended(tx) == 0
    olga = signed_in("olga")
    asked = olga.put(BASE, json={"process_key": "checks", "keep_days": 90, **WHY})
    assert asked.status_code == 202
    assert "does not come back" in asked.json["rule"]
    confirmed = signed_in("edith").post(f"/api/v1/pending-changes/{asked.json['pending_change']}/confirm", json={"reason": "Agreed"})
    assert confirmed.status_code == 200, confirmed.json
    assert (rows(olga)["checks"]["keep_days"], rows(olga)["checks"]["due"]) == (90, 2)
    with installation.database.transaction() as tx:
        assert forget_ended(tx) == 1
        left = set(tx.scalars(text("SELECT business_key FROM instance WHERE process_key = 'checks'")))
        assert tx.scalar(text("SELECT count(*) FROM history WHERE instance_id = :id"), {"id": old}) == 0
    assert left == {"CHECK-2", "CHECK-3", "CHECK-4"}  # what CHECK-4 has begun is still under way


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"work_priority": "101"}, "must be from 0 to 100"),
        ({"work_priority": "high"}, "must be a whole number"),
        ({"work_priority": "50", "keep_days": "7"}, "must be from 30 to 36,500 days"),
    ],
    ids=["too urgent", "no number", "too soon"],
)
def test_what_cannot_be_set_is_refused_beside_its_field_and_what_was_typed_stays(begin, signed_in, typed, said):
    olga = signed_in("olga")
    answer = olga.post("/operations/process-settings", data={"process_key": "checks", **typed, **WHY})
    assert answer.status_code == 422
    assert said in answer.text
    assert "Orders come before reports</textarea>" in answer.text
    assert rows(olga)["checks"]["work_priority"] == 50


def test_a_process_is_set_on_the_page(begin, signed_in):
    olga = signed_in("olga")
    answer = olga.post("/operations/process-settings", data={"process_key": "checks", "work_priority": "80", "keep_days": "", **WHY})
    assert answer.status_code == 303
    page = olga.get(answer.headers["Location"]).text
    assert "80" in page
    assert "for ever" in page
    assert olga.put(BASE, json={"process_key": "chekcs", "work_priority": 80, **WHY}).json["code"] == "process_key_unknown"
    assert signed_in("sara").post("/operations/process-settings", data={"process_key": "checks"}).status_code == 403
