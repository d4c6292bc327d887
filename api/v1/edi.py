"""EDI: interchanges in, the inbox of what came and went, and the partners."""

from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.errors import answer
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import ChangedOut, Changing, Done, DraftBody, Listing, NumberPath, Page, Search, Shape, listed, partial
from handlers.changes import Author
from handlers.edi import partners, views
from handlers.edi.arriving import refusal, take_in
from handlers.edi.inbox import Kept
from handlers.edi.partners import PartnerDraft, PartnerSummary
from handlers.edi.views import InterchangeSummary, TransactionShown

api = APIBlueprint("edi", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="EDI")])

_TEXT = {"schema": {"type": "string", "format": "binary"}}
_EDI_BODY = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys(("application/edi-x12", "application/edifact", "text/plain", "application/octet-stream"), _TEXT),
    }
}


class FindingOut(Shape):
    """What is wrong with an interchange's envelope."""

    code: str
    message: str
    fatal: bool


class TransactionOut(Shape):
    """A transaction and how its syntax was judged: ACCEPTED, WITH_ERRORS or REJECTED. What becomes of it is in the inbox."""

    id: int
    kind: str
    acknowledged: str


class InterchangeOut(Shape):
    """An interchange as it was kept, with its acknowledgement. `duplicate`: this very one had come before, and this was its answer."""

    interchange_id: int
    status: str
    duplicate: bool
    acknowledgement: str
    document_id: int | None
    findings: list[FindingOut]
    transactions: list[TransactionOut]


class TakenOut(Shape):
    """What became of a file, interchange by interchange."""

    interchanges: list[InterchangeOut]


class InterchangeDetail(Shape):
    """An interchange with its findings and transactions; `content` is the file and `answer` our answer, as far as one looks at them."""

    interchange: InterchangeSummary
    findings: list[dict[str, Any]]
    transactions: list[TransactionShown]
    content: str
    answer: str


class InterchangeQuery(Listing):
    """Which interchanges to list; `search` is a control number, an order's number or a purchase order's."""

    direction: str = Field("", pattern="^(IN|OUT)?$")
    status: str = Field("", pattern="^(SENT|ACCEPTED|WITH_ERRORS|PARTLY|REJECTED)?$")
    partner_no: str = Field("", max_length=100)
    search: str = Field("", max_length=100)


class InterchangePath(BaseModel):
    """An interchange in the address."""

    interchange_id: int = Field(ge=1, le=2**62)


class PartnerIn(DraftBody[PartnerDraft]):
    """A partner to exchange with."""


class PartnerChange(Changing):
    """What is to be changed of a partner."""

    changes: partial(PartnerDraft, "PartnerChanges", without={"partner_no"}, also={"active": bool | None})  # type: ignore[valid-type]


class LocationIn(Shape):
    """A place by the code under which the partner's papers name it."""

    code: str = Field(min_length=1, max_length=35)
    address_id: int = Field(ge=1, le=2**62)


class PartnerOut(Shape):
    """A partner with the places its papers name, and its version for a change."""

    partner: dict[str, Any]
    version: str
    locations: list[dict[str, Any]]


@api.post("/intake/edi", responses={202: TakenOut}, openapi_extensions=_EDI_BODY)
@operation(Role.ORDER)
def post_interchange() -> tuple[TakenOut, int] | Response:
    """Take in X12 or EDIFACT interchanges, acknowledged at once (997, TA1, CONTRL). The very same again is answered as the first time."""
    kept = take_in(product().runtime, transaction(), request.get_data(), person().name)
    refused = refusal(kept)
    if refused is not None:
        return answer(refused)
    return TakenOut(interchanges=[_out(each) for each in kept]), 202


def _out(kept: Kept) -> InterchangeOut:
    return InterchangeOut(
        interchange_id=kept.interchange_id,
        status=kept.status,
        duplicate=not kept.is_new,
        acknowledgement=kept.acknowledgement.decode("latin-1"),
        document_id=kept.document_id,
        findings=[FindingOut(code=each.code, message=each.message, fatal=each.fatal) for each in kept.findings],
        transactions=[TransactionOut(id=each.id, kind=each.kind, acknowledged=each.acknowledged) for each in kept.transactions],
    )


@api.get("/edi/interchanges", responses={200: Page[InterchangeSummary]})
@operation(Role.READ)
def list_interchanges(query: InterchangeQuery) -> Page[InterchangeSummary]:
    """List what came and went by EDI, the latest first."""
    wanted = views.Filter(direction=query.direction, status=query.status, partner_no=query.partner_no, search=query.search)
    return listed(views.list_interchanges(transaction(), wanted, query.asked))


@api.get("/edi/interchanges/<int:interchange_id>", responses={200: InterchangeDetail})
@operation(Role.SEE_DATA)
def show_interchange(path: InterchangePath) -> InterchangeDetail:
    """One interchange with its transactions, what was found in them, and the acknowledgement."""
    shown = views.show_interchange(transaction(), path.interchange_id)
    return InterchangeDetail(**{name: getattr(shown, name) for name in InterchangeDetail.model_fields})


@api.get("/edi/interchanges/<int:interchange_id>/raw")
@operation(Role.SEE_DATA)
def download_interchange(path: InterchangePath) -> Response:
    """The bytes of an interchange as they came or went."""
    raw = views.raw_of(transaction(), path.interchange_id)
    headers = {"Content-Disposition": f'attachment; filename="interchange-{path.interchange_id}.edi"'}
    return Response(raw, mimetype="application/octet-stream", headers=headers)


@api.get("/edi/partners", responses={200: Page[PartnerSummary]})
@operation(Role.READ)
def list_partners(query: Search) -> Page[PartnerSummary]:
    """List whom we exchange with."""
    return listed(partners.list_partners(transaction(), query.search, query.asked))


@api.post("/edi/partners", responses={201: Done})
@operation(Role.ORDER)
def add_partner(body: PartnerIn) -> tuple[Done, int]:
    """Add a partner."""
    return Done(id=partners.add_partner(transaction(), body.root, Author(person().name)), state="added"), 201


@api.get("/edi/partners/<number>", responses={200: PartnerOut})
@operation(Role.READ)
def show_partner(path: NumberPath) -> PartnerOut:
    """One partner with the places its papers name."""
    shown = partners.show_partner(transaction(), path.number)
    return PartnerOut(partner=dict(shown.row), version=shown.version, locations=[dict(row._mapping) for row in shown.locations])  # noqa: SLF001  # the public name of a row's mapping


@api.patch("/edi/partners/<number>", responses={200: ChangedOut})
@operation(Role.ORDER)
def change_partner(path: NumberPath, body: PartnerChange) -> ChangedOut:
    """Change a partner; what is not named stays."""
    return ChangedOut(id=path.number, changed=partners.change_partner(transaction(), path.number, body.given, body.author(person())))


@api.put("/edi/partners/<number>/locations", responses={200: Done})
@operation(Role.ORDER)
def set_location(path: NumberPath, body: LocationIn) -> Done:
    """Say which address of the customer the partner's papers mean by a code."""
    partners.set_location(transaction(), path.number, body.code, body.address_id, Author(person().name))
    return Done(id=body.code, state="stored")
