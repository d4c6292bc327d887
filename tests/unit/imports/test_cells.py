"""Cells as people write them: what can mean one thing is taken, what can mean two is refused."""

from datetime import date
from decimal import Decimal

import pytest

from handlers.bulk import Kind
from handlers.imports.cells import Unreadable, read_cell, types_of
from handlers.imports.files import template
from handlers.imports.kinds import all_kinds, rows_of
from handlers.imports.sheets import read_sheet


@pytest.mark.parametrize(
    ("text", "commas", "number"),
    [
        ("1250.5", False, "1250.5"),
        ("1250,5", True, "1250.5"),
        ("1.250,50", True, "1250.50"),
        ("1,250.50", False, "1250.50"),
        ("1 250", False, "1250"),
        ("1.2345", True, "1.2345"),
        ("-3", False, "-3"),
        ("1.250", False, "1.250"),
    ],
)
def test_numbers_of_either_notation(text, commas, number):
    assert read_cell(Decimal, text, commas=commas) == Decimal(number)


@pytest.mark.parametrize(("text", "commas"), [("1,250", False), ("1,250", True), ("1.250", True), ("12 EUR", False), ("1e5", False)])
def test_a_number_that_may_mean_two_or_none_is_refused(text, commas):
    with pytest.raises(Unreadable, match="write"):
        read_cell(Decimal, text, commas=commas)


@pytest.mark.parametrize("text", ["2026-11-30", "30.11.2026", "11/30/2026", "30/11/2026", "2026-11-30 00:00:00"])
def test_days_that_can_be_one_day_only(text):
    assert read_cell(date, text, commas=False) == date(2026, 11, 30)


@pytest.mark.parametrize("text", ["03/04/2026", "2026-02-30", "46356", "tomorrow"])
def test_a_day_that_may_be_two_or_none_is_refused(text):
    with pytest.raises(Unreadable, match="write"):
        read_cell(date, text, commas=False)


@pytest.mark.parametrize(("kind", "text"), [(bool, "perhaps"), (int, "2.5"), (int, "99999999999")])
def test_other_cells_that_cannot_be_read(kind, text):
    with pytest.raises(Unreadable, match="write"):
        read_cell(kind, text, commas=False)


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.code)
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_every_template_can_be_read_and_its_example_is_right(kind: Kind, file_format):
    names = [column.name for column in kind.columns]
    assert set(names) == set(types_of(kind.draft))
    sheet = read_sheet(template(kind, file_format), names)
    (row,) = rows_of(kind, sheet.lines, commas=sheet.commas)
    assert row.errors == {}
    assert kind.required <= row.given.keys()
    assert all(column.meaning for column in kind.columns)
