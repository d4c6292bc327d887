"""The clock of a demo. Where no demo is served, it is refused."""

from datetime import date, datetime

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.demo import clock
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.problems import Forbidden

api = APIBlueprint("demo", __name__, url_prefix="/api/v1/demo", abp_tags=[Tag(name="demo")])


class ClockMoveIn(Shape):
    """Where the clock is to go: by an ISO 8601 duration, or to a moment; with neither it shows the real time again."""

    by: str | None = Field(None, max_length=60, examples=["P14D"])
    to: str | None = Field(None, max_length=60, examples=["2027-01-01T00:30"])


class ClockOut(Shape):
    """What the company's clock shows."""

    now: datetime
    today: date
    seconds_ahead: int


@api.get("/clock", responses={200: ClockOut})
@operation(Role.READ)
def get_clock() -> ClockOut:
    """The company's time, and by how much it was moved."""
    return ClockOut.model_validate(clock.state(transaction()))


@api.post("/clock", responses={200: ClockOut})
@operation(Role.OPERATE)
def move_clock(body: ClockMoveIn) -> ClockOut:
    """Move the whole company's clock. In a demo only."""
    if not product().demo:
        raise Forbidden("No demo is served here.", code="no_demo", next_step="Serve a demo: ordercraft serve --demo.")
    return ClockOut.model_validate(clock.move(product().runtime, transaction(), clock.Move(body.by, body.to), person().name))
