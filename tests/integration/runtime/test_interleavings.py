"""What happens between two transactions, or when one of them fails: nothing is lost, nothing is done twice, nothing waits in silence."""

import threading
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.jobs.null_dispatcher import NullDispatcher
from engine.problems import Problem, TooLarge
from engine.runtime.advance.advance import _stop, advance
from engine.runtime.operate import incidents, migrate, operations, token_moves
from engine.runtime.operate.migrate import Migration
from engine.runtime.post import timers
from engine.runtime.state import effects
from engine.runtime.state.effects import EffectLedger
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import housekeeping, messages
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.service_tasks import Kind, ServiceTasks
from engine.store.unit_of_work import Collision
from tests import tiny_models as m

PAID = m.message("paid")
FOR_ALL = m.properties(correlation="={}")
BY_PAYMENT = f'<bpmn:extensionElements>{FOR_ALL}</bpmn:extensionElements><bpmn:messageEventDefinition messageRef="paid"/>'


@dataclass(frozen=True)
class Asked:
    order_no: str


@dataclass(frozen=True)
class Described:
    description: str


def publish(world, name: str, **given):
    with world.database.transaction() as tx:
        return messages.publish(world.runtime, tx, Message(name, **given))


def suspend(world, instance) -> None:
    with world.database.transaction() as tx:
        operations.suspend(world.runtime, tx, instance, "olga", "for a while")


def resume(world, instance) -> None:
    with world.database.transaction() as tx:
        operations.resume(world.runtime, tx, instance, "olga", "go on")


def two_branches(first: str, second: str) -> tuple[str, str]:
    elements = m.start() + m.gateway("both", "parallel") + first + second + m.end("one_end") + m.end("two_end")
    return elements, "start -> both\nboth -> one -> one_end\nboth -> two -> two_end"


def test_a_dry_run_of_a_migration_leaves_nothing_in_memory(world):
    world.deploy(m.bundle("order", m.start() + m.user("a") + m.user("b") + m.end(), "start -> a -> b -> done"))
    instance = world.start("order")
    world.deploy(m.bundle("order", m.start() + m.user("a") + m.user("c") + m.end(), "start -> a -> c -> done"))
    version = world.one("SELECT id FROM process_version WHERE latest").id
    with world.database.transaction() as tx:
        assert migrate.why_not(world.runtime, tx, instance, Migration(version, "ada", "a try")) is None
    other = world.another_process()
    other.complete(other.tasks()[0].id, {})
    world.complete(world.tasks()[0].id, {})
    assert world.path(instance) == ["start", "a", "b", "done"]


def test_a_message_to_one_who_ends_in_this_moment_is_kept(world):
    definition = m.boundary("paid_meanwhile", "check", BY_PAYMENT)
    elements = m.start() + m.user("check") + definition + m.end() + m.end("early")
    world.deploy(m.bundle("order", elements, "start -> check -> done\npaid_meanwhile -> early", outside=PAID))
    world.deploy(m.bundle("bank", m.start() + m.throw("tell", "paid") + m.end(), "start -> tell -> done", outside=PAID))
    instance = world.start("order")
    task = world.tasks()[0].id
    sending = threading.Thread(target=world.another_process().start, args=("bank",))
    with world.database.transaction() as tx:
        tx.execute(text("SELECT 1 FROM instance WHERE id = :id FOR UPDATE"), {"id": instance})
        sending.start()
        _until(world, "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')")
        operations.cancel(world.runtime, tx, instance, "olga", "no longer wanted")
    sending.join()
    run_until_idle(world.runtime)
    assert world.one("SELECT state FROM user_task WHERE id = :id", id=task).state == "cancelled"
    assert world.one("SELECT count(*) FROM inbox").count == 0
    assert world.one("SELECT state, delivered_to FROM message") == ("buffered", None)


def _until(world, sql: str) -> None:
    for _ in range(500):
        if world.one(sql)[0]:
            return
        threading.Event().wait(0.01)
    raise AssertionError(sql)


def test_two_messages_noted_for_the_same_place_reach_both_places(world):
    elements, flows = two_branches(m.catch("one", "vote", "={ poll: 7 }"), m.catch("two", "vote", "={ poll: 7 }"))
    world.deploy(m.bundle("poll", elements, flows, outside=m.message("vote")))
    instance = world.start("poll")
    world.do("UPDATE subscription SET created_at = now() - interval '2 hours'")
    suspend(world, instance)
    for _ in range(2):
        assert publish(world, "vote", correlation={"poll": 7}).state == "delivered"
    resume(world, instance)
    run_until_idle(world.runtime)
    assert world.row(instance).state == "completed"
    assert world.one("SELECT count(*) FROM message WHERE state = 'delivered' AND delivered_to = :id", id=instance).count == 2


def test_what_stopped_a_worker_is_not_forgotten_when_another_branch_goes_on(world):
    elements, flows = two_branches(m.catch("one", "letter", "={ order_no: 1 }", "letter"), m.user("two"))
    world.deploy(m.bundle("order", elements, flows, outside=m.message("letter")))
    instance = world.start("order")
    suspend(world, instance)
    publish(world, "letter", correlation={"order_no": 1}, payload={"text": "x" * 500})
    resume(world, instance)
    narrow = world.with_limits(variables_bytes=300)
    advance(narrow.runtime, instance)
    assert [each.kind for each in world.incidents()] == ["variables_too_large"]
    with pytest.raises(TooLarge):
        narrow.complete(world.tasks()[0].id, {})
    world.complete(world.tasks()[0].id, {})
    assert world.row(instance).state == "completed"
    assert world.row(instance).variables["letter"] == {"text": "x" * 500}
    assert world.incidents() == []


def test_a_call_whose_handler_is_gone_becomes_an_incident(world):
    world.deploy(m.bundle("order", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    instance = world.start("order", {"order_no": "SO-1"})
    later_release = Runtime(world.database, ServiceTasks(), {}, NullDispatcher(), world.runtime.limits)
    advance(later_release, instance)
    (incident,) = world.incidents()
    assert (incident.kind, incident.element_id) == ("service_task_unknown", "book")
    assert world.row(instance).state == "incident"


def test_what_a_handler_wrote_goes_with_a_result_that_cannot_be_kept(world):
    @world.runtime.service_tasks.register("orders.describe")
    def describe(order: Asked, tx: Session, ledger: EffectLedger) -> Described:
        """Describe an order at too great a length."""
        tx.execute(text("INSERT INTO scratch (note) VALUES (:note)"), {"note": order.order_no})
        ledger.record("mail", "customer@example.com", {"order_no": order.order_no})
        return Described("x" * 70_000)

    step = m.service("describe", "orders.describe", "found", order_no="order_no")
    world.deploy(m.bundle("order", m.start() + step + m.end(), "start -> describe -> done"))
    before = world.one("SELECT count(*) FROM scratch").count
    world.start("order", {"order_no": "SO-1"})
    assert [each.kind for each in world.incidents()] == ["variables_too_large"]
    assert world.one("SELECT count(*) FROM scratch").count == before
    assert world.one("SELECT count(*) FROM effect").count == 0


def test_a_schedule_that_cannot_begin_stops_no_timer(world):
    by_clock = m.start("daily", "<bpmn:timerEventDefinition><bpmn:timeCycle>R/P1D</bpmn:timeCycle></bpmn:timerEventDefinition>")
    world.deploy(m.bundle("report", by_clock + m.user("read") + m.end(), "daily -> read -> done"))
    world.deploy(m.bundle("pause", m.start() + m.timer("rest", "PT1H") + m.end(), "start -> rest -> done"))
    instance = world.start("pause")
    world.do("UPDATE schedule SET next_due_at = now() - interval '1 minute'")
    world.do("UPDATE timer SET due_at = now() - interval '1 minute'")
    world.do("UPDATE deployment_file SET content = 'no longer a diagram' WHERE path = 'report.bpmn'")
    other = world.another_process()
    run_until_idle(other.runtime)
    assert world.row(instance).state == "completed"
    assert world.one("SELECT next_due_at > now() AS later FROM schedule").later


def test_a_kept_message_that_cannot_begin_its_process_stops_no_bell(world):
    definition = '<bpmn:messageEventDefinition messageRef="order_received"/>'
    elements = m.start("received", definition) + m.user("check") + m.end()
    world.deploy(m.bundle("order", elements, "received -> check -> done", outside=m.message("order.received")))
    world.deploy(m.bundle("call", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    instance = world.start("call", {"order_no": "SO-1"})
    publish(world, "order.received", business_key="SO-1")
    world.do("UPDATE message SET state = 'buffered', delivered_to = NULL")
    world.do("UPDATE instance SET state = 'cancelled', blob = NULL WHERE process_key = 'order'")
    world.do("UPDATE deployment_file SET content = 'no longer a diagram' WHERE path = 'order.bpmn'")
    world.do("UPDATE instance SET rung_at = now() - interval '10 minutes' WHERE id = :id", id=instance)
    assert housekeeping.sweep(world.another_process().runtime) == 1
    assert world.one("SELECT rung_at > now() - interval '1 minute' AS rung FROM instance WHERE id = :id", id=instance).rung


def test_a_message_too_large_to_be_kept_fails_its_sender_and_not_its_receiver(world):
    world.deploy(m.bundle("order", m.start() + m.catch("wait", "paid", "={ n: 1 }") + m.end(), "start -> wait -> done", outside=PAID))
    tell = m.throw("tell", "paid", correlation="={ n: 1 }", payload="={ a: long, b: long }")
    world.deploy(m.bundle("bank", m.start() + tell + m.end(), "start -> tell -> done", outside=PAID))
    receiver = world.start("order")
    world.start("bank", {"long": "x" * 40_000})
    run_until_idle(world.runtime)
    assert [(each.element_id, each.kind) for each in world.incidents()] == [("tell", "variables_too_large")]
    assert world.row(receiver).state == "waiting"


def test_a_call_is_marked_only_when_it_is_made(world):
    loop = m.script("two", "{ n: 1 }") + m.gateway("again") + m.script("more", "{ n: 1 }")
    elements, _ = two_branches(m.service("one", "bank.pay", order_no="order_no"), loop)
    flows = "start -> both\nboth -> one -> one_end\nboth -> two -> again\nagain -> more [n = 1]\nagain -> two_end [default]\nmore -> two"
    world.deploy(m.bundle("order", elements, flows))
    narrow = world.with_limits(steps_per_transaction=20, steps_without_wait=20)
    instance = narrow.start("order", {"order_no": "SO-1"})
    (incident,) = world.incidents()
    with world.database.transaction() as tx:
        incidents.retry(narrow.runtime, tx, incident.id, "olga")
    advance(narrow.runtime, instance)
    assert world.one("SELECT state, attempt FROM work WHERE instance_id = :id", id=instance) == ("ready", 0)


def test_every_incident_of_the_instance_as_a_whole_is_resolved_once_it_goes_on(world):
    world.deploy(m.bundle("order", m.start() + m.user("check") + m.end(), "start -> check -> done"))
    instance = world.start("order")
    for kind in ("steps_without_wait", "claims_without_progress"):
        world.do(
            "INSERT INTO incident (instance_id, kind, message, fingerprint, next_step) VALUES (:id, :kind, 'x', :kind, 'y')",
            id=instance,
            kind=kind,
        )
    world.do("UPDATE instance SET state = 'incident'")
    world.complete(world.tasks()[0].id, {})
    assert world.incidents() == []


def test_an_outside_call_that_was_locked_out_is_tried_again(world):
    @world.runtime.service_tasks.register("orders.note", kind=Kind.EXTERNAL)
    def note(order: Asked) -> None:
        """Lose a race for a lock."""
        raise Collision

    step = m.service("note", "orders.note", order_no="order_no")
    world.deploy(m.bundle("order", m.start() + step + m.end(), "start -> note -> done"))
    instance = world.start("order", {"order_no": "SO-1"})
    advance(world.runtime, instance)
    assert [wait.kind for wait in world.explain(instance).waits] == ["retry"]


def test_a_retry_of_all_that_failed_goes_on_when_the_first_ends_the_rest(world):
    ending = '<bpmn:endEvent id="one_end" name="one_end"><bpmn:terminateEventDefinition/></bpmn:endEvent>'
    elements = m.start() + m.gateway("both", "parallel") + m.end("two_end") + ending
    elements += m.service("one", "orders.price", order_no="order_no") + m.service("two", "orders.price", order_no="order_no")
    world.deploy(m.bundle("order", elements, "start -> both\nboth -> one -> one_end\nboth -> two -> two_end"))
    world.stage.mode = "broken"
    instance = world.start("order", {"order_no": "SO-1"})
    assert len(world.incidents()) == 2
    world.stage.mode = "fine"
    world.do("UPDATE incident SET opened_at = now() + interval '1 second' WHERE element_id = 'one'")
    with world.database.transaction() as tx:
        assert operations.retry(world.runtime, tx, instance, "olga", "repaired").state == "completed"
    assert world.incidents() == []


def test_a_moved_timer_and_a_message_at_the_same_time_take_one_way(world):
    definition = '<bpmn:eventBasedGateway id="first" name="first of"/>'
    elements = m.start() + definition + m.catch("paid_event", "paid", "={ n: 1 }") + m.timer("late", "PT1H") + m.end() + m.end("gone")
    flows = "start -> first\nfirst -> paid_event -> done\nfirst -> late -> gone"
    world.deploy(m.bundle("order", elements, flows, outside=PAID))
    instance = world.start("order")
    suspend(world, instance)
    publish(world, "paid", correlation={"n": 1})
    world.do("UPDATE timer SET due_at = now()")
    with world.database.transaction() as tx:
        timers.tick(world.runtime, tx)
    resume(world, instance)
    run_until_idle(world.runtime)
    assert world.path(instance) == ["start", "first", "paid_event", "done"]
    assert world.one("SELECT count(*) FROM inbox").count == 0


def test_an_explanation_names_the_timer_before_the_message(world):
    definition = '<bpmn:eventBasedGateway id="first" name="first of"/>'
    late = m.timer("late", "2030-01-02T03:04:05Z", "timeDate")
    elements = m.start() + definition + m.catch("paid_event", "paid", "={ n: 1 }") + late + m.end() + m.end("gone")
    flows = "start -> first\nfirst -> paid_event -> done\nfirst -> late -> gone"
    world.deploy(m.bundle("order", elements, flows, outside=PAID))
    explanation = world.explain(world.start("order"))
    assert explanation.sentence == "It goes on by itself on 2 Jan 2030 03:04 UTC, or when the message paid for n 1 comes."
    assert [wait.kind for wait in explanation.waits] == ["timer", "message"]


def test_a_message_that_crossed_its_receiver_long_ago_arrives(world):
    world.deploy(m.bundle("order", m.start() + m.catch("wait", "paid", "={ n: 1 }") + m.end(), "start -> wait -> done", outside=PAID))
    publish(world, "paid", correlation={"n": 1})
    world.do("UPDATE message SET state = 'delivered'")  # it could not be seen yet
    instance = world.start("order")
    world.do("UPDATE message SET state = 'buffered'")
    world.do("UPDATE subscription SET created_at = now() - interval '2 days'")  # nobody swept for as long
    housekeeping.sweep(world.runtime)
    assert world.row(instance).state == "waiting"
    housekeeping.clean(world.runtime)
    run_until_idle(world.runtime)
    assert world.row(instance).state == "completed"


def test_a_lease_is_renewed_past_a_row_that_is_being_saved(world):
    world.deploy(m.bundle("order", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    first, second = (world.start("order", {"order_no": number}) for number in ("SO-1", "SO-2"))
    for instance in (first, second):
        token = world.runtime.leases.take(instance)
        world.do(
            "UPDATE instance SET lease_owner = :token, lease_until = now() + interval '1 second' WHERE id = :id", token=token, id=instance
        )
    with world.database.transaction() as tx:
        tx.execute(text("SELECT 1 FROM instance WHERE id = :id FOR UPDATE"), {"id": first})
        assert housekeeping.renew(world.runtime) == 2
    left = {row[0]: row[1] for row in world.all("SELECT id, lease_until > now() + interval '30 seconds' FROM instance")}
    assert left == {first: False, second: True}


def test_a_worker_that_fails_does_not_let_a_suspended_instance_go_on(world):
    world.deploy(m.bundle("order", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    instance = world.start("order", {"order_no": "SO-1"})
    token = world.runtime.leases.take(instance)
    world.do("UPDATE instance SET state = 'suspended', lease_owner = :token WHERE id = :id", token=token, id=instance)
    _stop(world.runtime, instance, token, Problem("It cannot be saved.", code="x"))
    assert world.row(instance).state == "suspended"
    resume(world, instance)
    assert world.row(instance).state == "incident"


@pytest.mark.parametrize("handler", ["orders.price", "carrier.book"])
def test_an_error_whose_text_no_database_keeps_is_told_without_it(world, handler):
    step = m.service("step", handler, order_no="order_no", retry="R0/PT0S")
    world.deploy(m.bundle("order", m.start() + step + m.end(), "start -> step -> done"))

    def answer_with_rubbish() -> None:
        raise ConnectionError("502 \0 \ud800 bad gateway")

    world.stage.during = answer_with_rubbish
    instance = world.start("order", {"order_no": "SO-1"})
    run_until_idle(world.runtime)
    assert [each.message for each in world.incidents()] == ["ConnectionError: 502 \N{REPLACEMENT CHARACTER} ? bad gateway"]
    assert len(world.stage.calls) == 1
    assert world.row(instance).state == "incident"


class RubbishSink:
    """Tells every second receiver in characters that no database keeps."""

    def deliver(self, effect: effects.Effect, attempt: int) -> dict[str, str]:
        if effect.target == "raises":
            raise ConnectionError("502 \0 \ud800")
        return {"answer": "\0" if effect.target == "answers" else f"taken at attempt {attempt}"}


def test_an_answer_that_cannot_be_kept_sends_no_other_effect_twice(world):
    with world.database.transaction() as tx:
        effects.record(tx, *(effects.Effect(target, "mail", target, {}) for target in ("fine", "raises", "answers")))
    runtime = replace(world.runtime, ports={effects.EffectSink: RubbishSink()})
    assert effects.deliver(runtime) == 1
    assert dict(tuple(row) for row in world.all("SELECT key, state FROM effect")) == {
        "fine": "sent",
        "raises": "pending",
        "answers": "pending",
    }


def test_an_operator_makes_room_for_what_a_worker_could_not_keep(world):
    elements, flows = two_branches(m.catch("one", "letter", "={ order_no: 1 }", "letter"), m.user("two"))
    world.deploy(m.bundle("order", elements, flows, outside=m.message("letter")))
    instance = world.start("order", {"old": "y" * 400})
    suspend(world, instance)
    publish(world, "letter", correlation={"order_no": 1}, payload={"text": "x" * 500})
    resume(world, instance)
    narrow = world.with_limits(variables_bytes=700)
    advance(narrow.runtime, instance)
    assert [each.kind for each in world.incidents()] == ["variables_too_large"]
    with world.database.transaction() as tx:
        step = token_moves.Step(instance, world.tasks()[0].id, "olga", "the old letter is of no use", {"old": ""})
        assert token_moves.skip(narrow.runtime, tx, step).state == "completed"
    assert world.row(instance).variables["letter"] == {"text": "x" * 500}
    assert world.incidents() == []
