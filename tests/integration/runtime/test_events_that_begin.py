"""What begins by an event: event subprocesses of running instances, and instances by a signal."""

from datetime import timedelta

import pytest

from engine.runtime.post import timers
from engine.runtime.verbs import messages, signals
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import clock
from tests import tiny_models as m

CHANGED = '<bpmn:messageEventDefinition messageRef="order_changed"/>'
LATE = "<bpmn:timerEventDefinition><bpmn:timeDuration>P2D</bpmn:timeDuration></bpmn:timerEventDefinition>"
TAKEN = '<bpmn:signal id="stock_taken" name="stock.taken"/>'
STOCK = '<bpmn:signalEventDefinition signalRef="stock_taken"/>'


@pytest.fixture
def picking(world):
    """An order is picked; changes are looked at beside it, and after two days it is given up."""
    look = m.user("look", candidateGroups="sales")
    give_up = m.user("give_up", candidateGroups="sales")
    changes = m.on_event("changes", "changed", CHANGED, look, interrupting=False, correlation="={ order_no: order_no }")
    late = m.on_event("late", "too_late", LATE, give_up)
    elements = m.start() + m.user("pick", candidateGroups="sales") + m.end() + changes + late
    world.deploy(m.bundle("picking", elements, "start -> pick -> done", outside=m.message("order.changed")))
    return world


def publish(world, name, **given):
    with world.database.transaction() as tx:
        return messages.publish(world.runtime, tx, Message(name, **given))


def test_changes_reach_their_order_and_each_is_looked_at_also_by_a_process_that_was_just_started(picking):
    ours, other = (picking.start("picking", {"order_no": number}) for number in ("SO-1", "SO-2"))
    assert {(wait.kind, wait.element_id) for wait in picking.explain(ours).waits} == {
        ("user_task", "pick"),
        ("message", "changed"),
        ("timer", "too_late"),
    }
    for qty in (2, 3):
        sent = publish(picking.another_process(), "order.changed", correlation={"order_no": "SO-1"}, payload={"qty": qty})
        assert (sent.state, sent.instance_id) == ("delivered", ours)
    assert sorted(task.element_id for task in picking.tasks() if task.instance_id == ours) == ["look", "look", "pick"]
    assert [task.element_id for task in picking.tasks() if task.instance_id == other] == ["pick"]
    for task in [task for task in picking.tasks() if task.instance_id == ours]:
        picking.another_process().complete(task.id, {})
    assert picking.row(ours).state == "completed"
    assert picking.all("SELECT * FROM subscription WHERE instance_id = :id", id=ours) == []
    assert picking.all("SELECT * FROM timer WHERE instance_id = :id", id=ours) == []


def test_after_two_days_the_picking_is_given_up_in_one_step(picking):
    order = picking.start("picking", {"order_no": "SO-1"})
    publish(picking, "order.changed", correlation={"order_no": "SO-1"})
    with picking.database.transaction() as tx:
        clock.allow_moving(tx)
        clock.move_company(tx, timedelta(days=2, minutes=1))
    with picking.database.transaction() as tx:
        timers.tick(picking.runtime, tx)
    run_until_idle(picking.another_process().runtime)
    assert [task.element_id for task in picking.tasks()] == ["give_up"]
    assert picking.path(order)[-4:] == ["pick cancelled", "look cancelled", "changes cancelled", "too_late"]
    assert [wait.kind for wait in picking.explain(order).waits] == ["user_task"]


def test_what_waits_for_a_condition_says_so_and_goes_on_when_a_task_makes_it_true(world):
    low = "<bpmn:conditionalEventDefinition><bpmn:condition>= left &lt; 3</bpmn:condition></bpmn:conditionalEventDefinition>"
    short = m.on_event("short", "low", low, m.user("reorder", candidateGroups="sales"), interrupting=False)
    count = m.user("count", candidateGroups="sales") + m.user("pack", candidateGroups="sales")
    world.deploy(m.bundle("stock", m.start() + count + m.end() + short, "start -> count -> pack -> done"))
    instance = world.start("stock", {"left": 9})
    (wait,) = [each for each in world.explain(instance).waits if each.kind == "condition"]
    assert (wait.element_id, wait.what) == ("low", "left < 3")
    (task,) = world.tasks()
    world.another_process().complete(task.id, {"left": 2})
    assert sorted(each.element_id for each in world.tasks()) == ["pack", "reorder"]
    (pack, reorder) = sorted(world.tasks(), key=lambda each: each.element_id)
    world.complete(pack.id, {})
    world.complete(reorder.id, {})
    assert world.row(instance).state == "completed"


def test_a_signal_begins_an_instance_of_every_process_that_starts_by_it(world):
    for key in ("recount", "report"):
        elements = m.start("taken", STOCK) + m.user(key + "_it", candidateGroups="sales") + m.end()
        world.deploy(m.bundle(key, elements, f"taken -> {key}_it -> done", outside=TAKEN))
    with world.database.transaction() as tx:
        begun = signals.broadcast(world.runtime, tx, "stock.taken", {"hall": 3}, "olga")
    rows = world.all("SELECT id, process_key, variables, started_by FROM instance ORDER BY process_key")
    assert {row.id for row in rows} == set(begun)
    assert [(row.process_key, row.variables, row.started_by) for row in rows] == [
        ("recount", {"hall": 3}, "olga"),
        ("report", {"hall": 3}, "olga"),
    ]


def test_a_start_event_of_several_things_begins_by_each(world):
    begins = m.start("begun", STOCK + CHANGED)
    world.deploy(
        m.bundle(
            "recount",
            begins + m.user("count", candidateGroups="sales") + m.end(),
            "begun -> count -> done",
            outside=TAKEN + m.message("order.changed"),
        )
    )
    assert publish(world, "order.changed", payload={"no": 1}).state == "started"
    with world.database.transaction() as tx:
        signals.broadcast(world.runtime, tx, "stock.taken", {})
    assert world.one("SELECT count(*) AS n FROM instance WHERE process_key = 'recount'").n == 2


def test_a_signal_that_an_instance_throws_begins_others_once(world):
    world.deploy(
        m.bundle(
            "recount", m.start("taken", STOCK) + m.user("count", candidateGroups="sales") + m.end(), "taken -> count -> done", outside=TAKEN
        )
    )
    tell = f'<bpmn:intermediateThrowEvent id="tell" name="tell">{STOCK}</bpmn:intermediateThrowEvent>'
    world.deploy(m.bundle("taking", m.start() + tell + m.end(), "start -> tell -> done", outside=TAKEN))
    world.start("taking")
    run_until_idle(world.runtime)
    assert world.one("SELECT count(*) AS n FROM instance WHERE process_key = 'recount'").n == 1
