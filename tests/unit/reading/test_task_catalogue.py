from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from engine.service_tasks import Kind, ServiceTasks
from engine.task_catalogue import FieldOfTask, Refusal, TaskDescription, describe
from handlers.registry import service_tasks


class Service(StrEnum):
    STANDARD = "STANDARD"
    EXPRESS = "EXPRESS"


@dataclass(frozen=True)
class Parcel:
    """A parcel."""

    #: Gross, in kilograms.
    weight: Decimal
    fragile: bool


@dataclass(frozen=True)
class Booking:
    """What is to leave. `parcels` are those that are packed; `note` goes to the driver.

    `tags` nobody explains elsewhere.
    """

    #: The day it is fetched,
    #: in the zone of the warehouse.
    day: date
    parcels: list[Parcel]
    service: Service = Service.STANDARD
    note: str | None = None
    mode: Literal["road", "air"] = "road"
    tags: list[str] = field(default_factory=list)
    anything: Any = None


@dataclass(frozen=True)
class Booked:
    """The carrier's number."""

    tracking_no: str


@dataclass(frozen=True)
class Bare:
    at: datetime
    count: int


def told(run, **options: Any) -> TaskDescription:
    tasks = ServiceTasks()
    tasks.register("carrier.book", **options)(run)
    return describe(tasks["carrier.book"])


def book(given: Booking) -> Booked:
    """Book the transport.

    A repeat answers the first booking. Refused ADDRESS_REFUSED when nobody delivers there.
    Refused CLOSED while the depot is on holiday.
    """
    return Booked(str(given))


def by_name(fields: tuple[FieldOfTask, ...]) -> dict[str, FieldOfTask]:
    return {each.name: each for each in fields}


def test_the_purpose_is_the_docstring_and_the_refusals_are_told_apart():
    task = told(book, kind=Kind.EXTERNAL, errors=("ADDRESS_REFUSED", "CLOSED", "UNTOLD"), at_most_once=True, undo="carrier.void")
    assert task.summary == "Book the transport."
    assert task.purpose == "Book the transport.\n\nA repeat answers the first booking."
    assert task.errors == (
        Refusal("ADDRESS_REFUSED", "When nobody delivers there."),
        Refusal("CLOSED", "While the depot is on holiday."),
        Refusal("UNTOLD", ""),
    )
    assert (task.kind, task.at_most_once, task.undo) == ("external", True, "carrier.void")


def test_types_are_said_as_a_person_says_them_and_as_feel_does():
    fields = by_name(told(book).parameters)
    assert {name: (each.type, each.said) for name, each in fields.items()} == {
        "day": ("date", "day"),
        "parcels": ("list<context>", "list of contexts"),
        "service": ("string", "one of STANDARD, EXPRESS"),
        "note": ("string", "text, or nothing"),
        "mode": ("string", "one of road, air"),
        "tags": ("list<string>", "list of texts"),
        "anything": ("Any", "anything"),
    }
    assert fields["service"].choices == ("STANDARD", "EXPRESS")
    assert [(each.name, each.said) for each in fields["parcels"].fields] == [("weight", "number"), ("fragile", "yes or no")]


def test_what_must_be_given_is_required_and_the_rest_has_its_default():
    fields = by_name(told(book).parameters)
    assert [name for name, each in fields.items() if each.required] == ["day", "parcels"]
    assert (fields["service"].default, fields["tags"].default, fields["note"].default) == ("STANDARD", [], None)


def test_a_meaning_comes_from_the_comment_or_from_the_docstring_and_is_never_made_up():
    fields = by_name(told(book).parameters)
    assert fields["day"].meaning == "The day it is fetched, in the zone of the warehouse."
    assert fields["parcels"].meaning == "Those that are packed."
    assert fields["note"].meaning == "note goes to the driver."
    assert fields["mode"].meaning == ""
    assert fields["parcels"].fields[0].meaning == "Gross, in kilograms."
    assert told(book).takes == "What is to leave."


def test_the_docstring_of_a_class_with_one_field_is_about_that_field():
    task = told(book)
    assert (task.result[0].meaning, task.gives) == ("The carrier's number.", "")


def test_the_signature_that_a_dataclass_gets_by_itself_is_no_meaning():
    def look(given: Bare) -> None:
        """Look."""

    task = told(look)
    assert (task.takes, [each.meaning for each in task.parameters], task.result, task.gives) == ("", ["", ""], (), "")


def test_every_service_task_says_what_it_is_for_and_what_each_of_its_refusals_means():
    silent = {}
    for task in map(describe, service_tasks()):
        missing = [error.code for error in task.errors if not error.meaning] + ([] if task.summary else ["purpose"])
        silent |= {task.name: missing} if missing else {}
    assert silent == {}
