"""What happened, by API: real instances run through the engine, with the clock moved between their steps."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from engine.runtime.state.people import Person
from engine.runtime.verbs import user_tasks
from engine.runtime.verbs.start import StartOptions, start
from engine.store import clock
from handlers.event_log import event_objects, keys_of_customer
from tests import tiny_models as m
from tests.unit.mining.ocel_rules import breaches
from tests.unit.ui.conftest import statements
from tests.worklist import tasks_of

SARA = Person("sara", frozenset({"sales"}), frozenset({"read", "work"}))
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CHECKS = m.bundle(
    "checks",
    m.start() + m.user("check", candidateGroups="sales") + m.gateway("fine") + m.user("repair", candidateGroups="sales") + m.end(),
    "start -> check -> fine\nfine -> done [approved]\nfine -> repair [default]\nrepair -> check",
)
NEWER = m.bundle(
    "checks", m.start() + m.user("check", candidateGroups="sales") + m.user("sign") + m.end(), "start -> check -> sign -> done"
)


@pytest.fixture
def ravi(signed_in):
    """An analyst."""
    return signed_in("ravi")


def deployed(client, bundle):
    files = {path: base64.b64encode(content).decode() for path, content in bundle.files.items()}
    assert client.post("/api/v1/deployments", json={"name": bundle.name, "files": files}).status_code == 201


class Life:
    """Instances that begin and go on at a time of the test's own, in hours after Monday eight o'clock."""

    def __init__(self, installation):
        self._runtime, self._database = installation.runtime, installation.database

    def begin(self, key: str, hour: float, **variables) -> None:
        with self._at(hour) as tx:
            start(self._runtime, tx, "checks", {"approved": False, **variables}, StartOptions(business_key=key))

    def claim(self, key: str, hour: float) -> None:
        with self._at(hour) as tx:
            user_tasks.claim(self._runtime, tx, self._task(tx, key), SARA)

    def complete(self, key: str, hour: float, **data) -> None:
        with self._at(hour) as tx:
            user_tasks.complete(self._runtime, tx, self._task(tx, key), data, user_tasks.Completion(SARA))

    def _task(self, tx, key):
        (task,) = [each for each in tasks_of(tx, SARA) if each.business_key == key]
        return task.id

    def _at(self, hour):
        return _Moved(self._database, MONDAY + timedelta(hours=hour))


class _Moved:
    def __init__(self, database, moment):
        self._transaction, self._moment = database.transaction(), moment

    def __enter__(self):
        tx = self._transaction.__enter__()
        clock.at(tx, self._moment)
        return tx

    def __exit__(self, *failure):
        return self._transaction.__exit__(*failure)


@pytest.fixture
def life(ravi, installation):
    """A is claimed after 2 hours and approved after 5, B is sent to repair unclaimed and then approved, C still waits."""
    deployed(ravi, CHECKS)
    life = Life(installation)
    life.begin("A", 0, customer_no="C-1")
    life.claim("A", 2)
    life.complete("A", 5, approved=True)
    life.begin("B", 24, customer_no="C-2")
    life.complete("B", 28)
    life.claim("B", 29)
    life.complete("B", 31)
    life.complete("B", 32, approved=True)
    life.begin("C", 48)
    return life


def by_id(answer):
    return {each["element_id"]: each for each in answer.json["elements"]}


HOUR = 3600


def test_steps_flows_and_bottlenecks_of_real_instances_come_out_as_worked_out_by_hand(life, ravi):
    answer = ravi.get("/api/v1/bundles/checks/mining?state=completed")
    assert answer.status_code == 200, answer.json
    assert answer.json["sample"] == {
        "instances": 2, "capped": False, "running": 0, "completed": 2, "cancelled": 0, "versions": [1],
    }  # fmt: skip
    check, repair = by_id(answer)["check"], by_id(answer)["repair"]
    # A waits 2 and works 3 hours; B waits 4 and then 1 hour unclaimed.
    assert (check["done"], check["waiting"], check["working"]) == (
        3,
        {"total": 7 * HOUR, "median": 2 * HOUR, "p90": 3.6 * HOUR},
        {"total": 3 * HOUR, "median": 0, "p90": 2.4 * HOUR},
    )
    assert (repair["done"], repair["waiting"]["total"], repair["working"]["total"]) == (1, 1 * HOUR, 2 * HOUR)
    flows = {each["flow_id"]: each["count"] for each in answer.json["flows"]}
    assert flows == {
        "flow_start_check": 2, "flow_check_fine": 3, "flow_fine_done": 2, "flow_fine_repair": 1, "flow_repair_check": 1,
    }  # fmt: skip
    assert [(each["element_id"], each["waited"], each["share"]) for each in answer.json["bottlenecks"]] == [
        ("check", 7 * HOUR, 87.5),
        ("repair", 1 * HOUR, 12.5),
    ]


def test_who_still_waits_is_counted_where_it_stands_and_its_time_so_far_is_no_median(life, ravi):
    check = by_id(ravi.get("/api/v1/bundles/checks/mining?business_key=C"))["check"]
    assert (check["done"], check["running"], check["waiting"]["median"]) == (0, 1, 0)
    assert check["waiting_so_far"] > 0


def test_variants_are_listed_by_their_number_and_paged(life, ravi):
    address = "/api/v1/bundles/checks/mining/variants"
    found = ravi.get(address).json["items"]
    assert {(each["state"], tuple(each["steps"]), each["median"]) for each in found} == {
        ("completed", ("start", "check", "fine", "done"), 5 * HOUR),
        ("completed", ("start", "check", "fine", "repair", "check", "fine", "done"), 8 * HOUR),
        ("running", ("start",), None),
    }
    assert [each["examples"][0]["business_key"] for each in ravi.get(f"{address}?state=running").json["items"]] == ["C"]
    one = ravi.get(f"{address}?limit=1").json
    two = ravi.get(f"{address}?limit=2&cursor={one['next_cursor']}").json
    assert ([each["id"] for each in (*one["items"], *two["items"])], two["next_cursor"]) == ([each["id"] for each in found], None)
    assert ravi.get(f"{address}?cursor=bm9uZQ==").json["code"] == "cursor"


def test_filters_say_which_instances(life, ravi):
    wanted = {
        "started_from=2026-03-03T00:00:00Z&started_before=2026-03-04T08:00:00Z": ["B"],
        "variable=customer_no%3DC-1": ["A"],
        "state=running": ["C"],
        "version=1&process=checks": ["A", "B", "C"],
        "state=cancelled": [],
    }
    found = {query: ravi.get(f"/api/v1/bundles/checks/mining/variants?{query}").json["items"] for query in wanted}
    keys = {query: sorted(each["business_key"] for item in items for each in item["examples"]) for query, items in found.items()}
    assert keys == wanted


def test_two_versions_are_measured_apart_and_together(life, ravi):
    deployed(ravi, NEWER)
    life.begin("D", 72)
    life.complete("D", 73)
    old, new = (ravi.get(f"/api/v1/bundles/checks/mining?version={number}") for number in (1, 2))
    assert (by_id(old)["check"]["done"], by_id(new)["check"]["done"], new.json["shown_version"]) == (3, 1, 2)
    assert "sign" not in by_id(old)
    both = by_id(ravi.get("/api/v1/bundles/checks/mining?version=1&version=2"))
    assert (both["check"]["done"], both["sign"]["running"], both["repair"]["drawn"]) == (4, 1, False)


def test_it_takes_a_constant_number_of_statements_and_says_when_it_looked_at_a_part_only(life, ravi, installation, monkeypatch):
    counts = []
    for _ in range(2):
        with statements(installation.database) as sent:
            ravi.get("/api/v1/bundles/checks/mining")
        counts.append(len(sent))
        life.begin(f"E{len(counts)}", 96)
    assert counts[0] == counts[1]
    monkeypatch.setattr("engine.runtime.read.mining.MOST_INSTANCES", 2)
    sample = ravi.get("/api/v1/bundles/checks/mining").json["sample"]
    assert (sample["instances"], sample["capped"]) == (2, True)


def test_a_filter_that_says_nothing_is_refused(ravi):
    deployed(ravi, CHECKS)
    for query in ("state=late", "version=9", "version=0", "version=x", "started_from=yesterday", "variable=nothing", "order=1"):
        answer = ravi.get(f"/api/v1/bundles/checks/mining?{query}")
        assert (answer.status_code, bool(answer.json["next_step"])) == (422, True), query


def test_a_bundle_that_is_not_there_is_not_found_and_one_that_never_ran_is_empty(ravi):
    assert ravi.get("/api/v1/bundles/nothing/mining").status_code == 404
    deployed(ravi, CHECKS)
    empty = ravi.get("/api/v1/bundles/checks/mining")
    assert (empty.json["sample"]["instances"], empty.json["bottlenecks"]) == (0, [])
    assert ravi.get("/api/v1/bundles/checks/mining/variants").json == {"items": [], "next_cursor": None}


def test_the_event_log_tells_orders_and_customers_and_a_customer_is_a_filter(ravi, signed_in, installation):
    order = {"customer_no": "C-1001", "customer_po": "PO-1", "lines": [{"sku": "PUMP-40", "quantity": "2"}]}
    made = signed_in("tom").post("/api/v1/orders", json=order)
    assert made.status_code in {201, 202}, made.json
    number = made.json["order_no"]
    deployed(ravi, CHECKS)
    life = Life(installation)
    life.begin(number, 0, order={"order_no": number})
    life.complete(number, 5, approved=True)
    life.begin("other", 1)
    log = ravi.get("/api/v1/bundles/checks/ocel?customer=C-1001").json
    assert breaches(log) == []
    assert [(each["type"], each["time"]) for each in log["events"]] == [
        ("start", "2026-03-02T08:00:00Z"), ("check", "2026-03-02T13:00:00Z"), ("done", "2026-03-02T13:00:00Z"),
    ]  # fmt: skip
    (found,) = [each for each in log["objects"] if each["type"] == "order"]
    assert found["relationships"] == [{"objectId": "customer:C-1001", "qualifier": "ordered by"}]
    assert len(ravi.get("/api/v1/bundles/checks/ocel").json["objects"]) == len(log["objects"]) + 1
    assert ravi.get("/api/v1/bundles/checks/mining?customer=C-9").json["sample"]["instances"] == 0


def test_every_tie_between_things_is_a_query_that_runs(installation):
    numbers = ["SO-1", "Q-1", "INV-1"]
    known = event_objects()
    with installation.database.transaction() as tx:
        found = [tx.execute(text(tie.sql), {"numbers": numbers}).all() for each in known for tie in each.ties]
        keys = keys_of_customer(tx, "C-1001")
    assert len(found) >= 8
    assert [row for rows in found for row in rows] == keys == []
    assert {tie.source for each in known for tie in each.ties} <= {kind for each in known for kind in each.types.values()}


def test_a_log_that_would_leave_something_out_is_refused(life, ravi, monkeypatch):
    monkeypatch.setattr("engine.runtime.read.event_log.MOST_EVENTS", 5)
    refused = ravi.get("/api/v1/bundles/checks/ocel")
    assert (refused.status_code, refused.json["code"]) == (413, "event_log_too_large")
    assert ravi.get("/api/v1/bundles/checks/ocel?state=running").status_code == 200
    monkeypatch.setattr("engine.runtime.read.mining.MOST_INSTANCES", 1)
    assert ravi.get("/api/v1/bundles/checks/ocel").status_code == 413
