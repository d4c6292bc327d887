from datetime import UTC, datetime, timedelta

import pytest

from engine.problems import Problem
from engine.runtime.post.calendar import next_time

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


def test_an_interval_first_fires_one_step_after_the_deployment():
    assert next_time("R/PT1H", None, NOON) == NOON + timedelta(hours=1)


def test_an_interval_with_a_start_begins_there():
    assert next_time("R/2026-03-03T06:00:00Z/P1D", None, NOON) == datetime(2026, 3, 3, 6, tzinfo=UTC)


def test_an_interval_keeps_its_beat():
    assert next_time("R/PT1H", NOON, NOON + timedelta(seconds=3)) == NOON + timedelta(hours=1)


def test_fire_times_missed_while_nobody_ran_are_made_up_by_one():
    assert next_time("R/PT1H", NOON, NOON + timedelta(hours=5, minutes=10)) == NOON + timedelta(hours=6)


def test_cron_names_weekdays():
    assert next_time("0 6 * * mon-fri", None, NOON) == datetime(2026, 3, 3, 6, tzinfo=UTC)


def test_cron_does_not_fire_the_same_minute_twice():
    six = datetime(2026, 3, 3, 6, tzinfo=UTC)
    assert next_time("0 6 * * mon-fri", six, six) == datetime(2026, 3, 4, 6, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-04-01T00:00:00Z", '="2026-04-01T00:00:00Z"'])
def test_a_date_fires_once(text):
    first = datetime(2026, 4, 1, tzinfo=UTC)
    assert next_time(text, None, NOON) == first
    assert next_time(text, first, first) is None


@pytest.mark.parametrize("text", ["tomorrow", "99 99 * * *", "R/PT0S"])
def test_other_texts_are_refused(text):
    with pytest.raises(Problem):
        next_time(text, None, NOON)
