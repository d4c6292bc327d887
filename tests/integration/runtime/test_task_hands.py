"""A task in several hands: a colleague is asked and answers, it goes back along the diagram, it is hurried or let rest."""

from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Forbidden, Invalid
from engine.runtime.verbs import task_hands, user_tasks
from tests import tiny_models as m

BACK = '<bpmn:error id="back" errorCode="BACK_TO_SALES"/>'
BACK_EVENT = m.boundary("to_sales", "approve", '<bpmn:errorEventDefinition errorRef="back"/>')


@pytest.fixture
def approval(world):
    """Sales revises what an approver sends back."""
    model = m.start() + m.user("approve", candidateGroups="sales", excludedUsers="=[requester]") + BACK_EVENT
    model += m.user("revise", candidateGroups="finance") + m.gateway("again") + m.end()
    flows = "start -> again -> approve -> done\nto_sales -> revise -> again"
    world.deploy(m.bundle("approval", model, flows, outside=BACK))
    return world


@pytest.fixture
def task(approval, people):
    approval.start("approval", {"requester": "zoe"}, business_key="SO-1")
    (found,) = approval.tasks(people.alice)
    return found


def do(world, verb, *args):
    with world.database.transaction() as tx:
        return verb(tx, *args)


def acts(world, task):
    with world.database.transaction() as tx:
        told = tx.execute(text("SELECT actor, action FROM audit WHERE target = :target ORDER BY id"), {"target": f"user_task:{task.id}"})
        return [tuple(row) for row in told]


def ask(world, task, to, person, question="Is the margin fine?"):
    with world.database.transaction() as tx:
        return task_hands.delegate(world.runtime, tx, task.id, task_hands.Question(to, question), person)


def test_a_colleague_is_asked_answers_and_the_owner_decides(approval, people, task):
    asked = ask(approval, task, "charlie", people.alice)
    assert (asked.assignee, asked.owner, asked.delegation) == ("charlie", "alice", "pending")
    assert [each.id for each in approval.tasks(people.charlie)] == [task.id]
    with pytest.raises(Conflict, match="alice has asked charlie about 'approve', and decides it"):
        approval.complete(task.id, {}, people.charlie)
    with pytest.raises(Conflict, match="charlie has claimed"):
        approval.complete(task.id, {}, people.alice)
    back = do(approval, task_hands.answer, task.id, "Yes, as of today.", people.charlie)
    assert (back.assignee, back.delegation) == ("alice", "resolved")
    assert (back.question, back.answer) == ("Is the margin fine?", "Yes, as of today.")
    assert approval.complete(task.id, {}, people.alice).applied
    assert acts(approval, task) == [("alice", "delegate"), ("charlie", "answer")]


def test_who_asked_can_have_it_back_and_who_was_asked_can_give_it_back_unanswered(approval, people, task):
    ask(approval, task, "charlie", people.alice)
    with pytest.raises(Forbidden):
        do(approval, task_hands.take_back, task.id, people.charlie)
    assert do(approval, task_hands.take_back, task.id, people.alice).assignee == "alice"
    ask(approval, task, "charlie", people.alice)
    with approval.database.transaction() as tx:
        released = user_tasks.release(approval.runtime, tx, task.id, people.charlie)
    assert (released.assignee, released.owner) == ("alice", None)
    with pytest.raises(Conflict, match="Nobody is asked"):
        do(approval, task_hands.take_back, task.id, people.alice)


def test_nobody_is_asked_who_may_not_decide_it_or_has_it_or_says_nothing(approval, people, task):
    with pytest.raises(Forbidden, match="zoe may not decide"):
        ask(approval, task, "zoe", people.alice)
    with pytest.raises(Invalid, match="has it already"):
        ask(approval, task, "alice", people.alice)
    with pytest.raises(Invalid):
        ask(approval, task, "charlie", people.alice, question=" ")
    with pytest.raises(Conflict, match="Nobody has asked you"):
        do(approval, task_hands.answer, task.id, "Fine.", people.alice)


def test_a_task_goes_back_by_the_way_that_the_diagram_has_with_its_reason(approval, people, task):
    with approval.database.transaction() as tx:
        version = tx.scalar(text("SELECT process_version_id FROM instance"))
        assert task_hands.ways_back(approval.runtime, tx, version, "approve") == [task_hands.WayBack("BACK_TO_SALES", "to_sales")]
        sent = task_hands.send_back(
            approval.runtime, tx, task.id, task_hands.Refusal("BACK_TO_SALES", "The freight is missing."), people.alice
        )
    assert sent.applied
    (revise,) = approval.tasks(people.charlie)
    assert revise.name == "revise"
    row = approval.one("SELECT state, completed_by, outcome FROM user_task WHERE element_id = 'approve'")
    assert tuple(row) == ("completed", "alice", {"reason": "The freight is missing.", "sent_back": "BACK_TO_SALES"})
    told = approval.one("SELECT actor, detail FROM history WHERE element_id = 'approve'")
    assert (told.actor, told.detail["reason"]) == ("alice", "The freight is missing.")
    assert acts(approval, task) == [("alice", "send_back")]
    approval.complete(revise.id, {}, people.charlie)
    (again,) = approval.tasks(people.alice)
    assert again.name == "approve"


def test_a_way_that_is_not_drawn_does_not_exist(approval, people, task):
    with pytest.raises(Conflict, match="no way back of that kind") as refused, approval.database.transaction() as tx:
        task_hands.send_back(approval.runtime, tx, task.id, task_hands.Refusal("BACK_TO_MARS", "Far."), people.alice)
    assert refused.value.next_step == "Choose one of BACK_TO_SALES."
    assert [each.id for each in approval.tasks(people.alice)] == [task.id]


def test_a_task_is_hurried_and_let_rest(approval, people, task):
    rest = datetime(2031, 1, 7, 9, tzinfo=UTC)
    do(approval, partial(task_hands.plan, approval.runtime), task.id, {"priority": 90, "follow_up_at": rest}, people.alice)
    assert tuple(approval.one("SELECT priority, follow_up_at FROM user_task")) == (90, rest)
    with pytest.raises(Invalid, match="101 is no priority"):
        do(approval, partial(task_hands.plan, approval.runtime), task.id, {"priority": 101}, people.alice)
    assert acts(approval, task) == [("alice", "plan")]


def test_whom_a_task_concerns_is_kept_whatever_becomes_of_it(approval, people, task):
    def links():
        return {tuple(row) for row in approval.all("SELECT who, kind, open, free FROM identity_link WHERE task_id = :id", id=task.id)}

    candidates = ("group:sales", "candidate"), ("overseer", "overseer")
    assert links() == {(*each, True, True) for each in candidates}
    ask(approval, task, "charlie", people.alice)
    assert links() == {(*each, True, False) for each in (*candidates, ("user:charlie", "assignee"), ("user:alice", "owner"))}
    do(approval, task_hands.answer, task.id, "Yes, as of today.", people.charlie)
    approval.complete(task.id, {}, people.alice)
    assert links() == {(*each, False, False) for each in (*candidates, ("user:alice", "assignee"))}
    assert approval.all("SELECT * FROM identity_link EXCEPT SELECT * FROM task_concerns") == []
