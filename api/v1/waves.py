"""Waves: groups that are picked in one round, packed in one act and handed over in one, each group with its own result."""

from collections.abc import Sequence

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction, waiting_operation
from api.v1.shapes import Done, Listing, NumberPath, Page, Shape, listed
from handlers.fulfillment import wave_acts, wave_views

api = APIBlueprint("waves", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="fulfilment")])
_PDF = {"description": "The paper.", "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}


class WaveOut(RootModel[wave_views.WaveShown]):
    """A wave with its groups and the plan of their parcels."""


class ChosenGroups(Shape):
    """Which groups of the wave; without a choice all that are at that step."""

    group_nos: list[str] = Field(default_factory=list, max_length=50)


class PackIn(ChosenGroups):
    """What was packed otherwise than planned; what is not named was found and packed as planned."""

    otherwise: list[wave_acts.Packed] = Field(default_factory=list, max_length=2000)


class GroupResultsOut(Shape):
    """What became of each group; `refused` says why, and nothing of that group has changed."""

    items: list[wave_acts.GroupResult]


@api.get("/waves", responses={200: Page[wave_views.WaveRow]})
@operation(Role.READ)
def list_waves(query: Listing) -> Page[wave_views.WaveRow]:
    """List waves, the latest first."""
    return listed(wave_views.list_waves(transaction(), query.asked))


@api.get("/waves/<number>", responses={200: WaveOut})
@operation(Role.READ)
def get_wave(path: NumberPath) -> WaveOut:
    """Show where each group of a wave is, and its parcels as planned or packed."""
    return WaveOut(wave_views.read_wave(transaction(), path.number))


@api.get("/waves/<number>/pick-list", responses={200: _PDF})
@operation(Role.SHIP)
def get_pick_list(path: NumberPath) -> Response:
    """Print what is to be picked for a wave: by place, each item once, then what goes to each group."""
    return Response(wave_views.print_pick_list(transaction(), path.number), mimetype="application/pdf")


@api.get("/waves/<number>/papers", responses={200: _PDF})
@operation(Role.SHIP)
def get_papers(path: NumberPath) -> Response:
    """Print the labels and delivery notes of what is packed of a wave and still here, as one PDF."""
    return Response(wave_views.print_parcel_papers(transaction(), path.number), mimetype="application/pdf")


@api.post("/waves", responses={202: Done})
@operation(Role.SHIP)
def begin_wave_run() -> tuple[Done, int]:
    """Have what waits to be picked gathered into waves now."""
    wave_acts.begin_run(product().runtime, transaction(), person().name)
    return Done(id="waves", state="gathering"), 202


@api.post("/waves/<number>/pack", responses={200: GroupResultsOut})
@waiting_operation(Role.SHIP)
def pack_wave(path: NumberPath, body: PackIn) -> Response:
    """Pack groups of a wave as planned, but for what is otherwise; each goes on by itself, and one that is refused keeps no other back."""
    return _results(wave_acts.pack(product().runtime, path.number, body.group_nos, body.otherwise, person()))


@api.post("/waves/<number>/hand-over", responses={200: GroupResultsOut})
@waiting_operation(Role.SHIP)
def hand_over_wave(path: NumberPath, body: ChosenGroups) -> Response:
    """Confirm that the carrier has what is ready of a wave; the goods are issued and billed by each group's own process."""
    return _results(wave_acts.hand_over(product().runtime, path.number, body.group_nos, person()))


def _results(results: Sequence[wave_acts.GroupResult]) -> Response:
    return Response(GroupResultsOut(items=list(results)).model_dump_json(), mimetype="application/json")
