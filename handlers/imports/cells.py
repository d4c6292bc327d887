"""Reads the text of a cell by the type of its column, and says what is wrong with it and what to write. Pure.

Numbers and days are written in many ways. What can mean only one thing is taken; what can mean two is refused, never guessed.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Final, Union, cast, get_args, get_origin, get_type_hints

from engine.iso8601 import read_clock
from engine.lexical import read_decimal, stray_character

_YES: Final = frozenset({"yes", "y", "true", "1", "x", "ja", "oui", "si", "sí"})
_NO: Final = frozenset({"no", "n", "false", "0", "nein", "non"})
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ][0:.]*)?", re.ASCII)
_DOTTED_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_SLASHED_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_SERIAL_DAY = re.compile(r"\d{5}", re.ASCII)
_MOST_DIGITS = 30
_MONTHS = 12


class Unreadable(Exception):
    """A cell cannot be read; the text says why and what to write."""


def read_cell(kind: type, text: str, *, commas: bool) -> Any:
    """The value of a cell; `commas` says that the file may write numbers with a decimal comma. Raises Unreadable."""
    stray = stray_character(text)
    if stray is not None:
        raise Unreadable(f"holds the character U+{ord(stray):04X}, which cannot be kept; remove it")
    return _READERS.get(kind, _as_text)(text.strip(), commas)


def types_of(draft: type[Any]) -> Mapping[str, type]:
    """The plain type of each of a draft's fields."""
    return _types_of(cast(Hashable, draft))


@lru_cache(maxsize=64)
def _types_of(draft: Hashable) -> Mapping[str, type]:
    hints = get_type_hints(cast("type[Any]", draft), include_extras=False)
    return {each.name: _plain(hints[each.name]) for each in fields(cast("type[Any]", draft))}


def _plain(hint: Any) -> type:
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    if get_origin(hint) in {Union, UnionType}:
        return next(_plain(part) for part in get_args(hint) if part is not type(None))
    return hint  # type: ignore[no-any-return]


def word_for(kind: type) -> str:
    """What a column of this type holds, in a word."""
    return {Decimal: "number", int: "whole number", bool: "yes or no", date: "day", time: "time of day"}.get(kind, "text")


def _as_text(text: str, _commas: bool) -> str:  # every reader is called so
    return text


def _as_number(text: str, commas: bool) -> Decimal:
    written = text.replace(" ", "").replace("\u00a0", "").replace("'", "")
    if "," in written and "." in written:  # the last of the two is the decimal mark
        thousands, mark = (",", ".") if written.rindex(".") > written.rindex(",") else (".", ",")
        written = written.replace(thousands, "").replace(mark, ".")
    elif re.fullmatch(r"[+-]?\d{1,3},\d{3}", written) or (commas and re.fullmatch(r"[+-]?\d{1,3}\.\d{3}", written)):
        raise Unreadable(f"is {text!r}, which may mean a thousand or a fraction; write {re.sub('[.,]', '', written)} or {written}0")
    elif written.count(",") == 1:
        written = written.replace(",", ".")
    number = read_decimal(written) if written[-1:] != "." else None
    if number is None or len(written) > _MOST_DIGITS:
        raise Unreadable(f"is {_short(text)}, which is no number; write it as 1250.00")
    return number


def _as_whole(text: str, commas: bool) -> int:
    number = _as_number(text, commas)
    if number != number.to_integral_value() or abs(number) >= 2**31:
        raise Unreadable(f"is {_short(text)}; write a whole number")
    return int(number)


def _as_flag(text: str, _commas: bool) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise Unreadable(f"is {_short(text)}; write yes or no")


def _as_day(text: str, _commas: bool) -> date:
    if found := _ISO_DAY.fullmatch(text):
        return _day(text, *map(int, found.groups()))
    if found := _DOTTED_DAY.fullmatch(text):
        day, month, year = map(int, found.groups())
        return _day(text, year, month, day)
    if found := _SLASHED_DAY.fullmatch(text):
        first, second, year = map(int, found.groups())
        if first <= _MONTHS and second <= _MONTHS and first != second:
            raise Unreadable(f"is {text!r}, which may be one of two days; write it as {year}-{second:02}-{first:02} or the other way round")
        day, month = (second, first) if second > _MONTHS else (first, second)
        return _day(text, year, month, day)
    if _SERIAL_DAY.fullmatch(text):
        raise Unreadable(f"is {text!r}, a number; make the cell a date, or write the day as 2026-11-30")
    raise Unreadable(f"is {_short(text)}, which is no day; write it as 2026-11-30")


def _as_time(text: str, _commas: bool) -> time:
    found = read_clock(text)
    if found is None:
        raise Unreadable(f"is {_short(text)}; write a time as 16:00")
    return found


def _day(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable(f"is {text!r}, a day that does not exist; write it as 2026-11-30") from None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")  # noqa: PLR2004  # as much as a line of a table bears


_READERS: Final[Mapping[type, Callable[[str, bool], Any]]] = {
    Decimal: _as_number,
    int: _as_whole,
    bool: _as_flag,
    date: _as_day,
    time: _as_time,
}
