"""Operators move instances about, and take them over to a new version."""

import pytest

from engine.problems import Conflict, NotFound
from engine.runtime.operate import migrate, token_moves
from engine.runtime.operate.migrate import Migration
from engine.runtime.verbs import user_tasks
from engine.runtime.verbs.user_tasks import Completion
from tests import tiny_models as m


@pytest.fixture
def checks(world):
    elements = m.start() + m.script("first", "{ total: amount * 2 }") + m.user("check", candidateGroups="sales")
    elements += m.script("second", "{ total: 0 }") + m.user("confirm", candidateGroups="sales") + m.end()
    world.deploy(m.bundle("checks", elements, "start -> first -> check -> second -> confirm -> done"))
    return world


def at_confirm(world, person):
    instance = world.start("checks", {"amount": 21})
    (task,) = world.tasks(person)
    world.complete(task.id, {"checked": True})
    return instance


def test_an_instance_goes_back_with_the_variables_it_had_then(checks, people):
    instance = at_confirm(checks, people.alice)
    assert checks.row(instance).variables["total"] == 0
    with checks.database.transaction() as tx:
        token_moves.go_back(checks.runtime, tx, token_moves.Return(instance, "check", "olga", "the amount was wrong", {"amount": 22}))
    assert checks.row(instance).variables == {"amount": 22, "total": 42}
    assert [task.element_id for task in checks.tasks(people.alice)] == ["check"]


def test_nobody_goes_back_to_where_it_never_was(checks, people):
    instance = checks.start("checks", {"amount": 21})
    with pytest.raises(Conflict, match="has never been at confirm"), checks.database.transaction() as tx:
        token_moves.go_back(checks.runtime, tx, token_moves.Return(instance, "confirm", "olga", "in a hurry"))


def test_a_step_is_moved_past_what_need_not_be_done(checks, people):
    instance = checks.start("checks", {"amount": 21})
    (task,) = checks.tasks(people.alice)
    with checks.database.transaction() as tx:
        token_moves.move(checks.runtime, tx, token_moves.Step(instance, task.id, "olga", "checked by telephone"), "confirm")
    assert [task.element_id for task in checks.tasks(people.alice)] == ["confirm"]
    assert checks.row(instance).variables["total"] == 42


def migrated(world, instance, version_id, plan=None):
    with world.database.transaction() as tx:
        return migrate.migrate(world.runtime, tx, instance, Migration(version_id, "olga", "the law has changed", plan or {}))


def test_an_instance_goes_over_to_a_new_version_with_its_draft(checks, people):
    instance = checks.start("checks", {"amount": 21})
    (task,) = checks.tasks(people.alice)
    with checks.database.transaction() as tx:
        user_tasks.save_draft(checks.runtime, tx, task.id, {"comment": "half done"}, Completion(people.alice))
    elements = m.start() + m.user("inspect", candidateGroups="sales") + m.script("more", "{ more: true }") + m.end()
    version = checks.deploy(m.bundle("checks", elements, "start -> inspect -> more -> done")).processes["checks"]
    migration = Migration(version, "olga", "the law has changed", {"check": "inspect"})
    with checks.database.transaction() as tx:
        assert migrate.propose(checks.runtime, tx, checks.row(instance).process_version_id, version)["start"] == "start"
        assert migrate.why_not(checks.runtime, tx, instance, migration) is None
    assert checks.tasks(people.alice)[0].element_id == "check"
    migrated(checks, instance, version, {"check": "inspect"})
    (task,) = checks.tasks(people.alice)
    assert task.element_id == "inspect"
    with checks.database.transaction() as tx:
        assert user_tasks.get(checks.runtime, tx, task.id, people.alice).draft == {"comment": "half done"}
    other = checks.another_process()
    other.complete(task.id, {})
    assert other.path(instance)[-3:] == ["inspect", "more", "done"]


def test_an_instance_that_cannot_go_says_why_and_stays(checks, people):
    instance = checks.start("checks", {"amount": 21})
    elements = m.start() + m.script("only", "{ more: true }") + m.end()
    version = checks.deploy(m.bundle("checks", elements, "start -> only -> done")).processes["checks"]
    with pytest.raises(Conflict) as refused:
        migrated(checks, instance, version)
    assert refused.value.code == "cannot_migrate"
    assert list(refused.value.errors) == ["check"]
    assert checks.tasks(people.alice)[0].element_id == "check"


def test_a_version_of_another_process_is_refused(checks):
    instance = checks.start("checks", {"amount": 21})
    other = checks.deploy(m.bundle("other", m.start() + m.end(), "start -> done")).processes["other"]
    with pytest.raises(NotFound, match="is no version of checks"):
        migrated(checks, instance, other)
