"""What the segments and transactions that we take may hold, and the check of a transaction against it. Pure.

A segment's elements are written as they stand in the directories: type, shortest/longest, `!` where it must be there. X12: `ID2/2!`.
EDIFACT: `an..35` is written `an35`, components are joined by `:`, and only the longest length is checked. Segments of a transaction that
have no row here are taken as they are.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from engine.lexical import read_compact_day
from handlers.edi.interchange import X12, Finding, Group, Interchange, Segment, Transaction


@dataclass(frozen=True, slots=True)
class Message:
    """A transaction that we take: its functional group (X12), the segments it must have, and all that it may have (empty: any)."""

    group: str
    must: frozenset[str]
    may: frozenset[str]


def _message(group: str, must: str, may: str = "") -> Message:
    needed = frozenset(must.split())
    return Message(group, needed, frozenset(may.split()) | needed if may else frozenset())


_X12_PARTY = "N1 N2 N3 N4 NX2 REF PER"
_X12_HEAD = (
    "CUR TAX FOB CTP PAM CSH SAC ITD DIS INC DTM LIN SI PID MEA PWK PKG TD1 TD5 TD3 TD4 MAN PCT CTB TXI LDT AMT N9 MSG MTX SPI LM LQ CN1 "
    f"IT8 SCH SDQ QTY PO3 PO4 SLN TC2 PKD CTP V1 R4 FA1 FA2 G53 ADV CTT {_X12_PARTY}"
)
MESSAGES: Final[Mapping[str, Message]] = {
    "850": _message("PO", "ST BEG PO1 SE", _X12_HEAD),
    "860": _message("PC", "ST BCH SE", f"{_X12_HEAD} POC"),
    "820": _message("RA", "ST BPR SE", f"NTE TRN CUR REF DTM {_X12_PARTY} ENT ADX RMR IT1 ITA TXI SAC NM1 RDM CTT"),
    "997": _message("FA", "ST AK1 AK9 SE", "AK2 AK3 AK4 AK5"),
    "TA1": _message("", "TA1"),
    "ORDERS": _message("", "UNH BGM LIN UNT"),
    "ORDCHG": _message("", "UNH BGM UNT"),
    "REMADV": _message("", "UNH BGM UNT"),
    "CONTRL": _message("", "UNH UCI UNT"),
}
#: Segments that may come once in a transaction.
_ONCE: Final = frozenset({"ST", "SE", "BEG", "BCH", "BPR", "AK1", "AK9", "UNH", "UNT", "BGM", "UNS"})
_X12_ELEMENTS: Final[Mapping[str, str]] = {
    "ST": "ID3/3! AN4/9! AN1/35",
    "SE": "N01/10! AN4/9!",
    "BEG": "ID2/2! ID2/2! AN1/22! AN1/30 DT6/8! AN1/30 ID2/2 ID2/2 ID3/3 ID1/2 ID1/2 ID2/2",
    "BCH": "ID2/2! ID2/2! AN1/22! AN1/30 AN1/8 DT6/8 AN1/30 AN1/30 DT6/8 DT6/8 DT6/8 ID2/3",
    "CUR": "ID2/3! ID3/3! R4/10",
    "REF": "ID2/3! AN1/50 AN1/80 AN1/80",
    "DTM": "ID3/3! DT6/8 TM4/8 ID2/2 ID2/3 AN1/35",
    "N1": "ID2/3! AN1/60 ID1/2 AN2/80",
    "N2": "AN1/60! AN1/60",
    "N3": "AN1/55! AN1/55",
    "N4": "AN2/30 ID2/2 ID3/15 ID2/3 ID1/2 AN1/30",
    "PO1": "AN1/20 R1/15 ID2/2 R1/17 ID2/2 " + "ID2/2 AN1/48 " * 10,
    "POC": "AN1/20 ID2/2! R1/15 R1/9 ID2/2 R1/17 ID2/2 " + "ID2/2 AN1/48 " * 10,
    "PID": "ID1/1! ID2/3 ID2/2 AN1/12 AN1/80",
    "CTT": "N01/6! R1/10",
    "AMT": "ID1/3! R1/18! ID1/1",
    "BPR": "ID1/2! R1/18! ID1/1! ID3/3! ID1/10 ID2/2 AN3/12 ID1/3 AN1/35 AN10/10 AN9/9 ID2/2 AN3/12 ID1/3 AN1/35 DT6/8",
    "RMR": "ID2/3 AN1/50 ID2/2 R1/18 R1/18 R1/18",
    "AK1": "ID2/2! N01/9! AN1/12",
    "AK9": "ID1/1! N01/6! N01/6! N01/6!",
}
_EDIFACT_ELEMENTS: Final[Mapping[str, str]] = {
    "UNH": "an14! an6!:an3!:an3!:an3!:an6 an35 n2:a1",
    "UNT": "n6! an14!",
    "BGM": "an3:an17:an3:an35 an35:an9:an6 an3 an3",
    "DTM": "an3!:an35:an3",
    "NAD": "an3! an35:an17:an3 an35:an35:an35:an35:an35 an70:an70:an70:an70:an70:an3 an35:an35:an35:an35 an35 an9 an17 an3",
    "CUX": "an3:an3:an3:n4",
    "RFF": "an3!:an70:an6:an35",
    "LIN": "an6 an3 an35:an3:an17:an3",
    "PIA": "an3! " + "an35:an3:an17:an3 " * 5,
    "IMD": "an3 an3 an17:an17:an3:an256:an256",
    "QTY": "an3!:n35!:an8",
    "PRI": "an3:n15:an3:an3:n9:an8",
    "MOA": "an3!:n35:an3:an3:an3",
    "LOC": "an3! an35:an17:an3:an256",
    "UCI": "an14! an35!:an4 an35!:an4 an1!",
}
_X12_NUMBER, _EDIFACT_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)", re.ASCII), re.compile(r"-?(\d+[.,]?\d*|[.,]\d+)", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3])[0-5]\d([0-5]\d\d{0,2})?", re.ASCII)
_TOKEN = re.compile(r"([A-Za-z]+?0?)(\d+)(?:/(\d+))?(!?)")


@dataclass(frozen=True, slots=True)
class Field:
    """An element or component: its type, how long it may be, and whether it must be there."""

    kind: str
    shortest: int
    longest: int
    must: bool


#: Says by a finding's code what is wrong with a value, empty when nothing is.
Judge = Callable[[Field, str], str]


def check(interchange: Interchange, group: Group, transaction: Transaction) -> None:
    """Note what is wrong with a transaction's kind, segments and elements."""
    message = MESSAGES.get(transaction.kind)
    if message is None or (message.group or group.functional_id) != group.functional_id:
        what = f"{transaction.kind or 'A transaction without a kind'} in group {group.functional_id or '(none)'}"
        transaction.found(Finding(code="NOT_SUPPORTED", message=f"{what} is none we take.", segment=1, value=transaction.kind[:6]))
        return
    for finding in _segments(message, transaction):
        transaction.found(finding)
    judge = _x12 if interchange.syntax == X12 else _edifact
    specs = _X12_ELEMENTS if interchange.syntax == X12 else _EDIFACT_ELEMENTS
    for segment in transaction.segments:
        if segment.tag in specs:
            for finding in _elements(segment, parsed(specs[segment.tag]), judge):
                transaction.found(finding)


def _segments(message: Message, transaction: Transaction) -> Iterator[Finding]:
    counts = Counter(segment.tag for segment in transaction.segments)
    has_no_trailer = any(finding.code == "NO_TRAILER" for finding in transaction.findings)
    for tag in sorted(message.must - set(counts)):
        if not (has_no_trailer and tag in {"SE", "UNT"}):
            yield Finding(code="SEGMENT_MISSING", message=f"{tag} is missing.", segment=len(transaction.segments), tag=tag)
    seen: set[str] = set()
    for segment in transaction.segments:
        if message.may and segment.tag not in message.may:
            text = f"{segment.tag or 'An empty segment'} is no segment of {transaction.kind}."
            yield Finding(code="SEGMENT_UNKNOWN", message=text, fatal=False, segment=segment.position, tag=segment.tag[:3])
        elif segment.tag in _ONCE and segment.tag in seen:
            text = f"{segment.tag} comes {counts[segment.tag]} times."
            yield Finding(code="SEGMENT_REPEATED", message=text, segment=segment.position, tag=segment.tag)
        seen.add(segment.tag)


def _elements(segment: Segment, fields: tuple[tuple[Field, ...], ...], judge: Judge) -> Iterator[Finding]:
    if len(segment.elements) > len(fields):
        text = f"{segment.tag} has {len(segment.elements)} elements, {len(fields)} are known."
        position, first = segment.position, len(fields) + 1
        yield Finding(code="TOO_MANY_ELEMENTS", message=text, fatal=False, segment=position, tag=segment.tag, element=first)
    for number, components in enumerate(fields, start=1):
        for repeat in segment.repeats(number)[:20] or ((),):
            yield from _components(segment, number, components, repeat, judge)


def _components(segment: Segment, element: int, fields: tuple[Field, ...], values: tuple[str, ...], judge: Judge) -> Iterator[Finding]:
    is_used = any(values)
    for number, field in enumerate(fields, start=1):
        value = values[number - 1] if number <= len(values) else ""
        code = judge(field, value) if value else "ELEMENT_MISSING" if field.must and (is_used or number == 1) else ""
        if code:
            name = f"{segment.tag}{element:02d}" + (f".{number}" if len(fields) > 1 else "")
            shown = f" ({value[:35]!r})" if value else ""
            yield Finding(
                code=code,
                message=f"{name}{shown} {_SAID[code].format(field)}.",
                fatal=code in {"ELEMENT_MISSING", "NUMBER"},
                segment=segment.position,
                tag=segment.tag,
                element=element,
                component=number if len(fields) > 1 else 0,
                value=value[:35],
            )


def _x12(field: Field, value: str) -> str:
    stripped = value.rstrip()
    if field.kind in {"R", "N0"}:
        if not _X12_NUMBER.fullmatch(stripped):
            return "NUMBER"
        stripped = stripped.lstrip("-").replace(".", "")
    if len(stripped) > field.longest:
        return "TOO_LONG"
    if len(stripped) < field.shortest and field.kind != "DT":
        return "TOO_SHORT"
    if field.kind == "DT" and not is_date(stripped):
        return "DATE"
    return "TIME" if field.kind == "TM" and not _TIME.fullmatch(stripped) else ""


def _edifact(field: Field, value: str) -> str:
    if field.kind == "n" and not _EDIFACT_NUMBER.fullmatch(value):
        return "NUMBER"
    return "TOO_LONG" if len(value) > field.longest else ""


def is_date(written: str) -> bool:
    """Whether this is a date as YYYYMMDD or YYMMDD."""
    return read_compact_day(written) is not None


@cache
def parsed(spec: str) -> tuple[tuple[Field, ...], ...]:
    """A segment's row as fields: elements of components."""
    return tuple(tuple(_field(part) for part in element.split(":")) for element in spec.split())


def _field(token: str) -> Field:
    found = _TOKEN.fullmatch(token)
    assert found is not None, token  # noqa: S101  # the tables above are constants; a test reads them all
    kind, shortest, longest, must = found.groups()
    return Field(kind, int(shortest) if longest else 0, int(longest or shortest), bool(must))


_SAID: Final = {
    "ELEMENT_MISSING": "is missing",
    "TOO_LONG": "is longer than {0.longest} characters",
    "TOO_SHORT": "is shorter than {0.shortest} characters",
    "NUMBER": "is no number",
    "DATE": "is no date",
    "TIME": "is no time",
}
