"""The service task's side of the seam: what the engine asks for, and the outcomes it understands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from engine.working_time import WorkingCalendar

#: Gives the calendar of a name, None for around the clock. Raises Invalid for a name that is none.
Calendars = Callable[[str], WorkingCalendar | None]
#: The company's own calendar, where it has one.
STANDARD: Final = "standard"
#: Around the clock, whatever the company's calendar says.
NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One attempt of a service task, with its parameters evaluated."""

    task_id: UUID
    element_id: str
    handler: str
    parameters: Mapping[str, Any]
    #: The policy text of the model, such as `R5/PT10S`; None for the default.
    retry: str | None
    #: 1 for the first attempt.
    attempt: int


@dataclass(frozen=True, slots=True)
class Done:
    """The task is done; `result` goes to its result variable."""

    result: Mapping[str, Any] | None = None
    #: Without a result variable each entry becomes a variable; else it is dropped.
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Deferred:
    """The task will be run elsewhere; its result comes later."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The business said no: an error boundary event for `code` goes on, or the step fails."""

    code: str
    reason: str
    #: Variables that go on with the boundary event.
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """The attempt failed. With `retry_at` it is tried again then; without, the step needs an operator."""

    kind: str
    message: str
    next_step: str = ""
    traceback: str | None = None
    retry_at: datetime | None = None
    #: False when the world was only not ready: the next call has the same attempt number.
    counts: bool = True
    #: Which of the parameters are wrong, by path; empty where that is not what failed.
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)


CallOutcome = Done | Deferred | Refusal | Failure


class ServiceCalls(Protocol):
    """Whoever runs service tasks for the engine."""

    def call(self, request: ServiceCall) -> CallOutcome:
        """Run it now, or say that it will be run later. An exception from here ends the run and loses nothing but the run."""
        ...


def no_calendars(_name: str) -> WorkingCalendar | None:
    """Around the clock: what runs where no calendars are known."""
    return None
