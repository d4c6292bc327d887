"""How the processes in force hang together."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import RootModel

from api.auth.roles import Role
from api.requests import operation, transaction
from engine.models.reading.landscape import Landscape
from engine.runtime.read.landscape import read_landscape

api = APIBlueprint("landscape", __name__, url_prefix="/api/v1/landscape", abp_tags=[Tag(name="bundles")])


class LandscapeOut(RootModel[Landscape]):
    """Which process sends what message to which, who calls whom, and who decides with what; `ties` is the sum of it by pair."""


@api.get("", responses={200: LandscapeOut})
@operation(Role.READ)
def get_landscape() -> LandscapeOut:
    """Say how the processes in force hang together."""
    return LandscapeOut(read_landscape(transaction()))
