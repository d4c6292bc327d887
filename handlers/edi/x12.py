"""Reads an X12 interchange, ISA to IEA: separators from the header, groups, transaction sets, counts and control numbers. Pure.

Nothing stops it: what is wrong becomes a finding and it reads on, for the acknowledgement names every error, not the first.
"""

from dataclasses import dataclass, field
from typing import Final

from engine.lexical import read_count
from handlers.edi.interchange import X12, Finding, Group, Interchange, Segment, Separators, Transaction, address
from handlers.edi.scanning import Chunk, check_count, chunks, cut

#: ISA has sixteen elements; the character behind the last one ends the segment.
_ISA_ELEMENTS: Final = 16
_SENDER_Q, _SENDER, _RECEIVER_Q, _RECEIVER, _DATE, _TIME, _REPETITION, _VERSION, _CONTROL, _ACK, _USAGE, _COMPONENT = range(5, 17)
#: From this version on ISA11 names the repetition separator; before it says whose standards these are, U.
_FIRST_WITH_REPETITION: Final = "00402"
#: SE01 has at most ten digits, the other counts have less.
_LONGEST_COUNT: Final = 10


def read_x12(text: str, start: int) -> tuple[Interchange, int] | None:
    """The interchange that begins at `start`, and where it ends; None where its header cannot be read. Raises TooLarge."""
    header = _header(text, start)
    if header is None:
        return None
    elements, separators = header
    interchange = Interchange(
        syntax=X12,
        separators=separators,
        sender=address(elements[_SENDER_Q], elements[_SENDER]),
        receiver=address(elements[_RECEIVER_Q], elements[_RECEIVER]),
        control_no=elements[_CONTROL].strip(),
        version=elements[_VERSION].strip(),
        charset="utf-8" if _is_utf8(text) else "latin-1",
        is_test=elements[_USAGE].strip() == "T",
        wants_acknowledgement=elements[_ACK].strip() == "1",
        sent_date=elements[_DATE].strip(),
        sent_time=elements[_TIME].strip(),
    )
    reading = _Reading(interchange, text)
    end = reading.read(start)
    interchange.raw = text[start:end].encode("latin-1")
    return interchange, end


def _header(text: str, start: int) -> tuple[list[str], Separators] | None:
    """ISA by its separators and not by its columns: many programs do not fill them up."""
    if len(text) < start + 4:
        return None
    separator = text[start + 3]
    elements = text[start : start + 200].split(separator, _ISA_ELEMENTS)
    if separator.isalnum() or len(elements) <= _ISA_ELEMENTS or len(elements[_COMPONENT]) < len(">~"):
        return None
    component, terminator = elements[_COMPONENT][0], elements[_COMPONENT][1]
    if elements[_COMPONENT][1:3] == "\r\n":
        terminator = "\n"
    if terminator.isalnum() or component.isalnum() or len({separator, component, terminator}) < len("*>~"):
        return None
    elements[_COMPONENT] = component
    repetition = elements[_REPETITION].strip()
    has_repetition = elements[_VERSION].strip() >= _FIRST_WITH_REPETITION and len(repetition) == 1 and not repetition.isalnum()
    return elements, Separators(separator, component, terminator, repetition=repetition if has_repetition else "")


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class _Reading:
    interchange: Interchange
    text: str
    group: Group | None = None
    transaction: Transaction | None = None
    begun: int = 0
    #: Groups and transactions so far.
    count: int = 0
    #: Control numbers of the group's transaction sets.
    seen: set[str] = field(default_factory=set)

    def read(self, start: int) -> int:
        """Read to the interchange's trailer, or to the end or the next header where it has none; answers where that is."""
        separators = self.interchange.separators
        for number, chunk in enumerate(chunks(self.text, start, separators)):
            if number == 0:
                continue
            position = len(self.transaction.segments) + 1 if self.transaction else 1
            segment = cut(chunk.text, separators, self.interchange.charset, position)
            if segment.tag == "ISA":
                self._end_everything("The next interchange begins before this one has ended.")
                return chunk.start
            self._take(segment, chunk)
            if segment.tag == "IEA":
                return chunk.end
        self._end_everything("The file ends before the interchange does (IEA).")
        return len(self.text)

    def _take(self, segment: Segment, chunk: Chunk) -> None:
        act = {"GS": self._begin_group, "ST": self._begin_transaction, "SE": self._end_transaction, "GE": self._end_group, "IEA": self._end}
        if segment.tag in act:
            act[segment.tag](segment, chunk)
        elif self.transaction is not None:
            self.transaction.segments.append(segment)
        elif segment.tag != "TA1" or self.group is not None:
            self._out_of_place(segment)
        else:
            self._begin_group(Segment("GS", (), 0), chunk)
            self._lone(segment, chunk)

    def _lone(self, segment: Segment, chunk: Chunk) -> None:
        """TA1 stands in no group: it is a transaction of its own here."""
        group = self.interchange.groups[-1]
        group.has_header, group.stated_count = False, 1
        group.transactions.append(Transaction("TA1", segment.get(1), "", segments=[segment], raw=chunk.text.encode("latin-1")))
        self.group = None

    def _out_of_place(self, segment: Segment) -> None:
        finding = Finding(code="OUT_OF_PLACE", message=f"Segment {segment.tag} stands in no transaction set.", fatal=False, tag=segment.tag)
        (self.group or self.interchange).found(finding)

    def _begin_group(self, segment: Segment, chunk: Chunk) -> None:
        del chunk
        self._leave_group("The next group begins before this one has ended (GE).")
        get = segment.get
        self.group = Group(functional_id=get(1), sender=get(2), receiver=get(3), control_no=get(6), version=get(8))
        self.interchange.groups.append(self.group)
        self.seen.clear()
        self._counted()

    def _begin_transaction(self, segment: Segment, chunk: Chunk) -> None:
        self._leave_transaction("The next transaction set begins before this one has ended (SE).", chunk.start)
        if self.group is None:
            self._out_of_place(segment)
            self._begin_group(Segment("GS", (), 0), chunk)
        assert self.group is not None  # noqa: S101  # for mypy: a group has just begun
        self.transaction = Transaction(segment.get(1), segment.get(2), self.group.version, segments=[_first(segment)])
        self.begun = chunk.start
        if not self.transaction.control_no:
            self.transaction.found(Finding(code="CONTROL_MISSING", message="ST02 is empty.", segment=1, tag="ST", element=2))
        elif self.transaction.control_no in self.seen:
            message = f"Control number {self.transaction.control_no} was used in this group before."
            self.transaction.found(Finding(code="CONTROL_REPEATED", message=message, value=self.transaction.control_no))
        self._counted()
        self.seen.add(self.transaction.control_no)
        self.group.transactions.append(self.transaction)

    def _end_transaction(self, segment: Segment, chunk: Chunk) -> None:
        if self.transaction is None:
            self._out_of_place(segment)
            return
        transaction, self.transaction = self.transaction, None
        transaction.segments.append(segment)
        transaction.raw = self.text[self.begun : chunk.end].strip().encode("latin-1")
        _compare_count(transaction.findings, segment.get(1), len(transaction.segments), "SE01", "segments")
        _compare_control(transaction.findings, segment.get(2), transaction.control_no, "SE02", "ST02")

    def _end_group(self, segment: Segment, chunk: Chunk) -> None:
        self._leave_transaction("The group ends before the transaction set does (SE).", chunk.start)
        if self.group is None:
            self._out_of_place(segment)
            return
        group, self.group = self.group, None
        stated = segment.get(1)
        group.stated_count = read_count(stated) if len(stated) <= _LONGEST_COUNT else None
        _compare_count(group.findings, segment.get(1), len(group.transactions), "GE01", "transaction sets")
        _compare_control(group.findings, segment.get(2), group.control_no, "GE02", "GS06")

    def _end(self, segment: Segment, chunk: Chunk) -> None:
        self._leave_group("The interchange ends before the group does (GE).", chunk.start)
        findings = self.interchange.findings
        held = sum(1 for group in self.interchange.groups if group.has_header)
        _compare_count(findings, segment.get(1), held, "IEA01", "groups")
        _compare_control(findings, segment.get(2), self.interchange.control_no, "IEA02", "ISA13")

    def _counted(self) -> None:
        self.count += 1
        check_count(self.count)

    def _leave_transaction(self, why: str, at: int = -1) -> None:
        if self.transaction is not None:
            self.transaction.raw = self.text[self.begun : at if at != -1 else None].strip().encode("latin-1")
            self.transaction.found(Finding(code="NO_TRAILER", message=why))
            self.transaction = None

    def _leave_group(self, why: str, at: int = -1) -> None:
        self._leave_transaction(why, at)
        if self.group is not None:
            self.group.found(Finding(code="NO_TRAILER", message=why))
            self.group = None

    def _end_everything(self, why: str) -> None:
        self._leave_group(why)
        self.interchange.found(Finding(code="NO_TRAILER", message=why))


def _first(segment: Segment) -> Segment:
    return Segment(segment.tag, segment.elements, 1)


def _compare_count(findings: list[Finding], stated: str, held: int, name: str, what: str) -> None:
    if len(stated) > _LONGEST_COUNT or read_count(stated) != held:
        message = f"{name} says {stated or 'nothing'}, there are {held} {what}."
        findings.append(Finding(code="COUNT_MISMATCH", message=message, value=stated[:35]))


def _compare_control(findings: list[Finding], stated: str, begun: str, name: str, header: str) -> None:
    if _number(stated) != _number(begun):
        message = f"{name} is {stated or 'empty'}, {header} is {begun or 'empty'}."
        findings.append(Finding(code="CONTROL_MISMATCH", message=message, value=stated[:35]))


def _number(written: str) -> str:
    """Control numbers of interchanges and groups are numbers: 000000012 and 12 are one."""
    return written.lstrip("0") if written.isdecimal() else written
