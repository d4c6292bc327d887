"""A company with many open orders is left alone for a quarter of a year: nobody works, and nothing that is open is without an owner."""

import os
import random
from datetime import timedelta

import pytest

from api.auth.directory import AccountDirectory
from engine.store.paging import Asked
from handlers.open_things import Filter, list_open_things
from tests.life import customers, goods, money, office
from tests.life.company import Life
from tests.life.test_company_life import IN_TURNS
from tests.lock_watch import watching

ORDERS = 300 if "ORDERCRAFT_PROVE_STEPS" in os.environ else 24
DAYS = 90
SEED = os.environ.get("ORDERCRAFT_PROVE_SEED", "by chance" if "ORDERCRAFT_PROVE_STEPS" in os.environ else "11")
#: What happens between two orders before everybody goes.
BETWEEN = (office.work_task, office.work_task, customers.answer_quote, goods.supplier_answers, money.bank_day, office.time_passes)
#: What moves a thing by itself or is somebody's: a wait for a message alone is neither, for nobody may send it.
OWNED = frozenset({"task", "incident", "timer", "hold", "schedule", "time"})
_TASKS = "SELECT title, assignee, candidate_groups, candidate_users FROM user_task WHERE state = 'open'"
_SILENT = """
SELECT process_key, business_key, state FROM instance WHERE state NOT IN ('completed', 'cancelled')
  AND NOT EXISTS (SELECT FROM user_task WHERE instance_id = instance.id AND user_task.state = 'open')
  AND NOT EXISTS (SELECT FROM incident WHERE instance_id = instance.id AND incident.state = 'open')
  AND NOT EXISTS (SELECT FROM timer WHERE instance_id = instance.id AND NOT fired)
"""


@pytest.fixture
def left_alone(own_database, monkeypatch, capsys):
    """The company after ninety days without anybody."""
    seed = int(SEED) if SEED.isdigit() else random.SystemRandom().randrange(1, 10**6)
    with watching():
        life = Life(own_database, seed, monkeypatch, in_turns=IN_TURNS)
        world = life.world
        for number in range(ORDERS):
            (customers.quote if number % 6 == 5 else customers.order)(world)
            world.begin_step()
            world.chance.choice(BETWEEN)(world)
            if number % 3 == 0:
                life.workers.work(lambda: None)
        wrong = world.seen.faults
        for _ in range(DAYS):
            world.pass_time(timedelta(days=1))
            world.rest()
        wrong += world.look()
        life.workers.close()
    with capsys.disabled():
        print(f"\nleft alone with seed {seed}: {ORDERS} orders, {DAYS} days; {life.told()}")  # noqa: T201  # what make prove is for
    assert wrong == [], f"seed {seed}\n" + "\n".join(wrong) + "\n" + world.told(wrong)
    return world


@pytest.mark.timeout(36_000)
def test_a_company_left_alone_for_ninety_days_forgets_nothing(left_alone):
    with left_alone.database.transaction() as tx:
        directory = AccountDirectory()
        open_things = list_open_things(tx, Filter(), Asked(limit=100_000)).rows
        tasks = left_alone.rows(_TASKS)
        groups = {group for task in tasks for group in task["candidate_groups"]}
        people = {name for task in tasks for name in [*task["candidate_users"], *filter(None, [task["assignee"]])]}
        known = directory.known(tx, groups, people)
    assert [(thing.kind, thing.number, thing.mover, thing.what) for thing in open_things if thing.mover not in OWNED] == []
    assert [task["title"] for task in tasks if not known & {*task["candidate_groups"], *task["candidate_users"], task["assignee"]}] == []
    assert left_alone.rows("SELECT element_id, message FROM incident WHERE state = 'open' AND coalesce(owner, '') = ''") == []
    assert left_alone.rows(_SILENT) == []
    assert len(open_things) > 0
