"""Reads a file of rows, CSV or XLSX, within bounds. Pure: what is in the cells is text, as a person would read it.

A file that cannot be read is refused as a whole and says where; what is wrong with one row is said of that row.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, NoReturn

import python_calamine

from engine.problems import Invalid, Problem, TooLarge

MOST_ROWS: Final = 100_000
MOST_COLUMNS: Final = 64
#: How large a file may be as it comes, and an XLSX unpacked.
MOST_BYTES: Final = 25_000_000
_MOST_UNPACKED, _MOST_RATIO, _MOST_PARTS = 160_000_000, 200, 2000
_LONGEST_CELL = 10_000
#: Behind an apostrophe these begin a text that no spreadsheet runs, as our own files write it.
_GUARDED = frozenset("=+-@")
_AGAIN = "Open it, save it as XLSX again, and send that."
_DELIMITERS = ",;\t|"
#: Columns that our own files to correct have beside those of their kind.
LINE: Final = "line"
OURS: Final = frozenset({LINE, "what_is_wrong"})
_CELL = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["']([A-Z]{1,4})(\d{1,8})["']""")
#: A formula without the value it came to: the file was written by a program and never opened.
_UNCALCULATED = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,4}\d{1,8})"[^>]*>\s*<f\b[^>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>')


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file: its number there (the headings are line 1), and the texts of its cells by heading, blank ones left out."""

    line_no: int
    cells: dict[str, str]
    #: What is wrong with the row before anybody knows what it means.
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The headings of a file and its rows. `commas`: numbers may be written with a decimal comma, as where semicolons part the cells."""

    headings: tuple[str, ...]
    lines: list[Line] = field(default_factory=list)
    commas: bool = False


def read_sheet(data: bytes, columns: Sequence[str]) -> Sheet:
    """The rows of a CSV or XLSX file whose headings are among `columns`. Raises Invalid, TooLarge."""
    if not data.strip():
        raise _unreadable("The file is empty.", "Send a file with headings in its first line; the template has them.")
    if len(data) > MOST_BYTES:
        raise _too_large(f"The file has {len(data):,} bytes; {MOST_BYTES:,} are allowed.")
    if data[:4] == b"PK\x03\x04":
        return _sheet_of(_xlsx_rows(data), columns, commas=False)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise _unreadable("The file is an old or an encrypted workbook.", "Save it as XLSX without a password, or as CSV UTF-8.")
    return _csv_sheet(_decoded(data), columns)


# ---- CSV


def _decoded(data: bytes) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16"
    elif b"\x00" in data:
        raise _unreadable("The file holds characters that no text has.", "Send CSV in UTF-8, or XLSX.")
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(f"Line {line} holds a character that is not in UTF-8.", "Save the file as CSV UTF-8, or as XLSX.") from None


def _csv_sheet(text: str, columns: Sequence[str]) -> Sheet:
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = set(columns)
    delimiter = max(_DELIMITERS, key=lambda each: (len(known & set(map(_heading, _split(first, each)))), first.count(each)))
    rows = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1)
    return _sheet_of(_numbered(rows), columns, commas=delimiter == ";")


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _numbered(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[Any]]]:
    last = 0
    try:
        for number, row in rows:
            last = number
            yield number, list(row)
    except csv.Error as error:
        raise _unreadable(
            f"After line {last} the file cannot be taken apart: {error}.", "Close every quotation mark, and save the file as CSV again."
        ) from None


# ---- XLSX


def _xlsx_rows(data: bytes) -> Iterator[tuple[int, list[Any]]]:
    _look_into(data)
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0)
        start = sheet.start[0] if sheet.start else 0
        rows = sheet.to_python(skip_empty_area=True)
    except Exception as error:  # whatever a broken workbook makes the reader say
        raise _unreadable("The workbook cannot be read: it is damaged, or none.", _AGAIN) from error
    yield from enumerate(rows, start + 1)


def _look_into(data: bytes) -> None:
    """Refuse what would not fit into memory, and what has no value, before it is opened."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > _MOST_PARTS or unpacked > _MOST_UNPACKED or unpacked > _MOST_RATIO * len(data):
                _refuse(_too_large("Unpacked, the workbook is far too large."))
            if "xl/workbook.xml" not in archive.namelist():
                _refuse(_unreadable("The file is an archive and no workbook.", "Send XLSX or CSV."))
            for part in parts:
                if part.filename.endswith(".xml"):
                    _look_at_cells(archive.read(part))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise _unreadable("The workbook cannot be unpacked.", _AGAIN) from error
    except Exception as error:
        if error.__class__.__module__ == "zlib":
            raise _unreadable("The workbook cannot be unpacked.", _AGAIN) from error
        raise


def _refuse(problem: Problem) -> NoReturn:
    raise problem


def _look_at_cells(xml: bytes) -> None:
    for found in _CELL.finditer(xml):
        column = _column_number(found[1])
        if int(found[2]) > MOST_ROWS + 1 or column > MOST_COLUMNS:
            raise _too_large(f"The workbook has a cell in {found[1].decode()}{int(found[2])}: it is larger than {_BOUNDS}.")
    blank = _UNCALCULATED.search(xml)
    if blank:
        raise _unreadable(
            f"Cell {blank[1].decode()} holds a formula that was never calculated.",
            "Open the workbook in a spreadsheet program and save it, or put values in place of formulas.",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for each in letters:
        number = number * 26 + each - 64
    return number


# ---- rows


def _sheet_of(rows: Iterator[tuple[int, list[Any]]], columns: Sequence[str], *, commas: bool) -> Sheet:
    headings: tuple[str, ...] | None = None
    lines: list[Line] = []
    for number, row in rows:
        texts = [_text(cell) for cell in row]
        if not any(texts):
            continue
        if headings is None:
            headings = _headings(texts, columns)
            continue
        if len(lines) == MOST_ROWS:
            raise _too_large(f"The file has more than {MOST_ROWS:,} rows.")
        lines.append(_line(number, headings, texts))
    if headings is None:
        raise _unreadable("The file is empty.", "Send a file with headings in its first line; the template has them.")
    if not lines:
        raise _unreadable("The file has headings and no rows.", "Write at least one row below the headings.")
    return Sheet(tuple(each for each in headings if each not in OURS), lines, commas)


def _headings(texts: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    while texts and not texts[-1]:
        texts = texts[:-1]
    found = tuple(map(_heading, texts))
    if len(found) > MOST_COLUMNS:
        raise _too_large(f"The file has {len(found)} columns.")
    unknown = [text or "(blank)" for text, name in zip(texts, found, strict=True) if name not in columns and name not in OURS]
    if unknown:
        names = ", ".join(_cut(each) for each in unknown[:10])
        raise _unreadable(
            f"Headings that are none of this kind: {names}.",
            f"Only these are read: {', '.join(columns)}.",
        )
    twice = sorted({each for each in found if found.count(each) > 1})
    if twice:
        raise _unreadable(f"Headings that come twice: {', '.join(twice)}.", "Leave one column of each name.")
    return found


def _heading(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().lower())


def _line(number: int, headings: Sequence[str], texts: Sequence[str]) -> Line:
    cells = {name: text for name, text in zip(headings, texts, strict=False) if text and name not in OURS}
    beyond = [text for text in texts[len(headings) :] if text]
    wrong = f"has more cells than there are headings ({_cut(beyond[0])}); put texts with the delimiter in quotation marks" if beyond else ""
    long = next((name for name, text in cells.items() if len(text) > _LONGEST_CELL), None)
    if long is not None:
        cells[long] = cells[long][:100]
        wrong = f"has a text of more than {_LONGEST_CELL:,} characters in {long}; shorten it"
    return Line(number, cells, wrong)


def _text(cell: Any) -> str:
    """A cell as a person would read it; a number as its digits, a day as ISO 8601."""
    if cell is None or isinstance(cell, str):
        text = (cell or "").strip()
        return text[1:] if text[:1] == "'" and text[1:2] in _GUARDED else text
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{Decimal(repr(cell)):f}".removesuffix(".0")
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004


def _unreadable(what: str, advice: str) -> Invalid:
    return Invalid(what, code="import_unreadable", next_step=advice, errors={"file": [what]})


_BOUNDS = f"{MOST_ROWS:,} rows of {MOST_COLUMNS} columns"


def _too_large(what: str) -> TooLarge:
    return TooLarge(what, code="import_too_large", next_step=f"Split it into files of at most {_BOUNDS}.", errors={"file": [what]})
