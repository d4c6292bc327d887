"""Reads an EDIFACT interchange, UNA or UNB to UNZ, syntax versions 1 to 4, with or without groups. Pure.

Nothing stops it: what is wrong becomes a finding and it reads on, for CONTRL names every error, not the first.
"""

from dataclasses import dataclass, field
from typing import Final

from engine.lexical import read_count
from handlers.edi.interchange import EDIFACT, Finding, Group, Interchange, Segment, Separators, Transaction, address
from handlers.edi.scanning import Chunk, check_count, chunks, cut

_UNA_LENGTH: Final = 9
_CHARSETS: Final = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5", "UNOF": "iso8859-7",
    "UNOG": "iso8859-3", "UNOH": "iso8859-4", "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9", "UNOL": "iso8859-15",
    "UNOW": "utf-8", "UNOX": "iso2022_jp", "UNOY": "utf-8",
}  # fmt: skip
#: From this version of the syntax on UNA's fifth character separates repetitions; before it is reserved.
_FIRST_WITH_REPETITION: Final = "4"


def read_edifact(text: str, start: int) -> tuple[Interchange, int] | None:
    """The interchange that begins at `start`, and where it ends; None where its header cannot be read. Raises TooLarge."""
    separators, begins = _separators(text, start)
    head = next(iter(chunks(text, begins, separators)), None)
    unb = cut(head.text, separators, "latin-1", 0) if head is not None and head.text.startswith("UNB") else None
    if unb is None or not unb.get(2) or not unb.get(3):
        return None
    syntax, version = unb.get(1), unb.get(1, 2)
    if version < _FIRST_WITH_REPETITION:
        separators = Separators(separators.element, separators.component, separators.segment, separators.release, "", separators.decimal)
    interchange = Interchange(
        syntax=EDIFACT,
        separators=separators,
        sender=address(unb.get(2, 2), unb.get(2)),
        receiver=address(unb.get(3, 2), unb.get(3)),
        control_no=unb.get(5),
        version=f"{syntax}:{version}",
        charset=_CHARSETS.get(syntax, "latin-1"),
        is_test=unb.get(11) == "1",
        wants_acknowledgement=unb.get(9) in {"1", "2"},
        sent_date=unb.get(4),
        sent_time=unb.get(4, 2),
    )
    if syntax not in _CHARSETS:
        interchange.findings.append(Finding(code="VERSION", message=f"The character set {syntax or '(none)'} is none we read.", tag="UNB"))
    if not interchange.control_no:
        interchange.findings.append(Finding(code="CONTROL_MISSING", message="UNB has no control reference (0020).", tag="UNB", element=5))
    end = _Reading(interchange, text).read(begins)
    interchange.raw = text[start:end].encode("latin-1")
    return interchange, end


def _separators(text: str, start: int) -> tuple[Separators, int]:
    if not text.startswith("UNA", start) or len(text) < start + _UNA_LENGTH:
        return Separators("+", ":", "'", "?", "*", "."), start
    component, element, decimal, release, repetition, terminator = list(text[start + 3 : start + _UNA_LENGTH])
    made = Separators(element, component, terminator, release.strip(), repetition.strip(), decimal)
    return made, start + _UNA_LENGTH


@dataclass(slots=True)
class _Reading:
    interchange: Interchange
    text: str
    group: Group | None = None
    transaction: Transaction | None = None
    begun: int = 0
    #: Groups and transactions so far.
    count: int = 0
    #: References of the group's messages.
    seen: set[str] = field(default_factory=set)

    def read(self, start: int) -> int:
        """Read to the interchange's trailer, or to the end or the next header where it has none; answers where that is."""
        for number, chunk in enumerate(chunks(self.text, start, self.interchange.separators)):
            if number == 0:
                continue
            segment = self._cut(chunk)
            if segment.tag in {"UNA", "UNB"}:
                self._end_everything("The next interchange begins before this one has ended.")
                return chunk.start
            self._take(segment, chunk)
            if segment.tag == "UNZ":
                return chunk.end
        self._end_everything("The file ends before the interchange does (UNZ).")
        return len(self.text)

    def _cut(self, chunk: Chunk) -> Segment:
        position = len(self.transaction.segments) + 1 if self.transaction else 1
        try:
            return cut(chunk.text, self.interchange.separators, self.interchange.charset, position)
        except UnicodeError:
            segment = cut(chunk.text, self.interchange.separators, "latin-1", position)
            message = f"Segment {segment.tag} holds a character that {self.interchange.version} does not have."
            finding = Finding(code="CHARACTER", message=message, fatal=False, segment=position, tag=segment.tag)
            (self.transaction or self.interchange).found(finding)
            return segment

    def _take(self, segment: Segment, chunk: Chunk) -> None:
        act = {
            "UNG": self._begin_group, "UNH": self._begin_transaction, "UNT": self._end_transaction, "UNE": self._end_group,
            "UNZ": self._end,
        }  # fmt: skip
        if segment.tag in act:
            act[segment.tag](segment, chunk)
        elif self.transaction is not None:
            self.transaction.segments.append(segment)
        else:
            self._out_of_place(segment)

    def _out_of_place(self, segment: Segment) -> None:
        finding = Finding(code="OUT_OF_PLACE", message=f"Segment {segment.tag} stands in no message.", fatal=False, tag=segment.tag)
        (self.group or self.interchange).found(finding)

    def _begin_group(self, segment: Segment, chunk: Chunk) -> None:
        del chunk
        self._leave_group("The next group begins before this one has ended (UNE).")
        get = segment.get
        version = get(7) + get(7, 2)
        self._open(Group(functional_id=get(1), sender=get(2), receiver=get(3), control_no=get(5), version=version))

    def _open(self, group: Group) -> Group:
        self.group = group
        self.interchange.groups.append(group)
        self.seen.clear()
        self._counted()
        return group

    def _begin_transaction(self, segment: Segment, chunk: Chunk) -> None:
        self._leave_transaction("The next message begins before this one has ended (UNT).", chunk.start)
        get = segment.get
        group = self.group or self._open(Group(get(2), "", "", "", "", has_header=False))
        first = Segment(segment.tag, segment.elements, 1)
        transaction = Transaction(get(2), get(1), get(2, 2) + get(2, 3), get(2, 5), segments=[first])
        if not transaction.control_no:
            transaction.found(Finding(code="CONTROL_MISSING", message="UNH has no reference (0062).", segment=1, tag="UNH", element=1))
        elif transaction.control_no in self.seen:
            message = f"Reference {transaction.control_no} was used in this interchange before."
            transaction.found(Finding(code="CONTROL_REPEATED", message=message, segment=1, tag="UNH", element=1))
        self._counted()
        self.seen.add(transaction.control_no)
        group.transactions.append(transaction)
        self.transaction, self.begun = transaction, chunk.start

    def _end_transaction(self, segment: Segment, chunk: Chunk) -> None:
        if self.transaction is None:
            self._out_of_place(segment)
            return
        transaction, self.transaction = self.transaction, None
        transaction.segments.append(segment)
        transaction.raw = self.text[self.begun : chunk.end].strip().encode("latin-1")
        held = len(transaction.segments)
        if _as_number(segment.get(1)) != held:
            message = f"UNT says {segment.get(1) or 'nothing'}, there are {held} segments."
            transaction.found(Finding(code="COUNT_MISMATCH", message=message, segment=held, tag="UNT", element=1))
        if segment.get(2) != transaction.control_no:
            message = f"UNT's reference is {segment.get(2) or 'empty'}, UNH's is {transaction.control_no or 'empty'}."
            transaction.found(Finding(code="CONTROL_MISMATCH", message=message, segment=held, tag="UNT", element=2))

    def _end_group(self, segment: Segment, chunk: Chunk) -> None:
        self._leave_transaction("The group ends before the message does (UNT).", chunk.start)
        if self.group is None or not self.group.has_header:
            self._out_of_place(segment)
            return
        group, self.group = self.group, None
        group.stated_count = _as_number(segment.get(1))
        _compare(group.findings, segment, ("UNE", "UNG", group.control_no), len(group.transactions), "messages")

    def _end(self, segment: Segment, chunk: Chunk) -> None:
        has_groups = any(group.has_header for group in self.interchange.groups)
        self._leave_transaction("The interchange ends before the message does (UNT).", chunk.start)
        if self.group is not None and self.group.has_header:
            self._leave_group("The interchange ends before the group does (UNE).")
        held = len(self.interchange.groups) if has_groups else len(self.interchange.transactions)
        names = ("UNZ", "UNB", self.interchange.control_no)
        _compare(self.interchange.findings, segment, names, held, "groups" if has_groups else "messages")
        if not held:
            self.interchange.found(Finding(code="EMPTY", message="The interchange holds no message.", tag="UNZ"))

    def _counted(self) -> None:
        self.count += 1
        check_count(self.count)

    def _leave_transaction(self, why: str, at: int = -1) -> None:
        if self.transaction is not None:
            self.transaction.raw = self.text[self.begun : at if at != -1 else None].strip().encode("latin-1")
            self.transaction.found(Finding(code="NO_TRAILER", message=why))
            self.transaction = None

    def _leave_group(self, why: str) -> None:
        self._leave_transaction(why)
        if self.group is not None and self.group.has_header:
            self.group.found(Finding(code="NO_TRAILER", message=why))
        self.group = None

    def _end_everything(self, why: str) -> None:
        self._leave_group(why)
        self.interchange.found(Finding(code="NO_TRAILER", message=why))


def _compare(findings: list[Finding], trailer: Segment, names: tuple[str, str, str], held: int, what: str) -> None:
    name, header, control_no = names
    if _as_number(trailer.get(1)) != held:
        message = f"{name} says {trailer.get(1) or 'nothing'}, there are {held} {what}."
        findings.append(Finding(code="COUNT_MISMATCH", message=message, tag=name, element=1))
    if trailer.get(2) != control_no:
        message = f"{name}'s reference is {trailer.get(2) or 'empty'}, {header}'s is {control_no or 'empty'}."
        findings.append(Finding(code="CONTROL_MISMATCH", message=message, tag=name, element=2))


def _as_number(written: str) -> int | None:
    return read_count(written) if len(written) <= 9 else None  # noqa: PLR2004  # n..6 by the standard
