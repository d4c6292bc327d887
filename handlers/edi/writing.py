"""Writes interchanges: segments with what must be released or left out, counts and control numbers. Pure.

X12 has no release character: a separator within a value becomes a space. EDIFACT releases it. A character that the character set lacks
is written by its nearest Latin letters (Ł as L, a dash as -), never as a question mark.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from handlers.edi.interchange import EDIFACT, X12, Separators

X12_SEPARATORS: Final = Separators("*", ">", "~", repetition="^")
EDIFACT_SEPARATORS: Final = Separators("+", ":", "'", "?", "", ".")
#: A value, or the components of one.
Value = str | Sequence[str]
#: A segment to write: its tag, then its elements.
Row = Sequence[Value]
#: Letters that no decomposition takes apart.
_NEAREST: Final = str.maketrans(
    {
        "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ø": "O", "ø": "o", "ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Þ": "Th",
        "þ": "th", "€": "EUR", "\u00a0": " ", "\u0131": "i", "\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'", "\u201a": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2026": "...",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """From whom to whom, under which numbers. Addresses are written `qualifier:id`."""

    syntax: str
    sender: str
    receiver: str
    group_sender: str
    group_receiver: str
    control_no: int
    is_test: bool
    version: str
    sent_at: datetime


def write(envelope: Envelope, kind: str, group: str, messages: Sequence[Sequence[Row]]) -> bytes:
    """An interchange of messages of one kind; each is its segments without header and trailer. `group` is GS01, such as `PR`."""
    return _write_x12(envelope, kind, group, messages) if envelope.syntax == X12 else _write_edifact(envelope, kind, messages)


def _write_x12(envelope: Envelope, kind: str, group: str, messages: Sequence[Sequence[Row]]) -> bytes:
    number = str(envelope.control_no)
    (own_q, own), (their_q, their) = (each.split(":", 1) for each in (envelope.sender, envelope.receiver))
    day, hour = envelope.sent_at.strftime("%Y%m%d"), envelope.sent_at.strftime("%H%M")
    head: Row = (
        "ISA", "00", " " * 10, "00", " " * 10, own_q.ljust(2), own.ljust(15), their_q.ljust(2), their.ljust(15), day[2:], hour, "U",
        "00401", number.zfill(9), "0", "T" if envelope.is_test else "P", X12_SEPARATORS.component,
    )  # fmt: skip
    version = envelope.version or "004010"
    rows: list[Row] = [head, ("GS", group, envelope.group_sender, envelope.group_receiver, day, hour, number, "X", version)]
    for position, message in enumerate(messages, start=1):
        reference = f"{position:04d}"
        rows += [("ST", kind, reference), *message, ("SE", str(len(message) + 2), reference)]
    rows += [("GE", str(len(messages)), number), ("IEA", "1", number.zfill(9))]
    return "".join(_segment(row, X12_SEPARATORS, strip=position > 0) for position, row in enumerate(rows)).encode("ascii")


def write_ta1(envelope: Envelope, ta1: Row) -> bytes:
    """An interchange that holds nothing but an interchange acknowledgement."""
    rows = _write_x12(envelope, "", "", []).decode().split(X12_SEPARATORS.segment + "\n")
    return f"{rows[0]}~\n{_segment(ta1, X12_SEPARATORS)}IEA*0*{str(envelope.control_no).zfill(9)}~\n".encode("ascii")


def _write_edifact(envelope: Envelope, kind: str, messages: Sequence[Sequence[Row]]) -> bytes:
    number = str(envelope.control_no)
    (own_q, own), (their_q, their) = (each.split(":", 1) for each in (envelope.sender, envelope.receiver))
    sent = (envelope.sent_at.strftime("%y%m%d"), envelope.sent_at.strftime("%H%M"))
    tail: tuple[Value, ...] = ("", "", "", "", "", "1") if envelope.is_test else ()
    rows: list[Row] = [("UNB", ("UNOC", "3"), (own, own_q), (their, their_q), sent, number, *tail)]
    release, directory = ("D", "3") if kind == "CONTRL" else (envelope.version[:1] or "D", envelope.version[1:] or "96A")
    identifier = (kind, release, directory, "UN", *_ASSOCIATION.get((kind, envelope.version), ()))
    for position, message in enumerate(messages, start=1):
        rows += [("UNH", str(position), identifier), *message, ("UNT", str(len(message) + 2), str(position))]
    rows.append(("UNZ", str(len(messages)), number))
    return ("UNA:+.? '\n" + "".join(_segment(row, EDIFACT_SEPARATORS) for row in rows)).encode("iso8859-1")


#: The association assigned code of the EANCOM guideline that a message follows.
_ASSOCIATION: Final = {
    ("ORDRSP", "D96A"): ("EAN005",), ("DESADV", "D96A"): ("EAN005",), ("INVOIC", "D96A"): ("EAN008",),
    ("ORDRSP", "D01B"): ("EAN009",), ("DESADV", "D01B"): ("EAN007",), ("INVOIC", "D01B"): ("EAN010",),
}  # fmt: skip


def _segment(row: Row, separators: Separators, *, strip: bool = True) -> str:
    escape = _released(separators) if separators.release else _spaced(separators)
    told = [row[0], *(_value(each, separators, escape) for each in row[1:])]
    while strip and len(told) > 1 and not told[-1]:
        told.pop()
    return f"{separators.element.join(map(str, told))}{separators.segment}\n"


def _value(value: Value, separators: Separators, escape: Callable[[str], str]) -> str:
    if isinstance(value, str):
        return separators.component if value == separators.component and not separators.release else escape(value)
    parts = [escape(each) for each in value]
    while parts and not parts[-1]:
        parts.pop()
    return separators.component.join(parts)


def _released(separators: Separators) -> Callable[[str], str]:
    marks = {separators.element, separators.component, separators.segment, separators.release}
    return lambda value: "".join(f"{separators.release}{each}" if each in marks else each for each in latin(value))


def _spaced(separators: Separators) -> Callable[[str], str]:
    marks = str.maketrans(dict.fromkeys([separators.element, separators.component, separators.segment], " "))
    return lambda value: latin(value, ascii_only=True).translate(marks)


def latin(value: str, *, ascii_only: bool = False) -> str:
    """A text in Latin-1 or ASCII by its nearest letters; what has none is left out."""
    charset = "ascii" if ascii_only else "latin-1"
    line = " ".join(value.split()) if any(each in value for each in "\r\n\t") else value
    told = []
    for each in line:
        if _fits(each, charset):
            told.append(each)
            continue
        nearest = unicodedata.normalize("NFKD", each.translate(_NEAREST))
        told.append("".join(part for part in nearest if _fits(part, charset)))
    return "".join(told)


def _fits(letter: str, charset: str) -> bool:
    limit = 0x80 if charset == "ascii" else 0x100
    return ord(letter) < limit and not unicodedata.category(letter).startswith("C")


def number(value: Decimal) -> str:
    """A number as both syntaxes write it: a point, no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fitting(value: str, most: int) -> str:
    """A text cut to what an element holds; a number of ours that does not fit is never cut, so this is for names and texts alone."""
    return value[:most].strip()


__all__ = ["EDIFACT", "X12", "Envelope", "Row", "fitting", "latin", "number", "write", "write_ta1"]
