"""What operators do, what stops a runaway, and what is lost when a bell is not heard: nothing."""

from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound, TooLarge
from engine.runtime.advance.advance import advance
from engine.runtime.advance.settle import settle
from engine.runtime.operate import incidents, operations
from engine.runtime.state import audit
from engine.runtime.state.stretch import Stretch, lock
from engine.runtime.verbs import housekeeping, start
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.spiff.records import Executed
from tests import tiny_models as m


@pytest.fixture
def waiting(world):
    world.deploy(m.bundle("wait", m.start() + m.user("decide", candidateGroups="sales") + m.end(), "start -> decide -> done"))
    return world


def operate(world, verb, instance, reason="the customer asked"):
    with world.database.transaction() as tx:
        return verb(world.runtime, tx, instance, "olga", reason)


def test_cancel_withdraws_every_wait_and_leaves_a_trace(waiting, people):
    instance = waiting.start("wait")
    assert operate(waiting, operations.cancel, instance).state == "cancelled"
    assert waiting.tasks(people.alice) == []
    with waiting.database.transaction() as tx:
        assert audit.first_broken(tx) is None
    entry = waiting.one("SELECT actor, action, reason FROM audit ORDER BY id DESC LIMIT 1")
    assert entry == ("olga", "cancel", "the customer asked")
    with pytest.raises(Conflict, match="is cancelled"):
        operate(waiting, operations.suspend, instance)


def test_a_reason_must_be_given(waiting):
    instance = waiting.start("wait")
    with pytest.raises(Invalid, match="To cancel an instance takes a reason"):
        operate(waiting, operations.cancel, instance, " ")


def test_a_suspended_instance_takes_nothing_in_until_it_is_resumed(waiting, people):
    instance = waiting.start("wait")
    (task,) = waiting.tasks(people.alice)
    operate(waiting, operations.suspend, instance)
    with pytest.raises(Conflict, match="suspended by an operator"):
        waiting.complete(task.id, {})
    assert waiting.explain(instance).next_step == "Resume it."
    with pytest.raises(Conflict, match="has suspended the instance"):
        operate(waiting, operations.suspend, instance)
    assert operate(waiting, operations.resume, instance).state == "waiting"
    with pytest.raises(Conflict, match="is waiting, not suspended"):
        operate(waiting, operations.resume, instance)
    waiting.complete(task.id, {})
    assert waiting.row(instance).state == "completed"


def test_the_audit_log_shows_a_changed_row(waiting):
    for _ in range(3):
        operate(waiting, operations.cancel, waiting.start("wait"))
    number = waiting.one("SELECT min(id) + 1 AS id FROM audit").id
    waiting.do("UPDATE audit SET reason = 'nothing to see' WHERE id = :id", id=number)
    with waiting.database.transaction() as tx:
        assert audit.first_broken(tx) == number


def test_retry_needs_something_that_failed(waiting):
    instance = waiting.start("wait")
    with pytest.raises(Conflict, match="No step of the instance has failed"):
        operate(waiting, operations.retry, instance)


def test_an_unknown_instance_is_said_to_be_unknown(waiting):
    unknown = "00000000-0000-0000-0000-000000000000"
    for ask in (waiting.explain, lambda unknown: operate(waiting, operations.cancel, unknown)):
        with pytest.raises(NotFound, match="There is no instance"):
            ask(unknown)


def endless(world):
    world.deploy(
        m.bundle(
            "endless",
            m.start() + m.script("count", "{ n: if n = null then 1 else n + 1 }") + m.gateway("enough") + m.end(),
            "start -> count -> enough\nenough -> done [n > limit]\nenough -> count [default]",
        )
    )
    return world


def test_a_long_stretch_goes_on_in_a_next_transaction(world):
    endless(world)
    instance = world.start("endless", {"n": 0, "limit": 1500})
    assert world.row(instance).state == "running"
    run_until_idle(world.runtime)
    row = world.row(instance)
    assert (row.state, row.variables["n"], row.steps_since_wait) == ("completed", 1501, 0)


def test_a_loop_that_never_ends_becomes_an_incident_and_can_be_let_on(world):
    endless(world)
    instance = world.start("endless", {"n": 0, "limit": 7000})
    run_until_idle(world.runtime)
    (incident,) = world.incidents()
    assert incident.kind == "steps_without_wait"
    assert "Look for a loop" in incident.next_step
    assert world.row(instance).state == "incident"
    run_until_idle(world.runtime)
    assert world.row(instance).state == "incident"
    with world.database.transaction() as tx:
        incidents.retry(world.runtime, tx, incident.id, "olga")
    run_until_idle(world.runtime)
    assert world.row(instance).state == "completed"
    assert world.incidents() == []


def test_variables_that_grow_too_large_in_a_worker_become_an_incident(world):
    elements = m.start() + m.service("book", "carrier.book", result="booking", order_no="order_no")
    elements += m.script("grow", "{ a: string join(for i in 1..5000 return order_no), b: a + a }") + m.end()
    world.deploy(m.bundle("growth", elements, "start -> book -> grow -> done"))
    instance = world.with_limits(variables_bytes=40_000).start("growth", {"order_no": "SO-1"})
    small = world.with_limits(variables_bytes=40_000)
    run_until_idle(small.runtime)
    (incident,) = world.incidents()
    assert incident.kind in {"variables_too_large", "too_large"}
    assert world.row(instance).state == "incident"


def test_an_instance_that_kills_its_workers_becomes_an_incident(world):
    world.deploy(m.bundle("poison", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    instance = world.start("poison", {"order_no": "SO-1"})
    world.do("UPDATE instance SET blob = 'garbage'::bytea")
    world.runtime.live._entries.clear()
    for _ in range(6):
        advance(world.runtime, instance)
    (incident,) = world.incidents()
    assert incident.kind == "claims_without_progress"
    assert "Workers took the instance 5 times" in incident.message
    assert world.row(instance).state == "incident"


def test_a_lost_bell_is_rung_again_by_the_sweep(world):
    rung = []
    world.deploy(m.bundle("job", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    instance = world.start("job", {"order_no": "SO-1"})
    world.runtime.dispatcher.ring = lambda tx, ids: rung.extend(ids)
    assert housekeeping.sweep(world.runtime) == 0
    world.do("UPDATE instance SET rung_at = now() - interval '1 minute'")
    assert housekeeping.sweep(world.runtime) == 1
    assert rung == [instance]
    assert housekeeping.sweep(world.runtime) == 0


def test_a_lease_is_renewed_while_its_call_lasts(world):
    world.deploy(m.bundle("job", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    seen = []

    def slow() -> None:
        world.do("UPDATE instance SET lease_until = now() + interval '1 second'")
        seen.append(housekeeping.renew(world.runtime))
        seen.append(world.one("SELECT lease_until > now() + interval '50 seconds' AS long FROM instance").long)

    world.stage.during = slow
    world.start("job", {"order_no": "SO-1"})
    run_until_idle(world.runtime)
    assert seen == [1, True]
    assert housekeeping.renew(world.runtime) == 0


def test_while_a_worker_is_at_it_a_decision_is_noted_and_applied_by_the_worker(world, people):
    elements = (
        m.start()
        + m.gateway("both", "parallel")
        + m.service("book", "carrier.book", order_no="order_no")
        + m.user("decide", candidateGroups="sales")
    )
    elements += m.gateway("joined", "parallel") + m.end()
    world.deploy(m.bundle("two", elements, "start -> both\nboth -> book -> joined\nboth -> decide -> joined\njoined -> done"))
    instance = world.start("two", {"order_no": "SO-1"})
    (task,) = world.tasks(people.alice)
    answers = []

    def decide() -> None:
        answers.append(world.complete(task.id, {"approved": True}, people.alice).applied)
        with pytest.raises(Conflict, match="asked for before"):
            world.complete(task.id, {"approved": False}, people.bob)

    world.stage.during = decide
    run_until_idle(world.runtime)
    assert answers == [False]
    row = world.row(instance)
    assert (row.state, row.variables["approved"]) == ("completed", True)


def test_two_workers_on_one_instance_do_its_work_once(world):
    world.deploy(m.bundle("job", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    instance = world.start("job", {"order_no": "SO-1"})
    threads = [Thread(target=advance, args=(world.runtime, instance)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.stage.calls) == 1
    assert world.row(instance).state == "completed"


def test_nothing_below_the_edge_commits(world):
    world.deploy(m.bundle("wait", m.start() + m.user("decide", candidateGroups="sales") + m.end(), "start -> decide -> done"))

    def start_and_fail() -> None:
        with world.database.transaction() as tx:
            start.start(world.runtime, tx, "wait", {})
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        start_and_fail()
    assert world.one("SELECT count(*) AS n FROM instance").n == 0


def test_what_was_saved_is_kept_in_memory_as_its_row_says_until_it_has_ended(waiting, people):
    live = waiting.runtime.live
    instance = waiting.start("wait")
    (version, execution) = live.take(instance)
    assert (version, execution.completed) == (waiting.row(instance).lock_version, False)
    live.put(instance, version, execution)
    operate(waiting, operations.suspend, instance)
    operate(waiting, operations.resume, instance)
    (task,) = waiting.tasks(people.alice)
    waiting.complete(task.id, {})
    assert live.take(instance) is None


def test_what_the_first_step_changed_stands_beside_what_the_instance_began_with(waiting):
    instance = waiting.start("wait", {"order_no": "SO-1", "qty": 3})
    with waiting.database.transaction() as tx:
        tx.execute(text("DELETE FROM history"))
        stretch = Stretch(waiting.runtime, tx, lock(tx, instance), initial={"order_no": "SO-1", "qty": 3})
        begun = {"task_id": uuid4(), "element_name": "", "element_type": "startEvent", "outcome": "completed", "actor": None}
        times = {"started_at": stretch.now, "ended_at": stretch.now}
        stretch.trace = [Executed(element_id="start", changed={"qty": 4, "checked": True}, **begun, **times)]
        settle(stretch)
        assert tx.scalars(text("SELECT changed FROM history")).all() == [{"order_no": "SO-1", "qty": 4, "checked": True}]


@pytest.mark.parametrize(("most", "ran"), [(20, 20), (21, 30)])
def test_a_loop_is_stopped_when_it_has_run_as_many_elements_as_it_may_and_not_one_sooner(world, most, ran):
    endless(world)
    short = world.with_limits(steps_per_transaction=10, steps_without_wait=most)
    instance = short.start("endless", {"n": 0, "limit": 7000})
    assert (short.row(instance).state, short.row(instance).steps_since_wait) == ("running", 10)
    run_until_idle(short.runtime)
    assert (short.row(instance).state, short.row(instance).steps_since_wait) == ("incident", ran)
    assert [each.message for each in world.incidents()] == [f"{ran} elements ran without a wait."]


def test_variables_may_take_just_as_many_bytes_as_they_may(waiting):
    variables = {"note": "ä" * 50}
    size = len('{"note":""}') + 100
    with pytest.raises(TooLarge, match=f"take {size} bytes; at most {size - 1} are kept"):
        waiting.with_limits(variables_bytes=size - 1).start("wait", variables)
    assert waiting.one("SELECT count(*) AS n FROM instance").n == 0
    assert waiting.row(waiting.with_limits(variables_bytes=size).start("wait", variables)).variables == variables
