from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feel import (
    FeelValueError,
    YearsMonths,
    after,
    as_duration,
    as_instant,
    compile_expression,
    duration_iso,
    to_json,
)
from engine.feel.temporal import parse_duration
from engine.iso8601 import Duration

PARIS = ZoneInfo("Europe/Paris")


def value(text, **context):
    return compile_expression(text).evaluate(context)


def shown(text):
    return to_json(value(text))


def test_an_hour_after_one_in_the_spring_night_it_is_three():
    assert shown('@"2024-03-31T01:00:00@Europe/Paris" + duration("PT1H")') == "2024-03-31T03:00:00+02:00"


def test_the_autumn_hour_comes_twice_and_both_are_told_apart():
    first = '@"2024-10-27T02:30:00@Europe/Paris"'
    assert shown(f'{first} + duration("PT1H")') == "2024-10-27T02:30:00+01:00"
    assert value(f'{first} + duration("PT1H") > {first}') is True
    assert value(f'({first} + duration("PT1H")) - {first}') == timedelta(hours=1)


def test_a_day_of_24_hours_and_a_calendar_month_differ_over_the_change_of_clocks():
    assert shown('@"2024-03-30T12:00:00@Europe/Paris" + duration("P1D")') == "2024-03-31T13:00:00+02:00"
    assert shown('@"2024-02-29T12:00:00@Europe/Paris" + duration("P1M")') == "2024-03-29T12:00:00+01:00"
    assert shown('@"2024-03-15T12:00:00@Europe/Paris" + duration("P1M")') == "2024-04-15T12:00:00+02:00"


def test_a_time_the_clocks_skip_is_moved_over_the_gap():
    assert shown('@"2024-03-31T02:30:00@Europe/Paris"') == "2024-03-31T03:30:00+02:00"


def test_instants_of_different_zones_are_compared_as_instants():
    assert value('@"2024-07-01T12:00:00@Europe/Paris" = @"2024-07-01T10:00:00Z"') is True
    assert value('is(@"2024-07-01T12:00:00@Europe/Paris", @"2024-07-01T10:00:00Z")') is False
    assert value('@"2024-07-01T12:00:00" < @"2024-07-01T10:00:00Z"') is None


def test_the_edges_of_the_calendar_compare_without_failing():
    assert value('@"0001-01-01T00:00:00+14:00" < @"0001-01-01T00:00:00+13:00"') is True
    assert value('@"9999-12-31T23:59:59@Europe/Paris" + duration("P1D")') is None


@given(st.integers(0, 2 * 10**9), st.integers(-(10**8), 10**8))
def test_adding_a_duration_moves_the_instant_by_just_that(start, seconds):
    moment = datetime.fromtimestamp(start, PARIS)
    moved = value("moment + d", moment=moment, d=timedelta(seconds=seconds))
    assert moved.astimezone(UTC) - moment.astimezone(UTC) == timedelta(seconds=seconds)
    assert value("moved - moment", moved=moved, moment=moment) == timedelta(seconds=seconds)


@given(st.timedeltas(timedelta(days=-10_000), timedelta(days=10_000)))
def test_a_duration_is_read_back_as_it_was_written(duration):
    assert parse_duration(duration_iso(duration)) == duration


def test_durations_are_written_short():
    assert duration_iso(timedelta(hours=36)) == "P1DT12H"
    assert duration_iso(timedelta()) == "PT0S"
    assert duration_iso(timedelta(milliseconds=-1500)) == "-PT1.5S"
    assert duration_iso(YearsMonths(-18)) == "-P1Y6M"
    assert duration_iso(YearsMonths(0)) == "P0M"


def test_parts_of_dates_and_durations_are_properties():
    assert value('@"2026-11-21".weekday') == 6
    assert value('@"10:30:00+02:00".time offset') == timedelta(hours=2)
    assert value('@"2026-11-21T10:30:00@Europe/Paris".timezone') == "Europe/Paris"
    assert value('@"-P1DT2H".days') == -1


def test_dates_are_built_from_parts_and_text():
    assert value("date(2024, 2, 29)") == date(2024, 2, 29)
    assert value("date(2023, 2, 29)") is None
    assert value('date("2024-2-29")') is None
    assert value("time(10, 30, 15.5)") == time(10, 30, 15, 500_000)
    assert value('date and time(@"2024-07-01", @"10:00:00", "Europe/Paris")') == datetime(2024, 7, 1, 10, tzinfo=PARIS)
    assert value('date and time("2024-07-01T10:00:00@Mars/Olympus")') is None


def test_what_a_form_takes_for_a_time_is_one():
    assert value('time("10:15")') == time(10, 15)
    assert value('date and time("2026-12-01T09:30+01:00") + duration("PT30M")').isoformat() == "2026-12-01T10:00:00+01:00"
    assert value('date(date and time("2026-12-01T09:30"))') == date(2026, 12, 1)


def test_now_is_one_moment_throughout_an_evaluation_and_can_be_given():
    christmas = datetime(2026, 12, 25, 8, tzinfo=PARIS)
    assert value("now() = now()") is True
    assert compile_expression("today()").evaluate({}, now=christmas) == date(2026, 12, 25)
    assert compile_expression('now() + @"PT1H"').diagnose({}, now=christmas).value.hour == 9


def test_the_rooms_that_keep_a_clock_get_durations_and_instants():
    assert as_duration("PT36H") == Duration(span=timedelta(hours=36))
    assert as_duration(timedelta(hours=36)) == Duration(days=1, span=timedelta(hours=12))
    assert as_duration(timedelta(hours=-36)) == Duration(days=-1, span=timedelta(hours=-12))
    assert as_duration(YearsMonths(-18)) == Duration(months=-18)
    assert as_instant("2026-11-21T10:30:00Z", PARIS) == datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
    assert as_instant("2026-11-21", PARIS) == datetime(2026, 11, 21, tzinfo=PARIS)
    assert as_instant(date(2026, 11, 21), PARIS) == datetime(2026, 11, 21, tzinfo=PARIS)
    assert after(datetime(2026, 1, 31, tzinfo=UTC), "P1M", UTC) == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize("wrong", ["tomorrow", 5, None, "PT", "P1DT", True])
def test_what_is_no_duration_is_refused_with_advice(wrong):
    with pytest.raises(FeelValueError, match="is no duration") as refused:
        as_duration(wrong)
    assert refused.value.next_step


def test_what_is_no_moment_is_refused_with_advice():
    with pytest.raises(FeelValueError, match="'tomorrow' is no date and time"):
        as_instant("tomorrow", UTC)
    with pytest.raises(FeelValueError, match="out of range"):
        as_instant("0001-01-01T00:00:00+14:00", UTC)
    with pytest.raises(FeelValueError, match="out of range"):
        after(datetime(9999, 12, 31, tzinfo=UTC), "P1D", UTC)
