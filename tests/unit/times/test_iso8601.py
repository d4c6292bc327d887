"""The one reader of ISO 8601, and what a duration is worth on a calendar."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.iso8601 import Duration, Interval, in_zone, looks_iso, read_clock, read_day, read_duration, read_interval, read_moment

VIENNA = ZoneInfo("Europe/Vienna")
LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "months", "days", "span"),
    [
        ("P1D", 0, 1, timedelta()),
        ("PT24H", 0, 0, timedelta(hours=24)),
        ("P1M2D", 1, 2, timedelta()),
        ("P1Y2M3W4DT5H6M7.5S", 14, 25, timedelta(hours=5, minutes=6, seconds=7.5)),
        ("PT0.000001S", 0, 0, timedelta(microseconds=1)),
        ("PT1,5S", 0, 0, timedelta(seconds=1.5)),
        ("P2W", 0, 14, timedelta()),
        ("PT36M", 0, 0, timedelta(minutes=36)),
        ("P36M", 36, 0, timedelta()),
        ("-P1DT1H", 0, -1, timedelta(hours=-1)),
        ("P0D", 0, 0, timedelta()),
    ],
)
def test_durations_keep_months_days_and_clock_apart(text, months, days, span):
    assert read_duration(text) == Duration(months, days, span)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P3DT",
        "P1",
        "1D",
        "p1d",
        "PT1H30",
        "P1H",
        "PT1D",
        "P1.5D",
        "PT1.5H",
        "P1DT",
        "P1D ",
        "+P1D",
        "P-1D",
        "P1M1Y",
        "P\u0661D",
    ],
)
def test_what_is_nearly_a_duration_is_none(text):
    assert read_duration(text) is None


def test_more_time_than_python_can_hold_is_no_duration():
    assert read_duration("PT999999999999999999H") is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-03-30T09:00Z", datetime(2027, 3, 30, 9, tzinfo=UTC)),
        ("2027-03-30T09:00:30.25Z", datetime(2027, 3, 30, 9, 0, 30, 250_000, tzinfo=UTC)),
        ("2027-03-30T09:00:00[Europe/London]", datetime(2027, 3, 30, 8, tzinfo=UTC)),
        ("2027-03-30T09:00:00@Europe/London", datetime(2027, 3, 30, 8, tzinfo=UTC)),
        ("2027-03-30T09:00:00+01:00[Europe/London]", datetime(2027, 3, 30, 8, tzinfo=UTC)),
        ("2027-03-30T09:00:00-0530", datetime(2027, 3, 30, 14, 30, tzinfo=UTC)),
        ("2027-03-30T09:00:00+02", datetime(2027, 3, 30, 7, tzinfo=UTC)),
        ("2027-03-30T09:00", datetime(2027, 3, 30, 7, tzinfo=UTC)),
        ("2027-03-30", datetime(2027, 3, 29, 22, tzinfo=UTC)),
        ("2027-01-30@America/New_York", datetime(2027, 1, 30, 5, tzinfo=UTC)),
    ],
)
def test_moments_are_read_in_their_own_zone_or_in_the_company_s(text, moment):
    found = read_moment(text)
    assert found is not None
    assert in_zone(found, VIENNA) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2027-02-30",
        "2027-02-30T09:00:00Z",
        "2027-03-30T25:00:00Z",
        "2027-03-30T24:00",
        "2027-03-30T09:60",
        "2027-03-30T09:00:60",
        "2027-03-30T09",
        "2027-03-30T",
        "2027-03-30 09:00",
        "2027-03-30T09:00[Mars/Olympus]",
        "2027-03-30T09:00[Europe]",
        "2027-03-30T09:00+19:00",
        "2027-03-30T09:00+01:60",
        "20270330T0900Z",
        "0000-01-01",
    ],
)
def test_what_is_no_time_of_the_calendar_is_none(text):
    assert read_moment(text) is None


def test_for_feel_a_day_ends_at_24_hours():
    assert read_clock("24:00:00", feel=True) == time(0)
    assert read_moment("2026-12-31T24:00:00Z", feel=True) == datetime(2027, 1, 1, tzinfo=UTC)
    for text in ("2026-12-31T24:00:01", "2026-12-31T25:00:00", "9999-12-31T24:00:00"):
        assert read_moment(text, feel=True) is None, text


def test_feel_wants_more_of_a_time_than_the_standard_does():
    assert read_clock("10:15") == read_clock("10:15", feel=True) == time(10, 15)
    for text in ("10:15:00,5", "10:15:00+02", "10:15:00+0200", "10:15:00[Europe/London]", "10:15:00+01:00@Europe/London"):
        assert read_clock(text) is not None
        assert read_clock(text, feel=True) is None
    assert read_clock("10:15:00+02:00", feel=True) == time(10, 15, tzinfo=timezone(timedelta(hours=2)))
    assert read_moment("2027-01-30@Europe/Paris", feel=True) is None


@pytest.mark.parametrize("text", ["+18:00", "-18:00", "+01:59", "+01:59:59", "-00:30"])
def test_offsets_go_up_to_eighteen_hours(text):
    assert read_clock(f"10:15:00{text}") is not None
    assert read_clock("10:15:00" + text.replace("59", "60").replace("18", "19").replace("30", "60")) is None


def test_an_instant_before_the_first_year_is_out_of_range():
    found = read_moment("0001-01-01T00:00:00+14:00")
    assert found is not None
    with pytest.raises(OverflowError):
        in_zone(found, UTC)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("R3/PT1H", Interval(3, None, Duration(span=timedelta(hours=1)))),
        ("R/P1D", Interval(None, None, Duration(days=1))),
        ("R0/PT0S", Interval(0, None, Duration())),
        ("R5/2027-01-31T09:00/P1M", Interval(5, datetime(2027, 1, 31, 9), Duration(months=1))),  # noqa: DTZ001  # the company's own time
        ("R/2027-01-31/P1W", Interval(None, date(2027, 1, 31), Duration(days=7))),
    ],
)
def test_intervals_say_how_often_from_when_and_in_which_steps(text, interval):
    assert read_interval(text) == interval


@pytest.mark.parametrize(
    "text",
    [
        "R",
        "R3",
        "R3/",
        "R3/P",
        "R3/PX",
        "R3/PT",
        "3/PT1H",
        "R-1/PT1H",
        "R3/tomorrow/PT1H",
        "R3/2027-02-30/P1D",
        "R1234567890/PT1S",
        "R3/PT1H/",
    ],
)
def test_what_is_nearly_an_interval_is_none(text):
    assert read_interval(text) is None


@pytest.mark.parametrize("text", ["PT4H", "P1M2D", "P3DT", "-P1D", "R3/PT1H", "R/never", "2027-02-30T09:00:00Z", "2027-13-01", "P1X"])
def test_a_text_that_is_meant_as_iso_is_known_even_where_it_is_wrong(text):
    assert looks_iso(text)


@pytest.mark.parametrize(
    "text", ["payment_term", "Pause", "PAUSE", "price * 2", "R3", "= PT4H", "duration(wait)", "P", "P1days", "2027 - 2", "R / 2"]
)
def test_variables_and_formulas_are_not_taken_for_iso(text):
    assert not looks_iso(text)


def test_a_calendar_day_keeps_the_time_of_day_and_24_hours_do_not():
    saturday = datetime(2026, 3, 28, 9, tzinfo=VIENNA)
    assert Duration(days=1).after(saturday, VIENNA).isoformat() == "2026-03-29T09:00:00+02:00"
    assert Duration(span=timedelta(hours=24)).after(saturday, VIENNA).isoformat() == "2026-03-29T10:00:00+02:00"
    autumn = datetime(2026, 10, 24, 9, tzinfo=VIENNA)
    assert Duration(days=1).after(autumn, VIENNA).isoformat() == "2026-10-25T09:00:00+01:00"
    assert Duration(span=timedelta(hours=24)).after(autumn, VIENNA).isoformat() == "2026-10-25T08:00:00+01:00"


def test_the_calendar_is_that_of_the_zone_wherever_the_start_was_written():
    start = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # Sunday, 00:30 in Vienna, where Sunday has 23 hours
    assert Duration(days=1).after(start, VIENNA) == datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    assert Duration(days=1).after(start, UTC) == datetime(2026, 3, 29, 23, 30, tzinfo=UTC)


def test_a_time_that_the_clocks_leave_out_moves_forward():
    assert Duration(days=1).after(datetime(2026, 3, 28, 2, 30, tzinfo=VIENNA), VIENNA).isoformat() == "2026-03-29T03:30:00+02:00"


def test_months_come_first_and_end_with_the_month():
    start = datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert Duration(months=1).after(start, UTC) == datetime(2026, 2, 28, 9, tzinfo=UTC)
    assert Duration(months=1, days=2).after(start, UTC) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert Duration(months=1).times(2).after(start, UTC) == datetime(2026, 3, 31, 9, tzinfo=UTC)
    assert Duration(months=-2).after(start, UTC) == datetime(2025, 11, 30, 9, tzinfo=UTC)


def test_beyond_the_last_year_there_is_no_moment():
    with pytest.raises(OverflowError):
        Duration(months=12).after(datetime(9999, 6, 1, tzinfo=UTC), UTC)
    with pytest.raises(OverflowError):
        Duration(days=1).after(datetime(9999, 12, 31, tzinfo=UTC), UTC)


@given(
    st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01"), timezones=st.just(LONDON)),
    st.integers(-800, 800),
    st.integers(-1000, 1000),
)
def test_a_calendar_step_is_what_the_wall_calendar_says(start, months, days):
    """The reference counts on plain dates and asks the zone only at the end."""
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    day = date(year, month, min(start.day, monthrange(year, month)[1])) + timedelta(days=days)
    found = Duration(months, days).after(start, LONDON)
    if (day, months, days) != (start.date(), 0, 0) and day != start.date():
        wall = datetime.combine(day, start.time().replace(fold=0))
        # Where the wall time exists it is kept; in the gap of spring the instant is the one an hour on.
        assert found == wall.replace(tzinfo=LONDON).astimezone(UTC)
    else:
        assert found == start.astimezone(UTC)


@given(
    st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01"), timezones=st.just(VIENNA)),
    st.timedeltas(timedelta(days=-400), timedelta(days=400)),
)
def test_clock_time_moves_the_instant_by_just_that(start, span):
    assert Duration(span=span).after(start, VIENNA).astimezone(UTC) - start.astimezone(UTC) == span


@given(st.dates())
def test_every_date_of_the_calendar_is_read_back(day):
    assert read_day(day.isoformat()) == day
    assert read_moment(day.isoformat()) == day


@given(st.datetimes(timezones=st.sampled_from([timezone(timedelta(minutes=minutes)) for minutes in (-570, 0, 60, 345)])))
def test_every_moment_with_an_offset_is_read_back(moment):
    assert read_moment(moment.isoformat()) == moment


@given(
    st.integers(0, 400),
    st.integers(0, 400),
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 10**9),
    st.booleans(),
)
def test_every_duration_is_read_as_it_was_written(months, days, hours, minutes, seconds, micros, back):  # noqa: PLR0913, PLR0917  # its parts
    text = f"{'-' if back else ''}P{months}M{days}DT{hours}H{minutes}M{seconds}.{micros % 10**6:06}S"
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros % 10**6)
    assert read_duration(text) == Duration(months, days, span).times(-1 if back else 1)
