"""Up to which amount whom decides what: by kind of decision, person or group, and currency."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import Done, Exact, Listing, Page, Shape, listed
from engine.problems import refuse_unknown
from engine.runtime.read import decision_limits as read
from engine.runtime.verbs.decision_limits import REMOVE, SET, Limit, LimitKey, kinds_of

api = APIBlueprint("decision_limits", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="user tasks")])


class LimitQuery(Listing):
    """Which limits."""

    kind: str = Field("", max_length=100)


class DecisionKindsOut(BaseModel):
    """The kinds of decisions that deployed diagrams name."""

    kinds: list[str]


class LimitKeyIn(Shape):
    """Whose limit of what."""

    kind: str = Field(min_length=1, max_length=100)
    who: str = Field(min_length=1, max_length=200)
    currency: str = Field(min_length=3, max_length=3)
    reason: str = Field("", max_length=2000)


class LimitIn(LimitKeyIn):
    """Up to which amount they decide."""

    amount: Exact


@api.get("/decision-limits", responses={200: Page[read.LimitRow]})
@operation(Role.READ)
def list_limits(query: LimitQuery) -> Page[read.LimitRow]:
    """List the limits by kind, currency and whose. A kind that has none is limited by nobody."""
    if query.kind:
        refuse_unknown(query.kind, kinds_of(product().runtime, transaction()), "kind of decision", "kind")
    return listed(read.list_limits(transaction(), query.asked, kind=query.kind))


@api.get("/decision-limits/kinds", responses={200: DecisionKindsOut})
@operation(Role.READ)
def list_kinds() -> DecisionKindsOut:
    """List the kinds of decisions that have an amount, as deployed diagrams name them."""
    return DecisionKindsOut(kinds=kinds_of(product().runtime, transaction()))


@api.get("/decision-limits/out-of-reach", responses={200: Page[read.OutOfReach]})
@operation(Role.OPERATE)
def list_out_of_reach(query: Listing) -> Page[read.OutOfReach]:
    """List open decisions that nobody's limit reaches, the oldest first: give somebody a higher one."""
    return listed(read.list_out_of_reach(transaction(), query.asked))


@api.put("/decision-limits", responses={200: Done, 202: PendingOut})
@operation(Role.ADMINISTER)
def set_limit(body: LimitIn) -> Answer:
    """Say up to which amount somebody decides; what lets them decide more than before takes a second person."""
    given = Limit(kind=body.kind, who=body.who, currency=body.currency, amount=body.amount)
    return act(SET, given, body.reason, lambda subject: (Done(id=subject, state="set"), 200))


@api.post("/decision-limits/removal", responses={200: Done, 202: PendingOut})
@operation(Role.ADMINISTER)
def remove_limit(body: LimitKeyIn) -> Answer:
    """Take a limit away; where somebody may decide more without it, it takes a second person."""
    given = LimitKey(kind=body.kind, who=body.who, currency=body.currency)
    return act(REMOVE, given, body.reason, lambda subject: (Done(id=subject, state="removed"), 200))
