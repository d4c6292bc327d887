"""Keeps documents."""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

import structlog
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.store import json_text
from handlers.documents.model import Document
from handlers.documents.pdf import Paper
from handlers.sight import OF_DOCUMENT, refuse_unseen

_log = structlog.get_logger(__name__)
#: Whoever has this role reads every subject anyway.
_READS_ALL = "audit"


def save_document(tx: Session, kind: str, number: str, media_type: str, content: bytes) -> int:
    """Keep a document and answer its id. The same bytes for the same number are kept once.

    What was found when a paper was printed is kept and shown with it, and logged.
    """
    digest = sha256(content).hexdigest()
    findings = list(content.findings) if isinstance(content, Paper) else []
    if findings:
        _log.warning("document_findings", kind=kind, number=number, findings=findings)
    values = {"kind": kind, "number": number, "media_type": media_type, "content": content, "sha256": digest}
    document_id: int = tx.execute(_SAVE, {**values, "findings": json_text.encode(findings).decode()}).scalar_one()
    return document_id


def read_document(tx: Session, document_id: int, subject: str, roles: Collection[str]) -> Document:
    """The document that is filed under a subject's number, for somebody who has `roles`: nobody comes to one by counting.

    Who audits reads all of them, and need not name the subject. Raises NotFound, also for a subject that it is not of; Forbidden where
    its kind is behind a role that is lacking; Invalid where the subject has to be named.
    """
    if not subject and _READS_ALL not in roles:
        raise Invalid(
            "Of what is the document?",
            next_step="Name its subject as the list of its papers does: ?of=INV-000001.",
            errors={"of": ["name the number that the document is of"]},
        )
    found = tx.get(Document, document_id)
    if found is None or subject not in {"", found.number}:
        raise NotFound(
            f"There is no document {document_id} of {subject}." if subject else f"There is no document {document_id}.",
            code="document_unknown",
            next_step="Open the order or quote that it belongs to: its papers are listed there, and their addresses say of what they are.",
        )
    refuse_unseen(roles, OF_DOCUMENT.get(found.kind), f"Document {document_id}")
    return found


def replace_papers(tx: Session, media_type: str, since: datetime, instead: bytes) -> None:
    """Put one paper in the place of all of a media type that were made before a moment; for a demo that is to stay small, never else."""
    values = {"content": instead, "sha256": sha256(instead).hexdigest()}
    tx.execute(update(Document).where(Document.media_type == media_type, Document.created_at < since).values(**values))


_SAVE = text("""
WITH known AS (
  SELECT id FROM document WHERE kind = :kind AND number = :number AND sha256 = :sha256 ORDER BY id LIMIT 1
), written AS (
  INSERT INTO document (kind, number, media_type, content, sha256, findings)
  SELECT :kind, :number, :media_type, :content, :sha256, CAST(:findings AS jsonb) WHERE NOT EXISTS (SELECT FROM known)
  RETURNING id
)
SELECT id FROM known UNION ALL SELECT id FROM written
""")
