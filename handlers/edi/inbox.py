"""Keeps what came: stored, hashed, known by its control number and acknowledged before anybody asks what it means."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from engine.runtime.state import effects
from engine.runtime.state.effects import Effect
from handlers.documents.numbers import next_number
from handlers.documents.store import save_document
from handlers.edi.acknowledging import REJECTED, acknowledge, status_of, status_of_interchange
from handlers.edi.interchange import EDIFACT, Finding, Interchange, Separators
from handlers.edi.model import EdiInterchange, EdiPartner, EdiTransaction
from handlers.edi.writing import Envelope
from handlers.rowsets import insert_rows

ACKNOWLEDGEMENT = "EDI_ACKNOWLEDGEMENT"
MEDIA_TYPES = {"X12": "application/edi-x12", "EDIFACT": "application/edifact"}


@dataclass(frozen=True, slots=True)
class TransactionKept:
    """A transaction as it was kept."""

    id: int
    kind: str
    acknowledged: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An interchange as it was kept, with its acknowledgement; `is_new` is false when this very one came before."""

    interchange_id: int
    status: str
    acknowledgement: bytes = b""
    document_id: int | None = None
    transactions: Sequence[TransactionKept] = ()
    findings: Sequence[Finding] = field(default_factory=list)
    is_new: bool = True


def keep_unreadable(tx: Session, data: bytes, findings: Sequence[Finding]) -> int:
    """Keep bytes that are no interchange; answers under which number."""
    values = {
        "direction": "IN",
        "sha256": sha256(data).hexdigest(),
        "raw": data,
        "status": REJECTED,
        "findings": [each.as_json() for each in findings],
    }
    return tx.execute(insert(EdiInterchange).values(values).returning(EdiInterchange.id)).scalar_one()


def keep(tx: Session, interchange: Interchange) -> Kept:
    """Store an interchange and acknowledge it. The very same again is answered by the first acknowledgement and stored no second time."""
    digest = sha256(interchange.raw).hexdigest()
    before = _before(tx, interchange)
    if before is not None and before.sha256 == digest:
        return _again(tx, before)
    partner = _recognise(tx, interchange)
    if before is not None:
        message = f"Control number {interchange.control_no} came before with other content."
        interchange.found(Finding(code="DUPLICATE", message=message))
    interchange_id = _store(tx, interchange, partner, digest)
    if interchange_id is None:  # another transaction stored one of this number while this one read it
        return keep(tx, interchange)
    kept = _transactions(tx, interchange, interchange_id)
    answer, document_id = _acknowledge(tx, interchange, partner, interchange_id)
    return Kept(interchange_id, status_of_interchange(interchange), answer, document_id, kept, interchange.findings)


def _before(tx: Session, interchange: Interchange) -> EdiInterchange | None:
    return tx.scalars(
        select(EdiInterchange).where(
            EdiInterchange.direction == "IN",
            EdiInterchange.syntax == interchange.syntax,
            EdiInterchange.sender == interchange.sender,
            EdiInterchange.receiver == interchange.receiver,
            EdiInterchange.control_no == interchange.control_no,
            EdiInterchange.status != REJECTED,
        )
    ).first()


def _again(tx: Session, before: EdiInterchange) -> Kept:
    rows = tx.execute(_KEPT, {"interchange_id": before.id}).all()
    answer = tx.execute(_DOCUMENT, {"document_id": before.document_id}).scalar_one_or_none() or b""
    return Kept(before.id, before.status, bytes(answer), before.document_id, [TransactionKept(*row) for row in rows], is_new=False)


def _recognise(tx: Session, interchange: Interchange) -> EdiPartner | None:
    """Whose it is; what is wrong with its addresses becomes a finding."""
    their_q, their_id = interchange.sender.split(":", 1)
    our_q, our_id = interchange.receiver.split(":", 1)
    theirs = select(EdiPartner).where(
        EdiPartner.syntax == interchange.syntax, EdiPartner.their_qualifier == their_q, EdiPartner.their_id == their_id, EdiPartner.active
    )
    known = tx.scalars(theirs.order_by(EdiPartner.partner_no)).all()
    ours = [each for each in known if (each.our_qualifier, each.our_id) == (our_q, our_id)]
    found = next((each for each in ours if each.is_test == interchange.is_test), None)
    where = "UNB" if interchange.syntax == EDIFACT else ""
    if found is not None:
        return found
    if not known:
        message = f"Sender {interchange.sender} is no EDI partner of ours."
        interchange.found(Finding(code="SENDER_UNKNOWN", message=message, tag=where))
        return None
    if not ours:
        message = f"Receiver {interchange.receiver} is none of our addresses with {known[0].partner_no}."
        interchange.found(Finding(code="RECEIVER_UNKNOWN", message=message, tag=where))
        return known[0]
    agreed = "only tests are" if ours[0].is_test else "no tests are"
    interchange.found(Finding(code="TEST_INDICATOR", message=f"With {ours[0].partner_no} {agreed} agreed.", tag=where))
    return ours[0]


def _store(tx: Session, interchange: Interchange, partner: EdiPartner | None, digest: str) -> int | None:
    marks = interchange.separators
    separators = {name: getattr(marks, name) for name in Separators.__slots__}
    values = {
        "direction": "IN",
        "partner_no": partner.partner_no if partner else None,
        "syntax": interchange.syntax,
        "sender": interchange.sender[:80],
        "receiver": interchange.receiver[:80],
        "control_no": interchange.control_no[:35],
        "is_test": interchange.is_test,
        "separators": {**separators, "charset": interchange.charset},
        "sha256": digest,
        "raw": interchange.raw,
        "status": status_of_interchange(interchange),
        "findings": [each.as_json() for each in interchange.findings],
    }
    stored = insert_or(EdiInterchange).values(values).on_conflict_do_nothing().returning(EdiInterchange.id)
    return tx.scalar(stored)


def _transactions(tx: Session, interchange: Interchange, interchange_id: int) -> list[TransactionKept]:
    rows = []
    for position, (group, each) in enumerate(interchange.transactions, start=1):
        acknowledged = status_of(interchange, group, each)
        rows.append(
            {
                "interchange_id": interchange_id,
                "position": position,
                "kind": each.kind[:6],
                "functional_id": group.functional_id[:6],
                "group_no": group.control_no[:14],
                "control_no": each.control_no[:14],
                "version": each.version[:12],
                "raw": f"\\x{each.raw.hex()}",
                "acknowledged": acknowledged,
                "findings": [finding.as_json() for finding in each.findings],
                "state": REJECTED if acknowledged == REJECTED else "RECEIVED",
            }
        )
    kept = insert_rows(tx, EdiTransaction, rows, returning=("id", "kind", "acknowledged"))
    return [TransactionKept(**row) for row in kept]


def _acknowledge(tx: Session, interchange: Interchange, partner: EdiPartner | None, interchange_id: int) -> tuple[bytes, int | None]:
    if partner is not None and not partner.acknowledges:
        return b"", None
    number = next_number(tx, "EDI")
    envelope = Envelope(
        syntax=interchange.syntax,
        sender=interchange.receiver,
        receiver=interchange.sender,
        group_sender=(partner.our_group_id if partner else "") or interchange.receiver.split(":", 1)[1],
        group_receiver=(partner.their_group_id if partner else "") or interchange.sender.split(":", 1)[1],
        control_no=int(number.removeprefix("EDI-")),
        is_test=interchange.is_test,
        version="004010",
        sent_at=tx.execute(select(func.business_now())).scalar_one(),
    )
    answer = acknowledge(interchange, envelope)
    if not answer:
        return b"", None
    document_id = save_document(tx, ACKNOWLEDGEMENT, f"EDI-{interchange_id}", MEDIA_TYPES[interchange.syntax], answer)
    tx.execute(_ACKNOWLEDGED, {"interchange_id": interchange_id, "document_id": document_id})
    effects.record(tx, _effect(interchange, partner, interchange_id, document_id))
    return answer, document_id


def _effect(interchange: Interchange, partner: EdiPartner | None, interchange_id: int, document_id: int) -> Effect:
    payload: dict[str, Any] = {
        "kind": "acknowledgement",
        "of": interchange.control_no,
        "partner_no": partner.partner_no if partner else None,
        "status": status_of_interchange(interchange),
        "document_id": document_id,
    }
    return Effect(f"edi_acknowledgement:{interchange_id}", "edi", f"{interchange.syntax} {interchange.sender}", payload)


def partner_of(tx: Session, interchange_id: int) -> str | None:
    """Whose an interchange is."""
    return tx.scalar(select(EdiInterchange.partner_no).where(EdiInterchange.id == interchange_id))


_KEPT = text("SELECT id, kind, acknowledged FROM edi_transaction WHERE interchange_id = :interchange_id ORDER BY position")
_DOCUMENT = text("SELECT content FROM document WHERE id = :document_id")
_ACKNOWLEDGED = text("UPDATE edi_interchange SET document_id = :document_id WHERE id = :interchange_id")
