"""When a failed service task is tried again: `R5/PT10S` is five retries, the first after ten seconds, each pause twice the one before."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from engine.iso8601 import Duration, read_interval
from engine.problems import Invalid

_MOST_RETRIES: Final = 999
_MOST_DAYS: Final = 99_999
_JITTER: Final = 0.2


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and after which first pause."""

    retries: int
    first: timedelta

    def pause(self, attempt: int, ceiling: timedelta) -> timedelta | None:
        """The pause after attempt number `attempt` failed (the first is 1), or None when no retry is left."""
        if attempt > self.retries:
            return None
        pause = min(min(self.first, ceiling) * (1 << min(attempt - 1, 16)), ceiling)
        return pause * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311  # spreads load, guards nothing


def read_policy(text: str) -> Policy:
    """The policy a model names. Raises Invalid when it is none."""
    found = read_interval(text.strip())
    if found is None or found.times is None or found.times > _MOST_RETRIES or found.start is not None or not _fixed(found.every):
        raise Invalid(
            f"{text!r} is not a retry policy.",
            code="retry_policy",
            next_step="Write the number of retries and the first pause, for example R5/PT10S; R0/PT0S never retries.",
        )
    return Policy(found.times, timedelta(days=found.every.days) + found.every.span)


def is_policy(text: str) -> bool:
    """Whether the text names one."""
    try:
        read_policy(text)
    except Invalid:
        return False
    return True


def _fixed(first: Duration) -> bool:
    """A pause is a length of time, and no month; it leads forward, by less than a lifetime."""
    return not first.months and timedelta() <= first.span and 0 <= first.days <= _MOST_DAYS
