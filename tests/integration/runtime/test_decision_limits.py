"""Up to which amount whom decides what: in the query of the worklist, again at completion, and when an operator leads past it."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Forbidden, NotFound
from engine.runtime.operate import token_moves
from engine.runtime.read.decision_limits import list_out_of_reach
from engine.runtime.state.people import Person, StandIn
from engine.runtime.verbs import user_tasks
from engine.store.paging import Asked
from tests import tiny_models as m

INES, MARCUS = Person("ines", frozenset({"finance", "executive"})), Person("marcus", frozenset({"finance"}))
OLGA = Person("olga", roles=frozenset({"operate"}))
REFUND = {"decisionKind": "refund", "decisionAmount": "=amount", "decisionCurrency": "=currency"}


@pytest.fixture
def refunds(world):
    """A refund is approved by finance."""
    approve = m.user("approve", candidateGroups="finance", **REFUND)
    world.deploy(m.bundle("refunds", m.start() + approve + m.end(), "start -> approve -> done"))
    return world


def limit(world, who, amount, currency="EUR", kind="refund"):
    with world.runtime.database.transaction() as tx:
        tx.execute(
            text("INSERT INTO decision_limit (kind, who, currency, amount, set_by) VALUES (:kind, :who, :currency, :amount, 'edith')"),
            {"kind": kind, "who": who, "currency": currency, "amount": amount},
        )


def asked(world, amount="1000.00", currency="EUR"):
    instance_id = world.start("refunds", {"amount": Decimal(amount) if amount else None, "currency": currency}, actor="tom")
    return world.one("SELECT id FROM user_task WHERE instance_id = :id AND state = 'open'", id=instance_id).id


def sees(world, person, task_id):
    return task_id in {task.id for task in world.tasks(person)}


def refused(world, person, task_id, kind=Forbidden, **given):
    with pytest.raises(kind) as problem:
        world.complete(task_id, {}, person, **given)
    return problem.value


def test_without_a_limit_of_the_kind_every_candidate_decides(refunds):
    limit(refunds, "group:finance", 1, kind="quote")
    task = asked(refunds, "1000000")
    assert sees(refunds, MARCUS, task)
    refunds.complete(task, {}, MARCUS)


@pytest.mark.parametrize(("amount", "may"), [("1000.00", True), ("1000.01", False), ("-1000.00", True), ("-1000.01", False), (None, False)])
def test_an_amount_beyond_one_s_limit_is_not_in_the_worklist_and_not_decided(refunds, amount, may):
    limit(refunds, "group:finance", 1000)
    task = asked(refunds, amount)
    assert sees(refunds, MARCUS, task) is may
    if may:
        refunds.complete(task, {}, MARCUS)
    else:
        refused(refunds, MARCUS, task, NotFound)


def test_the_highest_limit_of_one_s_groups_counts_and_one_s_own_before_them(refunds):
    limit(refunds, "group:finance", 1000)
    limit(refunds, "group:executive", 5000)
    first, second = asked(refunds, "5000"), asked(refunds, "5000")
    assert (sees(refunds, INES, first), sees(refunds, MARCUS, first)) == (True, False)
    refunds.complete(first, {}, INES)
    limit(refunds, "user:ines", 200)
    limit(refunds, "user:marcus", 9000)
    assert (sees(refunds, INES, second), sees(refunds, MARCUS, second)) == (False, True)


def test_a_limit_in_euros_says_nothing_about_dollars(refunds):
    limit(refunds, "group:finance", 1000)
    task = asked(refunds, "1", "USD")
    assert not sees(refunds, MARCUS, task)
    with refunds.runtime.database.transaction() as tx:
        (row,) = list_out_of_reach(tx, Asked(10)).rows
    assert (row.id, row.kind, row.amount, row.currency) == (task, "refund", Decimal(1), "USD")


def test_a_limit_that_was_lowered_meanwhile_is_looked_at_again_when_it_is_decided(refunds):
    limit(refunds, "group:finance", 1000)
    task = asked(refunds)
    with refunds.runtime.database.transaction() as tx:
        user_tasks.claim(refunds.runtime, tx, task, MARCUS)
        tx.execute(text("UPDATE decision_limit SET amount = 999.99"))
    assert sees(refunds, MARCUS, task), "what one has, one sees"
    problem = refused(refunds, MARCUS, task)
    assert problem.code == "limit_exceeded"
    assert "about 1,000.00 EUR; marcus decides refund up to 999.99 EUR" in problem.detail


def test_who_may_is_said(refunds):
    limit(refunds, "group:finance", 10)
    limit(refunds, "group:executive", 5000)
    task = asked(refunds)
    with refunds.runtime.database.transaction() as tx:
        tx.execute(text("UPDATE user_task SET assignee = 'marcus'"))
    assert "Let executive decide it" in refused(refunds, MARCUS, task).next_step


def test_an_operator_neither_overrides_nor_leads_past_more_than_he_may_decide(refunds):
    limit(refunds, "group:finance", 1000)
    task = asked(refunds)
    assert refused(refunds, OLGA, task, reason="Everybody is ill").code == "limit_exceeded"
    instance_id = refunds.one("SELECT instance_id FROM user_task WHERE id = :id", id=task).instance_id
    with refunds.runtime.database.transaction() as tx, pytest.raises(Forbidden) as problem:
        token_moves.skip(refunds.runtime, tx, token_moves.Step(instance_id, task, "olga", "It hurries"))
    assert problem.value.code == "limit_exceeded"


def test_a_deputy_decides_up_to_the_amounts_of_whom_they_stand_in_for(refunds):
    limit(refunds, "user:ines", 1000)
    away = StandIn("ines", INES.groups)
    dora = Person("dora", frozenset({"sales"}), stands_in_for=(away,))
    within, beyond = asked(refunds, "1000"), asked(refunds, "1001")
    assert (sees(refunds, dora, within), sees(refunds, dora, beyond)) == (True, False)
    refunds.complete(within, {}, dora)
    refused(refunds, dora, beyond, NotFound)
