"""Expected supply whose day has passed is a buyer's task, once a day asked about; goods that come in end it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from engine.jobs.null_dispatcher import NullDispatcher
from engine.models.bundle import read_bundle
from engine.problems import NotFound
from engine.runtime.post import schedules
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, user_tasks
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.runtime.verbs.user_tasks import Completion
from engine.store import locks
from engine.store.clock import business_today
from engine.store.tables import incident
from handlers.invariants import check_all
from handlers.inventory.supply import SupplyArrival, SupplyDraft
from handlers.open_things import under_key
from handlers.promising import commands, overdue
from handlers.registry import service_tasks
from tests.integration.orders.trade import D, open_trade
from tests.worklist import tasks_of

BPMN = Path(__file__).parents[3] / "bpmn"
PETRA = Person("petra", frozenset({"buyer"}))


@pytest.fixture
def runtime(database, monkeypatch):
    monkeypatch.setattr(locks.watch, "on", True)
    runtime = Runtime(database=database, service_tasks=service_tasks(), ports={}, dispatcher=NullDispatcher())
    with database.transaction() as tx:
        open_trade(tx)
        for folder in ("order-to-promise", "overdue-supply"):
            deploy.deploy(runtime, tx, read_bundle(BPMN / folder), "admin")
    return runtime


def settle(runtime):
    run_until_idle(runtime)
    with runtime.database.transaction() as tx:
        assert tx.execute(select(incident.c.element_id, incident.c.message)).all() == []


def expected(runtime, days, qty=40, reference="PO-77"):
    with runtime.database.transaction() as tx:
        day = business_today(tx) + timedelta(days=days)
        draft = SupplyDraft(reference=reference, sku="OMINOUS-ANVIL", warehouse_code="VIENNA", due_date=day, qty_open=D(qty))
        commands.expect_supply(runtime, tx, draft, "petra")
    settle(runtime)


def arrives(runtime, qty, note, reference="PO-77"):
    with runtime.database.transaction() as tx:
        arrival = SupplyArrival(reference=reference, sku="OMINOUS-ANVIL", warehouse_code="VIENNA", qty=D(qty), delivery_note=note)
        commands.receive_supply(runtime, tx, arrival, "wanda")
    settle(runtime)


def morning(runtime):
    with runtime.database.transaction() as tx:
        due = text("""
            UPDATE schedule SET next_due_at = now() - interval '1 second'
            WHERE process_version_id IN (SELECT id FROM process_version WHERE process_key = 'overdue-supply-run')""")
        tx.execute(due)
        assert schedules.fire(runtime, tx) == 1
    settle(runtime)


def tasks_of_buyer(runtime):
    """How much of it is missing, by open task."""
    with runtime.database.transaction() as tx:
        open_tasks = text("SELECT CAST(form_data->>'qty_open' AS numeric) FROM user_task WHERE state = 'open' ORDER BY created_at")
        return list(tx.execute(open_tasks).scalars())


def says(runtime, **form):
    with runtime.database.transaction() as tx:
        (task,) = tasks_of(tx, PETRA)
        user_tasks.complete(runtime, tx, task.id, {"reason": "Rang them up", **form}, Completion(PETRA))
    settle(runtime)


def one(runtime, sql):
    with runtime.database.transaction() as tx:
        return tx.execute(text(sql)).one()


def broken(runtime):
    with runtime.database.transaction() as tx:
        return [(each.id, each.violations) for each in check_all(tx) if not each.ok]


@pytest.mark.parametrize(("days", "asked"), [(-1, 1), (0, 0), (1, 0)])
def test_what_was_due_yesterday_is_chased_and_what_is_due_today_is_not(runtime, days, asked):
    expected(runtime, days)
    morning(runtime)
    assert len(tasks_of_buyer(runtime)) == asked
    assert broken(runtime) == []


def test_a_day_is_asked_about_once_however_many_mornings_pass(runtime):
    expected(runtime, -1)
    for _ in range(3):
        morning(runtime)
    assert len(tasks_of_buyer(runtime)) == 1


def test_before_the_morning_the_run_has_it_and_then_the_buyer(runtime):
    expected(runtime, -1)
    assert broken(runtime) == []
    morning(runtime)
    with runtime.database.transaction() as tx:
        (thing,) = under_key(tx, one(runtime, "SELECT 'supply-' || id FROM supply")[0])
    assert (thing.kind, thing.mover, thing.who, thing.detail) == ("overdue supply", "task", "buyer", "40 of OMINOUS-ANVIL, PO PO-77")


def test_another_day_is_noted_and_asked_about_again_when_it_passes(runtime):
    expected(runtime, -1)
    morning(runtime)
    with runtime.database.transaction() as tx:
        today = business_today(tx)
    says(runtime, outcome="later", due_date=str(today + timedelta(days=7)))
    assert one(runtime, "SELECT due_date, qty_open FROM supply") == (today + timedelta(days=7), 40)
    morning(runtime)
    assert tasks_of_buyer(runtime) == []
    with runtime.database.transaction() as tx:
        overdue.redate(tx, tx.execute(text("SELECT id FROM supply")).scalar_one(), today - timedelta(days=1))
    morning(runtime)
    assert tasks_of_buyer(runtime) == []  # this very day was asked about
    with runtime.database.transaction() as tx:
        overdue.redate(tx, tx.execute(text("SELECT id FROM supply")).scalar_one(), today - timedelta(days=2))
    morning(runtime)
    assert len(tasks_of_buyer(runtime)) == 1


def test_what_does_not_come_is_expected_no_more_and_what_came_stays_counted(runtime):
    expected(runtime, -1)
    morning(runtime)
    arrives(runtime, 15, "DN-1")
    assert tasks_of_buyer(runtime) == [25]
    says(runtime, outcome="never")
    assert one(runtime, "SELECT qty_open, qty_received FROM supply") == (0, 15)
    assert broken(runtime) == []


def test_goods_that_come_in_whole_end_the_task(runtime):
    expected(runtime, -1)
    morning(runtime)
    arrives(runtime, 40, "DN-1")
    assert tasks_of_buyer(runtime) == []
    assert one(runtime, "SELECT state FROM instance WHERE process_key = 'overdue-supply'") == ("completed",)


def test_goods_that_nobody_chases_tell_nobody(runtime):
    expected(runtime, 3)
    arrives(runtime, 40, "DN-1")
    assert one(runtime, "SELECT count(*) FROM message WHERE name = 'supply.arrived'") == (0,)


def test_a_supply_that_does_not_exist_is_said_so(database):
    with database.transaction() as tx, pytest.raises(NotFound):
        overdue.close(tx, 4711)
