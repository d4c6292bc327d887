"""When a timer is due: ISO 8601 text or FEEL, in the business time zone where the text names none."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from engine.feel import YearsMonths, after, as_datetime, as_duration
from engine.problems import Invalid, Problem
from engine.spiff.elements import Event
from engine.spiff.expressions import Formula, raw_formula
from engine.spiff.failures import StepFailed

_ISO: Final = re.compile(r"R\d*/.+|-?P(?=.)[0-9YMWDTHS.,]*|\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:?\d\d)?(\[[\w/+-]+\])?)?", re.ASCII)
_WEEKS: Final = re.compile(r"P(\d+)W")
_CYCLE: Final = re.compile(r"R(\d*)/(?:([^/]+)/)?(P[^/]+)")
#: A cycle turns no faster than this: a shorter one would only keep the house busy.
SHORTEST_CYCLE: Final = timedelta(seconds=1)
_CORRECT: Final = "Correct the timer's variables and retry, or correct the timer and deploy a new version."


@dataclass(frozen=True, slots=True)
class Due:
    """When a timer goes off; of a cycle, also how often it does so after that (None: for ever) and in which interval."""

    at: datetime
    left: int | None = 0
    every: str | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of the model, compiled."""

    kind: str
    text: str
    where: str
    zone: tzinfo
    value: Formula | None

    def due(self, variables: Any, now: datetime) -> Due:
        """When it is due, counted from now. Raises StepFailed when the text gives no time."""
        value = self.text if self.value is None else self.value(variables, now)
        try:
            if self.kind == "cycle":
                return self._cycle(value, now)
            if self.kind == "duration":
                return Due(self._after(now, value))
            return Due(as_datetime(value, self.zone).astimezone(UTC))
        except Problem as problem:
            raise StepFailed("timer", f"{self.where}: {problem.detail}", problem.next_step or _CORRECT) from None

    def again(self, due: Due, now: datetime) -> Due | None:
        """The next turn of a cycle, in its rhythm; None when that was the last. Turns that nobody was there to see are not made up for."""
        if due.every is None or due.left == 0:
            return None
        at, length = self._after(due.at, due.every), as_duration(due.every)
        if at <= now and not isinstance(length, YearsMonths):
            at += (now - at) // length * length
        while at <= now:
            at = self._after(at, due.every)
        return Due(at, None if due.left is None else due.left - 1, due.every)

    def _after(self, start: datetime, duration: Any) -> datetime:
        """Years, months and days are counted on the calendar of the business time zone."""
        if isinstance(duration, str) and (weeks := _WEEKS.fullmatch(duration.strip())):
            duration = timedelta(weeks=int(weeks[1]))
        return after(start.astimezone(self.zone), duration).astimezone(UTC)

    def _cycle(self, value: Any, now: datetime) -> Due:
        match = _CYCLE.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise Invalid(f"{value!r} is no repeating interval.", next_step="Write one such as R3/PT10M, or R/P1D for ever.")
        turns, start, every = match.groups()
        length = as_duration(every)
        if (length.months < 1) if isinstance(length, YearsMonths) else (length < SHORTEST_CYCLE):
            raise Invalid(f"{every} is too short an interval.", next_step="Repeat every second at most.")
        left = int(turns) - 1 if turns else None
        if left is not None and left < 0:
            raise Invalid(f"{value!r} repeats no time at all.", next_step="Repeat at least once, such as R1/PT10M.")
        first = as_datetime(start, self.zone).astimezone(UTC) if start else self._after(now, every)
        return Due(first, left, every)


def compile_timer(event: Event, element_id: str, zone: tzinfo) -> Timer:
    """A timer of an element. Raises Invalid when its text is neither ISO 8601 nor FEEL."""
    where = f"Timer of {element_id}"
    text = event.expression.strip().removeprefix("=").strip()
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        text = text[1:-1]
    if not text:
        raise Invalid(f"{where} says no time.", code="timer", next_step="Give it a date, a duration or a cycle.", element_id=element_id)
    if _ISO.fullmatch(text):
        return Timer(event.timer, text, where, zone, None)
    return Timer(event.timer, text, where, zone, raw_formula(event.expression, where, element_id))
