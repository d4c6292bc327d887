"""Cron means what it means in a crontab."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cron import looks_cron, read_cron
from engine.problems import Invalid

VIENNA = ZoneInfo("Europe/Vienna")
SUNDAY = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def following(text, after=SUNDAY, zone=UTC, turns=1):
    found = []
    for _ in range(turns):
        after = read_cron(text).after(after, zone)
        found.append(None if after is None else after.astimezone(zone).strftime("%a %d %b %H:%M"))
    return found if turns > 1 else found[0]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 6 * * 1-5", "Mon 30 Nov 06:00"),
        ("0 6 * * mon-fri", "Mon 30 Nov 06:00"),
        ("0 6 * * MON-FRI", "Mon 30 Nov 06:00"),
        ("0 6 * * 0", "Sun 06 Dec 06:00"),
        ("0 6 * * 7", "Sun 06 Dec 06:00"),
        ("0 6 * * sun", "Sun 06 Dec 06:00"),
        ("0 6 * * 6", "Sat 05 Dec 06:00"),
        ("0 6 * * 0-0", "Sun 06 Dec 06:00"),
        ("0 6 * * 5-7", "Fri 04 Dec 06:00"),
        ("0 6 * * fri-sun", "Fri 04 Dec 06:00"),
        ("0 18 * * fri-sun", "Sun 29 Nov 18:00"),
        ("*/15 * * * *", "Sun 29 Nov 12:15"),
        ("7/20 12 * * *", "Sun 29 Nov 12:07"),
        ("0 0 1 * *", "Tue 01 Dec 00:00"),
        ("0 0 1 jan,jul *", "Fri 01 Jan 00:00"),
        ("30 8,17 * * *", "Sun 29 Nov 17:30"),
        ("0 12 29 11 *", "Mon 29 Nov 12:00"),
        ("@daily", "Mon 30 Nov 00:00"),
        ("@weekly", "Sun 06 Dec 00:00"),
        ("@hourly", "Sun 29 Nov 13:00"),
        ("@monthly", "Tue 01 Dec 00:00"),
        ("@yearly", "Fri 01 Jan 00:00"),
    ],
)
def test_the_days_are_numbered_as_in_a_crontab(text, first):
    assert following(text) == first


def test_a_step_over_the_week_counts_from_sunday_and_counts_sunday_once():
    assert following("0 6 * * */2", turns=4) == ["Tue 01 Dec 06:00", "Thu 03 Dec 06:00", "Sat 05 Dec 06:00", "Sun 06 Dec 06:00"]


def test_of_two_restricted_days_one_is_enough():
    assert following("0 6 1 * mon", turns=3) == ["Mon 30 Nov 06:00", "Tue 01 Dec 06:00", "Mon 07 Dec 06:00"]
    assert following("0 6 */2 * mon", turns=2) == ["Mon 07 Dec 06:00", "Mon 21 Dec 06:00"]


def test_the_minute_that_has_just_come_does_not_come_again():
    six = datetime(2026, 12, 1, 6, tzinfo=UTC)
    assert read_cron("0 6 * * *").after(six, UTC) == six + timedelta(days=1)
    assert read_cron("0 6 * * *").after(six - timedelta(seconds=1), UTC) == six


def test_nine_in_the_morning_stays_nine_over_the_change_of_clocks():
    saturday = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert read_cron("0 9 * * *").after(saturday, VIENNA) == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert following("0 9 * * *", saturday, VIENNA, turns=2) == ["Sun 29 Mar 09:00", "Mon 30 Mar 09:00"]


def test_a_time_that_is_left_out_moves_on_and_one_that_comes_twice_counts_once():
    assert following("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), VIENNA, turns=2) == ["Sun 29 Mar 03:30", "Mon 30 Mar 02:30"]
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    first = read_cron("30 2 * * *").after(autumn, VIENNA)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert read_cron("30 2 * * *").after(first, VIENNA) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_every_hour_is_every_hour_in_autumn_too():
    at = datetime(2026, 10, 24, 23, 59, tzinfo=UTC)
    hours = [at := read_cron("0 * * * *").after(at, VIENNA) for _ in range(4)]
    assert hours == [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in range(4)]


def test_a_leap_day_is_waited_for_and_a_day_that_never_comes_is_not():
    assert read_cron("0 0 29 2 *").after(SUNDAY, UTC) == datetime(2028, 2, 29, tzinfo=UTC)
    assert read_cron("0 0 30 2 *").after(SUNDAY, UTC) is None
    assert read_cron("0 0 1 1 *").after(datetime(9999, 12, 30, tzinfo=UTC), UTC) is None


@pytest.mark.parametrize(
    "text",
    ["99 6 * * *", "0 24 * * *", "0 6 0 * *", "0 6 32 * *", "0 6 * 13 *", "0 6 * * 8", "0 6 * * fre", "0 6 * jam *", "5-1 * * * *"],
)
def test_numbers_and_names_that_do_not_exist_are_refused(text):
    with pytest.raises(Invalid, match="of cron") as refused:
        read_cron(text)
    assert refused.value.next_step


@pytest.mark.parametrize("text", ["*/0 * * * *", "5/0 * * * *", "1,,2 * * * *", "? * * * *", "0 6 * * 1#2", "0 6 L * *", "0 6 * * mon-"])
def test_what_other_schedulers_add_is_refused(text):
    with pytest.raises(Invalid):
        read_cron(text)


@pytest.mark.parametrize("text", ["0 0 6 * * mon-fri", "@reboot", "0 6 * *"])
def test_another_number_of_fields_is_refused_with_the_right_one(text):
    with pytest.raises(Invalid, match="cron has five") as refused:
        read_cron(text)
    assert "0 6 * * mon-fri" in refused.value.next_step


@pytest.mark.parametrize("text", ["0 6 * * mon-fri", "*/5 * * * *", "0 0 6 * * ?", "@daily", "99 99 * * *"])
def test_a_text_that_is_meant_as_cron_is_known_even_where_it_is_wrong(text):
    assert looks_cron(text)


@pytest.mark.parametrize("text", ["R3/PT1H", "interval", "a * b * c * d * e", "price * 2", "0 6 * *", '"0 6 * * *"'])
def test_variables_and_formulas_are_not_taken_for_cron(text):
    assert not looks_cron(text)


MINUTES = st.integers(0, 59)
HOURS = st.sampled_from([0, 1, 5, 6, 9, 12, 17, 23])


@given(
    MINUTES,
    HOURS,
    st.sets(st.integers(0, 6), min_size=1, max_size=3),
    st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2030-01-01")),
)
def test_the_next_time_is_the_first_of_all_minutes_that_fit(minute, hour, weekdays, start):
    """The reference walks on the wall clock of a zone that never changes it, minute by minute of that hour, day by day."""
    start = start.replace(tzinfo=UTC)
    found = read_cron(f"{minute} {hour} * * {','.join(map(str, sorted(weekdays)))}").after(start, UTC)
    days = (start.replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=number) for number in range(9))
    assert found == next(day for day in days if day > start and day.isoweekday() % 7 in weekdays)
