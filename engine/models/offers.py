"""What an editor of diagrams offers: the settings of each element, the service tasks, and when a timer goes off.

One list for the linter, the engine and the editor: an editor knows no setting of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from engine.models.settings import Setting, settings_of
from engine.models.times import TIMES, reads_variables
from engine.models.vocabularies import EVENTS_SUPPORTED
from engine.models.vocabulary import ACTIVITIES
from engine.problems import Problem
from engine.spiff.elements import SUPPORTED_LISTENERS, Event
from engine.spiff.failures import StepFailed
from engine.spiff.timers import compile_timer

#: How many times a preview of a cycle shows.
TIMES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """When a timer goes off, counted from now; empty, with a reason, where that cannot be told or there is no time in the text."""

    times: tuple[datetime, ...] = ()
    #: What is read when an instance comes there, so that nothing can be computed now.
    reads_variables: bool = False
    problem: str = ""
    next_step: str = ""


def settings_by_element() -> Mapping[str, tuple[Setting, ...]]:
    """The settings of each kind of element, by its tag, for events with `:` and the kind of event behind it; empty lists are left out."""
    found = {tag: settings_of(tag) for tag in ("process", *sorted(ACTIVITIES), *EVENTS_SUPPORTED)}
    for tag, kinds in EVENTS_SUPPORTED.items():
        if tag == "startEvent":
            kinds |= SUPPORTED_LISTENERS  # noqa: PLW2901  # those of an event subprocess
        found |= {f"{tag}:{kind}": settings_of(tag, (kind,)) for kind in sorted(kinds) if kind}
    return {key: tuple(settings.values()) for key, settings in found.items() if settings}


def events_supported() -> Mapping[str, tuple[str, ...]]:
    """The kinds of events that the engine runs, by tag; the empty text stands for a plain event."""
    return {tag: tuple(sorted(kinds)) for tag, kinds in EVENTS_SUPPORTED.items()}


def preview_timer(tag: str, text: str, now: datetime, zone: tzinfo) -> Preview:
    """The next times of a timer written as `text` in `tag` (timeDate, timeDuration or timeCycle), as the engine would compute them."""
    if reads_variables(tag, text):
        return Preview(reads_variables=True)
    try:
        timer = compile_timer(Event("timer", timer=TIMES[tag], expression=text), "this event", zone)
        due = timer.due({}, now)
        times = [due.at]
        while len(times) < TIMES_SHOWN and (following := timer.again(due, due.at)) is not None:
            due = following
            times.append(due.at)
    except Problem as problem:
        return Preview(problem=problem.detail, next_step=problem.next_step)
    except StepFailed as failure:
        return Preview(problem=failure.message, next_step=failure.next_step)
    return Preview(tuple(times))
