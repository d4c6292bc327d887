"""A kept transaction as whoever takes it in reads it, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store import json_text
from handlers.edi.interchange import Segment, Separators, Transaction
from handlers.edi.model import EdiPartner
from handlers.edi.partners import find_partner
from handlers.edi.scanning import chunks, cut


@dataclass(frozen=True, slots=True)
class Told:
    """A transaction that was taken on: who sent it, in which syntax, and what it says."""

    id: int
    interchange_id: int
    syntax: str
    state: str
    number: str
    reference: str
    partner: EdiPartner
    separators: Separators
    transaction: Transaction


def read_transaction(tx: Session, transaction_id: int) -> Told:
    """The transaction, cut into segments again. Raises NotFound."""
    row = tx.execute(_TRANSACTION, {"id": transaction_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no EDI transaction {transaction_id}.", next_step="Look the interchange up in the EDI inbox.")
    marks = dict(row.separators)
    charset = marks.pop("charset")
    separators = Separators(**marks)
    transaction = Transaction(row.kind, row.control_no, row.version, raw=bytes(row.raw))
    transaction.segments = _segments(bytes(row.raw), separators, charset)
    partner = find_partner(tx, row.partner_no)
    return Told(row.id, row.interchange_id, row.syntax, row.state, row.number, row.reference, partner, separators, transaction)


def _segments(raw: bytes, separators: Separators, charset: str) -> list[Segment]:
    text_of = raw.decode("latin-1")
    segments = []
    for position, chunk in enumerate(chunks(text_of, 0, separators), start=1):
        try:
            segments.append(cut(chunk.text, separators, charset, position))
        except UnicodeError:  # found and told when it came: read as it stands
            segments.append(cut(chunk.text, separators, "latin-1", position))
    return segments


def taken(tx: Session, transaction_id: int, number: str, reference: str) -> None:
    """Say what a transaction made."""
    tx.execute(_TAKEN, {"id": transaction_id, "state": "DONE", "number": number[:100], "reference": reference})


def settled(tx: Session, transaction_id: int, *, refused: bool) -> None:
    """Say that a person has dealt with a transaction, or decided against it."""
    tx.execute(_SETTLED, {"id": transaction_id, "state": "REFUSED" if refused else "DONE"})


def numbered(tx: Session, transaction_id: int, number: str, reference: str) -> None:
    """Say under which number the sender knows it and what it is about, while it waits for a person."""
    tx.execute(_NUMBERED, {"id": transaction_id, "number": number[:100], "reference": reference})


def failed(tx: Session, transaction_id: int, problem: Mapping[str, Any]) -> None:
    """Keep why a transaction could not be taken in."""
    tx.execute(_FAILED, {"id": transaction_id, "problem": json_text.encode(dict(problem)).decode()})


_TRANSACTION = text("""
SELECT told.id, told.interchange_id, told.kind, told.control_no, told.version, told.raw, told.state, told.number, told.reference,
  interchange.syntax, interchange.partner_no, interchange.separators
FROM edi_transaction AS told JOIN edi_interchange AS interchange ON interchange.id = told.interchange_id WHERE told.id = :id
""")
_TAKEN = text("UPDATE edi_transaction SET state = :state, number = :number, reference = :reference, problem = '{}' WHERE id = :id")
_SETTLED = text("UPDATE edi_transaction SET state = :state WHERE id = :id AND state = 'RECEIVED'")
_NUMBERED = text("UPDATE edi_transaction SET number = :number, reference = :reference WHERE id = :id")
_FAILED = text("UPDATE edi_transaction SET problem = CAST(:problem AS jsonb) WHERE id = :id")
