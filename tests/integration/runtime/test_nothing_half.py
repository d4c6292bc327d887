"""What happens in the same moment, twice, out of order or half: on a real PostgreSQL, with the order of locks watched."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.jobs.null_dispatcher import NullDispatcher
from engine.problems import Conflict
from engine.runtime.advance import advance as heart
from engine.runtime.advance.advance import advance
from engine.runtime.advance.restore import restore
from engine.runtime.operate import incidents, operations
from engine.runtime.operate.restart import Restart, start_anew
from engine.runtime.post import unheard
from engine.runtime.state import effects, inbox
from engine.runtime.state.directory import Directory
from engine.runtime.state.stretch import Fact, Stretch, lock
from engine.runtime.verbs import messages, signals, start, user_tasks
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.runtime.verbs.start import StartOptions
from engine.runtime.verbs.user_tasks import Completion
from engine.store import clock, locks
from engine.store.locks import Lock
from tests import tiny_models as m
from tests.integration.runtime.conftest import ALICE, OLGA

PAID = m.message("paid")
SHIPPED_WITH_OTHER_CONTENT = m.throw("tell", "shipped", messageId="=&quot;M-1&quot;", payload="={ order: 7 }")


def publish(world, name, **given):
    with world.database.transaction() as tx:
        return messages.publish(world.runtime, tx, Message(name, **given))


def note(world, name, **given):
    with world.database.transaction() as tx:
        return messages.note(world.runtime, tx, Message(name, **given))


def blocked(world) -> None:
    for _ in range(500):
        if world.one("SELECT count(*) FROM pg_locks WHERE NOT granted")[0]:
            return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waits")


def at_once(*acts):
    outcomes = []

    def run(act):
        try:
            outcomes.append(act())
        except Exception as error:  # noqa: BLE001
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return outcomes


def test_a_failure_behind_a_message_is_the_receiver_s_incident_and_commits_no_half(world):
    outside = PAID + m.message("shipped") + m.message("billed")
    wait = m.catch("wait", "paid", "={ n: 1 }")
    elements = m.start() + wait + SHIPPED_WITH_OTHER_CONTENT + m.throw("tell2", "billed") + m.user("check") + m.end()
    world.deploy(m.bundle("order", elements, "start -> wait -> tell -> tell2 -> check -> done", outside=outside))
    instance = world.start("order")
    publish(world, "shipped", message_id="M-1", payload={"order": 6})
    assert publish(world, "paid", correlation={"n": 1}).state == "delivered"
    assert world.path(instance) == ["start"], "nothing of the failed stretch is left"
    advance(world.runtime, instance)
    (incident,) = world.incidents()
    assert incident.kind == "message_id_reused"
    assert world.all("SELECT name FROM message WHERE state = 'buffered'") == [("shipped",)]
    world.do("DELETE FROM message WHERE name = 'shipped'")
    with world.database.transaction() as tx:
        incidents.retry(world.runtime, tx, incident.id, "olga")
    advance(world.runtime, instance)
    assert world.path(instance) == ["start", "wait", "tell", "tell2"], "the message was kept and is applied once its way is free"


def test_a_failure_behind_a_signal_leaves_the_others_and_tells_an_operator(world):
    outside = m.message("shipped") + '<bpmn:signal id="go" name="go"/>'
    catch = '<bpmn:intermediateCatchEvent id="wait" name="wait"><bpmn:signalEventDefinition signalRef="go"/></bpmn:intermediateCatchEvent>'
    elements = m.start() + catch + SHIPPED_WITH_OTHER_CONTENT + m.user("check") + m.end()
    world.deploy(m.bundle("order", elements, "start -> wait -> tell -> check -> done", outside=outside))
    instance = world.start("order")
    publish(world, "shipped", message_id="M-1", payload={"order": 6})
    with world.database.transaction() as tx:
        assert signals.broadcast(world.runtime, tx, "go", {}) == [instance]
    assert world.path(instance) == ["start"]
    advance(world.runtime, instance)
    assert [each.kind for each in world.incidents()] == ["message_id_reused"]


@pytest.mark.parametrize("handler", ["bank.pay", "carrier.book"])
def test_a_known_answer_of_the_outside_outlives_a_failure_behind_it(world, handler):
    elements = m.start() + m.service("pay", handler, order_no="order_no") + SHIPPED_WITH_OTHER_CONTENT + m.end()
    world.deploy(m.bundle("payment", elements, "start -> pay -> tell -> done", outside=m.message("shipped")))
    publish(world, "shipped", message_id="M-1", payload={"order": 6})
    instance = world.start("payment", {"order_no": "SO-1"})
    advance(world.runtime, instance)
    (incident,) = world.incidents()
    world.do("DELETE FROM message")
    with world.database.transaction() as tx:
        incidents.retry(world.runtime, tx, incident.id, "olga")
    advance(world.runtime, instance)
    assert world.row(instance).state == "completed"
    assert len(world.stage.calls) == 1, "what the bank has answered is never asked for again"


def test_an_answer_for_an_instance_that_was_cancelled_meanwhile_is_told_in_its_history(world):
    def cancel() -> None:
        with world.database.transaction() as tx:
            operations.cancel(world.runtime, tx, instance, "olga", "no longer wanted")

    elements = m.start() + m.service("pay", "carrier.book", order_no="order_no") + m.end()
    world.deploy(m.bundle("payment", elements, "start -> pay -> done"))
    world.stage.during = cancel
    instance = world.start("payment", {"order_no": "SO-1"})
    advance(world.runtime, instance)
    last = world.one("SELECT outcome, detail->'answer'->'result'->>'tracking_no' FROM history ORDER BY id DESC LIMIT 1")
    assert last == ("too_late", "T-SO-1")


def test_an_operator_s_retry_and_a_cancel_of_its_receiver_do_not_lock_each_other_out(world):
    both = m.gateway("both", "parallel") + m.service("one", "orders.price", order_no="order_no")
    both += m.service("two", "orders.price", order_no="order_no") + m.throw("tell", "paid", correlation="={ n: 1 }")
    ends = m.end("one_end") + m.end("two_end")
    world.deploy(
        m.bundle("a", m.start() + both + ends, "start -> both\nboth -> one -> one_end\nboth -> two -> tell -> two_end", outside=PAID)
    )
    waiting = m.start() + m.catch("wait", "paid", "={ n: 1 }") + m.user("check") + m.end()
    world.deploy(m.bundle("b", waiting, "start -> wait -> check -> done", outside=PAID))
    world.stage.mode = "broken"
    failed, receiver = world.start("a", {"order_no": "SO-1"}), world.start("b")
    world.stage.mode = "fine"

    def retry():
        with world.database.transaction() as tx:
            return operations.retry(world.runtime, tx, failed, "olga", "repaired").state

    with world.database.transaction() as tx:
        lock(tx, receiver)
        (retried,) = at_once(retry)
        operations.cancel(world.runtime, tx, receiver, "peter", "no longer wanted")
    assert retried == "completed"
    run_until_idle(world.runtime)
    assert world.one("SELECT state, delivered_to FROM message") == ("buffered", None), "who was cancelled hears nothing; the message waits"


def test_the_clock_does_not_wait_for_a_person_who_holds_the_instance(world):
    elements = m.start() + m.gateway("both", "parallel") + m.catch("one", "paid", "={ n: 1 }") + m.user("two")
    elements += m.catch("three", "paid", "={ n: 1 }") + m.end("one_end") + m.end("two_end")
    world.deploy(m.bundle("order", elements, "start -> both\nboth -> one -> one_end\nboth -> two -> three -> two_end", outside=PAID))
    publish(world, "paid", correlation={"n": 1})
    world.do("UPDATE message SET state = 'delivered'")
    instance = world.start("order")
    world.do("UPDATE message SET state = 'buffered'")
    task = world.tasks()[0].id

    def clock_round():
        with world.database.transaction() as tx:
            return messages.match_again(world.runtime, tx)

    with world.database.transaction() as tx:
        lock(tx, instance)
        (matched,) = at_once(clock_round)
        user_tasks.complete(world.runtime, tx, task, {}, Completion(ALICE))
    assert matched == 1
    run_until_idle(world.runtime)
    assert world.one("SELECT count(*) FROM message WHERE state = 'delivered'")[0] == 1


def test_the_same_start_asked_for_twice_at_once_is_one_instance(world):
    world.deploy(m.bundle("order", m.start() + m.user("check") + m.end(), "start -> check -> done"))
    asked = []
    second = threading.Thread(target=lambda: asked.append(world.start("order", {}, dedupe_key="K-1")))
    with world.database.transaction() as tx:
        first = start.start(world.runtime, tx, "order", {}, StartOptions(dedupe_key="K-1"))
        second.start()
        blocked(world)
    second.join(10)
    assert asked == [first]


class Dying:
    def __init__(self):
        self.sent, self.dies = [], True

    def deliver(self, effect, attempt):
        if len(self.sent) == 2 and self.dies:
            self.dies = False
            raise SystemExit
        self.sent.append(effect.target)
        return {"ok": True}


def test_a_sender_that_dies_sends_nothing_twice_that_was_answered(world):
    with world.database.transaction() as tx:
        effects.record(tx, *(effects.Effect(each, "mail", each, {}) for each in ("first", "second", "third")))
    runtime = replace(world.runtime, ports={effects.EffectSink: Dying()})
    with pytest.raises(SystemExit):
        effects.deliver(runtime)
    world.do("UPDATE effect SET due_at = now() - interval '1 second'")
    effects.deliver(runtime)
    assert runtime.ports[effects.EffectSink].sent == ["first", "second", "third"]
    assert world.all("SELECT state FROM effect GROUP BY state") == [("sent",)]


def test_whoever_notes_a_message_waits_for_nobody(world):
    world.deploy(m.bundle("order", m.start() + m.catch("wait", "paid", "={ n: 1 }") + m.end(), "start -> wait -> done", outside=PAID))
    instance = world.start("order")
    with world.database.transaction() as tx:
        lock(tx, instance)
        (delivery,) = at_once(lambda: note(world, "paid", correlation={"n": 1}))
    assert (delivery.state, delivery.instance_id) == ("delivered", instance)
    advance(world.runtime, instance)
    assert world.row(instance).state == "completed"


def test_a_worker_that_is_rung_while_another_saves_waits_and_finds_what_was_noted(world):
    world.deploy(m.bundle("order", m.start() + m.catch("wait", "paid", "={ n: 1 }") + m.end(), "start -> wait -> done", outside=PAID))
    instance = world.start("order")
    with world.database.transaction() as tx:
        lock(tx, instance)
        note(world, "paid", correlation={"n": 1})
        worker = threading.Thread(target=advance, args=(world.another_process().runtime, instance))
        worker.start()
        blocked(world)
    worker.join(10)
    assert world.row(instance).state == "completed"


def test_a_message_of_an_earlier_generation_does_not_reach_the_next(world):
    elements = m.start() + m.user("look") + m.catch("wait", "paid", "={ n: 1 }") + m.end()
    world.deploy(m.bundle("collect", elements, "start -> look -> wait -> done", outside=PAID))
    first = world.start("collect", {}, business_key="INV-1")
    with world.database.transaction() as tx:
        operations.cancel(world.runtime, tx, first, "olga", "paid otherwise")
    publish(world, "paid", correlation={"n": 1})
    world.start("collect", {}, business_key="INV-1")
    other = world.start("collect", {}, business_key="INV-2")
    for task in world.tasks():
        with world.database.transaction() as tx:
            user_tasks.complete(world.runtime, tx, task.id, {}, Completion(ALICE))
    run_until_idle(world.runtime)
    assert world.all("SELECT delivered_to FROM message") == [(other,)], "INV-2 is in its first generation and may take it"


def test_a_message_nobody_hears_becomes_known_after_a_while_and_again_when_its_time_is_over(world):
    outside = PAID + m.message("message.unheard")
    lane = m.start("told", '<bpmn:messageEventDefinition messageRef="message_unheard"/>') + m.user("deal") + m.end()
    world.deploy(m.bundle("unheard", lane, "told -> deal -> done", outside=outside))
    publish(world, "paid", correlation={"n": 1}, payload={"amount": 12})
    with world.database.transaction() as tx:
        assert unheard.tell(world.runtime, tx) == 0, "its receiver may yet begin to wait"
    with world.database.transaction() as tx:
        clock.move_company(tx, world.runtime.limits.message_unheard * 2)
    with world.database.transaction() as tx:
        assert unheard.tell(world.runtime, tx) == 1
        assert unheard.tell(world.runtime, tx) == 0
    run_until_idle(world.runtime)
    told = world.one("SELECT variables FROM instance WHERE process_key = 'unheard'").variables
    assert (told["name"], told["content"], told["lane"]) == ("paid", {"amount": 12}, "operator")


def test_news_for_who_waits_now_goes_by_without_becoming_anybody_s_task(world):
    publish(world, "paid", correlation={"n": 1}, time_to_live=timedelta(minutes=5))
    publish(world, "paid", correlation={"n": 2}, time_to_live=world.runtime.limits.message_unheard)
    with world.database.transaction() as tx:
        clock.move_company(tx, world.runtime.limits.message_unheard * 2)
    with world.database.transaction() as tx:
        assert unheard.tell(world.runtime, tx) == 1
        messages.expire(world.runtime, tx)
    assert world.all("SELECT state FROM message WHERE name = 'paid' ORDER BY id") == [("discarded",), ("expired",)]


def test_a_message_given_up_by_hand_reaches_nobody(world):
    publish(world, "paid", correlation={"n": 1})
    number = world.one("SELECT id FROM message").id
    with world.database.transaction() as tx:
        assert unheard.waits(tx, number)
        unheard.discard(tx, number)
        assert not unheard.waits(tx, number), "nobody is asked about it any more"
    world.deploy(m.bundle("order", m.start() + m.catch("wait", "paid", "={ n: 1 }") + m.end(), "start -> wait -> done", outside=PAID))
    assert world.row(world.start("order")).state == "waiting"
    with pytest.raises(Conflict), world.database.transaction() as tx:
        unheard.keep_longer(tx, number, 3)


def test_the_steps_of_an_advance_can_be_taken_one_by_one(world):
    world.deploy(m.bundle("order", m.start() + m.user("check") + m.end(), "start -> check -> done"))
    instance = world.start("order")
    task = world.tasks()[0].id
    with world.database.transaction() as tx:
        fact = Fact("user_task", {"task_id": task, "data": {}}, "alice")
        stretch = Stretch(world.runtime, tx, lock(tx, instance), fact=fact)
        heart.take_steps(stretch, heart.STEPS[: heart.STEPS.index(heart.judge)])
        assert stretch.applied
        assert stretch.execution.completed
    assert world.row(instance).state == "waiting", "what was not written did not happen"
    assert heart.STEPS[0] is restore


def test_cancel_tells_the_process_that_the_diagram_names(world):
    named = '<bpmn:extensionElements><spiffworkflow:properties><spiffworkflow:property name="cancelMessage" value="order.cancelled"/>'
    named += "</spiffworkflow:properties></bpmn:extensionElements>"
    world.deploy(m.bundle("order", named + m.start() + m.user("check") + m.end(), "start -> check -> done"))
    begins = m.start("told", '<bpmn:messageEventDefinition messageRef="order_cancelled"/>') + m.user("put_back") + m.end()
    world.deploy(m.bundle("undo", begins, "told -> put_back -> done", outside=m.message("order.cancelled")))
    instance = world.start("order", {"stock": 7}, business_key="SO-1")
    with world.database.transaction() as tx:
        operations.cancel(world.runtime, tx, instance, "olga", "wrong customer")
    undone = world.one("SELECT business_key, variables FROM instance WHERE process_key = 'undo'")
    assert (undone.business_key, undone.variables["stock"], undone.variables["reason"]) == ("SO-1", 7, "wrong customer")


def test_an_ended_instance_is_started_anew_with_what_it_began_with(world):
    world.deploy(m.bundle("order", m.start() + m.user("check") + m.end(), "start -> check -> done"))
    instance = world.start("order", {"total": 7, "note": "a"}, business_key="SO-1")
    anew = Restart(instance, "olga", "cancelled too early", {"note": "b"})
    with pytest.raises(Conflict, match="is waiting"), world.database.transaction() as tx:
        start_anew(world.runtime, tx, anew)
    with world.database.transaction() as tx:
        operations.cancel(world.runtime, tx, instance, "olga", "wrong customer")
    with world.database.transaction() as tx:
        begun = start_anew(world.runtime, tx, anew)
    row = world.row(begun.instance_id)
    assert (row.business_key, row.variables, row.started_by) == ("SO-1", {"total": 7, "note": "b"}, "olga")


def test_a_lock_that_comes_too_late_is_refused_where_it_is_watched(world):
    world.deploy(m.bundle("order", m.start() + m.user("check") + m.end(), "start -> check -> done"))
    first, second = sorted([world.start("order"), world.start("order")])
    publish(world, "paid")
    number = world.one("SELECT id FROM message").id
    with world.database.transaction() as tx:
        locks.take(tx, Lock.INSTANCE, [first])
        locks.take(tx, Lock.MESSAGE, [number])
        locks.take(tx, Lock.INSTANCE, [first])
        with pytest.raises(locks.LockOrderError, match="instance .* while message is held"):
            locks.take(tx, Lock.INSTANCE, [second])
    locks.watch.broken.clear()  # it was broken on purpose


def test_what_a_stopped_instance_was_stopped_by_is_not_tried_again_by_itself(world):
    wait = m.start() + m.catch("wait", "paid", "={ n: 1 }") + SHIPPED_WITH_OTHER_CONTENT + m.end()
    world.deploy(m.bundle("order", wait, "start -> wait -> tell -> done", outside=PAID + m.message("shipped")))
    publish(world, "shipped", message_id="M-1", payload={"order": 6})
    instance = world.start("order")
    note(world, "paid", correlation={"n": 1})
    run_until_idle(world.runtime)
    tries = world.one("SELECT lock_version, strikes FROM instance WHERE id = :id", id=instance)
    run_until_idle(world.runtime)
    assert world.one("SELECT lock_version, strikes FROM instance WHERE id = :id", id=instance) == tries
    with world.database.transaction() as tx:
        assert not inbox.keep(tx, instance, Fact("message", {}, None, f"message:{_paid(tx)}")), "it is noted once"


def _paid(tx):
    return tx.execute(text("SELECT id FROM message WHERE name = 'paid'")).scalar_one()


def for_whom(expression):
    text = f'<spiffworkflow:property name="candidateGroups" value="{expression}"/>'
    return f"<bpmn:extensionElements><spiffworkflow:properties>{text}</spiffworkflow:properties></bpmn:extensionElements>"


def checked_by(expression):
    return f'<bpmn:userTask id="check" name="check">{for_whom(expression)}</bpmn:userTask>'


def test_candidates_that_an_expression_does_not_give_are_an_incident_not_everybody(world):
    world.deploy(m.bundle("order", m.start() + checked_by("=approver.group") + m.end(), "start -> check -> done"))
    instance = world.start("order", {"approver": {"group": None}})
    (incident,) = world.incidents()
    assert (incident.kind, incident.element_id) == ("task_for_nobody", "check")
    assert world.tasks(OLGA) == []
    with world.database.transaction() as tx:
        incidents.retry(world.runtime, tx, incident.id, "olga", {"approver": {"group": "sales"}})
    assert [task.candidate_groups for task in world.tasks()] == [["sales"]]
    assert world.incidents() == []
    assert world.row(instance).state == "waiting"


class House:
    def __init__(self):
        self.asked = []

    def known(self, tx, groups, users):
        self.asked.append((set(groups), set(users)))
        return frozenset({"sales", "alice"} & {*groups, *users})


def test_a_task_for_a_group_that_does_not_exist_is_an_incident_that_names_it(world):
    elements = m.start() + m.catch("wait", "paid", "={ n: 1 }") + checked_by("=[desk]") + m.end()
    world.deploy(m.bundle("order", elements, "start -> wait -> check -> done", outside=PAID))
    world = type(world)(replace(world.runtime, ports={Directory: House()}), world.stage)
    instance = world.start("order", {"desk": "slaes"})
    note(world, "paid", correlation={"n": 1})
    run_until_idle(world.runtime)
    (incident,) = world.incidents()
    assert (incident.kind, incident.element_id) == ("task_for_nobody", "check")
    assert "slaes is no group and no person" in incident.message
    assert world.path(instance) == ["start"], "the message is kept until somebody has corrected it"


@pytest.mark.parametrize(("offered", "asked"), [("=[desk]", ({"sales", "slaes"}, set())), ("", (set(), set()))])
def test_a_task_that_one_group_at_least_or_everybody_may_take_is_offered(world, offered, asked):
    elements = m.start() + (checked_by(offered) if offered else m.user("check")) + m.end()
    world.deploy(m.bundle("order", elements.replace("[desk]", "desk"), "start -> check -> done"))
    house = House()
    world = type(world)(replace(world.runtime, ports={Directory: house}), world.stage)
    world.start("order", {"desk": ["slaes", "sales"]})
    (task,) = world.tasks()
    assert world.incidents() == []
    world.complete(task.id, {})
    assert house.asked == [asked], "who there is is asked once for each task, and never where none is new"


class Bell(NullDispatcher):
    def __init__(self):
        super().__init__()
        self.rung = []

    def ring(self, tx, instance_ids):
        self.rung += instance_ids


def test_a_worker_is_rung_for_by_who_leaves_it_something_and_never_by_itself(world):
    bell = Bell()
    world = type(world)(replace(world.runtime, dispatcher=bell), world.stage)
    world.deploy(m.bundle("asks", m.start() + m.user("check") + m.end(), "start -> check -> done"))
    world.deploy(m.bundle("calls", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    world.start("asks")
    assert bell.rung == [], "a person has the word"
    instance = world.start("calls", {"order_no": "SO-1"})
    assert bell.rung == [instance]
    advance(world.runtime, instance)
    assert (world.row(instance).state, bell.rung) == ("completed", [instance])


def test_a_worker_that_has_to_go_on_goes_on_without_being_rung_for(world):
    bell = Bell()
    limits = replace(world.runtime.limits, steps_per_transaction=2)
    world = type(world)(replace(world.runtime, dispatcher=bell, limits=limits), world.stage)
    scripts = "".join(m.script(name, "{ n: 1 }") for name in ("one", "two", "three", "four", "five"))
    world.deploy(m.bundle("long", m.start() + scripts + m.end(), "start -> one -> two -> three -> four -> five -> done"))
    instance = world.start("long")
    assert bell.rung == [instance]
    run_until_idle(world.runtime)
    assert (world.row(instance).state, bell.rung) == ("completed", [instance])


def test_what_an_instance_was_about_whose_process_gives_nothing_back_goes_to_its_owner(world):
    begins = m.start("told", '<bpmn:messageEventDefinition messageRef="instance_cancelled"/>') + m.user("take_over") + m.end()
    world.deploy(m.bundle("taken", begins, "told -> take_over -> done", outside=m.message("instance.cancelled")))
    world.deploy(m.bundle("quote", m.start() + m.user("check") + m.end(), "start -> check -> done"))
    instance = world.start("quote", {"secret": 1}, business_key="Q-1")
    with world.database.transaction() as tx:
        operations.cancel(world.runtime, tx, instance, "olga", "wrong customer")
    taken = world.one("SELECT business_key, variables FROM instance WHERE process_key = 'taken'")
    assert (taken.business_key, taken.variables["owner"], taken.variables["cancelled_instance"]) == ("Q-1", "operator", str(instance))
    assert "secret" not in taken.variables
