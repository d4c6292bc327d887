"""How numbers, dates, truths and characters may be written when they come from outside: the one strict reader of the house. Pure.

Python's own `Decimal`, `int` and `float` read more than anybody means: `1_0` is 10, digits of any script are digits, and
`1e999999999` takes the process with it. Here a number is an xs:decimal (XML Schema 1.1, 3.3.3) in ASCII digits, of a size that a column can
hold; a Unix number is no date. Each reader answers None for what is none of its kind: the door that asked says which field it was. Days,
times of day and moments are read by `engine.iso8601`, which is as strict.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from engine.iso8601 import read_day

#: More digits than any amount, quantity or rate has; FEEL computes with 34.
MOST_DIGITS: Final = 34
#: Fits a bigint of the database.
_MOST_WHOLE_DIGITS: Final = 18
#: The largest integer of the database.
MOST_INTEGER: Final = 2**31 - 1
_DECIMAL: Final = re.compile(rf"[+-]?(?:\d{{1,{MOST_DIGITS}}}(?:\.\d{{0,{MOST_DIGITS}}})?|\.\d{{1,{MOST_DIGITS}}})", re.ASCII)
_EXPONENT: Final = re.compile(r"[eE][+-]?\d{1,2}\Z", re.ASCII)
_WHOLE: Final = re.compile(rf"[+-]?\d{{1,{_MOST_WHOLE_DIGITS}}}", re.ASCII)
_XML_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_COMPACT_DAY: Final = re.compile(r"(?:\d\d)?\d{6}", re.ASCII)
#: White space as XML Schema collapses it; no other space stands beside a number.
_BLANKS: Final = " \t\r\n"
#: Controls but tab and line ends, halves of surrogate pairs, no characters at all, and what turns the direction of text round
#: (CVE-2021-42574). Marks of direction (U+200E, U+200F) are left: Arabic and Hebrew prose has them.
_STRAY: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}


def read_decimal(text: str, *, exponent: bool = False) -> Decimal | None:
    """An xs:decimal with at most 34 digits on either side of its point; with `exponent` also `1.5e-3`, its exponent below 100."""
    written = text.strip(_BLANKS)
    digits = _EXPONENT.sub("", written) if exponent else written
    return Decimal(written) if _DECIMAL.fullmatch(digits) else None


def read_whole(text: str) -> int | None:
    """A whole number of at most 18 digits, with or without a sign: it fits a bigint."""
    written = text.strip(_BLANKS)
    return int(written) if _WHOLE.fullmatch(written) else None


def read_count(text: str) -> int | None:
    """A whole number of at most 18 digits without a sign: a count, a version, a key in an address."""
    return int(text) if _WHOLE.fullmatch(text) and text[0] not in "+-" else None


def read_compact_day(text: str) -> date | None:
    """A day as EDI and banks write it, YYYYMMDD, or YYMMDD of this century."""
    if not _COMPACT_DAY.fullmatch(text):
        return None
    full = text if len(text) == len("20260302") else f"20{text}"
    return read_day(f"{full[:4]}-{full[4:6]}-{full[6:]}")


def read_xml_day(text: str) -> date | None:
    """The day of an xs:date or an xs:dateTime; the zone behind it does not move it."""
    found = _XML_DAY.fullmatch(text)
    return read_day(found[1]) if found else None


def read_day_as(text: str, layout: str) -> date | None:
    """A day as a layout of `strptime` writes it, such as `%d.%m.%Y`, in ASCII digits."""
    try:
        return datetime.strptime(text, layout).date() if text.isascii() else None  # noqa: DTZ007  # a day has no zone
    except ValueError:
        return None


def read_truth(text: str) -> bool | None:
    """An xs:boolean: true, false, 1 or 0."""
    return _TRUTHS.get(text.strip(_BLANKS))


def is_sized(number: Decimal) -> bool:
    """Whether a number that has been read already (by a reader of JSON) is finite and no longer than `read_decimal` lets one be."""
    return number.is_finite() and abs(number.adjusted()) <= MOST_DIGITS and len(number.as_tuple().digits) <= 2 * MOST_DIGITS


def stray_character(text: str) -> str | None:
    """The first character that no text may hold, such as a NUL; None when there is none."""
    found = _STRAY.search(text)
    return None if found is None else found[0]
