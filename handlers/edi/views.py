"""What pages and programs see of interchanges: the list, and one with its transactions, findings and acknowledgement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.known import refuse_unknown_in
from engine.store.paging import Asked, Key, Page, read_page
from handlers.edi.model import EdiInterchange, EdiPartner

#: A page shows so much of a file; the whole of it is a download.
MOST_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class InterchangeSummary:
    """An interchange as a list shows it."""

    id: int
    direction: str
    partner_no: str | None
    syntax: str
    sender: str
    receiver: str
    control_no: str
    is_test: bool
    status: str
    received_at: datetime
    document_id: int | None


@dataclass(frozen=True, slots=True)
class TransactionShown:
    """A transaction, what was found in it, and what became of it."""

    id: int
    position: int
    kind: str
    group_no: str
    control_no: str
    version: str
    acknowledged: str
    findings: Sequence[Mapping[str, Any]]
    state: str
    number: str
    reference: str
    problem: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InterchangeShown:
    """An interchange with all that is known of it. `content` is the file and `answer` our answer, as a page shows them.

    `filed_under` is the number that its document is filed under.
    """

    interchange: InterchangeSummary
    findings: Sequence[Mapping[str, Any]]
    transactions: Sequence[TransactionShown]
    content: str
    answer: str
    filed_under: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which interchanges: of a direction, partner or status, with a control number or a transaction's number or reference."""

    direction: str = ""
    partner_no: str = ""
    status: str = ""
    search: str = ""


def list_interchanges(tx: Session, wanted: Filter, asked: Asked, *, count: bool = False) -> Page[InterchangeSummary]:
    """Interchanges, the latest first. Raises Invalid for a partner that is not kept."""
    refuse_unknown_in(tx, EdiPartner.partner_no, wanted.partner_no, "EDI partner", "partner_no")
    statement = select(*(getattr(EdiInterchange, name) for name in InterchangeSummary.__slots__))
    for name in ("direction", "partner_no", "status"):
        if getattr(wanted, name):
            statement = statement.where(getattr(EdiInterchange, name) == getattr(wanted, name))
    if wanted.search:
        named = EdiInterchange.id.in_(tx.scalars(_NAMED, {"search": wanted.search}).all())
        statement = statement.where((EdiInterchange.control_no == wanted.search) | named)
    keys = (Key(EdiInterchange.received_at, descending=True), Key(EdiInterchange.id, descending=True))
    return read_page(tx, statement, keys, asked, count=count).typed(InterchangeSummary)


def show_interchange(tx: Session, interchange_id: int) -> InterchangeShown:
    """One interchange. Raises NotFound."""
    found = tx.get(EdiInterchange, interchange_id)
    if found is None:
        raise NotFound(f"There is no interchange {interchange_id}.", next_step="Look for it in the EDI inbox.")
    rows = tx.execute(_TRANSACTIONS, {"interchange_id": interchange_id}).mappings()
    paper = tx.execute(_DOCUMENT, {"document_id": found.document_id}).one_or_none()
    answer = paper.content if paper and found.direction == "IN" else b""
    return InterchangeShown(
        InterchangeSummary(**{name: getattr(found, name) for name in InterchangeSummary.__slots__}),
        found.findings,
        [TransactionShown(**row) for row in rows],
        shown(found.raw, found.separators.get("segment", "")),
        shown(bytes(answer), "") if answer else "",
        paper.number if paper else "",
    )


def shown(raw: bytes, mark: str) -> str:
    """A file as a page shows it: a segment a line, what is no text left out."""
    written = raw[:MOST_SHOWN].decode("utf-8", "replace")
    if mark.strip() and "\n" not in written[:500]:
        written = written.replace(mark, f"{mark}\n")
    more = "" if len(raw) <= MOST_SHOWN else f"\n… {len(raw) - MOST_SHOWN:,} bytes more"
    return "".join(each if each.isprintable() or each in "\n\t" else "\N{MIDDLE DOT}" for each in written.replace("\r", "")) + more


def raw_of(tx: Session, interchange_id: int) -> bytes:
    """The bytes as they came or went. Raises NotFound."""
    found = tx.get(EdiInterchange, interchange_id)
    if found is None:
        raise NotFound(f"There is no interchange {interchange_id}.", next_step="Look for it in the EDI inbox.")
    return found.raw


_TRANSACTIONS = text("""
SELECT id, position, kind, group_no, control_no, version, acknowledged, findings, state, number, reference, problem
FROM edi_transaction WHERE interchange_id = :interchange_id ORDER BY position
""")
_DOCUMENT = text("SELECT content, number FROM document WHERE id = :document_id")
_NAMED = text("SELECT DISTINCT interchange_id FROM edi_transaction WHERE reference = :search OR number = :search LIMIT 1000")
