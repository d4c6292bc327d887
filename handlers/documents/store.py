"""Keeps documents."""

from hashlib import sha256

import structlog
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.documents.model import Document
from handlers.documents.pdf import Paper

_log = structlog.get_logger(__name__)


def save_document(tx: Session, kind: str, number: str, media_type: str, content: bytes) -> int:
    """Keep a document and answer its id. The same bytes for the same number are kept once.

    What was found when a paper was printed is kept and shown with it, and logged.
    """
    digest = sha256(content).hexdigest()
    known = tx.scalar(select(Document.id).where(Document.kind == kind, Document.number == number, Document.sha256 == digest))
    if known is not None:
        return known
    findings = list(content.findings) if isinstance(content, Paper) else []
    if findings:
        _log.warning("document_findings", kind=kind, number=number, findings=findings)
    values = {"kind": kind, "number": number, "media_type": media_type, "content": content, "sha256": digest, "findings": findings}
    written = insert(Document).values(**values)
    return tx.scalars(written.returning(Document.id)).one()


def read_document(tx: Session, document_id: int) -> Document:
    """The document. Raises NotFound."""
    found = tx.get(Document, document_id)
    if found is None:
        raise NotFound(f"There is no document {document_id}.", next_step="Open the documents of the order to see which there are.")
    return found
