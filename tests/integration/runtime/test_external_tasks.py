"""Workers outside: they fetch what is to be done, hold it for a while, and say how it ended; what comes late changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from engine.models.bundle import Bundle
from engine.problems import Forbidden, Invalid, NotFound
from engine.runtime.operate import migrate, operations
from engine.runtime.operate.migrate import Migration
from engine.runtime.state.people import Person
from engine.runtime.verbs import external_fetch, external_tasks
from engine.runtime.verbs.external_fetch import Fetch, Fetched, Topic
from engine.runtime.verbs.external_tasks import Failed, Holder
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.spiff.calls import Refusal
from tests import tiny_models as m

ROBOT = Person("robot")
MINUTE = timedelta(minutes=1)
ERROR = '<bpmn:error id="gone" name="Out of stock" errorCode="NO_STOCK"/>'
SHIP = m.bundle(
    "ship",
    m.start() + m.service("pack", "topic:pack-parcel", parcels="count(lines)") + m.user("check") + m.end()
    + m.boundary("missing", "pack", '<bpmn:errorEventDefinition errorRef="gone"/>') + m.end("unshipped"),
    "start -> pack -> check -> done\nmissing -> unshipped",
    outside=ERROR,
)  # fmt: skip
LINES = {"lines": [{"sku": "A-1"}, {"sku": "B-2"}], "order_no": "SO-17", "total": Decimal("99.90")}


class Workers:
    """Workers outside, in short words; each is one transaction."""

    def __init__(self, world) -> None:
        self.world = world

    def fetch(self, worker_id: str = "w-1", topic: str = "pack-parcel", lock: timedelta = MINUTE, most: int = 10, **more) -> list[Fetched]:
        options = {name: more.pop(name) for name in ("by_priority", "newest_first") if name in more}
        asked = Fetch(worker_id, (Topic(topic, lock, **more),), most, **options)
        with self.world.database.transaction() as tx:
            return external_fetch.fetch(tx, ROBOT, asked)

    def say(self, verb: Callable[..., None], task: Fetched, *said: Any, worker_id: str = "w-1", person: Person = ROBOT) -> None:
        runtime = () if verb in {external_tasks.extend, external_tasks.lock} else (self.world.runtime,)
        with self.world.database.transaction() as tx:
            verb(*runtime, tx, Holder(person, worker_id), task.id, *said)

    def complete(self, task: Fetched, worker_id: str = "w-1", **variables: Any) -> None:
        self.say(external_tasks.complete, task, variables, worker_id=worker_id)

    def fail(self, task: Fetched, retries: int, pause: timedelta = timedelta()) -> None:
        self.say(external_tasks.fail, task, Failed("the label printer is on fire", "Traceback: smoke", retries, pause))

    def let_locks_run_out(self) -> None:
        self.world.do("UPDATE external_task SET locked_until = now() - interval '1 second' WHERE locked_until IS NOT NULL")


@pytest.fixture
def workers(world) -> Workers:
    world.deploy(SHIP)
    return Workers(world)


@pytest.fixture
def order(world, workers) -> UUID:
    return world.start("ship", LINES, business_key="SO-17")


def test_a_task_is_fetched_once_and_completing_it_brings_its_variables_and_goes_on(world, workers, order):
    (task,) = workers.fetch()
    assert (task.topic, task.business_key, task.process_key, task.element_id, task.retries) == (
        "pack-parcel",
        "SO-17",
        "ship",
        "pack",
        None,
    )
    assert (task.parameters, task.variables["total"]) == ({"parcels": 2}, Decimal("99.90"))
    assert workers.fetch("w-2") == []
    workers.complete(task, weight=Decimal("1.25"), tracking={"no": "T-1"})
    assert world.row(order).variables == {**LINES, "weight": Decimal("1.25"), "tracking": {"no": "T-1"}}
    assert world.path(order)[-1] == "pack"
    assert world.row(order).state == "waiting"
    with pytest.raises(NotFound):
        workers.complete(task)


def test_what_a_worker_says_after_another_has_taken_the_task_is_refused_and_changes_nothing(world, workers, order):
    (late,) = workers.fetch("w-1")
    workers.let_locks_run_out()
    (taken,) = workers.fetch("w-2")
    assert taken.id == late.id
    for say in (lambda: workers.complete(late, weight=1), lambda: workers.fail(late, 0)):
        with pytest.raises(Invalid, match="w-2 has it"):
            say()
    with pytest.raises(Invalid, match="not locked by this worker"):
        workers.say(external_tasks.complete, taken, {}, worker_id="w-2", person=Person("stranger"))
    workers.complete(taken, "w-2", weight=2)
    assert world.row(order).variables["weight"] == 2
    assert world.one("SELECT count(*) AS n FROM external_task").n == 0


def test_a_lock_that_ran_out_is_still_the_workers_while_nobody_else_took_the_task(world, workers, order):
    (task,) = workers.fetch()
    workers.let_locks_run_out()
    with pytest.raises(Invalid, match="run out"):
        workers.say(external_tasks.extend, task, MINUTE)
    workers.complete(task)
    assert world.path(order)[-1] == "pack"


def test_a_lock_is_held_longer_given_back_and_taken_by_name(world, workers, order):
    (task,) = workers.fetch(lock=timedelta(milliseconds=1))
    workers.say(external_tasks.lock, task, MINUTE)
    workers.say(external_tasks.extend, task, timedelta(hours=1))
    assert world.one("SELECT locked_until > now() + interval '50 minutes' AS long FROM external_task").long
    with pytest.raises(Invalid, match="w-1 has it"):
        workers.say(external_tasks.lock, task, MINUTE, worker_id="w-2")
    with world.database.transaction() as tx:
        external_tasks.unlock(tx, ROBOT, task.id)
    assert [each.id for each in workers.fetch("w-2")] == [task.id]


def test_a_failure_is_tried_again_after_its_pause_and_with_no_retries_left_an_operator_sees_it(world, workers, order):
    (task,) = workers.fetch()
    workers.fail(task, 1, timedelta(hours=1))
    assert workers.fetch() == []
    assert "who may try again at" in world.explain(order).sentence
    workers.let_locks_run_out()
    (again,) = workers.fetch()
    assert (again.retries, again.last_error) == (1, "the label printer is on fire")
    workers.fail(again, 0)
    (incident,) = world.incidents()
    assert (incident.kind, incident.handler, incident.traceback) == ("external_task", "topic:pack-parcel", "Traceback: smoke")
    assert world.row(order).state == "incident"
    assert workers.fetch() == []
    with world.database.transaction() as tx:
        operations.retry(world.runtime, tx, order, "olga", "the printer is repaired")
    (offered,) = workers.fetch()
    assert offered.retries is None
    workers.complete(offered)
    assert (world.incidents(), world.path(order)[-3:]) == ([], ["pack failed", "pack failed", "pack"])


def test_an_error_goes_to_its_boundary_event_and_one_that_nothing_catches_is_an_incident(world, workers, order):
    (task,) = workers.fetch()
    workers.say(external_tasks.refuse, task, Refusal("NO_STOCK", "none left"))
    assert (world.row(order).state, world.path(order)[-1]) == ("completed", "unshipped")
    other = world.start("ship", LINES, business_key="SO-18")
    (task,) = workers.fetch()
    workers.say(external_tasks.refuse, task, Refusal("NO_TRUCK", "all out"))
    (incident,) = world.incidents()
    assert ("NO_TRUCK" in incident.message, world.row(other).state) == (True, "incident")


def test_only_tasks_that_every_filter_lets_through_are_fetched_in_the_order_asked_for(world, workers):
    ids = [
        world.start("ship", {**LINES, "region": region}, business_key=f"SO-{number}")
        for number, region in ((1, "EU"), (2, "US"), (3, "EU"))
    ]
    assert [each.business_key for each in workers.fetch(business_key="SO-2")] == ["SO-2"]
    assert workers.fetch(process_keys=("other",)) == workers.fetch(versions=(("ship", 2),)) == []
    assert [each.business_key for each in workers.fetch(having={"region": "EU"}, newest_first=True)] == ["SO-3", "SO-1"]
    with world.database.transaction() as tx:
        operations.suspend(world.runtime, tx, ids[0], "olga", "stock-taking")
    workers.let_locks_run_out()
    world.do("UPDATE external_task SET priority = 5 WHERE id = (SELECT id FROM work WHERE instance_id = :id)", id=ids[2])
    assert [each.business_key for each in workers.fetch(by_priority=True, versions=(("ship", 1),))] == ["SO-3", "SO-2"]


def test_a_token_of_some_topics_gets_only_theirs(world, workers, order):
    clerk = Person("robot", topics=frozenset({"print-label"}))
    with world.database.transaction() as tx:
        assert external_fetch.fetch(tx, clerk, Fetch("w-1", (Topic("pack-parcel", MINUTE),))) == []
    (task,) = workers.fetch()
    with pytest.raises(Forbidden, match="pack-parcel"):
        workers.say(external_tasks.complete, task, {}, person=clerk)


def test_what_is_completed_while_the_instance_is_suspended_waits_for_it_and_is_offered_to_nobody_else(world, workers, order):
    (task,) = workers.fetch()
    with world.database.transaction() as tx:
        operations.suspend(world.runtime, tx, order, "olga", "stock-taking")
    workers.complete(task, weight=3)
    workers.let_locks_run_out()
    with world.database.transaction() as tx:
        operations.resume(world.runtime, tx, order, "olga", "done")
    assert workers.fetch() == []
    run_until_idle(world.runtime)
    assert (world.row(order).variables["weight"], world.path(order)[-1]) == (3, "pack")


def test_cancelling_the_instance_takes_the_task_away_from_who_has_it(world, workers, order):
    (task,) = workers.fetch()
    with world.database.transaction() as tx:
        operations.cancel(world.runtime, tx, order, "olga", "customer withdrew")
    with pytest.raises(NotFound):
        workers.complete(task)


def test_each_turn_of_a_repeated_step_is_a_task_of_its_own_and_sees_its_item(world):
    many = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>lines</bpmn:loopDataInputRef>"
        '<bpmn:inputDataItem id="line" name="line"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    step = m.service("pack", "topic:pack-parcel").replace("</bpmn:serviceTask>", f"{many}</bpmn:serviceTask>")
    declared = '<bpmn:property id="lines" name="lines"/>'
    world.deploy(m.bundle("pack-all", declared + m.start() + step + m.end(), "start -> pack -> done"))
    instance = world.start("pack-all", LINES)
    workers = Workers(world)
    tasks = workers.fetch()
    assert sorted(task.variables["line"]["sku"] for task in tasks) == ["A-1", "B-2"]
    for task in tasks:
        workers.complete(task)
    assert world.row(instance).state == "completed"


def test_a_task_whose_topic_is_another_in_the_new_version_is_offered_there_and_stays_with_who_has_it(world, workers, order):
    (held,) = workers.fetch()
    renamed = {name: content.replace(b"topic:pack-parcel", b"topic:pack-box") for name, content in SHIP.files.items()}
    made = world.deploy(Bundle("ship", renamed))
    with world.database.transaction() as tx:
        migrate.migrate(world.runtime, tx, order, Migration(made.processes["ship"], "olga", "boxes are cheaper"))
    assert workers.fetch("w-2", topic="pack-box") == []
    workers.let_locks_run_out()
    (task,) = workers.fetch("w-2", topic="pack-box")
    assert (task.id, workers.fetch("w-2")) == (held.id, [])
    workers.complete(task, "w-2")
    assert world.path(order)[-1] == "pack"
