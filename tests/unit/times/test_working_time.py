"""Working time: an office in Vienna from 8 to 12 and from 13 to 17, closed at weekends and on Austrian holidays."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.iso8601 import read_duration
from engine.problems import Invalid
from engine.working_time import Spell, WorkingCalendar, read_spells, write_spells

VIENNA = ZoneInfo("Europe/Vienna")
OFFICE = read_spells("08:00-12:00, 13:00-17:00")
STOCK_TAKING, OPEN_SATURDAY = date(2026, 12, 3), date(2026, 12, 12)
CALENDAR = WorkingCalendar(
    "office", VIENNA, [*[OFFICE] * 5, (), ()], "AT", "", {STOCK_TAKING: (), OPEN_SATURDAY: read_spells("09:00-12:00")}
)
NIGHT = WorkingCalendar("night", VIENNA, [read_spells("00:00-06:00")] * 7)


def due(start, length, calendar=CALENDAR):
    local = datetime.fromisoformat(start).replace(tzinfo=VIENNA)
    return calendar.after(local.astimezone(UTC), read_duration(length)).astimezone(VIENNA).strftime("%a %d %b %H:%M")


@pytest.mark.parametrize(
    ("start", "length", "is_due"),
    [
        ("2026-11-30T09:00", "PT2H", "Mon 30 Nov 11:00"),
        ("2026-11-30T10:00", "PT2H", "Mon 30 Nov 12:00"),  # used up with the end of the morning: due then
        ("2026-11-30T16:00", "PT4H", "Tue 01 Dec 11:00"),  # not at eight in the evening
        ("2026-11-30T11:30", "PT1H", "Mon 30 Nov 13:30"),  # over lunch
        ("2026-11-30T05:00", "PT1H", "Mon 30 Nov 09:00"),
        ("2026-12-04T16:00", "PT2H", "Mon 07 Dec 09:00"),  # over a weekend
        ("2026-12-07T16:30", "PT1H", "Wed 09 Dec 08:30"),  # the 8th is a holiday
        ("2026-12-02T16:30", "PT1H", "Fri 04 Dec 08:30"),  # stock-taking
        ("2026-12-11T16:30", "PT1H", "Sat 12 Dec 09:30"),  # a Saturday on which is worked
        ("2026-11-30T16:00", "P1D", "Tue 01 Dec 16:00"),
        ("2026-12-04T16:00", "P2D", "Wed 09 Dec 16:00"),
        ("2026-12-05T10:00", "P1D", "Wed 09 Dec 08:00"),  # begun on a Saturday it begins on Monday morning
        ("2026-12-11T16:00", "P1D", "Mon 14 Dec 08:00"),  # at four nobody is there on that Saturday any more
        ("2026-11-30T09:00", "P1M", "Wed 30 Dec 09:00"),
        ("2026-12-24T09:00", "P1M", "Mon 25 Jan 08:00"),  # the 24th is a Sunday
        ("2026-11-30T09:00", "P1DT4H", "Tue 01 Dec 14:00"),
        ("2026-11-30T09:00", "PT0S", "Mon 30 Nov 09:00"),
    ],
)
def test_what_is_due_counts_the_hours_in_which_somebody_works(start, length, is_due):
    assert due(start, length) == is_due


def test_a_night_on_which_clocks_change_counts_for_what_it_lasts():
    assert due("2026-03-29T00:00", "PT5H", NIGHT) == "Sun 29 Mar 06:00"  # five hours are all it has
    assert due("2026-03-29T00:00", "PT6H", NIGHT) == "Mon 30 Mar 01:00"
    assert due("2026-10-25T00:00", "PT7H", NIGHT) == "Sun 25 Oct 06:00"


@pytest.mark.parametrize("length", ["-PT1H", "P200000D", "PT900000H"])
def test_what_leads_backwards_or_beyond_twenty_years_is_refused(length):
    with pytest.raises(Invalid):
        due("2026-11-30T09:00", length)


def test_a_calendar_in_which_nobody_ever_works_is_told_by_name():
    with pytest.raises(Invalid, match="The calendar never has no such working time after 2026-11-30"):
        due("2026-11-30T09:00", "PT1H", WorkingCalendar("never", VIENNA, [()] * 7))


@pytest.mark.parametrize("text", ["8-12", "12:00-08:00", "08:00-08:00", "08:00-12:00, 11:00-13:00", "08:00-24:01", "08:61-09:00", "zu"])
def test_what_is_no_working_time_is_refused(text):
    with pytest.raises(Invalid):
        read_spells(text)


def test_hours_are_written_as_they_are_read():
    assert read_spells("22:00-24:00") == (Spell(1320, 1440),)
    assert write_spells(read_spells(" 8:00 - 12:00; 13:00\u201317:00 ")) == "08:00-12:00, 13:00-17:00"
    assert read_spells("") == ()
