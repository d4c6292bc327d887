"""Files as people send them: what is read, and what is said of those that cannot be."""

import io
import zipfile

import pytest
import xlsxwriter

from engine.problems import Problem, TooLarge
from handlers.imports import sheets
from handlers.imports.sheets import read_sheet

COLUMNS = ("sku", "name", "cost", "valid_from")


def workbook(*rows, formula=None):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    if formula:
        sheet.write_formula(*formula)
    book.close()
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_headings_of_the_first_line(delimiter):
    text = delimiter.join(["SKU", "Valid from", "name"]) + "\r\n" + delimiter.join(["P-1", "2026-11-30", '"Müller, 12; 3|4\t5"']) + "\r\n"
    sheet = read_sheet(text.encode("utf-8-sig"), COLUMNS)
    assert sheet.lines[0].cells == {"sku": "P-1", "valid_from": "2026-11-30", "name": "Müller, 12; 3|4\t5"}
    assert (sheet.lines[0].line_no, sheet.commas) == (2, delimiter == ";")


def test_a_workbook_is_read_as_a_person_reads_it():
    (line,) = read_sheet(workbook(["sku", "name", "cost"], [4711, "=1+1", 0.1]), COLUMNS).lines
    assert line.cells == {"sku": "4711", "name": "=1+1", "cost": "0.1"}


def test_a_text_that_was_kept_from_being_a_formula_is_the_text_again():
    assert read_sheet(b"sku,name\nP-1,'=cmd()\nP-2,'n Beetje\n", COLUMNS).lines[0].cells["name"] == "=cmd()"


def test_blank_rows_are_none_and_lines_keep_their_numbers():
    assert [line.line_no for line in read_sheet(b"\nsku,name\n\nP-1,a\n,\nP-2,b\n", COLUMNS).lines] == [4, 6]


def test_a_row_with_a_cell_too_many_is_refused_by_itself():
    first, second = read_sheet(b"sku,name\nP-1,Pump, large\nP-2,Tank\n", COLUMNS).lines
    assert "large" in first.wrong
    assert second.wrong == ""


def zipped(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(name, content)
    return out.getvalue()


FAR = b'<worksheet><sheetData><row><x:c r="XFD1048576"><v>1</v></x:c></row></sheetData></worksheet>'
BAD = {
    "empty": (b"  \n", "empty"),
    "only headings": (b"sku,name\n", "no rows"),
    "another table": (b"fruit,colour\napple,red\n", "fruit"),
    "a heading twice": (b"sku,SKU\n1,2\n", "twice"),
    "latin-1": ("sku,name\nP-1,Müller\n".encode("latin-1"), "Line 2"),
    "an open quotation mark": (b'sku,name\nP-1,"Pump\n', "quotation"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "no text has"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "XLSX"),
    "half a workbook": (workbook(["sku"], ["P-1"])[:900], "XLSX again"),
    "another archive": (zipped("a.txt", "a")[:-1] + b"\0", "workbook"),
    "a bomb": (zipped("xl/sharedStrings.xml", b"0" * 30_000_000), "too large"),
    "a cell at the end of the world": (zipped("xl/worksheets/sheet1.xml", FAR), "XFD1048576"),
    "a formula nobody calculated": (workbook(["sku", "cost"], ["P-1"], formula=(1, 1, "=A1*2", None, "")), "B2"),
    "a cell without end": (b'sku,name\nP-1,"' + b"x" * 200_000 + b'"\n', "taken apart"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_told_why_and_what_to_do(name):
    data, said = BAD[name]
    with pytest.raises(Problem) as refused:
        read_sheet(data, COLUMNS)
    assert said in f"{refused.value.detail} {refused.value.next_step}"
    assert refused.value.next_step


def test_a_file_of_too_many_rows_is_told_to_be_split(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    assert len(read_sheet(b"sku\n1\n2\n3\n", COLUMNS).lines) == 3
    with pytest.raises(TooLarge, match="more than 3 rows"):
        read_sheet(b"sku\n1\n2\n3\n4\n", COLUMNS)
