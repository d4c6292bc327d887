"""An effect as a letter: whom it goes to, in which words, with which papers attached. Read when it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.runtime.state.effects import Effect
from engine.store.clock import business_now
from handlers.documents.model import Document
from handlers.mailing.acknowledgement import save_acknowledgement
from handlers.mailing.kinds import MailKind, filled, kind_of
from handlers.mailing.texts import words_of

#: What a mail server takes from anybody; a paper beyond it is named in the text instead.
MOST_BYTES: Final = 15_000_000
_ENDINGS: Final = {"application/pdf": "pdf", "application/xml": "xml", "text/csv": "csv"}


@dataclass(frozen=True, slots=True)
class Attached:
    """A paper that goes along."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutLetter:
    """A letter to somebody outside. Without an address it stays here, and `why` says so."""

    to: str
    subject: str
    text: str
    attached: tuple[Attached, ...] = ()
    why: str = ""


def letter_of(tx: Session, effect: Effect, *, written: bool) -> OutLetter | None:
    """The letter that an effect is; None where it is none. Where nothing is sent it is not `written`: one only learns whom it is for."""
    kind = kind_of(effect.kind, effect.payload)
    if kind is None or "partner_no" in effect.payload:  # what goes by EDI is carried by EDI
        return None
    address, why = _address(tx, effect, kind)
    if why or not written:
        return OutLetter(address, "", "", why=why)
    words = words_of(tx, kind)
    papers = _papers(tx, effect, kind, business_now(tx))
    subject, body = (filled(each, effect.payload, kind.fields) for each in (words.subject, words.body))
    return OutLetter(address, " ".join(subject.split()), f"{body.strip()}\n\n{_name(tx)}", papers)


def _address(tx: Session, effect: Effect, kind: MailKind) -> tuple[str, str]:
    """The customer's address for such a paper: its contact of that desk, else the one it is known by; or why there is none."""
    target = effect.target
    if "@" not in target and not target.startswith("customer "):
        return "", f"{target} is no mail address: it goes by another way, and nothing is connected that carries it."
    customer_no = _customer_of(tx, effect.payload) or target.removeprefix("customer ")
    found = tx.execute(_CONTACT, {"customer_no": customer_no, "desk": kind.desk}).scalar()
    address = found or (target if "@" in target else "")
    return address, "" if address else f"Customer {customer_no} has no mail address: add one, and send it again."


def _customer_of(tx: Session, payload: Mapping[str, Any]) -> str:
    """Whose paper it is."""
    if payload.get("customer_no"):
        return str(payload["customer_no"])
    given = {name: str(payload.get(name) or "") for name in ("order_no", "quote_no", "invoice_no", "rma_no")}
    return tx.execute(_CUSTOMER, given).scalar() or ""


def _papers(tx: Session, effect: Effect, kind: MailKind, at: datetime) -> tuple[Attached, ...]:
    ids = [value for name, value in effect.payload.items() if name.endswith("document_id") and isinstance(value, int)]
    if kind.name == "order_acknowledgement" and (paper := save_acknowledgement(tx, str(effect.payload["order_no"]), at)) is not None:
        ids.append(paper)
    rows = tx.scalars(select(Document).where(Document.id.in_(ids)).order_by(Document.id)).all() if ids else ()
    found, size = [], 0
    for row in rows:
        size += len(row.content)
        if size <= MOST_BYTES:
            name = f"{row.kind.lower().replace('_', '-')}-{row.number}.{_ENDINGS.get(row.media_type, 'bin')}"
            found.append(Attached(name, row.media_type, bytes(row.content)))
    return tuple(found)


def _name(tx: Session) -> str:
    return tx.execute(_COMPANY).scalar() or ""


_CONTACT = text("""
SELECT email FROM contact WHERE customer_no = :customer_no AND lower(role) = :desk AND email <> '' ORDER BY id LIMIT 1
""")
_CUSTOMER = text("""
SELECT customer_no FROM invoice WHERE invoice_no = :invoice_no
UNION ALL SELECT customer_no FROM sales_order WHERE order_no = :order_no
UNION ALL SELECT customer_no FROM quote WHERE quote_no = :quote_no
UNION ALL SELECT customer_no FROM return_authorization WHERE rma_no = :rma_no LIMIT 1
""")
_COMPANY = text("SELECT name FROM company")
