"""Due times, agreements, escalations and timers that name a calendar count in working time."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from engine.jobs.clock import tick
from engine.problems import Conflict, Invalid
from engine.runtime.state.live_instances import LiveInstances
from engine.runtime.state.people import Person
from engine.runtime.verbs import calendars, start
from engine.runtime.verbs.deploy import ModelRefused
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import clock
from tests import tiny_models as m

ADA = Person("ada", frozenset(), frozenset({"administer"}))
FOUR_IN_THE_AFTERNOON = datetime(2026, 11, 30, 15, tzinfo=UTC)  # in Vienna
OFFICE = calendars.CalendarDraft(
    code="office",
    name="Office",
    time_zone="Europe/Vienna",
    country="AT",
    week=["08:00-12:00, 13:00-17:00"] * 5 + ["", ""],
    standard=True,
)
WORKING = f"<bpmn:extensionElements>{m.properties(calendar='standard')}</bpmn:extensionElements>"
REMINDER = f"{WORKING}<bpmn:timerEventDefinition><bpmn:timeDuration>PT2H</bpmn:timeDuration></bpmn:timerEventDefinition>"


def save(world, draft=OFFICE, version=None):
    with world.database.transaction() as tx:
        return calendars.save_calendar(world.runtime, tx, draft, ADA, version)


def begin(world, at=FOUR_IN_THE_AFTERNOON, **settings):
    event = m.boundary("remind", "approve", REMINDER, interrupting=False)
    model = m.start() + m.user("approve", candidateGroups="sales", **settings) + event + m.end() + m.end("reminded")
    world.deploy(m.bundle("approval", model, "start -> approve -> done\nremind -> reminded"))
    with world.database.transaction() as tx:
        clock.at(tx, at)
        start.start(world.runtime, tx, "approval", {}, start.StartOptions())


def rows(world, statement):
    with world.database.transaction() as tx:
        return tx.execute(text(statement)).one()


def test_what_is_due_in_four_hours_does_not_run_through_the_night(world):
    save(world)
    begin(world, dueIn="PT4H", slaIn="P2D")
    due, sla, timer = rows(world, "SELECT due_at, sla_at, (SELECT due_at FROM timer) FROM user_task")
    assert due == datetime(2026, 12, 1, 10, tzinfo=UTC)  # eleven the next morning in Vienna
    assert sla == datetime(2026, 12, 2, 15, tzinfo=UTC)
    assert timer == datetime(2026, 12, 1, 8, tzinfo=UTC)  # the timer that is drawn on it, too


def test_without_a_calendar_or_by_none_it_runs_around_the_clock(world):
    begin(world, dueIn="PT4H")
    assert rows(world, "SELECT due_at FROM user_task").due_at == datetime(2026, 11, 30, 19, tzinfo=UTC)
    save(world)
    begin(world, dueIn="PT4H", calendar="none")
    assert rows(world, "SELECT max(due_at) AS due_at FROM user_task").due_at == datetime(2026, 11, 30, 19, tzinfo=UTC)


def test_a_calendar_that_nobody_knows_is_not_deployed_and_one_that_is_gone_is_an_incident_that_says_which(world):
    with pytest.raises(ModelRefused, match="the calendar 'moon', which does not exist"):
        begin(world, dueIn="PT4H", calendar="moon")
    save(world)
    begin(world, dueIn="PT4H", calendar="office")
    with world.database.transaction() as tx:
        tx.execute(text("DELETE FROM business_calendar WHERE code = 'office'"))
        world.runtime.calendars.forget()
        start.start(world.runtime, tx, "approval", {}, start.StartOptions())
    assert "There is no calendar 'office'" in rows(world, "SELECT message FROM incident").message


def test_what_nobody_decides_in_time_is_offered_to_others_once(world, people):
    begin(world, at=FOUR_IN_THE_AFTERNOON, escalateIn="PT1H", escalateTo="finance", excludedUsers="zoe")
    assert world.tasks(people.charlie) == []
    assert tick(world.runtime) >= 1
    tick(world.runtime)
    (task,) = world.tasks(people.charlie)
    assert (task.candidate_groups, task.escalated_at is not None) == (["sales", "finance"], True)
    told = rows(world, "SELECT count(*) AS count, min(detail::text) AS detail FROM audit WHERE action = 'escalate'")
    assert told.count == 1
    assert '"finance"' in told.detail


def test_a_calendar_is_kept_by_who_saw_it_last_and_one_is_the_standard(world):
    save(world)
    with pytest.raises(Conflict, match="There is a calendar office already"):
        save(world)
    with pytest.raises(Invalid) as refused:
        save(world, calendars.CalendarDraft(code="none", name="", time_zone="Mars", country="XX", week=["8-5"] + [""] * 6))
    assert sorted(refused.value.errors) == ["code", "country", "monday", "name", "time_zone"]
    save(world, calendars.CalendarDraft(code="night", name="Night", time_zone="UTC", week=["00:00-06:00"] * 7, standard=True))
    assert rows(world, "SELECT code FROM business_calendar WHERE standard").code == "night"
    assert save(world, OFFICE, version=1) == 2
    with pytest.raises(Conflict, match="was changed meanwhile"):
        save(world, OFFICE, version=1)
    with world.database.transaction() as tx:
        calendars.set_day(world.runtime, tx, "office", calendars.DayDraft(day=date(2026, 12, 1), note="Move"), ADA)
    begin(world, dueIn="PT4H")
    assert rows(world, "SELECT due_at FROM user_task").due_at == datetime(2026, 12, 2, 10, tzinfo=UTC)


EVERY_FOUR_HOURS = f"{WORKING}<bpmn:timerEventDefinition><bpmn:timeCycle>R/PT4H</bpmn:timeCycle></bpmn:timerEventDefinition>"


@pytest.mark.parametrize("kept", [True, False], ids=["kept in memory", "restored"])
def test_each_turn_of_a_reminder_counts_in_working_time_and_gives_its_connection_back(world, kept):
    def at(moment):
        with world.database.transaction() as tx:
            clock.move_company(tx, moment - datetime.now(UTC))
        runtime = world.runtime if kept else replace(world.runtime, live=LiveInstances())
        runtime.calendars.forget()
        tick(runtime)
        run_until_idle(runtime)

    save(world)
    at(FOUR_IN_THE_AFTERNOON)
    event = m.boundary("remind", "approve", EVERY_FOUR_HOURS, interrupting=False)
    model = m.start() + m.user("approve", candidateGroups="sales") + event + m.end() + m.end("reminded")
    world.deploy(m.bundle("approval", model, "start -> approve -> done\nremind -> reminded"))
    world.start("approval")
    at(datetime(2026, 12, 1, 10, 0, 30, tzinfo=UTC))
    at(datetime(2026, 12, 1, 15, 0, 30, tzinfo=UTC))
    due = rows(world, "SELECT due_at FROM timer").due_at
    assert due.replace(second=0, microsecond=0) == datetime(2026, 12, 2, 10, tzinfo=UTC)  # eleven in Vienna; around the clock it was 19:00
    assert rows(world, "SELECT count(*) FROM history WHERE element_id = 'reminded'").count == 2
    assert world.database.engine.pool.checkedout() == 0
