"""What workers of Camunda 7 send to fetch and complete external tasks, and what they are answered; what operators see of it."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Thread

import pytest
from sqlalchemy import select, text

from api.auth.accounts import NewAccount, add_account
from api.auth.model import UserAccount
from api.auth.roles import Role
from api.auth.tokens import NewToken, add_token
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m
from tests.waiting import until

SHIP = m.bundle("ship", m.start() + m.service("pack", "topic:pack-parcel") + m.end(), "start -> pack -> done")
PYTHON_FETCH = {
    "workerId": "w-py", "maxTasks": 5, "asyncResponseTimeout": 0, "usePriority": False, "sorting": None,
    "topics": [{"topicName": "pack-parcel", "lockDuration": 10000, "processVariables": {}, "deserializeValues": True, "variables": None}],
}  # fmt: skip


class Robot:
    """A worker of one token."""

    def __init__(self, client, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, address: str, body: object = None, **options):
        given = {"json": body} if body is not None else options
        return self.client.post(f"/engine-rest/external-task{address}", headers=self.headers, **given)

    def fetch(self, **changes):
        return self.post("/fetchAndLock", {**PYTHON_FETCH, **changes})


@pytest.fixture
def robot(client, company_database) -> Robot:
    with company_database.transaction() as tx:
        account = add_account(tx, NewAccount("robot", "Label robot", ("external-worker",)))
        return Robot(client, add_token(tx, account, NewToken("labels", (Role.SERVE,), timedelta(days=1), ("pack-parcel",))))


@pytest.fixture
def order(installation, company_database):
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, SHIP, "ada")
        variables = {"order_no": "SO-17", "total": Decimal("99.90"), "due": "2026-12-01T08:00:00Z", "lines": [{"sku": "A-1"}]}
        return start(installation.runtime, tx, "ship", variables, StartOptions(business_key="SO-17"))


def row(database, order):
    with database.transaction() as tx:
        return tx.execute(text("SELECT state, variables FROM instance WHERE id = :id"), {"id": order}).one()


def test_a_worker_gets_typed_variables_and_brings_typed_ones_back(robot, order, company_database):
    fetched = robot.fetch()
    assert (fetched.status_code, fetched.content_type) == (200, "application/json")
    (task,) = fetched.json
    assert task["variables"] == {
        "order_no": {"value": "SO-17", "type": "String", "valueInfo": {}},
        "total": {"value": Decimal("99.9"), "type": "Double", "valueInfo": {}},
        "due": {"value": "2026-12-01T08:00:00.000+0000", "type": "Date", "valueInfo": {}},
        "lines": {"value": '[{"sku":"A-1"}]', "type": "Json", "valueInfo": {}},
    }  # fmt: skip
    assert (task["retries"], task["workerId"], task["businessKey"], task["processDefinitionKey"]) == (None, "w-py", "SO-17", "ship")
    assert robot.fetch().json == []
    brought = {
        "weight": {"value": 1.25, "type": "Double"},
        "packed": {"value": "2026-11-30T10:00:00.000+0200", "type": "date"},
        "by": {"value": ["r1"]},
    }
    done = robot.post(f"/{task['id']}/complete", {"workerId": "w-py", "variables": brought})
    assert (done.status_code, done.data) == (204, b"")
    after = row(company_database, order)
    assert after.state == "completed"
    assert {name: after.variables[name] for name in brought} == {
        "weight": Decimal("1.25"),
        "packed": "2026-11-30T08:00:00.000Z",
        "by": ["r1"],
    }
    again = robot.post(f"/{task['id']}/complete", {"workerId": "w-py"})
    assert (again.status_code, again.json["type"]) == (404, "RestException")


def test_a_worker_says_that_it_failed_is_still_at_it_and_gives_back(robot, order, signed_in):
    (task,) = robot.fetch().json
    address = f"/{task['id']}"
    assert robot.post(f"{address}/extendLock", {"workerId": "w-py", "newDuration": 30000}).status_code == 204
    other = robot.post(f"{address}/extendLock", {"workerId": "w-js", "newDuration": 30000})
    assert (other.status_code, other.json["type"]) == (400, "InvalidRequestException")
    assert robot.post(f"{address}/unlock", data=b"null", content_type="application/json").status_code == 204
    assert robot.post(f"{address}/lock", {"workerId": "w-js", "lockDuration": 5000}).status_code == 204
    assert robot.post(f"{address}/unlock").status_code == 204
    (task,) = robot.fetch().json
    failed = {"workerId": "w-py", "errorMessage": "no paper", "errorDetails": "tray 2", "retries": 1, "retryTimeout": 0, "variables": None}
    assert robot.post(f"{address}/failure", failed).status_code == 204
    (task,) = robot.fetch().json
    assert (task["retries"], task["errorMessage"]) == (1, "no paper")
    assert robot.post(f"{address}/failure", {**failed, "retries": None}).status_code == 204
    (incident,) = signed_in("olga").get("/api/v1/incidents").json["items"]
    assert (incident["kind"], incident["message"], incident["handler"]) == ("external_task", "no paper", "topic:pack-parcel")
    assert robot.fetch().json == []


def test_a_fetch_that_waits_is_answered_as_soon_as_a_task_is_there(robot, installation, company_database):
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, SHIP, "ada")
    answers = []
    waiting = Thread(target=lambda: answers.append(robot.fetch(asyncResponseTimeout=60000).json))
    waiting.start()
    until(lambda: robot.client.application.extensions["ordercraft-polls"].waits)
    with company_database.transaction() as tx:
        start(installation.runtime, tx, "ship", {})
    waiting.join(timeout=20)
    assert [task["topicName"] for task in answers[0]] == ["pack-parcel"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"workerId": ""}, "workerId"),
        ({"asyncResponseTimeout": 1_800_001}, "asyncResponseTimeout"),
        ({"topics": [{"topicName": "pack-parcel", "lockDuration": 0}]}, "lockDuration"),
        ({"topics": [{"topicName": "pack-parcel", "lockDuration": 1, "tenantIdIn": ["t"]}]}, "tenantIdIn"),
        ({"topics": [{"lockDuration": 1}]}, "topicName"),
        ({"maxTasks": "many"}, "maxTasks"),
        ({"sorting": [{"sortBy": "priority"}]}, "createTime"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_fetch_is_refused_in_words_and_locks_nothing(robot, order, changes, told):
    refused = robot.fetch(**changes)
    assert (refused.status_code, refused.json["type"]) == (400, "InvalidRequestException")
    assert told in refused.json["message"]
    assert len(robot.fetch().json) == 1


def test_a_token_serves_its_topics_only_and_nothing_else_of_the_house(robot, order, client, company_database):
    with company_database.transaction() as tx:
        account = tx.scalar(select(UserAccount).where(UserAccount.name == "robot"))
        stranger = Robot(client, add_token(tx, account, NewToken("other", (Role.SERVE,), timedelta(days=1), ("print-label",))))
    assert stranger.fetch().json == []
    (task,) = robot.fetch().json
    refused = stranger.post(f"/{task['id']}/complete", {"workerId": "w-py"})
    assert (refused.status_code, refused.json["type"]) == (403, "AuthorizationException")
    assert robot.client.get("/api/v1/orders", headers=robot.headers).status_code == 403
    assert client.post("/engine-rest/external-task/fetchAndLock", json=PYTHON_FETCH).status_code == 401


def test_operators_see_what_waits_who_has_it_and_take_it_away(robot, order, signed_in, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    olga = signed_in("olga")
    assert "Nobody has it" in olga.get("/operations/external-tasks").text
    (task,) = robot.fetch().json
    (shown,) = olga.get("/api/v1/external-tasks?topic=pack-parcel").json["items"]
    assert (shown["worker_id"], shown["account"], shown["locked"], shown["fetched"]) == ("w-py", "robot", True, 1)
    assert olga.get("/api/v1/external-tasks/topics").json["items"][0]["locked"] == 1
    page = olga.get("/operations/external-tasks").text
    assert re.search(r"w-py</span><span class=\"sub\">has it until", page)
    assert "w-py has it until" in olga.get(f"/api/v1/instances/{order}/explanation").json["sentence"]
    assert olga.post(f"/operations/external-tasks/{task['id']}/unlock").status_code == 303
    assert signed_in("sara").post(f"/operations/external-tasks/{task['id']}/unlock").status_code == 403
    assert robot.post(f"/{task['id']}/complete", {"workerId": "w-py"}).status_code == 400
    assert len(robot.fetch(workerId="w-2").json) == 1


def test_tasks_are_listed_and_looked_up_as_camunda_says_it(robot, order, client, company_database):
    with company_database.transaction() as tx:
        account = tx.scalar(select(UserAccount).where(UserAccount.name == "olga"))
        reader = {"Authorization": f"Bearer {add_token(tx, account, NewToken('tool', (Role.READ,), timedelta(days=1)))}"}
    robot.fetch()
    (task,) = client.get("/engine-rest/external-task?topicName=pack-parcel&workerId=w-py", headers=reader).json
    assert client.get(f"/engine-rest/external-task/{task['id']}", headers=reader).json == task
    assert (task["activityId"], task["suspended"]) == ("pack", False)
    assert client.get("/engine-rest/external-task?topicName=other", headers=reader).json == []


def test_a_worker_that_asks_gets_the_extension_properties_of_the_step(robot, installation, company_database):
    camunda = "http://camunda.org/schema/1.0/bpmn"
    kept = f'<c:properties xmlns:c="{camunda}"><c:property name="queue" value="fast lane"/></c:properties>'
    diagram = SHIP.files["ship.bpmn"].replace(
        b"<spiffworkflow:serviceTaskOperator", kept.encode() + b"<spiffworkflow:serviceTaskOperator", 1
    )
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, replace(SHIP, files={**SHIP.files, "ship.bpmn": diagram}), "ada")
        start(installation.runtime, tx, "ship", {})
        start(installation.runtime, tx, "ship", {})
    topic = PYTHON_FETCH["topics"][0]
    (silent,) = robot.fetch(maxTasks=1).json
    (asked,) = robot.fetch(maxTasks=1, topics=[{**topic, "includeExtensionProperties": True}]).json
    assert (silent["extensionProperties"], asked["extensionProperties"]) == ({}, {"queue": "fast lane"})
