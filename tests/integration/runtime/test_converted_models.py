"""Orders that were drawn for Camunda 8 and 7 are converted, deployed, and run to their end with people, workers outside and messages."""

from datetime import timedelta
from decimal import Decimal

from engine.models.bundle import Bundle
from engine.models.converting import convert
from engine.runtime.post.mailbox import Message
from engine.runtime.state.people import Person
from engine.runtime.verbs import external_fetch, external_tasks, messages
from engine.runtime.verbs.external_fetch import Fetch, Topic
from engine.runtime.verbs.external_tasks import Holder
from tests.camunda_models import CAMUNDA_7, CAMUNDA_8

ROBOT = Person("robot")


def deployed(world, content: bytes) -> None:
    made = convert("order.bpmn", content)
    world.deploy(Bundle("order", {"order.bpmn": made.content, **made.files}))


def work_off(world, topic: str, answer) -> list[dict]:
    """Do everything of a topic, and answer what each task was given."""
    given = []
    with world.database.transaction() as tx:
        tasks = external_fetch.fetch(tx, ROBOT, Fetch("w", (Topic(topic, timedelta(minutes=1)),), 10))
    for task in tasks:
        given.append(dict(task.parameters))
        with world.database.transaction() as tx:
            external_tasks.complete(world.runtime, tx, Holder(ROBOT, "w"), task.id, answer(task))
    return given


def test_an_order_of_camunda_8_runs_to_its_end(world):
    deployed(world, CAMUNDA_8)
    lines = [{"sku": "A-1", "price": Decimal("9.50")}, {"sku": "B-2", "price": 3}]
    order = world.start("order-process", {"orderId": "SO-17", "lines": lines})
    other = world.start("order-process", {"orderId": "SO-18", "lines": lines})
    task = next(task for task in world.tasks() if task.instance_id == order)
    assert (task.form_key, task.priority, task.candidate_groups) == ("checkForm", 50, ["sales"])
    world.complete(task.id, {"decision": "yes"})
    given = work_off(world, "pack-item", lambda task: {"parcel": f"P-{task.parameters['item']['sku']}", "scratch": 1})
    assert sorted(each["item"]["sku"] for each in given) == ["A-1", "B-2"]
    assert given[0]["station"] == "A 1"
    with world.database.transaction() as tx:
        messages.publish(world.runtime, tx, Message("payment-received", {"orderId": "SO-17"}, {"paid": True}))
    assert work_off(world, "send-mail", lambda _: {}) == [{}]
    row = world.row(order)
    assert (row.state, world.row(other).state) == ("completed", "waiting")
    assert (row.variables["total"], row.variables["parcels"], row.variables["approved"]) == (Decimal("12.50"), ["P-A-1", "P-B-2"], True)
    assert not {"scratch", "decision"} & row.variables.keys()


def test_an_invoice_of_camunda_7_runs_to_its_end(world):
    deployed(world, CAMUNDA_7)
    invoice = world.start("invoice", {"amount": 2000, "creditor": "Acme", "people": ["ann", "bob"]})
    (task,) = world.tasks(Person("fay", frozenset({"finance"})))
    assert (task.due_at - task.created_at).days == 3
    world.complete(task.id, {}, Person("fay", frozenset({"finance"})))
    given = work_off(world, "org.acme.ArchiveInvoice", lambda _: {"place": "shelf"})
    assert given == [{"shelf": "B 2", "title": "Invoice of Acme", "tags": ["paid", "Acme"]}]
    work_off(world, "payService", lambda _: {})
    told = [work_off(world, "tell-creditor", lambda task: {"told": task.variables["person"]}) for _ in range(2)]
    assert [len(each) for each in told] == [1, 1]
    row = world.row(invoice)
    assert (row.state, row.variables["twice"], row.variables["archived"], row.variables["told"]) == ("completed", 4000, True, "bob")
