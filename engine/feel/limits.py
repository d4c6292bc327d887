"""How much one evaluation may use. Every built-in that grows data charges here before it builds."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.feel.errors import FeelLimitExceeded
from engine.work import pay

#: Steps handed out between two looks at the clock: small enough to notice a slow loop, large enough to cost nothing.
CHUNK = 2_000
#: Characters that cost one step.
TEXT_PER_STEP = 64
#: A regular expression may take long for few steps, so a call costs many.
REGEX_STEPS = 100
#: Deepest nesting of lists and contexts that is read or returned.
MAX_NESTING = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of one evaluation."""

    #: Loop rounds, calls, items built and compared, and text by 64 characters.
    steps: int = 500_000
    #: Seconds of processor time of this thread, so that a busy machine does not stop what is not to blame.
    seconds: float = 2.0
    #: Characters of one string.
    text: int = 1_000_000
    #: Entries of one list or context.
    items: int = 100_000
    #: Calls of user-defined functions inside one another.
    depth: int = 50
    #: Seconds of one regular expression.
    regex_seconds: float = 0.1


DEFAULT_LIMITS = Limits()


class Run:
    """One evaluation: its budget, its clock, and what it has read from the host so far.

    Defaults are class attributes, so that starting an evaluation (the thing that must be fast) sets one field only.
    """

    left = CHUNK
    granted = CHUNK
    depth = 0
    deadline: float | None = None
    moment: datetime | None = None
    converted: dict[int, tuple[object, object]] | None = None
    #: Types that `instance of` may name besides FEEL's own: those of the model the expression stands in.
    types: Mapping[str, Callable[[object], bool]] | None = None

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        if limits.steps < CHUNK:
            self.left = self.granted = limits.steps

    def charge(self, steps: int) -> None:
        """Pay for `steps`; raises FeelLimitExceeded when the budget or the time is used up, TooMuchWork when that of the request is."""
        self.left -= steps
        if self.left < 0:
            self._refill()

    def _refill(self) -> None:
        now = time.thread_time()
        if self.deadline is None:
            self.deadline = now + self.limits.seconds
        elif now > self.deadline:
            raise FeelLimitExceeded(f"it took longer than {self.limits.seconds} seconds")
        more = min(max(CHUNK, -self.left), self.limits.steps - self.granted)
        pay(more)
        self.granted += more
        self.left += more
        if self.left < 0:
            raise FeelLimitExceeded(f"it used more than {self.limits.steps} steps")

    def grow_list(self, items: int) -> None:
        """Pay for a list or context of `items` entries that is about to be built."""
        if items > self.limits.items:
            raise FeelLimitExceeded(f"a list would have {items} entries, more than {self.limits.items}")
        self.charge(items)

    def grow_text(self, characters: int) -> None:
        """Pay for a string of `characters` that is about to be built."""
        if characters > self.limits.text:
            raise FeelLimitExceeded(f"a string would have {characters} characters, more than {self.limits.text}")
        self.charge(characters // TEXT_PER_STEP)

    def enter(self) -> None:
        """Go into a call of a user-defined function; pair with `leave`."""
        self.depth += 1
        if self.depth > self.limits.depth:
            raise FeelLimitExceeded(f"functions call one another more than {self.limits.depth} deep")

    def leave(self) -> None:
        """Come back from the call that `enter` began."""
        self.depth -= 1

    def now(self) -> datetime:
        """The moment of this evaluation: the same at every call, so that an expression cannot see time pass."""
        if self.moment is None:
            self.moment = datetime.now(UTC)
        return self.moment
