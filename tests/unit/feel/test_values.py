import enum
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from engine.feel import FeelValueError, YearsMonths, compile_expression, kind_of, to_feel, to_json


class Colour(enum.StrEnum):
    RED = "red"


class Secret:
    password = "hunter2"


def test_json_comes_in_exact():
    assert to_feel({"a": [1, 0.1, True, None, "x"]}) == {"a": [Decimal(1), Decimal("0.1"), True, None, "x"]}
    assert type(to_feel(1)) is Decimal
    assert to_feel((1, 2)) == [1, 2]
    assert type(to_feel(Colour.RED)) is str


def test_what_is_no_data_becomes_null():
    assert to_feel(Secret()) is None
    assert to_feel(float("nan")) is None
    assert compile_expression("secret.password").evaluate({"secret": Secret()}) is None
    assert compile_expression("secret.__class__").evaluate({"secret": {}}) is None
    assert compile_expression("text.upper").evaluate({"text": "a"}) is None


def test_containers_of_feel_values_are_not_copied():
    lines = [{"quantity": Decimal(1)}]
    assert to_feel(lines) is lines


def test_values_leave_as_data():
    moment = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
    value = {"n": Decimal("1.50"), "d": date(2026, 11, 21), "t": time(10, 30), "m": moment, "p": timedelta(hours=36)}
    assert to_json(value) == {
        "n": Decimal("1.50"),
        "d": "2026-11-21",
        "t": "10:30:00",
        "m": "2026-11-21T10:30:00Z",
        "p": "P1DT12H",
    }
    assert to_json([YearsMonths(14)]) == ["P1Y2M"]


@pytest.mark.parametrize("text", ["[1..5]", "function(x) x", "[count]"])
def test_ranges_and_functions_are_no_data(text):
    with pytest.raises(FeelValueError, match="is not data"):
        to_json(compile_expression(text).evaluate({}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("string(1.50)", "1.50"),
        ("string(1e3)", "1000"),
        ('string([1, "a", {b: null, "c-d": true}])', '[1, "a", {b: null, "c-d": true}]'),
        ('string(@"2024-03-31T03:00:00@Europe/Paris")', "2024-03-31T03:00:00@Europe/Paris"),
        ('string(@"10:00:00.500+02:00")', "10:00:00.5+02:00"),
        ("string([1..5))", "[1 .. 5)"),
        ("string(null)", None),
    ],
)
def test_values_are_written_as_text(text, expected):
    assert compile_expression(text).evaluate({}) == expected


def test_kinds_have_the_names_of_the_standard():
    assert kind_of(Decimal(1)) == "number"
    assert kind_of(datetime(2026, 1, 1, tzinfo=UTC)) == "date and time"
    assert kind_of(object()) == "null"
