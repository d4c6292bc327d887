"""Writes templates of each kind, and the rows of an import that are to be corrected, as CSV or XLSX. No text is ever run as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import xlsxwriter

from engine.problems import Invalid
from handlers.bulk import Kind
from handlers.imports.cells import types_of, word_for
from handlers.imports.views import ImportRow

FORMATS: Final = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_WIDTH = 22


def template(kind: Kind, file_format: str) -> bytes:
    """The headings of a kind and a row of examples; XLSX explains each column on a second sheet. Raises Invalid for another format."""
    headings = [column.name for column in kind.columns]
    example = [column.example for column in kind.columns]
    types = types_of(kind.draft)
    notes = [
        (column.name, "needed" if column.name in kind.required else "", word_for(types[column.name]), column.meaning, column.example)
        for column in kind.columns
    ]
    return _write(file_format, headings, [example], [("Column", "Needed", "Holds", "Meaning", "Example"), *notes])


def corrections(headings: Sequence[str], rows: Iterable[ImportRow], file_format: str) -> bytes:
    """The rows that are to be corrected, with what is wrong in each: corrected, the file is sent as it is. Raises Invalid."""
    body = [[str(row.line_no), *(row.cells.get(name, "") for name in headings), row.wrong] for row in rows]
    return _write(file_format, ["line", *headings, "what_is_wrong"], body, [])


def _write(file_format: str, headings: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[Sequence[str]]) -> bytes:
    if file_format not in FORMATS:
        raise Invalid(f"There is no format {file_format!r}.", code="file_format", next_step="Ask for csv or xlsx.")
    return _csv(headings, rows) if file_format == "csv" else _xlsx(headings, rows, notes)


def _csv(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([f"'{cell}" if cell.startswith(_DANGEROUS) and not _is_number(cell) else cell for cell in row] for row in rows)
    return ("\ufeff" + text.getvalue()).encode()


def _is_number(cell: str) -> bool:
    return cell[:1] in "+-" and cell[1:].replace(".", "", 1).replace(",", "", 1).isdigit()


def _xlsx(headings: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[Sequence[str]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    as_text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "num_format": "@"})
    sheet = book.add_worksheet("Rows")
    sheet.set_column(0, len(headings), _WIDTH, as_text)
    sheet.write_row(0, 0, headings, head)
    for number, row in enumerate(rows, 1):
        sheet.write_row(number, 0, row, as_text)
    sheet.freeze_panes(1, 0)
    if notes:
        meaning = book.add_worksheet("Columns")
        meaning.set_column(0, 4, _WIDTH)
        for number, row in enumerate(notes):
            meaning.write_row(number, 0, row, head if number == 0 else None)
    book.close()
    return out.getvalue()
