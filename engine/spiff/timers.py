"""When a timer is due: ISO 8601, cron or FEEL, in the business time zone where the text names none.

The one reader of timers: deployment computes with it what reads no variable, the engine what an instance waits for, the clock when a
process begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from engine.cron import looks_cron, read_cron
from engine.feel import after, as_duration, as_instant, told
from engine.iso8601 import Duration, Interval, in_zone, looks_iso, read_interval
from engine.problems import Invalid, Problem
from engine.spiff.calls import NONE, Calendars, no_calendars
from engine.spiff.elements import Event
from engine.spiff.expressions import Formula, raw_formula
from engine.spiff.failures import StepFailed

#: A cycle turns no faster than this: a shorter one would only keep the house busy.
SHORTEST_CYCLE: Final = timedelta(seconds=1)
_CORRECT: Final = "Correct the timer's variables and retry, or correct the timer and deploy a new version."
#: A change of clocks moves a time of day by at most a day (an island that crosses the date line).
_CLOCK_CHANGE: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Due:
    """When a timer goes off; of a cycle, also how often it does so after that (None: for ever) and in which rhythm."""

    at: datetime
    left: int | None = 0
    #: The interval between two turns, or the cron text.
    every: str | None = None
    #: From where the turns are counted, and which one this is: the 31st of a month stays the 31st where there is one.
    since: datetime | None = None
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of the model, compiled."""

    kind: str
    text: str
    where: str
    zone: tzinfo
    value: Formula | None
    #: In whose working time durations and cycles count.
    calendar: str = NONE

    def due(self, variables: Any, now: datetime, calendars: Calendars = no_calendars) -> Due:
        """When it is due, counted from now. Raises StepFailed when the text gives no time."""
        value = self.text if self.value is None else self.value(variables, now)
        try:
            if self.kind == "cycle":
                return self._cycle(value, now, calendars)
            if self.kind == "duration":
                return Due(worked(now, value, self.zone, self.calendar, calendars))
            return Due(as_instant(value, self.zone))
        except Problem as problem:
            raise StepFailed("timer", f"{self.where}: {problem.detail}", problem.next_step or _CORRECT) from None

    def again(self, due: Due, now: datetime, calendars: Calendars = no_calendars) -> Due | None:
        """The next turn of a cycle, in its rhythm; None when that was the last. Turns that nobody was there to see are not made up for."""
        if due.every is None or due.left == 0:
            return None
        left = None if due.left is None else due.left - 1
        if looks_cron(due.every):
            following = read_cron(due.every).after(max(due.at, now), self.zone)
            return None if following is None else Due(following, left, due.every)
        length, since = as_duration(due.every), due.since or due.at
        if self.calendar != NONE and (working := calendars(self.calendar)) is not None:
            at = working.after(due.at, length)
            return Due(in_zone(at if at > now else working.after(now, length), self.zone), left, due.every)
        turn = max(due.turn + 1, _turns_at_least(length, now - since))
        try:
            while (at := length.times(turn).after(since, self.zone)) <= now:
                turn += 1
        except OverflowError:  # beyond the year 9999
            return None
        return Due(in_zone(at, self.zone), left, due.every, since, turn)

    def _cycle(self, value: Any, now: datetime, calendars: Calendars) -> Due:
        text = value.strip() if isinstance(value, str) else ""
        if looks_cron(text):
            return self._by_cron(text, now)
        found = read_interval(text)
        if found is None:
            raise Invalid(
                f"{told(value)} is no repeating interval.",
                next_step="Write one such as R3/PT10M, R/P1D for ever, or cron such as 0 6 * * mon-fri.",
            )
        _refuse_useless(found, text)
        left = None if found.times is None else found.times - 1
        every = text.rsplit("/", 1)[-1]
        try:
            if found.start is not None:
                since = in_zone(found.start, self.zone)
                return Due(since, left, every, since, 0)
            if self.calendar != NONE:
                return Due(worked(now, every, self.zone, self.calendar, calendars), left, every)
            return Due(in_zone(found.every.after(now, self.zone), self.zone), left, every, in_zone(now, self.zone), 1)
        except OverflowError:
            raise Invalid(f"{value!r} is out of range.", next_step="Write a date of this century.") from None

    def _by_cron(self, text: str, now: datetime) -> Due:
        at = read_cron(text).after(now, self.zone)
        if at is None:
            raise Invalid(f"{text!r} never comes.", next_step="Name a day that the calendar has.")
        return Due(at, None, text)


def worked(start: datetime, length: Any, zone: tzinfo, calendar: str, calendars: Calendars) -> datetime:
    """The moment a duration after another: in the working time of a calendar, around the clock where there is none.

    Raises Problem for no duration, and for a calendar that is not known.
    """
    working = None if calendar == NONE else calendars(calendar)
    return in_zone(after(start, length, zone) if working is None else working.after(start, as_duration(length)), zone)


def _refuse_useless(found: Interval, text: str) -> None:
    every = found.every
    if not every.positive or (not every.on_calendar and every.span < SHORTEST_CYCLE):
        raise Invalid(f"{text!r} repeats too fast.", next_step="Repeat every second at most.")
    if found.times == 0:
        raise Invalid(f"{text!r} repeats no time at all.", next_step="Repeat at least once, such as R1/PT10M.")


def _turns_at_least(length: Duration, passed: timedelta) -> int:
    """How many turns have passed for certain, at most a few less than there were: after years a cycle is not counted turn by turn."""
    longest = timedelta(days=31 * length.months + length.days) + length.span
    return (passed - (_CLOCK_CHANGE if length.on_calendar else timedelta())) // longest


def due_to_data(due: Due) -> dict[str, Any]:
    """A due time as it is kept: in the state of an instance, or with a schedule."""
    kept: dict[str, Any] = {"due": due.at.isoformat(), "left": due.left, "every": due.every}
    return kept if due.since is None else {**kept, "since": due.since.isoformat(), "turn": due.turn}


def due_from_data(wait: Mapping[str, Any]) -> Due:
    """The due time that was kept."""
    since = wait.get("since")
    return Due(
        datetime.fromisoformat(wait["due"]),
        wait["left"],
        wait["every"],
        None if since is None else datetime.fromisoformat(since),
        wait.get("turn", 0),
    )


def is_plain_time(kind: str, text: str) -> bool:
    """Whether the text of a timer (date, duration or cycle) is taken as it is, and not as FEEL: ISO 8601, or the cron of a cycle."""
    return looks_iso(text) or (kind == "cycle" and looks_cron(text))


def compile_timer(event: Event, element_id: str, zone: tzinfo, calendar: str = NONE) -> Timer:
    """A timer of an element. Raises Invalid when its text is neither ISO 8601 nor FEEL."""
    where = f"Timer of {element_id}"
    text = event.expression.strip()
    if not text:
        raise Invalid(f"{where} says no time.", code="timer", next_step="Give it a date, a duration or a cycle.", element_id=element_id)
    if is_plain_time(event.timer, text):
        return Timer(event.timer, text, where, zone, None, calendar)
    return Timer(event.timer, text, where, zone, raw_formula(text, where, element_id), calendar)
