"""Business calendars: when is worked."""

from datetime import date
from typing import Annotated

from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.feel import as_duration
from engine.problems import NotFound
from engine.runtime.read import calendars as read
from engine.runtime.verbs import calendars
from engine.store.clock import business_now, business_today

api = APIBlueprint("calendars", __name__, url_prefix="/api/v1/calendars", abp_tags=[Tag(name="calendars")])
_Hours = Annotated[str, Field(max_length=200)]


class CalendarPath(BaseModel):
    """A calendar in the address."""

    code: str = Field(max_length=40)


class DayPath(CalendarPath):
    """A day of a calendar in the address."""

    day: date


class CalendarIn(Shape):
    """The whole calendar: `week` has the hours of Monday to Sunday, such as 08:00-12:00, 13:00-17:00; empty is a closed day.

    `version` is the one that was seen; null adds a new calendar.
    """

    name: str = Field(max_length=200)
    time_zone: str = Field(max_length=64)
    week: list[_Hours] = Field(min_length=7, max_length=7)
    country: str = Field("", max_length=2)
    region: str = Field("", max_length=10)
    standard: bool = False
    version: int | None = None


class SavedOut(BaseModel):
    """The version that was saved."""

    code: str
    version: int


class DayIn(Shape):
    """How is worked on one day; no hours is a closed day."""

    hours: _Hours = ""
    note: str = Field("", max_length=200)


class CalendarsOut(BaseModel):
    """Every calendar, the standard one first."""

    items: list[read.CalendarRow]


class CalendarOut(BaseModel):
    """One calendar, and what is otherwise within a year."""

    calendar: read.CalendarRow
    days: list[read.OtherDay]


class TryQuery(Shape):
    """A duration (PT4H, P2D), and from when on; from now where it is not said."""

    duration: str = Field(max_length=40)
    start: AwareDatetime | None = None


class DueOut(BaseModel):
    """When it would be due."""

    due_at: AwareDatetime


@api.get("", responses={200: CalendarsOut})
@operation(Role.READ)
def list_calendars() -> CalendarsOut:
    """List the business calendars."""
    return CalendarsOut(items=read.list_calendars(transaction()))


@api.get("/<code>", responses={200: CalendarOut})
@operation(Role.READ)
def show_calendar(path: CalendarPath) -> CalendarOut:
    """Show a calendar with the holidays and other days of a year."""
    shown = read.show_calendar(transaction(), path.code, business_today(transaction()))
    return CalendarOut(calendar=shown.row, days=list(shown.days))


@api.get("/<code>/due", responses={200: DueOut})
@operation(Role.READ)
def try_calendar(path: CalendarPath, query: TryQuery) -> DueOut:
    """Say when something would be due after a duration of working time."""
    calendar = product().runtime.calendars.named(transaction(), path.code)
    if calendar is None:
        raise NotFound("The company has no standard calendar.", code="calendar_unknown", next_step="Add one, and make it the standard.")
    return DueOut(due_at=calendar.after(query.start or business_now(transaction()), as_duration(query.duration)))


@api.put("/<code>", responses={200: SavedOut})
@operation(Role.ADMINISTER)
def put_calendar(path: CalendarPath, body: CalendarIn) -> SavedOut:
    """Add or change a calendar; what is due counts in it from the next task on."""
    draft = calendars.CalendarDraft(code=path.code, **body.model_dump(exclude={"version"}))
    version = calendars.save_calendar(product().runtime, transaction(), draft, person(), body.version)
    return SavedOut(code=path.code, version=version)


@api.put("/<code>/days/<day>", responses={204: None})
@operation(Role.ADMINISTER)
def put_day(path: DayPath, body: DayIn) -> tuple[None, int]:
    """Say how is worked on one day, whatever its weekday and the holidays say."""
    calendars.set_day(product().runtime, transaction(), path.code, calendars.DayDraft(day=path.day, **body.model_dump()), person())
    return None, 204


@api.delete("/<code>/days/<day>", responses={204: None})
@operation(Role.ADMINISTER)
def delete_day(path: DayPath) -> tuple[None, int]:
    """Let a day be as its weekday again."""
    calendars.remove_day(product().runtime, transaction(), path.code, path.day, person())
    return None, 204
