"""A decision that is held back for a moment: undone, nothing has happened; left alone, it is carried out once."""

import pytest
from sqlalchemy import text

from engine.problems import Conflict
from engine.runtime.verbs import held_decisions
from engine.runtime.verbs.user_tasks import Completion
from tests import tiny_models as m


@pytest.fixture
def approval(world):
    world = world.with_limits(undo_seconds=60)
    model = m.start() + m.user("approve", candidateGroups="sales", excludedUsers="=[requester]") + m.end()
    world.deploy(m.bundle("approval", model, "start -> approve -> done"))
    return world


@pytest.fixture
def task(approval, people):
    approval.start("approval", {"requester": "zoe"})
    return approval.tasks(people.alice)[0]


def hold(world, task, person, **data):
    with world.database.transaction() as tx:
        return held_decisions.hold(world.runtime, tx, task.id, data, Completion(person))


def undo(world, task, person):
    with world.database.transaction() as tx:
        held_decisions.undo(tx, task.id, person)


def let_time_pass(world):
    with world.database.transaction() as tx:
        tx.execute(text("UPDATE held_decision SET leaves_at = now() - interval '1 second'"))


def state(world):
    return world.one("SELECT state FROM instance").state


def test_undone_nothing_has_happened_and_what_was_filled_in_is_a_draft(approval, people, task):
    assert hold(approval, task, people.alice, approved=True) == 60
    assert (state(approval), approval.tasks(people.alice)[0].held) == ("waiting", True)
    with pytest.raises(Conflict, match="alice has claimed"):
        hold(approval, task, people.bob, approved=False)
    with pytest.raises(Conflict):
        undo(approval, task, people.bob)
    undo(approval, task, people.alice)
    let_time_pass(approval)
    assert (held_decisions.carry_out(approval.runtime), state(approval)) == (0, "waiting")
    assert approval.one("SELECT draft FROM user_task").draft == {"approved": True}


def test_left_alone_it_is_carried_out_once_when_its_time_has_come(approval, people, task):
    hold(approval, task, people.alice, approved=False)
    hold(approval, task, people.alice, approved=True)
    assert held_decisions.carry_out(approval.runtime) == 0
    let_time_pass(approval)
    assert [held_decisions.carry_out(approval.runtime) for _ in range(2)] == [1, 0]
    row = approval.one("SELECT completed_by, outcome FROM user_task")
    assert (tuple(row), state(approval)) == (("alice", {"approved": True}), "completed")
    with pytest.raises(Conflict, match="has left already"):
        undo(approval, task, people.alice)


def test_a_decision_whose_task_has_gone_is_forgotten_and_one_that_is_held_by_an_operator_waits(approval, people, task):
    hold(approval, task, people.alice, approved=True)
    let_time_pass(approval)
    with approval.database.transaction() as tx:
        tx.execute(text("UPDATE instance SET state = 'suspended'"))
    assert held_decisions.carry_out(approval.runtime) == 0
    assert approval.one("SELECT leaves_at > now() AS later FROM held_decision").later
    with approval.database.transaction() as tx:
        tx.execute(text("UPDATE instance SET state = 'waiting'"))
    approval.complete(task.id, {}, people.olga, reason="Everybody is ill")
    let_time_pass(approval)
    assert held_decisions.carry_out(approval.runtime) == 0
    assert approval.one("SELECT count(*) AS left FROM held_decision").left == 0


def test_what_is_refused_when_it_leaves_is_told_to_who_decided_it(approval, people, task):
    hold(approval, task, people.alice, approved=True)
    with approval.database.transaction() as tx:
        tx.execute(text("UPDATE user_task SET excluded_users = '{alice}'"))
    let_time_pass(approval)
    assert held_decisions.carry_out(approval.runtime) == 0
    row = approval.one("SELECT leaves_at, refusal FROM held_decision")
    assert (row.leaves_at, "alice may not decide" in row.refusal) == (None, True)
    assert approval.one("SELECT action FROM audit ORDER BY id DESC LIMIT 1").action == "decision_refused"
