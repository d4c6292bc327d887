"""Writes our papers as interchanges to a partner, keeps each with its control number, and notes what the partner acknowledges of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from handlers.documents.numbers import next_number
from handlers.documents.store import save_document
from handlers.edi.acknowledging import ACCEPTED, PARTLY, REJECTED, WITH_ERRORS
from handlers.edi.inbox import MEDIA_TYPES
from handlers.edi.interchange import X12, Segment, address
from handlers.edi.model import EdiInterchange, EdiPartner, EdiTransaction
from handlers.edi.transactions import Told, taken
from handlers.edi.writing import Envelope, Row, write

#: GS01 of what we send.
_GROUPS: Final = {"855": "PR", "865": "CA", "856": "SH", "810": "IN"}
_STATUS: Final = {"A": ACCEPTED, "E": WITH_ERRORS, "P": PARTLY, "R": REJECTED, "M": REJECTED, "W": REJECTED, "X": REJECTED}
_CONTRL: Final = {"4": REJECTED, "7": ACCEPTED, "8": ACCEPTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper to send: the kind of document it is kept as, the message it is (855, DESADV …), its number, its order, its segments."""

    document: str
    kind: str
    number: str
    order_no: str
    rows: Sequence[Row]
    #: The number the document is filed under, where that is another than the paper's.
    filed_under: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A paper as it was written: its document, and to whom under which control number."""

    document_id: int
    target: str
    control_no: str

    def payload(self, partner: EdiPartner, kind: str) -> dict[str, Any]:
        """What the effect says of it."""
        return {"document_id": self.document_id, "format": kind, "partner_no": partner.partner_no, "control_no": self.control_no}


def target_of(partner: EdiPartner) -> str:
    """Whom an effect is addressed to."""
    return f"{partner.syntax} {address(partner.their_qualifier, partner.their_id)}"


def write_paper(tx: Session, partner: EdiPartner, paper: Paper) -> Sent:
    """Write a paper as an interchange of its own and keep it; again: the first one. The caller sends it, as any form of the paper."""
    given = {"partner_no": partner.partner_no, "kind": paper.kind, "number": paper.number, "order_no": paper.order_no}
    known = tx.execute(_WRITTEN, given).first()
    if known is not None:
        return Sent(known.document_id, target_of(partner), known.control_no)
    control_no = int(next_number(tx, "EDI").removeprefix("EDI-"))
    envelope = Envelope(
        syntax=partner.syntax,
        sender=address(partner.our_qualifier, partner.our_id),
        receiver=address(partner.their_qualifier, partner.their_id),
        group_sender=partner.our_group_id or partner.our_id,
        group_receiver=partner.their_group_id or partner.their_id,
        control_no=control_no,
        is_test=partner.is_test,
        version=partner.message_version,
        sent_at=tx.execute(select(func.business_now())).scalar_one(),
    )
    raw = write(envelope, paper.kind, _GROUPS.get(paper.kind, ""), [paper.rows])
    document_id = save_document(tx, paper.document, paper.filed_under or paper.number, MEDIA_TYPES[partner.syntax], raw)
    _keep(tx, partner, paper, envelope, (raw, document_id))
    return Sent(document_id, target_of(partner), str(control_no))


def _keep(tx: Session, partner: EdiPartner, paper: Paper, envelope: Envelope, made: tuple[bytes, int]) -> None:
    raw, document_id = made
    values = {
        "direction": "OUT",
        "partner_no": partner.partner_no,
        "syntax": partner.syntax,
        "sender": envelope.sender,
        "receiver": envelope.receiver,
        "control_no": str(envelope.control_no),
        "is_test": partner.is_test,
        "sha256": sha256(raw).hexdigest(),
        "raw": raw,
        "status": "SENT",
        "document_id": document_id,
    }
    interchange_id = tx.execute(insert(EdiInterchange).values(values).returning(EdiInterchange.id)).scalar_one()
    is_x12 = partner.syntax == X12
    told = {
        "interchange_id": interchange_id,
        "position": 1,
        "kind": paper.kind,
        "functional_id": _GROUPS.get(paper.kind, ""),
        "group_no": str(envelope.control_no) if is_x12 else "",
        "control_no": "0001" if is_x12 else "1",
        "version": partner.message_version,
        "raw": b"",
        "state": "SENT",
        "number": paper.number,
        "reference": paper.order_no,
    }
    tx.execute(insert(EdiTransaction).values(told))


@dataclass(frozen=True, slots=True)
class Noted:
    """What a partner says of our papers: the worst of it, and which papers they are."""

    rejected: bool
    papers: str
    status: str


def acknowledged(tx: Session, told: Told) -> Noted:
    """Write on our papers what an acknowledgement says of them. One that is about nothing we sent says so in `papers`."""
    said = list(_said_by_x12(told.transaction.segments) if told.syntax == X12 else _said_by_contrl(told.transaction.segments))
    named, worst = [], ACCEPTED
    for control_no, status in said:
        given = {"partner_no": told.partner.partner_no, "control_no": control_no.lstrip("0"), "status": status}
        rows = tx.execute(_ANSWERED, given).all()
        for row in rows:
            tx.execute(_JUDGED, {"interchange_id": row.id, "acknowledged": _of_transaction(status)})
        named += [f"{row.kind} {row.number}" for row in rows] or [f"number {control_no}, which we did not send"]
        worst = status if _RANK[status] > _RANK[worst] else worst
    taken(tx, told.id, ", ".join(control_no for control_no, _ in said), "")
    return Noted(rejected=_RANK[worst] >= _RANK[PARTLY], papers=", ".join(named) or "nothing", status=worst)


_RANK: Final = {ACCEPTED: 0, WITH_ERRORS: 1, PARTLY: 2, REJECTED: 3}


def _of_transaction(status: str) -> str:
    """We send one transaction an interchange: partly is not at all."""
    return REJECTED if status == PARTLY else status


def _said_by_x12(segments: Sequence[Segment]) -> Iterator[tuple[str, str]]:
    group = ""
    for segment in segments:
        if segment.tag == "TA1":
            yield segment.get(1), _STATUS.get(segment.get(4), REJECTED)
        elif segment.tag == "AK1":
            group = segment.get(2)
        elif segment.tag == "AK9":
            yield group, _STATUS.get(segment.get(1), REJECTED)


def _said_by_contrl(segments: Sequence[Segment]) -> Iterator[tuple[str, str]]:
    uci = next((each for each in segments if each.tag == "UCI"), None)
    if uci is not None:
        status = _CONTRL.get(uci.get(4), REJECTED)
        rejected = any(each.tag == "UCM" and each.get(3) == "4" for each in segments)
        yield uci.get(1), REJECTED if rejected else status


_WRITTEN = text("""
SELECT interchange.document_id, interchange.control_no
FROM edi_transaction AS told JOIN edi_interchange AS interchange ON interchange.id = told.interchange_id
WHERE told.reference = :order_no AND told.kind = :kind AND told.number = :number AND told.state = 'SENT'
  AND interchange.partner_no = :partner_no
ORDER BY told.id LIMIT 1
""")
_ANSWERED = text("""
UPDATE edi_interchange SET status = :status FROM edi_transaction AS told
WHERE told.interchange_id = edi_interchange.id AND edi_interchange.direction = 'OUT' AND edi_interchange.partner_no = :partner_no
  AND edi_interchange.control_no = :control_no
RETURNING edi_interchange.id, told.kind, told.number
""")
_JUDGED = text("UPDATE edi_transaction SET acknowledged = :acknowledged WHERE interchange_id = :interchange_id")
