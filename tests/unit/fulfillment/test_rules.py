from datetime import date
from decimal import Decimal

import pytest
from stdnum import ean

from engine.problems import Invalid
from handlers.fulfillment.code128 import symbols, widths
from handlers.fulfillment.rate_table import DEFAULT_ZONES
from handlers.fulfillment.rules import check_digit, rate, release_moment, sscc, tracking_number, weights, zone_of

D = Decimal


@pytest.mark.parametrize(
    ("ship_date", "handling_days", "zone", "released"),
    [
        (date(2026, 3, 10), 0, "UTC", "2026-03-10T00:00:00+00:00"),
        (date(2026, 3, 10), 1, "Europe/Vienna", "2026-03-08T23:00:00+00:00"),
        (date(2026, 3, 9), 1, "UTC", "2026-03-06T00:00:00+00:00"),
        (date(2026, 3, 8), 0, "UTC", "2026-03-06T00:00:00+00:00"),
        (date(2026, 3, 10), 3, "America/New_York", "2026-03-05T05:00:00+00:00"),
    ],
)
def test_work_starts_on_the_working_day_that_leaves_time_to_pick(ship_date, handling_days, zone, released):
    assert release_moment(ship_date, handling_days, zone).isoformat() == released


def test_an_sscc_has_eighteen_digits_and_the_check_digit_of_gs1():
    code = sscc("9012345000004", 7)
    assert code[:-1] == "0" + "901234500" + "0000007"
    assert check_digit("400638133393") == ean.calc_check_digit("400638133393") == "1"
    assert len(code) == 18


def test_weight_is_shared_out_without_losing_a_gram():
    assert weights(D(10), 3) == [D("3.333"), D("3.333"), D("3.334")]


def test_carriage_costs_by_zone_package_and_kilogram_begun():
    home = zone_of("AT", "AT", DEFAULT_ZONES)
    europe = zone_of("DE", "AT", DEFAULT_ZONES)
    assert (home.code, europe.code, zone_of("XX", "AT", DEFAULT_ZONES)) == ("HOME", "EUROPE", None)
    assert rate(home, D("2.1"), 1, "EUR") == D("5.95")
    assert rate(europe, D(10), 2, "EUR") == D("32.50")


def test_the_tracking_number_follows_from_the_key():
    assert tracking_number("a") == tracking_number("a") != tracking_number("b")


def test_a_barcode_of_set_c_begins_with_start_and_ends_with_stop():
    assert symbols("12") == [105, 102, 12, (105 + 102 + 24) % 103, 106]
    assert sum(widths("12")) == 11 * 4 + 13


@pytest.mark.parametrize("digits", ["", "1", "1a", "²²"])
def test_what_is_no_barcode_is_refused(digits):
    with pytest.raises(Invalid):
        symbols(digits)
