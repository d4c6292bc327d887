"""The one strict reader, and pydantic made to read with it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import BaseModel, RootModel, ValidationError

from engine import lexical
from engine.store import json_text
from engine.strict_schema import read_strictly, strict_adapter

FULL_WIDTH, ARABIC = "\uff11\uff12", "\u0661"
NO_NUMBERS = [
    "",
    " ",
    "1_0",
    FULL_WIDTH,
    ARABIC,
    "1e3",
    "1e999999999",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "0x10",
    "1,5",
    "1 2",
    "--1",
    ".",
    "1\u00a0",
    "9" * 35,
]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_decimal_number_is_none(text):
    assert lexical.read_decimal(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [("12.50", "12.50"), ("+5", "5"), ("-0.1", "-0.1"), (" 7\n", "7"), ("012", "12"), (".5", "0.5"), ("5.", "5")]
)
def test_an_xs_decimal_is_read_exactly(text, number):
    assert str(lexical.read_decimal(text)) == number


def test_an_exponent_is_read_where_the_format_has_one_and_is_small():
    assert lexical.read_decimal("1.5e-3", exponent=True) == Decimal("0.0015")
    assert lexical.read_decimal("1e999", exponent=True) is None
    assert lexical.read_decimal("e3", exponent=True) is None


@pytest.mark.parametrize("text", ["1_0", FULL_WIDTH, "1.0", "1e3", "", "9" * 19, "0b1", "\u00b2"])
def test_what_is_no_whole_number_is_none(text):
    assert lexical.read_whole(text) is None
    assert lexical.read_count(text) is None


def test_a_whole_number_fits_a_bigint_and_a_count_has_no_sign():
    assert lexical.read_whole(" -7 ") == -7
    assert lexical.read_whole("9" * 18) == int("9" * 18)
    assert [lexical.read_count(text) for text in ("7", "-7", "+7", " 7")] == [7, None, None, None]


@pytest.mark.parametrize("text", ["20260230", "260230", "2026-03-02", "2026030", f"{ARABIC}0260302", "1700000000"])
def test_what_is_no_compact_day_is_none(text):
    assert lexical.read_compact_day(text) is None


def test_days_of_other_parties_are_read_as_they_write_them():
    assert lexical.read_compact_day("20260302") == lexical.read_compact_day("260302") == date(2026, 3, 2)
    assert [lexical.read_xml_day(text) for text in ("2026-03-02", "2026-03-02Z", "2026-03-02T23:30:00+01:00", "2026-03-02 and more")] == [
        *[date(2026, 3, 2)] * 3,
        None,
    ]
    assert lexical.read_day_as("02.03.2026", "%d.%m.%Y") == date(2026, 3, 2)
    assert lexical.read_day_as("\u0660\u0662.03.2026", "%d.%m.%Y") is None


@pytest.mark.parametrize("stray", ["\0", "\x07", "\x1b", "\x7f", "\x9b", "\ud800", "\u202e", "\u2066", "\uffff"])
def test_no_text_holds_what_cannot_be_seen_or_turns_it_round(stray):
    assert lexical.stray_character(f"PO{stray}1") == stray


def test_prose_keeps_its_lines_and_the_joiners_of_its_script():
    assert lexical.stray_character("two\r\nlines\tand \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f52c") is None


@pytest.mark.parametrize("number", ["1e999999999", "1.5e-999999999", "[1e6145]"])
def test_json_brings_no_number_that_is_only_large(number):
    with pytest.raises(ValueError, match="too large"):
        json_text.decode(number)


def test_json_numbers_that_feel_computes_with_come_through():
    assert json_text.decode("[1.50, 1e6144]") == [Decimal("1.50"), Decimal("1e6144")]


@dataclass
class Line:
    qty: Decimal
    day: date | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Draft:
    lines: list[Line]
    #: Named as a part of a schema is.
    default: int = 0
    sure: bool = False


class Body(BaseModel):
    draft: Draft
    at: datetime | None = None
    from_time: time | None = None
    key: UUID | None = None
    inner: list["Body"] = []


class Root(RootModel[Draft]):
    pass


read_strictly(Body)
read_strictly(Root)
GOOD = {"lines": [{"qty": "1.5"}]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"draft": {"lines": [{"qty": "1_0"}]}}, "draft.lines.0.qty"),
        ({"draft": {"lines": [{"qty": FULL_WIDTH}]}}, "draft.lines.0.qty"),
        ({"draft": {"lines": [{"qty": "1e3"}]}}, "draft.lines.0.qty"),
        ({"draft": {"lines": [{"qty": True}]}}, "draft.lines.0.qty"),
        ({"draft": {"lines": [{"qty": Decimal("1e99")}]}}, "draft.lines.0.qty"),
        ({"draft": {"lines": [{"qty": "1", "day": 0}]}}, "draft.lines.0.day"),
        ({"draft": {"lines": [{"qty": "1", "day": "2026-11-30T00:00:00"}]}}, "draft.lines.0.day"),
        ({"draft": {"lines": [{"qty": "1", "notes": ["a\0b"]}]}}, "draft.lines.0.notes.0"),
        ({"draft": {**GOOD, "default": "1_0"}}, "draft.default"),
        ({"draft": {**GOOD, "default": True}}, "draft.default"),
        ({"draft": {**GOOD, "sure": "yes"}}, "draft.sure"),
        ({"draft": {**GOOD, "sure": 1}}, "draft.sure"),
        ({"draft": GOOD, "at": 1700000000}, "at"),
        ({"draft": GOOD, "at": "1700000000"}, "at"),
        ({"draft": GOOD, "from_time": 3600}, "from_time"),
        ({"draft": GOOD, "key": "{7fbc1b1e-1f2e-4f3e-8f3e-1f2e4f3e8f3e}"}, "key"),
        ({"draft": GOOD, "inner": [{"draft": {"lines": [{"qty": "NaN"}]}}]}, "inner.0.draft.lines.0.qty"),
    ],
)
def test_a_body_names_the_field_that_is_not_written_strictly(body, field):
    with pytest.raises(ValidationError) as refused:
        Body.model_validate(body)
    assert [".".join(map(str, each["loc"])) for each in refused.value.errors()] == [field]


def test_what_is_written_strictly_is_read_and_what_the_house_made_goes_through():
    read = Body.model_validate({"draft": {"lines": [{"qty": "2", "day": "2026-11-30"}], "sure": "true"}, "at": "2026-11-30T10:00:00Z"})
    assert (read.draft.lines[0].day, read.draft.sure, read.at) == (date(2026, 11, 30), True, datetime(2026, 11, 30, 10, tzinfo=UTC))
    assert Body(draft=Draft([Line(Decimal(2))]), from_time=time(9)).draft.lines[0].qty == 2


def test_a_draft_alone_and_a_type_alone_are_read_so_too():
    with pytest.raises(ValidationError, match="must be a decimal number"):
        Root.model_validate({"lines": [{"qty": "1_0"}]})
    with pytest.raises(ValidationError, match="must be a decimal number"):
        strict_adapter(list[Line]).validate_python([{"qty": ARABIC}])
