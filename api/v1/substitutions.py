"""Out of office: who stands in for whom."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Listing, Page, Shape, listed
from engine.runtime.read import substitutions as read
from engine.runtime.verbs import substitutions

api = APIBlueprint("substitutions", __name__, url_prefix="/api/v1/substitutions", abp_tags=[Tag(name="substitutions")])


class SubstitutionPath(BaseModel):
    """A substitution in the address."""

    substitution_id: int = Field(ge=0, lt=2**63)


class SubstitutionQuery(Listing):
    """Which substitutions: mine and those in which I stand in, or, for an operator, everybody's."""

    everybody: bool = False


class AbsenceIn(Shape):
    """Who is away (I, where it is not said), who stands in, from when to when, and for the tasks of which processes (empty: all)."""

    person: str | None = Field(None, max_length=200)
    deputy: str = Field(min_length=1, max_length=200)
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    process_keys: list[str] = Field(default_factory=list, max_length=100)
    note: str = Field("", max_length=500)


class SetUpOut(BaseModel):
    """The substitution that was set up."""

    id: int


class StandInOut(BaseModel):
    """Somebody for whom I stand in at this moment."""

    name: str
    process_keys: list[str]


class StandInsOut(BaseModel):
    """For whom I stand in at this moment."""

    items: list[StandInOut]


@api.get("", responses={200: Page[read.Substitution]})
@operation(Role.WORK)
def list_substitutions(query: SubstitutionQuery) -> Page[read.Substitution]:
    """List substitutions, the latest to end first."""
    return listed(read.list_substitutions(transaction(), person(), query.asked, everybody=query.everybody))


@api.get("/now", responses={200: StandInsOut})
@operation(Role.WORK)
def list_stand_ins() -> StandInsOut:
    """List for whom I stand in at this moment."""
    return StandInsOut(items=[StandInOut(name=each.name, process_keys=sorted(each.process_keys)) for each in person().stands_in_for])


@api.post("", responses={201: SetUpOut})
@operation(Role.WORK)
def set_up(body: AbsenceIn) -> tuple[SetUpOut, int]:
    """Let somebody stand in while I am away; an operator sets it up for others too."""
    given = body.model_dump() | {"person": body.person or person().name}
    return SetUpOut(id=substitutions.set_up(product().runtime, transaction(), substitutions.Absence(**given), person())), 201


@api.post("/<int:substitution_id>/end", responses={204: None})
@operation(Role.WORK)
def end(path: SubstitutionPath) -> tuple[None, int]:
    """Let a substitution end now; what the deputy has claimed stays with them."""
    substitutions.end(transaction(), path.substitution_id, person())
    return None, 204
