"""Who am I."""

from flask import g
from flask_openapi3 import APIBlueprint, Tag

from api.auth.roles import Role
from api.requests import operation, person
from api.v1.shapes import Shape

api = APIBlueprint("me", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="me")])


class MeOut(Shape):
    """The person who asks. A browser sends `csrf_token` back as `X-CSRF-Token` with everything but GET."""

    name: str
    groups: list[str]
    roles: list[str]
    csrf_token: str


@api.get("/me", responses={200: MeOut})
@operation(Role.READ)
def me() -> MeOut:
    """Answer who is signed in, their groups and roles."""
    who = person()
    return MeOut(name=who.name, groups=sorted(who.groups), roles=sorted(who.roles), csrf_token=g.csrf_token)
