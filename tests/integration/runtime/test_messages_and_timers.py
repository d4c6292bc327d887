"""Messages find their receivers, timers fire once, signals reach everybody."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound, TooLarge
from engine.runtime.operate import incidents, operations
from engine.runtime.post import timers
from engine.runtime.state import inbox
from engine.runtime.state.stretch import Fact
from engine.runtime.verbs import housekeeping, messages, signals
from engine.runtime.verbs.deploy import ModelRefused
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import clock
from tests import tiny_models as m

ACCEPTED = m.message("quote.accepted")


@pytest.fixture
def quotes(world):
    elements = m.start() + m.catch("accepted", "quote_accepted", "={ quote_no: quote_no }", "acceptance") + m.end()
    world.deploy(m.bundle("quote", elements, "start -> accepted -> done", outside=ACCEPTED))
    return world


@pytest.fixture
def orders(world):
    definition = '<bpmn:messageEventDefinition messageRef="order_received"/>'
    elements = m.start("received", definition) + m.user("check", candidateGroups="sales") + m.end()
    world.deploy(m.bundle("order", elements, "received -> check -> done", outside=m.message("order.received")))
    return world


def publish(world, name="quote.accepted", **given):
    with world.database.transaction() as tx:
        return messages.publish(world.runtime, tx, Message(name, **given))


def tick(world) -> int:
    with world.database.transaction() as tx:
        return timers.tick(world.runtime, tx)


def test_a_message_reaches_the_instance_whose_keys_it_contains(quotes):
    first, second = (quotes.start("quote", {"quote_no": number}) for number in ("Q-1", "Q-2"))
    delivery = publish(quotes, correlation={"quote_no": "Q-2", "region": "AT"}, payload={"customer_po": "PO-9"})
    assert (delivery.state, delivery.instance_id) == ("delivered", second)
    assert quotes.row(second).variables["acceptance"] == {"customer_po": "PO-9"}
    assert quotes.row(first).state == "waiting"


def test_a_message_that_lacks_a_key_reaches_nobody(quotes):
    instance = quotes.start("quote", {"quote_no": "Q-1"})
    assert publish(quotes, correlation={"region": "AT"}).state == "buffered"
    assert quotes.row(instance).state == "waiting"


def test_an_early_message_waits_for_its_receiver(quotes):
    assert publish(quotes, correlation={"quote_no": "Q-1"}, payload={"customer_po": "PO-9"}).state == "buffered"
    instance = quotes.start("quote", {"quote_no": "Q-1"})
    run_until_idle(quotes.runtime)
    assert quotes.row(instance).variables["acceptance"] == {"customer_po": "PO-9"}
    assert quotes.one("SELECT state, delivered_to FROM message") == ("delivered", instance)


def test_an_early_message_is_given_up_when_its_time_is_over(quotes):
    publish(quotes, correlation={"quote_no": "Q-1"}, time_to_live=timedelta(milliseconds=1))
    housekeeping.clean(quotes.runtime)
    instance = quotes.start("quote", {"quote_no": "Q-1"})
    run_until_idle(quotes.runtime)
    assert quotes.row(instance).state == "waiting"
    assert quotes.one("SELECT state FROM message").state == "discarded"


def test_the_same_message_twice_is_one_message(quotes):
    instance = quotes.start("quote", {"quote_no": "Q-1"})
    given = {"correlation": {"quote_no": "Q-1"}, "payload": {"customer_po": "PO-9"}, "message_id": "mail-4711"}
    assert publish(quotes, **given).state == "delivered"
    again = publish(quotes, **given)
    assert (again.state, again.instance_id) == ("duplicate", instance)


def test_a_message_that_comes_again_after_a_year_is_still_the_same_message(orders):
    given = {"payload": {"order_no": "SO-1"}, "business_key": "SO-1", "message_id": "order.received:SO-1"}
    first = publish(orders, "order.received", **given)
    publish(orders, "order.received", payload={"order_no": "SO-2"}, business_key="SO-2")
    with orders.database.transaction() as tx:
        tx.execute(text("UPDATE instance SET state = 'completed', ended_at = now()"))
        clock.allow_moving(tx)
        clock.move_company(tx, timedelta(days=365))
    housekeeping.clean(orders.runtime)
    again = publish(orders, "order.received", **given)
    assert (again.state, again.instance_id) == ("duplicate", first.instance_id)
    assert orders.one("SELECT count(*) AS n FROM instance").n == 2
    kept = orders.one("SELECT message_id, payload FROM message")
    assert (kept.message_id, kept.payload) == ("order.received:SO-1", {}), "what it said, and what had no id, is forgotten"


@pytest.fixture
def cancellable(world):
    """A process of two tasks, each of which may be called off."""
    called = '<bpmn:messageEventDefinition messageRef="order_cancelled"/>'
    keys = f"<bpmn:extensionElements>{m.properties(correlation='={ order_no: order_no }')}</bpmn:extensionElements>"
    first = m.user("check") + m.boundary("gone", "check", keys + called) + m.end("over")
    second = m.user("decide") + m.boundary("gone_later", "decide", keys + called) + m.end("over_later")
    flow = "start -> check -> decide -> done\ngone -> over\ngone_later -> over_later"
    world.deploy(m.bundle("order", m.start() + first + second + m.end(), flow, outside=m.message("order.cancelled")))
    return world


def suspended_behind_its_first_task(world, instance):
    """A suspended instance in whose inbox lies that its first task was done."""
    with world.database.transaction() as tx:
        task_id = tx.execute(text("SELECT id FROM user_task WHERE instance_id = :id"), {"id": instance}).scalar_one()
        operations.suspend(world.runtime, tx, instance, "olga", "to be looked into")
        inbox.note(world.runtime, tx, instance, Fact("user_task", {"task_id": task_id, "data": {}}, "alice"))


def test_a_message_to_several_reaches_also_who_has_gone_on_meanwhile(cancellable):
    """It was delivered to the other: it is not sent round again, but applied where this one waits by now."""
    first, second = sorted(cancellable.start("order", {"order_no": "SO-1"}) for _ in range(2))
    suspended_behind_its_first_task(cancellable, second)
    assert publish(cancellable, "order.cancelled", correlation={"order_no": "SO-1"}).instance_id == first
    with cancellable.database.transaction() as tx:
        operations.resume(cancellable.runtime, tx, second, "olga", "all is well")
    run_until_idle(cancellable.runtime)
    assert cancellable.path(first)[-1] == "over"
    assert cancellable.path(second)[-2:] == ["gone_later", "over_later"]


def test_a_message_that_lay_with_a_suspended_instance_for_weeks_reaches_its_next_wait(cancellable):
    world = cancellable
    instance = world.start("order", {"order_no": "SO-1"})
    suspended_behind_its_first_task(world, instance)
    publish(world, "order.cancelled", correlation={"order_no": "SO-1"})
    with world.database.transaction() as tx:
        clock.allow_moving(tx)
        clock.move_company(tx, timedelta(days=30))
        operations.resume(world.runtime, tx, instance, "olga", "all is well")
    run_until_idle(world.runtime)
    assert world.path(instance)[-2:] == ["gone_later", "over_later"]
    assert world.one("SELECT state FROM message").state == "delivered"


def test_a_message_that_is_given_back_after_weeks_waits_anew_for_another_receiver(cancellable):
    instance = cancellable.start("order", {"order_no": "SO-1"})
    suspended_behind_its_first_task(cancellable, instance)
    publish(cancellable, "order.cancelled", correlation={"order_no": "SO-1"})
    with cancellable.database.transaction() as tx:
        clock.allow_moving(tx)
        clock.move_company(tx, timedelta(days=30))
        operations.cancel(cancellable.runtime, tx, instance, "olga", "begun by mistake")
    another = cancellable.start("order", {"order_no": "SO-1"})
    run_until_idle(cancellable.runtime)
    assert cancellable.path(another)[-1] == "over"


def test_the_same_id_with_another_content_is_refused(quotes):
    publish(quotes, correlation={"quote_no": "Q-1"}, message_id="mail-4711")
    with pytest.raises(Conflict) as refused:
        publish(quotes, correlation={"quote_no": "Q-2"}, message_id="mail-4711")
    assert refused.value.code == "message_id_reused"
    assert refused.value.next_step == "Send the changed message under an id of its own."


def test_a_message_begins_a_process_with_its_payload_as_variables(orders):
    delivery = publish(orders, "order.received", payload={"order_no": "SO-1"}, business_key="SO-1", actor="alice")
    assert delivery.state == "started"
    row = orders.row(delivery.instance_id)
    assert (row.variables, row.business_key, row.state, row.started_by) == ({"order_no": "SO-1"}, "SO-1", "waiting", "alice")


def test_a_message_cannot_begin_a_process_whose_business_key_runs(orders):
    publish(orders, "order.received", payload={"order_no": "SO-1"}, business_key="SO-1")
    with pytest.raises(Conflict) as refused:
        publish(orders, "order.received", payload={"order_no": "SO-1"}, business_key="SO-1")
    assert refused.value.code == "business_key_taken"
    assert orders.one("SELECT count(*) AS n FROM message").n == 1


def test_what_one_instance_throws_begins_another(orders):
    settings = {"payload": "={ order_no: order_no }", "businessKey": "=order_no"}
    elements = m.start() + m.throw("send", "order_received", **settings) + m.end()
    orders.deploy(m.bundle("quoting", elements, "start -> send -> done", outside=m.message("order.received")))
    parent = orders.start("quoting", {"order_no": "SO-7"})
    assert orders.row(parent).state == "completed"
    run_until_idle(orders.runtime)
    child = orders.one("SELECT * FROM instance WHERE process_key = 'order'")
    assert (child.business_key, child.state, child.started_by_instance_id) == ("SO-7", "waiting", parent)


def test_processes_that_begin_one_another_without_a_wait_are_stopped_with_an_incident_that_says_so(world):
    world = world.with_limits(steps_without_wait=500)
    for key, hears, says in (("ping", "pong_said", "ping_said"), ("pong", "ping_said", "pong_said")):
        begins = m.start("begin", f'<bpmn:messageEventDefinition messageRef="{hears}"/>') + m.start("by_hand")
        declared = m.message("ping.said") + m.message("pong.said")
        flows = "begin -> say -> done\nby_hand -> say"
        world.deploy(m.bundle(key, begins + m.throw("say", says) + m.end(), flows, outside=declared))
    world.start("ping")
    run_until_idle(world.runtime)
    [incident] = world.incidents()
    assert (incident.kind, "begun one another without a wait" in incident.message) == ("begins_without_end", True)
    assert "begins itself" in incident.next_step
    born = world.one("SELECT count(*) AS n FROM instance WHERE state = 'completed'").n
    assert 5 < born < 12
    with world.database.transaction() as tx:
        incidents.retry(world.runtime, tx, incident.id, "olga")
    run_until_idle(world.runtime)
    assert world.one("SELECT count(*) AS n FROM instance WHERE state = 'completed'").n > born + 5


def test_a_thrown_message_for_a_taken_business_key_waits_until_it_is_free(orders, people):
    settings = {"payload": "={ order_no: order_no }", "businessKey": "=order_no"}
    elements = m.start() + m.throw("send", "order_received", **settings) + m.end()
    orders.deploy(m.bundle("quoting", elements, "start -> send -> done", outside=m.message("order.received")))
    orders.start("quoting", {"order_no": "SO-7"})
    orders.start("quoting", {"order_no": "SO-7"})
    run_until_idle(orders.runtime)
    assert orders.one("SELECT count(*) AS n FROM instance WHERE process_key = 'order'").n == 1
    (task,) = orders.tasks(people.alice)
    orders.complete(task.id, {})
    housekeeping.sweep(orders.runtime)
    run_until_idle(orders.runtime)
    assert orders.one("SELECT count(*) AS n FROM instance WHERE process_key = 'order'").n == 2


def test_a_message_that_crossed_its_receiver_is_matched_by_the_sweep(quotes):
    publish(quotes, correlation={"quote_no": "Q-1"})
    quotes.do("UPDATE message SET state = 'hidden'")
    instance = quotes.start("quote", {"quote_no": "Q-1"})
    quotes.do("UPDATE message SET state = 'buffered'")
    housekeeping.sweep(quotes.runtime)
    run_until_idle(quotes.runtime)
    assert quotes.row(instance).state == "completed"


def test_a_signal_reaches_everybody(world):
    definition = '<bpmn:signalEventDefinition signalRef="stock_taken"/>'
    wait = f'<bpmn:intermediateCatchEvent id="wait" name="wait">{definition}</bpmn:intermediateCatchEvent>'
    signal = '<bpmn:signal id="stock_taken" name="stock.taken"/>'
    world.deploy(m.bundle("stock", m.start() + wait + m.end(), "start -> wait -> done", outside=signal))
    instances = {world.start("stock") for _ in range(3)}
    with world.database.transaction() as tx:
        assert set(signals.broadcast(world.runtime, tx, "stock.taken", {})) == instances
    assert {row.state for row in world.all("SELECT state FROM instance")} == {"completed"}


def test_a_timer_fires_when_it_is_due_and_only_once(world):
    world.deploy(
        m.bundle(
            "pauses", m.start() + m.timer("pause", "PT1S") + m.user("go", candidateGroups="sales") + m.end(), "start -> pause -> go -> done"
        )
    )
    instance = world.start("pauses")
    assert world.explain(instance).sentence.startswith("It waits at pause until 20")
    assert tick(world) == 0
    until_due(world)
    assert tick(world) == 1
    assert tick(world) == 0
    assert run_until_idle(world.runtime) == 1
    assert world.path(instance) == ["start", "pause"]
    assert world.all("SELECT 1 FROM timer") == []


def until_due(world) -> None:
    while world.one("SELECT max(due_at) > now() AS later FROM timer").later:
        world.one("SELECT pg_sleep(0.05)")


def test_many_tick_at_once_and_no_timer_fires_twice(world):
    world.deploy(m.bundle("pauses", m.start() + m.timer("pause", "PT1S") + m.end(), "start -> pause -> done"))
    instances = [world.start("pauses") for _ in range(20)]
    until_due(world)
    woken: list[int] = []
    threads = [threading.Thread(target=lambda: woken.append(tick(world))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(woken) + tick(world) == 20
    run_until_idle(world.runtime)
    assert all(world.path(instance) == ["start", "pause", "done"] for instance in instances)


def deploy_decision(world, late_after: str) -> None:
    late = f"<bpmn:timerEventDefinition><bpmn:timeDuration>{late_after}</bpmn:timeDuration></bpmn:timerEventDefinition>"
    elements = (
        m.start() + m.user("decide", candidateGroups="sales") + m.boundary("late", "decide", late) + m.end("decided") + m.end("expired")
    )
    world.deploy(m.bundle("race", elements, "start -> decide -> decided\nlate -> expired"))


def test_a_task_and_its_timer_race_and_one_of_them_wins(world, people):
    deploy_decision(world, "PT1S")
    instance = world.start("race")
    (task,) = world.tasks(people.alice)
    until_due(world)
    outcome: list[object] = []

    def complete() -> None:
        try:
            outcome.append(world.complete(task.id, {}))
        except Conflict as conflict:
            outcome.append(conflict)

    threads = [threading.Thread(target=complete), threading.Thread(target=lambda: run_until_idle(world.runtime))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_until_idle(world.runtime)
    path = world.path(instance)
    assert world.row(instance).state == "completed"
    assert ("decided" in path) != ("expired" in path)
    # Whoever came second was refused, or accepted while a worker was busy with it and noted as too late.
    assert (isinstance(outcome[0], Conflict) or "decide too_late" in path) == ("expired" in path)


def test_a_completion_takes_the_timer_away(world, people):
    deploy_decision(world, "PT4H")
    world.start("race")
    (task,) = world.tasks(people.alice)
    world.complete(task.id, {})
    assert world.all("SELECT 1 FROM timer") == []


def test_an_operator_lets_a_timer_be_due_now(world, people):
    deploy_decision(world, "PT4H")
    instance = world.start("race")
    timer = world.one("SELECT id, now() AS now FROM timer")
    with world.database.transaction() as tx:
        timers.move(tx, timer.id, timer.now)
    run_until_idle(world.runtime)
    assert world.path(instance)[-1] == "expired"
    assert world.tasks(people.alice) == []
    with pytest.raises(NotFound), world.database.transaction() as tx:
        timers.move(tx, timer.id, timer.now)


def test_a_timer_moved_to_a_later_time_waits_for_it(world):
    deploy_decision(world, "PT1S")
    instance = world.start("race")
    timer = world.one("SELECT id, now() + interval '1 hour' AS later FROM timer")
    with world.database.transaction() as tx:
        timers.move(tx, timer.id, timer.later)
    assert tick(world) == 0
    assert world.explain(instance).waits[-1].due_at == timer.later


def test_a_timer_that_was_moved_stays_so_when_something_else_of_its_instance_goes_on(world):
    late = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1S</bpmn:timeDuration></bpmn:timerEventDefinition>"
    elements = m.start() + m.gateway("both", "parallel") + m.user("decide") + m.user("look") + m.boundary("late", "decide", late)
    edges = "start -> both -> decide -> decided\nboth -> look -> looked\nlate -> expired"
    world.deploy(m.bundle("race", elements + m.end("decided") + m.end("looked") + m.end("expired"), edges))
    world.start("race")
    timer = world.one("SELECT id, now() + interval '1 hour' AS later FROM timer")
    with world.database.transaction() as tx:
        timers.move(tx, timer.id, timer.later)
    (look,) = (task for task in world.tasks() if task.element_id == "look")
    world.complete(look.id, {})
    assert world.one("SELECT due_at FROM timer").due_at == timer.later


@pytest.mark.parametrize(("done", "waited_for"), [("look", 1), ("decide", 0)])
def test_a_message_is_waited_for_until_the_task_it_would_end_is_done(world, done, waited_for):
    paid = '<bpmn:messageEventDefinition messageRef="paid"/>'
    correlated = f"<bpmn:extensionElements>{m.properties(correlation='={ n: 1 }')}</bpmn:extensionElements>"
    elements = (
        m.start() + m.gateway("both", "parallel") + m.user("decide") + m.user("look") + m.boundary("told", "decide", correlated + paid)
    )
    edges = "start -> both -> decide -> decided\nboth -> look -> looked\ntold -> ended"
    world.deploy(m.bundle("race", elements + m.end("decided") + m.end("looked") + m.end("ended"), edges, outside=m.message("paid")))
    world.start("race")
    (task,) = (task for task in world.tasks() if task.element_id == done)
    world.complete(task.id, {})
    assert world.one("SELECT count(*) AS n FROM subscription").n == waited_for


def test_a_schedule_begins_one_instance_for_each_fire_time(world):
    definition = "<bpmn:timerEventDefinition><bpmn:timeCycle>R/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>"
    world.deploy(m.bundle("hourly", m.start("hour", definition) + m.end(), "hour -> done"))
    world.do("UPDATE schedule SET next_due_at = now() - interval '10 seconds'")
    threads = [threading.Thread(target=lambda: tick(world)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_until_idle(world.runtime)
    assert [row.state for row in world.all("SELECT state FROM instance")] == ["completed"]
    assert world.one("SELECT next_due_at > now() + interval '59 minutes' AS later FROM schedule").later


@pytest.mark.parametrize("waits_for", [4711, "4711", Decimal("4711.0")])
@pytest.mark.parametrize("sent", [4711, "4711", Decimal("4711.00")])
def test_a_number_and_its_text_name_the_same_thing(quotes, waits_for, sent):
    instance = quotes.start("quote", {"quote_no": waits_for})
    assert publish(quotes, correlation={"quote_no": sent}).instance_id == instance
    assert publish(quotes, correlation={"quote_no": sent}).state == "buffered"
    later = quotes.start("quote", {"quote_no": waits_for})
    run_until_idle(quotes.runtime)
    assert quotes.row(later).state == "completed"


def test_what_is_no_key_is_refused_at_the_door(quotes):
    for wrong in ([1], {"no": 1}, Decimal("1E+99")):
        with pytest.raises(Invalid, match="is no key"):
            publish(quotes, correlation={"quote_no": wrong})


def by_clock(text, tag="timeCycle"):
    definition = f"<bpmn:timerEventDefinition><bpmn:{tag}>{text}</bpmn:{tag}></bpmn:timerEventDefinition>"
    return m.bundle("report", m.start("clock", definition) + m.end(), "clock -> done")


def move(world, ahead):
    with world.database.transaction() as tx:
        clock.move_company(tx, ahead)


def test_three_times_each_hour_is_three_times(world):
    world.deploy(by_clock("R3/PT1H"))
    for hour in range(8):
        move(world, timedelta(hours=hour, minutes=1))
        tick(world)
    assert world.one("SELECT count(*) FROM instance").count == 3
    assert world.one("SELECT next_due_at, rhythm FROM schedule") == (None, None)


def test_times_that_nobody_saw_are_made_up_for_by_one(world):
    world.deploy(by_clock("R/PT1H"))
    move(world, timedelta(hours=5, minutes=10))
    assert tick(world) == 1
    assert tick(world) == 0
    move(world, timedelta(hours=6, minutes=1))
    assert tick(world) == 1


@pytest.mark.parametrize("text", ["0 6 * * mon-fri", "&quot;0 6 * * 1-5&quot;", "=&quot;0 6 * * 1-5&quot;"])
def test_working_days_at_six_are_deployed_as_in_a_crontab(world, text):
    world.deploy(by_clock(text))
    due = world.one("SELECT next_due_at FROM schedule").next_due_at
    assert (due.hour, due.minute) == (6, 0)
    assert due.isoweekday() <= 5
    move(world, due - world.one("SELECT now()").now + timedelta(seconds=30))
    assert tick(world) == 1
    assert world.one("SELECT next_due_at FROM schedule").next_due_at.isoweekday() == due.isoweekday() % 5 + 1


def test_a_date_begins_a_process_once(world):
    world.deploy(by_clock("2026-01-31T09:00Z", "timeDate"))
    assert tick(world) == 1
    assert tick(world) == 0
    assert world.one("SELECT next_due_at FROM schedule").next_due_at is None


def test_a_timer_that_gives_no_time_is_refused_with_its_element(world):
    for given in ("2027-02-30T09:00:00Z", "0001-01-01T00:00:00+14:00", "next_run"):
        with pytest.raises(ModelRefused) as refused:
            world.deploy(by_clock(given, "timeDate"))
        assert refused.value.element_id == "clock"


def test_a_message_with_many_keys_is_matched_as_well(quotes):
    instance = quotes.start("quote", {"quote_no": "Q-1"})
    correlation = {"quote_no": "Q-1", **{f"key_{n}": n for n in range(8)}}
    assert publish(quotes, correlation=correlation).instance_id == instance


def test_a_correlation_is_a_short_key(quotes):
    with pytest.raises(TooLarge, match="takes more than 1000 bytes"):
        quotes.start("quote", {"quote_no": "Q" * 2000})
    quotes.start("quote", {"quote_no": "Q" * (1000 - len('{"quote_no":""}'))})
    with pytest.raises(TooLarge):
        quotes.start("quote", {"quote_no": "Q" * (1001 - len('{"quote_no":""}'))})


def test_numbers_that_are_equal_correlate_however_they_are_written(quotes):
    instance = quotes.start("quote", {"quote_no": Decimal("7.0")})
    assert publish(quotes, correlation={"quote_no": 7}).instance_id == instance
