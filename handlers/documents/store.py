"""Keeps documents."""

from hashlib import sha256

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.documents.model import Document


def save_document(tx: Session, kind: str, number: str, media_type: str, content: bytes) -> int:
    """Keep a document and answer its id. The same bytes for the same number are kept once."""
    digest = sha256(content).hexdigest()
    known = tx.scalar(select(Document.id).where(Document.kind == kind, Document.number == number, Document.sha256 == digest))
    if known is not None:
        return known
    written = insert(Document).values(kind=kind, number=number, media_type=media_type, content=content, sha256=digest)
    return tx.scalars(written.returning(Document.id)).one()


def read_document(tx: Session, document_id: int) -> Document:
    """The document. Raises NotFound."""
    found = tx.get(Document, document_id)
    if found is None:
        raise NotFound(f"There is no document {document_id}.", next_step="Open the documents of the order to see which there are.")
    return found
