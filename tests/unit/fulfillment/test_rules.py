import re
from datetime import date
from decimal import Decimal

import pytest
from stdnum import ean

from engine.problems import Invalid
from handlers.fulfillment.code128 import symbols, widths
from handlers.fulfillment.rate_table import DEFAULT_ZONES
from handlers.fulfillment.rules import Zone, check_digit, rate, release_moment, sscc, tracking_number, weights, zone_of

D = Decimal


@pytest.mark.parametrize(
    ("ship_date", "handling_days", "zone", "released"),
    [
        (date(2026, 3, 10), 0, "UTC", "2026-03-10T00:00:00+00:00"),
        (date(2026, 3, 10), 1, "Europe/Vienna", "2026-03-08T23:00:00+00:00"),
        (date(2026, 3, 9), 1, "UTC", "2026-03-06T00:00:00+00:00"),
        (date(2026, 3, 8), 0, "UTC", "2026-03-06T00:00:00+00:00"),  # a Sunday
        (date(2026, 3, 7), 0, "UTC", "2026-03-06T00:00:00+00:00"),  # a Saturday
        (date(2026, 3, 7), 1, "UTC", "2026-03-06T00:00:00+00:00"),  # nobody picks at the weekend
        (date(2026, 3, 6), 0, "UTC", "2026-03-06T00:00:00+00:00"),  # a Friday
        (date(2026, 3, 6), 5, "UTC", "2026-02-27T00:00:00+00:00"),
        (date(2026, 3, 30), 0, "Europe/Vienna", "2026-03-29T22:00:00+00:00"),  # the day after the clocks went forward
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


def test_an_sscc_begins_again_after_ten_million_and_takes_the_digits_of_the_company_only():
    assert sscc("9012345000004", 9_999_999)[10:17] == "9999999"
    assert sscc("9012345000004", 10_000_000)[10:17] == "0000000"
    assert sscc("9012345000004", 10_000_001)[10:17] == "0000001"
    assert sscc("90 12-34", 1)[:10] == "0901234000"
    assert sscc("", 1)[:10] == "0000000000"


@pytest.mark.parametrize("body", ["0", "5", "12345678901", "00340123450000000"])
def test_a_check_digit_is_the_one_of_gs1(body):
    assert check_digit(body) == ean.calc_check_digit(body)


def test_weight_is_shared_out_without_losing_a_gram():
    assert weights(D(10), 3) == [D("3.333"), D("3.333"), D("3.334")]
    assert weights(D("0.001"), 2) == [0, D("0.001")]
    assert weights(D("7.25"), 1) == [D("7.25")]
    assert weights(D("2.0019"), 2) == [D("1.000"), D("1.0019")]


def test_carriage_costs_by_zone_package_and_kilogram_begun():
    home = zone_of("AT", "AT", DEFAULT_ZONES)
    europe = zone_of("DE", "AT", DEFAULT_ZONES)
    assert (home.code, europe.code, zone_of("XX", "AT", DEFAULT_ZONES)) == ("HOME", "EUROPE", None)
    assert rate(home, D("2.1"), 1, "EUR") == D("5.95")
    assert rate(europe, D(10), 2, "EUR") == D("32.50")
    assert rate(home, D(2), 1, "EUR") == D("5.60")
    assert rate(home, D("2.001"), 1, "EUR") == D("5.95")
    assert rate(home, D(0), 3, "EUR") == D("14.70")


def test_the_first_zone_that_serves_a_country_counts_and_home_is_where_the_warehouse_stands():
    zones = (Zone("NEAR", frozenset({"DE"}), D(1), D(1), "A"), Zone("FAR", frozenset({"DE", "FR"}), D(2), D(2), "B"))
    own = (*zones, Zone("HOME", frozenset(), D(3), D(3), "C"))
    assert [zone_of(country, "AT", own).code for country in ("DE", "FR", "AT")] == ["NEAR", "FAR", "HOME"]
    assert zone_of("AT", "AT", zones) is None
    assert zone_of("IT", "AT", own) is None


def test_the_tracking_number_follows_from_the_key():
    assert tracking_number("a") == tracking_number("a") != tracking_number("b")
    number = tracking_number("SH-000001")
    assert re.fullmatch(r"OC\d{12}", number)
    assert number[-1] == check_digit(number[2:-1])


def test_a_barcode_of_set_c_begins_with_start_and_ends_with_stop():
    assert symbols("12") == [105, 102, 12, (105 + 102 + 24) % 103, 106]
    assert sum(widths("12")) == 11 * 4 + 13


@pytest.mark.parametrize("digits", ["", "1", "1a", "²²"])
def test_what_is_no_barcode_is_refused(digits):
    with pytest.raises(Invalid):
        symbols(digits)
