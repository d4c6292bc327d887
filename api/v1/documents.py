"""Documents the house has made or received: PDF, UBL and the like."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel
from sqlalchemy import select

from api.auth.roles import Role
from api.requests import operation, transaction
from api.v1.shapes import found
from handlers.documents.model import Document

api = APIBlueprint("documents", __name__, url_prefix="/api/v1/documents", abp_tags=[Tag(name="documents")])

_SUFFIX = {
    "application/pdf": "pdf",
    "application/xml": "xml",
    "text/plain": "txt",
    "application/edi-x12": "edi",
    "application/edifact": "edi",
}


class DocumentPath(BaseModel):
    """A document in the address."""

    document_id: int


@api.get("/<int:document_id>")
@operation(Role.READ)
def get_document(path: DocumentPath) -> Response:
    """A document's bytes, unchanged since it was made."""
    statement = select(Document.kind, Document.number, Document.media_type, Document.content).where(Document.id == path.document_id)
    row = found(transaction().execute(statement).first(), "document", path.document_id)
    name = f"{row.number}-{row.kind.lower()}.{_SUFFIX.get(row.media_type, 'bin')}"
    return Response(row.content, mimetype=row.media_type, headers={"Content-Disposition": f'inline; filename="{name}"'})
