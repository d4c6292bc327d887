"""Whatever an instance waits for, one sentence says it, and one says what would move it."""

import re

import pytest

from engine.problems import NotFound
from engine.runtime.advance.advance import advance
from engine.runtime.operate import operations
from engine.runtime.post import timers
from engine.runtime.verbs import deploy
from tests import tiny_models as m


def deploy_step(world, step: str, outside: str = "") -> None:
    element_id = re.findall(r'id="(\w+)"', step)[0]
    world.deploy(m.bundle("one", m.start() + step + m.end(), f"start -> {element_id} -> done", outside=outside))


def test_a_message(world):
    deploy_step(world, m.catch("wait_for_money", "paid", "={ invoice_no: invoice_no }"), m.message("paid"))
    explanation = world.explain(world.start("one", {"invoice_no": "INV-000001"}))
    assert explanation.sentence == "It waits for the message paid with invoice_no INV-000001."
    assert explanation.next_step == "Send paid with these keys."


def test_a_timer(world):
    deploy_step(world, m.timer("pause", "2030-01-02T03:04:05Z", "timeDate"))
    explanation = world.explain(world.start("one"))
    assert explanation.sentence == "It waits at pause until 2030-01-02 03:04:05 UTC."


def test_an_overdue_task_of_somebody(world, people):
    deploy_step(world, m.user("approve", candidateGroups="sales,finance", dueIn="PT1S"))
    instance = world.start("one")
    world.do("UPDATE user_task SET due_at = '2026-01-01T00:00:00Z'")
    assert world.explain(instance).sentence == "It waits for sales or finance to do 'approve', due 2026-01-01 00:00:00 UTC and is overdue."
    world.do("UPDATE user_task SET assignee = 'alice', due_at = NULL")
    explanation = world.explain(instance)
    assert explanation.sentence == "It waits for alice to do 'approve'."
    assert explanation.since == world.one("SELECT created_at FROM user_task").created_at


def test_several_things_at_once(world):
    elements = (
        m.start()
        + m.gateway("both", "parallel")
        + m.user("a", candidateGroups="sales")
        + m.timer("b", "PT1H")
        + m.end("one_end")
        + m.end("two_end")
    )
    world.deploy(m.bundle("two", elements, "start -> both\nboth -> a -> one_end\nboth -> b -> two_end"))
    explanation = world.explain(world.start("two"))
    assert explanation.sentence == "It waits for sales to do 'a', and for 1 more thing."
    assert [wait.kind for wait in explanation.waits] == ["user_task", "timer"]


def test_a_call_that_a_worker_is_making(world):
    deploy_step(world, m.service("book", "carrier.book", order_no="order_no"))
    instance = world.start("one", {"order_no": "SO-1"})
    seen = []
    world.stage.during = lambda: seen.append(world.explain(instance).sentence)
    advance(world.runtime, instance)
    assert seen == ["A worker is calling carrier.book at this moment."]
    assert world.explain(instance).sentence.startswith("It reached its end at 20")


def test_something_to_do_that_nobody_has_picked_up(world):
    deploy_step(world, m.timer("pause", "PT1H"))
    instance = world.start("one")
    world.do("UPDATE timer SET due_at = now()")
    with world.database.transaction() as tx:
        timers.tick(world.runtime, tx)
    explanation = world.explain(instance)
    assert explanation.sentence.startswith("It is ready to go on and no worker has picked it up yet since 20")
    assert explanation.state == "running"


def test_a_worker_that_stumbled(world):
    deploy_step(world, m.service("book", "carrier.book", order_no="order_no"))
    instance = world.start("one", {"order_no": "SO-1"})
    world.do("UPDATE instance SET blob = 'garbage'::bytea")
    world.runtime.live._entries.clear()
    advance(world.runtime, instance)
    assert "The last try failed: " in world.explain(instance).sentence


def test_suspended_and_cancelled(world):
    deploy_step(world, m.timer("pause", "PT1H"))
    instance = world.start("one")
    with world.database.transaction() as tx:
        operations.suspend(world.runtime, tx, instance, "olga", "stock-taking")
    assert world.explain(instance).sentence == "An operator has suspended it; what comes in is noted and applied later."
    with world.database.transaction() as tx:
        operations.cancel(world.runtime, tx, instance, "olga", "not needed")
    assert world.explain(instance).sentence.endswith(" UTC: not needed.")


def test_a_retired_version_begins_nothing_new(world):
    deploy_step(world, m.timer("pause", "PT1H"))
    version = world.row(world.start("one")).process_version_id
    with world.database.transaction() as tx:
        deploy.retire(tx, version, "olga", "replaced")
    with pytest.raises(NotFound, match="No process 'one' is deployed"):
        world.start("one")
