"""Holds: which orders wait for whom, and the catalogue that says what each kind of hold does."""

from typing import Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import GROUPS, Role
from api.requests import operation, person, transaction
from api.v1.shapes import Listing, Page, Shape, listed
from handlers.orders.hold_kinds import catalogue, keep_kind, version_of
from handlers.orders.hold_rules import HoldKind
from handlers.orders.hold_views import HoldFilter, HoldRow, list_holds

api = APIBlueprint("holds", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="holds")])
_MOST_DAYS = 3650


class HoldsQuery(Listing):
    """Holds of one owner or kind."""

    owner: str = Field("", max_length=40)
    kind: str = Field("", max_length=40)


class HoldKindPath(BaseModel):
    """A kind of hold in the address."""

    hold_code: str = Field(max_length=40)


class HoldKindIn(Shape):
    """What a kind of hold does, for holds that are put on from now on.

    `version` is the one that was seen; 0 for a kind as delivered, or a new one.
    """

    sentence: str = Field(min_length=3, max_length=200)
    blocks: Literal["submit", "promise", "release", "ship", "invoice"]
    applied_by: list[str] = Field(max_length=20)
    release_group: str = Field(max_length=40)
    by_another: bool = False
    ends_after_days: int | None = Field(None, ge=1, le=_MOST_DAYS)
    ask_again_days: int = Field(7, ge=1, le=_MOST_DAYS)
    has_task: bool = True
    version: int = 0


class HoldKindOut(BaseModel):
    """A kind of hold as it is now."""

    kind: HoldKind
    version: int


class HoldKindsOut(BaseModel):
    """Every kind of hold, by the stage that it stops."""

    items: list[HoldKind]


@api.get("/holds", responses={200: Page[HoldRow]})
@operation(Role.READ)
def get_holds(query: HoldsQuery) -> Page[HoldRow]:
    """List the holds that are on orders now, the oldest first."""
    return listed(list_holds(transaction(), HoldFilter(query.owner, query.kind), query.asked))


@api.get("/hold-kinds", responses={200: HoldKindsOut})
@operation(Role.READ)
def get_hold_kinds() -> HoldKindsOut:
    """List the kinds of hold: what each stops, who puts it on and who takes it off."""
    return HoldKindsOut(items=list(catalogue(transaction()).values()))


@api.put("/hold-kinds/<hold_code>", responses={200: HoldKindOut})
@operation(Role.ADMINISTER)
def put_hold_kind(path: HoldKindPath, body: HoldKindIn) -> HoldKindOut:
    """Change a kind of hold, or add one of your own."""
    given = body.model_dump(exclude={"version", "applied_by"})
    kind = HoldKind(code=path.hold_code.upper(), applied_by=tuple(body.applied_by), **given)
    keep_kind(transaction(), kind, seen=body.version, actor=person().name, groups=GROUPS)
    return HoldKindOut(kind=catalogue(transaction())[kind.code], version=version_of(transaction(), kind.code))
