"""What an interchange is, in either syntax: an envelope, groups, transactions of segments, and what was found wrong where. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

X12, EDIFACT = "X12", "EDIFACT"
#: More findings of one thing tell nobody more; an acknowledgement stays of a size that can be read.
MOST_FINDINGS: Final = 100

Element = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that an interchange's header says it is written with; an empty one is not used."""

    element: str
    component: str
    segment: str
    release: str = ""
    repetition: str = ""
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its elements, each repeated or once, each of one or more components. `position` counts from 1, the header."""

    tag: str
    elements: tuple[Element, ...]
    position: int

    def get(self, element: int, component: int = 1) -> str:
        """The value of an element's component, both counted from 1; empty where there is none."""
        repeats = self.repeats(element)
        return repeats[0][component - 1].strip() if repeats and len(repeats[0]) >= component else ""

    def repeats(self, element: int) -> Element:
        """Every repetition of an element, counted from 1."""
        return self.elements[element - 1] if 0 < element <= len(self.elements) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong and where. A `fatal` one rejects what it was found in; of any other we read on and say so.

    `code` is a name of `CODES`; `segment` counts from the transaction's header, `element` and `component` from 1, 0 is none.
    """

    code: str
    message: str
    fatal: bool = True
    segment: int = 0
    tag: str = ""
    element: int = 0
    component: int = 0
    value: str = ""

    def as_json(self) -> dict[str, object]:
        """As it is kept with the transaction."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in told.items() if name == "fatal" or value not in {"", 0}}


#: What can be found, as a person reads it.
CODES: Final[Mapping[str, str]] = {
    "UNREADABLE": "is no interchange of X12 or EDIFACT",
    "NO_TRAILER": "has no trailer",
    "CONTROL_MISMATCH": "has another control number in its trailer than in its header",
    "COUNT_MISMATCH": "counts otherwise than it holds",
    "OUT_OF_PLACE": "stands where it may not",
    "EMPTY": "holds nothing",
    "NOT_SUPPORTED": "is of a kind that we do not take",
    "CONTROL_REPEATED": "has a control number that another one has",
    "CONTROL_MISSING": "has no control number",
    "SENDER_UNKNOWN": "comes from nobody we exchange with",
    "RECEIVER_UNKNOWN": "is not addressed to us",
    "TEST_INDICATOR": "is a test where none is agreed, or none where only tests are",
    "DUPLICATE": "has a control number that came before with other content",
    "VERSION": "is of a version that we do not read",
    "SEGMENT_UNKNOWN": "is no segment of this transaction",
    "SEGMENT_MISSING": "is missing and must be there",
    "SEGMENT_REPEATED": "comes more often than it may",
    "ELEMENT_MISSING": "is missing and must be there",
    "TOO_MANY_ELEMENTS": "has more elements than its kind of segment",
    "TOO_SHORT": "is shorter than it must be",
    "TOO_LONG": "is longer than it may be",
    "CHARACTER": "holds a character that it may not",
    "CODE": "is no code of its list",
    "DATE": "is no date",
    "TIME": "is no time",
    "NUMBER": "is no number",
}


@dataclass(slots=True)
class Transaction:
    """A transaction set or message. `number` says what it is about once somebody has read it."""

    kind: str
    control_no: str
    version: str
    association: str = ""
    segments: list[Segment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    raw: bytes = b""

    def found(self, finding: Finding) -> None:
        """Note a finding, while there is room."""
        _note(self.findings, finding)

    @property
    def rejected(self) -> bool:
        """Whether something of it is so wrong that nothing of it is taken."""
        return any(each.fatal for each in self.findings)

    def first(self, tag: str) -> Segment | None:
        """The first segment of a tag."""
        return next((each for each in self.segments if each.tag == tag), None)

    def all(self, tag: str) -> Iterator[Segment]:
        """Every segment of a tag."""
        return (each for each in self.segments if each.tag == tag)


@dataclass(slots=True)
class Group:
    """A functional group; EDIFACT often has none, then one without header stands for it."""

    functional_id: str
    sender: str
    receiver: str
    control_no: str
    version: str
    has_header: bool = True
    #: How many transactions the trailer says there are; None without a trailer.
    stated_count: int | None = None
    transactions: list[Transaction] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def found(self, finding: Finding) -> None:
        """Note a finding, while there is room."""
        _note(self.findings, finding)


@dataclass(slots=True)
class Interchange:
    """An interchange as it came. Sender and receiver are written `qualifier:id`."""

    syntax: str
    separators: Separators
    sender: str
    receiver: str
    control_no: str
    version: str
    charset: str
    is_test: bool
    wants_acknowledgement: bool
    sent_date: str = ""
    sent_time: str = ""
    groups: list[Group] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    raw: bytes = b""

    def found(self, finding: Finding) -> None:
        """Note a finding, while there is room."""
        _note(self.findings, finding)

    @property
    def transactions(self) -> list[tuple[Group, Transaction]]:
        """Every transaction with its group, in order."""
        return [(group, each) for group in self.groups for each in group.transactions]

    @property
    def rejected(self) -> bool:
        """Whether the envelope itself is so wrong that nothing of it is taken."""
        return any(each.fatal for each in self.findings)


def _note(findings: list[Finding], finding: Finding) -> None:
    if len(findings) < MOST_FINDINGS:
        findings.append(finding)


def address(qualifier: str, identifier: str) -> str:
    """A party as interchanges name it: `ZZ:ACME`."""
    return f"{qualifier.strip()}:{identifier.strip()}"
