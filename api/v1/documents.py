"""Documents the house has made or received: PDF, UBL and the like."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from handlers.documents.store import read_document

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


class DocumentQuery(Shape):
    """The number of the subject that the document belongs to, as the list of its papers names it: `Q-1001`, `INV-2026-00001`.

    Who has the role `audit` may leave it out.
    """

    of: str = Field("", max_length=100)


@api.get("/<int:document_id>")
@operation(Role.READ)
def get_document(path: DocumentPath, query: DocumentQuery) -> Response:
    """A document's bytes, unchanged since it was made."""
    row = read_document(transaction(), path.document_id, query.of, person().roles)
    plain = "".join(sign for sign in row.number if sign.isalnum() or sign in "-_")
    answer = Response(row.content, mimetype=row.media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{plain}-{row.kind.lower()}.{_SUFFIX.get(row.media_type, 'bin')}")
    return answer
