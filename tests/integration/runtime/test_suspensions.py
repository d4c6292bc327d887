"""Stopping a service task, a process or a version of it: what waits is kept, spends no attempt, and goes on when it is resumed."""

import pytest

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.operate import suspensions
from engine.runtime.operate.suspensions import Stop
from engine.runtime.read.work import list_queues, list_suspended_processes
from engine.runtime.state.bounds import Bounds
from engine.runtime.verbs.run_until_idle import run_until_idle
from tests import tiny_models as m

BOOK = m.start() + m.service("book", "carrier.book", "booked", order_no="order_no") + m.end()
PRICE = m.start() + m.service("price", "orders.price", "priced", order_no="order_no") + m.end()
CHECK = m.start() + m.user("check") + m.end()


def stop(name, level="service_task", **more):
    return Stop(level, name, "olga", "The carrier is down", **more)


def suspend(world, asked):
    with world.database.transaction() as tx:
        suspensions.suspend(world.runtime, tx, asked)


def resume(world, asked):
    with world.database.transaction() as tx:
        return suspensions.resume(world.runtime, tx, asked)


def queues(world):
    with world.database.transaction() as tx:
        return {queue.name: queue for queue in list_queues(world.runtime, tx)}


@pytest.mark.parametrize(("elements", "flow", "name"), [(BOOK, "book", "carrier.book"), (PRICE, "price", "orders.price")])
def test_a_suspended_service_task_is_not_called_and_goes_on_when_it_is_resumed(world, elements, flow, name):
    world.deploy(m.bundle("order", elements, f"start -> {flow} -> done"))
    suspend(world, stop(name))
    instances = [world.start("order", {"order_no": f"SO-{number}"}) for number in range(3)]
    run_until_idle(world.runtime)
    assert world.stage.calls == []
    assert {world.row(each).state for each in instances} == {"waiting"}
    assert world.explain(instances[0]).sentence == f"{name} is suspended by olga: The carrier is down."
    assert (queues(world)[name].retrying, queues(world)[name].suspended.reason) == (3, "The carrier is down")
    assert resume(world, stop(name)) == 3
    run_until_idle(world.runtime)
    assert [attempt for _, _, attempt in world.stage.calls] == [1, 1, 1]
    assert {world.row(each).state for each in instances} == {"completed"}
    assert queues(world)[name].done == 3
    assert [row.action for row in world.all("SELECT action FROM audit WHERE target = :target", target=f"service_task:{name}")] == [
        "suspend",
        "resume",
    ]


def test_what_is_suspended_is_not_suspended_twice_nor_resumed_twice_nor_without_a_reason(world):
    suspend(world, stop("carrier.book"))
    with pytest.raises(Conflict, match="suspended already"):
        suspend(world, stop("carrier.book"))
    resume(world, stop("carrier.book"))
    with pytest.raises(Conflict, match="not suspended"):
        resume(world, stop("carrier.book"))
    with pytest.raises(NotFound):
        suspend(world, stop("carrier.bok"))
    with pytest.raises(NotFound):
        suspend(world, stop("no-process", "process"))
    with pytest.raises(Invalid):
        suspend(world, Stop("service_task", "carrier.book", "olga", " "))
    with pytest.raises(Invalid):
        suspend(world, stop("carrier.book", "planet"))


def test_a_suspended_process_notes_what_comes_and_applies_it_when_it_is_resumed(world):
    world.deploy(m.bundle("order", CHECK, "start -> check -> done"))
    instance = world.start("order")
    suspend(world, stop("order", "process"))
    world.complete(world.tasks()[0].id, {"ok": True})
    run_until_idle(world.runtime)
    assert world.row(instance).state != "completed"
    assert world.explain(instance).sentence == "The process is suspended by olga: The carrier is down."
    with pytest.raises(Conflict, match="is suspended by olga"):
        world.start("order")
    with world.database.transaction() as tx:
        (held,) = list_suspended_processes(tx)
    assert (held.name, held.version, held.instances) == ("order", None, 1)
    assert resume(world, stop("order", "process")) == 1
    run_until_idle(world.runtime)
    assert world.row(instance).state == "completed"
    assert world.one("SELECT strikes FROM instance")[0] == 0


def test_one_version_is_suspended_and_the_others_go_on(world):
    world.deploy(m.bundle("order", CHECK, "start -> check -> done"))
    old = world.start("order")
    version = world.one("SELECT id FROM process_version").id
    world.deploy(m.bundle("order", m.start() + m.script("say", "{ said: 1 }") + m.end(), "start -> say -> done"))
    suspend(world, stop("order", "process", version_id=version))
    assert world.row(world.start("order")).state == "completed"
    world.complete(world.tasks()[0].id, {})
    run_until_idle(world.runtime)
    assert world.row(old).state != "completed"


def test_an_open_circuit_is_shown_and_closed_by_hand(world):
    world = world.with_limits(bounds={"carrier.book": Bounds(failures=1)})
    world.deploy(m.bundle("order", BOOK, "start -> book -> done"))
    world.stage.mode = "failing"
    world.start("order", {"order_no": "SO-17"})
    run_until_idle(world.runtime)
    queue = queues(world)["carrier.book"]
    assert (queue.circuit, queue.failures, queue.retrying) == ("open", 1, 1)
    world.stage.mode = "fine"
    with world.database.transaction() as tx:
        assert suspensions.close_breaker(world.runtime, tx, stop("carrier.book")) == 1
    assert queues(world)["carrier.book"].circuit == "closed"
    run_until_idle(world.runtime)
    assert [attempt for _, _, attempt in world.stage.calls] == [1, 2]
    with pytest.raises(Conflict), world.database.transaction() as tx:
        suspensions.close_breaker(world.runtime, tx, stop("carrier.book"))
