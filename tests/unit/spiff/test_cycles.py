"""Timers that come again: their rhythm, on the calendar and on the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.iso8601 import read_duration
from engine.spiff.elements import Event
from engine.spiff.failures import StepFailed
from engine.spiff.timers import Due, compile_timer, due_from_data, due_to_data
from tests.unit.spiff.drawing import MONDAY

VIENNA = ZoneInfo("Europe/Vienna")


def turns(text, now, zone=VIENNA, most=6, missed=timedelta()):
    """The local times at which a cycle fires, each seen `missed` late."""
    cycle = compile_timer(Event("timer", timer="cycle", expression=text), "remind", zone)
    due, found = cycle.due({}, now), []
    while due is not None and len(found) < most:
        found.append(due.at.astimezone(zone).strftime("%a %d %b %H:%M"))
        due = cycle.again(due_from_data(due_to_data(due)), due.at + missed)
    return found


def test_a_reminder_each_day_at_nine_stays_at_nine():
    friday = datetime(2026, 3, 27, 8, tzinfo=UTC)
    nine = ["Sat 28 Mar 09:00", "Sun 29 Mar 09:00", "Mon 30 Mar 09:00", "Tue 31 Mar 09:00", "Wed 01 Apr 09:00"]
    assert turns("R5/P1D", friday) == nine
    assert turns("R5/PT24H", friday)[2:] == ["Mon 30 Mar 10:00", "Tue 31 Mar 10:00", "Wed 01 Apr 10:00"]


def test_the_end_of_the_month_stays_the_end_and_half_past_two_comes_back_after_the_gap():
    assert turns("R4/2026-01-31T09:00/P1M", MONDAY) == ["Sat 31 Jan 09:00", "Sat 28 Feb 09:00", "Tue 31 Mar 09:00", "Thu 30 Apr 09:00"]
    assert turns("R3/2026-03-28T02:30/P1D", MONDAY) == ["Sat 28 Mar 02:30", "Sun 29 Mar 03:30", "Mon 30 Mar 02:30"]


def test_turns_that_nobody_saw_do_not_count_and_do_not_shift_the_rhythm():
    late = timedelta(hours=2, minutes=30)
    assert turns("R3/PT1H", MONDAY, UTC, missed=late) == ["Mon 05 Jan 10:00", "Mon 05 Jan 13:00", "Mon 05 Jan 16:00"]
    assert turns("R3/P1M", MONDAY, UTC, missed=timedelta(days=65)) == ["Thu 05 Feb 09:00", "Tue 05 May 09:00", "Wed 05 Aug 09:00"]


def test_a_turn_that_an_operator_let_come_early_is_not_repeated_at_its_time():
    cycle = compile_timer(Event("timer", timer="cycle", expression="R3/PT4H"), "remind", UTC)
    first = cycle.due({}, MONDAY)
    assert cycle.again(first, MONDAY + timedelta(hours=1)) == Due(MONDAY + timedelta(hours=8), 1, "PT4H", MONDAY, 2)


def test_a_cycle_of_seconds_that_slept_for_years_is_not_counted_turn_by_turn():
    cycle = compile_timer(Event("timer", timer="cycle", expression="R/PT1S"), "beat", UTC)
    due = cycle.due({}, MONDAY)
    later = MONDAY + timedelta(days=3650, milliseconds=300)
    assert cycle.again(due, later).at == MONDAY + timedelta(days=3650, seconds=1)


@pytest.mark.parametrize("every", ["PT7S", "P1D", "P1M", "P1Y", "P1M3DT7H", "P1DT1S", "P2W"])
@given(st.integers(0, 3_000_000_000))
def test_the_turn_after_a_pause_is_the_one_that_counting_finds(every, seconds):
    cycle = compile_timer(Event("timer", timer="cycle", expression=f"R/2026-01-31T02:30/{every}"), "beat", VIENNA)
    first = cycle.due({}, MONDAY)
    now = first.at + timedelta(seconds=seconds if every != "PT7S" else seconds % 100_000)
    found = cycle.again(first, now)
    assert found.at > now
    before = read_duration(every).times(found.turn - 1).after(first.at, VIENNA)
    assert before <= now or found.turn == 1


def test_a_state_of_an_earlier_release_goes_on_from_its_last_turn():
    kept = due_from_data({"due": "2026-03-28T08:00:00+00:00", "left": 2, "every": "P1D"})
    cycle = compile_timer(Event("timer", timer="cycle", expression="R3/P1D"), "remind", VIENNA)
    assert cycle.again(kept, kept.at) == Due(datetime(2026, 3, 29, 7, tzinfo=UTC), 1, "P1D", kept.at, 1)


def test_a_cycle_by_cron_goes_on_for_ever_in_the_company_s_time():
    friday = datetime(2026, 3, 27, 7, tzinfo=UTC)
    assert turns("0 9 * * mon-fri", friday, most=3) == ["Fri 27 Mar 09:00", "Mon 30 Mar 09:00", "Tue 31 Mar 09:00"]


def test_a_cycle_ends_with_the_calendar():
    cycle = compile_timer(Event("timer", timer="cycle", expression="R/P5000Y"), "remind", UTC)
    assert cycle.again(cycle.due({}, MONDAY), MONDAY + timedelta(days=1_900_000)) is None
    with pytest.raises(StepFailed, match="out of range"):
        compile_timer(Event("timer", timer="cycle", expression="R/P9000Y"), "remind", UTC).due({}, MONDAY)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("R/PT0S", "repeats too fast"),
        ("R/PT0.5S", "repeats too fast"),
        ("R/-P1D", "repeats too fast"),
        ("R0/P1D", "repeats no time at all"),
        ("0 0 30 2 *", "never comes"),
        ("tomorrow", "no repeating interval"),
    ],
)
def test_a_cycle_that_is_none_says_why_and_what_to_do(text, why):
    with pytest.raises(StepFailed, match=why) as failed:
        compile_timer(Event("timer", timer="cycle", expression=f'"{text}"'), "remind", UTC).due({}, MONDAY)
    assert failed.value.next_step.split()[0] in {"Repeat", "Name", "Write"}


def test_the_shortest_cycle_is_a_second():
    assert turns("R2/PT1S", MONDAY, UTC) == ["Mon 05 Jan 09:00", "Mon 05 Jan 09:00"]
