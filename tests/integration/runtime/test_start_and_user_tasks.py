"""From a start to the end, with people in between, each request in one transaction."""

import threading
from uuid import uuid4

import pytest

from engine.problems import Conflict, Forbidden, Invalid, NotFound, TooLarge
from engine.runtime.verbs import user_tasks
from engine.runtime.verbs.deploy import ModelRefused
from engine.runtime.verbs.user_tasks import Completion
from tests import tiny_models as m
from tests.worklist import tasks_of


@pytest.fixture
def approval(world):
    world.deploy(
        m.bundle(
            "approval",
            m.start()
            + m.script("prepare", "{ order_no: &quot;SO-000017&quot; }")
            + m.service("price", "orders.price", result="pricing", order_no="order_no")
            + m.user("approve", candidateGroups="sales", excludedUsers="=[requester]", title="=&quot;Approve &quot; + order_no")
            + m.end(),
            "start -> prepare -> price -> approve -> done",
        )
    )
    return world


def test_an_order_runs_to_its_first_wait_and_then_to_its_end(approval, people):
    instance = approval.start("approval", {"requester": "bob"}, business_key="SO-000017", actor="bob")
    assert approval.row(instance).state == "waiting"
    assert approval.explain(instance).sentence == "It waits for sales to do 'Approve SO-000017'."
    (task,) = approval.tasks(people.alice)
    done = approval.complete(task.id, {"approved": True})
    assert (done.applied, done.instance_state) == (True, "completed")
    assert approval.path(instance) == ["start", "prepare", "price", "approve", "done"]
    row = approval.row(instance)
    assert (row.blob, row.variables["pricing"]) == (
        None,
        {"total": approval.row(instance).variables["pricing"]["total"], "currency": "EUR"},
    )
    assert str(row.variables["pricing"]["total"]) == "119.90"
    assert approval.one("SELECT completed_by, outcome FROM user_task").completed_by == "alice"


def test_an_instance_goes_on_in_a_process_that_has_never_seen_it(approval, people):
    instance = approval.start("approval", {"requester": "bob"})
    other = approval.another_process()
    (task,) = other.tasks(people.alice)
    other.complete(task.id, {"approved": True})
    assert other.row(instance).state == "completed"


def test_the_requester_may_not_approve_and_does_not_even_see_the_task(approval, people):
    approval.start("approval", {"requester": "bob"})
    assert approval.tasks(people.bob) == []
    (task,) = approval.tasks(people.alice)
    with pytest.raises(NotFound, match="There is no task .* for you"):
        approval.complete(task.id, {"approved": True}, people.bob)


def test_an_operator_who_is_excluded_sees_the_task_but_may_not_decide_it(approval, people):
    approval.start("approval", {"requester": "olga"})
    (task,) = approval.tasks(people.olga)
    with pytest.raises(Forbidden) as refused:
        approval.complete(task.id, {"approved": True}, people.olga)
    assert refused.value.detail == "olga may not decide 'Approve SO-000017': a second person must."


def test_another_group_sees_nothing(approval, people):
    approval.start("approval", {"requester": "bob"})
    assert approval.tasks(people.charlie) == []


def test_of_two_approvers_one_wins_and_the_other_learns_who_and_when(approval, people):
    instance = approval.start("approval", {"requester": "zoe"})
    (task,) = approval.tasks(people.alice)
    outcomes: dict[str, object] = {}
    gate = threading.Barrier(2)

    def approve(person):
        gate.wait()
        try:
            outcomes[person.name] = approval.complete(task.id, {"approved": True}, person)
        except Conflict as conflict:
            outcomes[person.name] = conflict

    threads = [threading.Thread(target=approve, args=(person,)) for person in (people.alice, people.bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (loser,) = [outcome for outcome in outcomes.values() if isinstance(outcome, Conflict)]
    (winner,) = [name for name, outcome in outcomes.items() if not isinstance(outcome, Conflict)]
    assert loser.code == "task_completed"
    assert loser.detail.startswith(f"{winner} completed 'Approve SO-000017' at 20")
    assert approval.path(instance).count("approve") == 1


def test_a_stale_page_is_told_to_open_the_task_again(approval, people):
    approval.start("approval", {"requester": "zoe"})
    (task,) = approval.tasks(people.alice)
    with approval.database.transaction() as tx:
        user_tasks.save_draft(approval.runtime, tx, task.id, {"comment": "hm"}, Completion(people.alice, task.version))
    with pytest.raises(Conflict) as refused:
        approval.complete(task.id, {"approved": True}, people.bob, version=task.version)
    assert refused.value.code == "version_changed"
    assert "version 2, yours is 1" in refused.value.detail


def test_a_claimed_task_is_its_holders_until_released(approval, people):
    approval.start("approval", {"requester": "zoe"})
    (task,) = approval.tasks(people.alice)
    with approval.database.transaction() as tx:
        assert user_tasks.claim(approval.runtime, tx, task.id, people.alice).assignee == "alice"
    with pytest.raises(Conflict, match="alice has claimed"), approval.database.transaction() as tx:
        user_tasks.claim(approval.runtime, tx, task.id, people.bob)
    with pytest.raises(Conflict, match="alice has claimed"):
        approval.complete(task.id, {"approved": True}, people.bob)
    with approval.database.transaction() as tx:
        assert user_tasks.release(approval.runtime, tx, task.id, people.alice).assignee is None
    approval.complete(task.id, {"approved": True}, people.bob)


def test_a_task_is_handed_to_somebody_who_may_decide_it(approval, people):
    approval.start("approval", {"requester": "zoe"})
    (task,) = approval.tasks(people.alice)
    with approval.database.transaction() as tx:
        user_tasks.assign(approval.runtime, tx, task.id, "charlie", people.alice)
    assert [each.id for each in approval.tasks(people.charlie)] == [task.id]
    with pytest.raises(Forbidden), approval.database.transaction() as tx:
        user_tasks.assign(approval.runtime, tx, task.id, "zoe", people.olga)


def test_the_worklist_filters(approval, people):
    for number in range(3):
        approval.start("approval", {"requester": "zoe"}, business_key=f"SO-{number}")
    with approval.database.transaction() as tx:
        assert len(tasks_of(tx, people.alice)) == 3
        found = tasks_of(tx, people.alice, business_key="SO-1")
        assert [task.business_key for task in found] == ["SO-1"]
        assert tasks_of(tx, people.alice, view="mine") == []


def test_a_business_key_is_unique_among_running_instances(approval):
    approval.start("approval", {"requester": "zoe"}, business_key="SO-1")
    with pytest.raises(Conflict) as refused:
        approval.start("approval", {"requester": "zoe"}, business_key="SO-1")
    assert refused.value.detail == "A running approval has the business key 'SO-1' already."
    assert approval.one("SELECT count(*) AS n FROM scratch").n == 1


def test_the_same_start_asked_twice_is_one_instance(approval):
    first = approval.start("approval", {"requester": "zoe"}, dedupe_key="request-9")
    assert approval.start("approval", {"requester": "zoe"}, dedupe_key="request-9") == first


def test_an_unknown_process_is_named_with_the_known_ones(approval):
    with pytest.raises(NotFound) as refused:
        approval.start("aproval")
    assert refused.value.next_step == "Deploy it, or start one of: approval."


def test_an_unknown_task_is_not_found(world):
    with pytest.raises(NotFound):
        world.complete(uuid4(), {})


def test_variables_beyond_the_cap_are_refused_and_change_nothing(approval):
    with pytest.raises(TooLarge) as refused:
        approval.start("approval", {"requester": "zoe", **{f"line_{n}": "x" * 7_000 for n in range(10)}})
    assert "65536" in refused.value.detail
    assert approval.one("SELECT (SELECT count(*) FROM instance) + (SELECT count(*) FROM scratch) AS n").n == 0


def test_values_that_are_not_data_are_refused(approval):
    with pytest.raises(Invalid):
        approval.start("approval", {"requester": object()})


def test_a_form_is_judged_on_the_server(world, people):
    box = b'{"type":"checkbox","key":"approved","label":"Approved","validate":{"required":true}}'
    form = b'{"type":"default","components":[' + box + b'],"schemaVersion":16}'
    world.deploy(
        m.bundle("formal", m.start() + m.user("decide", formKey="decide") + m.end(), "start -> decide -> done", files={"decide.form": form})
    )
    instance = world.start("formal")
    (task,) = world.tasks(people.charlie)
    with pytest.raises(Invalid) as refused:
        world.complete(task.id, {"approved": False}, people.charlie)
    assert list(refused.value.errors) == ["approved"]
    world.complete(task.id, {"approved": True, "smuggled": 1}, people.charlie)
    assert world.row(instance).variables == {"approved": True}


def test_the_same_bytes_deploy_nothing_and_other_bytes_a_next_version(world):
    one = m.bundle("versions", m.start() + m.end(), "start -> done")
    first = world.deploy(one)
    again = world.deploy(one)
    assert (again.id, again.new) == (first.id, False)
    second = world.deploy(m.bundle("versions", m.start() + m.user("wait", candidateGroups="sales") + m.end(), "start -> wait -> done"))
    assert (second.version, second.new) == (2, True)


def test_a_running_instance_keeps_its_version(world, people):
    world.deploy(m.bundle("versions", m.start() + m.user("old", candidateGroups="sales") + m.end(), "start -> old -> done"))
    instance = world.start("versions")
    world.deploy(m.bundle("versions", m.start() + m.user("new", candidateGroups="sales") + m.end(), "start -> new -> done"))
    other = world.another_process()
    (task,) = other.tasks(people.alice)
    other.complete(task.id, {})
    assert other.path(instance) == ["start", "old", "done"]


def test_a_model_with_errors_is_refused_with_its_findings(world):
    with pytest.raises(ModelRefused) as refused:
        world.deploy(
            m.bundle("wrong", m.start() + m.service("price", "orders.prise", order_no="order_no") + m.end(), "start -> price -> done")
        )
    assert refused.value.code == "model_refused"
    assert refused.value.findings
