"""A decision table is asked before each act on a task: it denies it with its own words, or corrects what it would set."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from engine.models.check import check
from engine.problems import Conflict, Forbidden
from engine.runtime.verbs import task_hands, user_tasks
from engine.runtime.verbs.user_tasks import Completion
from engine.service_tasks import ServiceTasks
from tests import tiny_models as m

RULE = """
if act = "assign" and to = "bob" and amount > 1000 then {deny: "Bob does not decide on more than 1,000.", next_step: "Hand it to carol."}
else if act = "assign" and to = "bob" then {to: "carol"}
else if act = "plan" and priority > 80 then {priority: 80}
else if act = "claim" then {due_at: "2030-01-07T09:00:00Z"}
else if act = "complete" and data.note = null then {deny: "Say why in a note."}
else if act = "delegate" then "This is not asked around."
else if act = "release" then {priority: "urgent"}
else null
"""


def rule(expression: str) -> bytes:
    written = expression.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:test">
    <decision id="who_may" name="who may"><variable name="who may"/><literalExpression><text>{written}</text></literalExpression></decision>
    </definitions>""".encode()


@pytest.fixture
def approval(world):
    model = m.start() + m.user("approve", candidateGroups="sales", actRule="who_may") + m.end()
    world.deploy(m.bundle("approval", model, "start -> approve -> done", files={"rule.dmn": rule(RULE)}))
    return world


def begin(approval, people, amount):
    approval.start("approval", {"amount": amount}, business_key=f"SO-{amount}")
    return next(task for task in approval.tasks(people.alice) if task.business_key == f"SO-{amount}")


def do(world, verb, *args):
    with world.database.transaction() as tx:
        return verb(world.runtime, tx, *args)


def test_who_gets_a_task_is_denied_or_corrected_by_the_table(approval, people):
    large, small = begin(approval, people, 5000), begin(approval, people, 20)
    with pytest.raises(Forbidden, match="Bob does not decide on more than 1,000") as denied:
        do(approval, user_tasks.assign, large.id, "bob", people.alice)
    assert (denied.value.code, denied.value.detail[-17:]) == ("denied_by_rule", "Hand it to carol.")
    assert do(approval, user_tasks.assign, small.id, "bob", people.alice).assignee == "carol"


def test_how_urgent_a_task_is_made_and_until_when_it_is_due_is_corrected_before_it_is_kept(approval, people):
    task = begin(approval, people, 20)
    assert do(approval, user_tasks.claim, task.id, people.alice).due_at == datetime(2030, 1, 7, 9, tzinfo=UTC)
    assert do(approval, task_hands.plan, task.id, {"priority": 95}, people.alice).priority == 80
    assert do(approval, task_hands.plan, task.id, {"priority": 10}, people.alice).priority == 10


def test_a_decision_is_denied_until_it_says_why_and_nothing_has_moved(approval, people):
    task = begin(approval, people, 20)
    with pytest.raises(Forbidden, match="Say why in a note"):
        do(approval, user_tasks.complete, task.id, {"ok": True}, Completion(people.alice))
    with pytest.raises(Forbidden, match="This is not asked around"):
        do(approval, task_hands.delegate, task.id, task_hands.Question("bob", "What do you think?"), people.alice)
    with approval.database.transaction() as tx:
        assert tx.scalar(text("SELECT state FROM user_task WHERE id = :id"), {"id": task.id}) == "open"
    assert do(approval, user_tasks.complete, task.id, {"note": "A frame order"}, Completion(people.alice)).instance_state == "completed"


def test_a_rule_that_gives_nonsense_stops_the_act_and_says_who_corrects_it(approval, people):
    task = begin(approval, people, 20)
    do(approval, user_tasks.claim, task.id, people.alice)
    with pytest.raises(Conflict, match="gives 'urgent' for a priority") as refused:
        do(approval, user_tasks.release, task.id, people.alice)
    assert refused.value.code == "act_rule_unusable"


def test_a_rule_that_reads_what_is_not_there_allows_nothing_by_its_silence(world, people):
    model = m.start() + m.user("approve", candidateGroups="sales", actRule="who_may") + m.end()
    silent = 'if act = "claim" and amont > 1000 then {deny: "Too much for one."} else null'
    world.deploy(m.bundle("approval", model, "start -> approve -> done", files={"rule.dmn": rule(silent)}))
    task = begin(world, people, 5000)
    with pytest.raises(Conflict, match="reads amont, which neither the act nor the instance has"):
        do(world, user_tasks.claim, task.id, people.alice)
    assert next(each for each in world.tasks(people.alice) if each.id == task.id).assignee is None


def test_a_rule_that_is_not_in_the_bundle_is_found_before_it_is_deployed():
    model = m.start() + m.user("approve", candidateGroups="sales", actRule="who_mai") + m.end()
    bundle = m.bundle("approval", model, "start -> approve -> done", files={"rule.dmn": rule("null")})
    found = [each for each in check(bundle, ServiceTasks(), {"sales"}).findings if each.rule == "unknown-act-rule"]
    assert [(each.element_id, each.severity) for each in found] == [("approve", "error")]
    assert "who_may" in found[0].next_step
