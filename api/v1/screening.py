"""What was decided about parties that may be denied."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.requests import operation, transaction
from api.v1.shapes import Page, Search, listed
from handlers.screening.views import DecisionFilter, DecisionRow, list_decisions

api = APIBlueprint("screening", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="screening")])


class DecisionsQuery(Search):
    """Which decisions to list: those that refused a party, or cleared one; `search` finds them by party, entry or order."""

    verdict: str = Field("", pattern="^(refused|cleared)?$")


@api.get("/screening-decisions", responses={200: Page[DecisionRow]})
@operation(Role.SCREEN)
def list_screening_decisions(query: DecisionsQuery) -> Page[DecisionRow]:
    """List what was decided of parties that may be denied, the latest first: who, of which entry, by whom, and why."""
    return listed(list_decisions(transaction(), DecisionFilter(query.verdict, query.search), query.asked))
