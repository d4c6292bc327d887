"""My requests: what I have begun, where it is and who has it."""

from flask_openapi3 import APIBlueprint, Tag

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import Listing, Page, listed
from engine.runtime.read import requests as read

api = APIBlueprint("requests", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="me")])


class RequestQuery(Listing):
    """Which requests: those under way, or with `ended` all of them."""

    ended: bool = False


@api.get("/me/requests", responses={200: Page[read.Request]})
@operation(Role.READ)
def list_requests(query: RequestQuery) -> Page[read.Request]:
    """List the instances that I have begun, the latest first, with their open tasks and who has them."""
    return listed(read.list_requests(transaction(), person(), query.asked, open_only=not query.ended))
