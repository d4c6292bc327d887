"""When a failed service task is tried again: `R5/PT10S` is five retries, the first after ten seconds, each pause twice the one before."""

import random
import re
from dataclasses import dataclass
from datetime import timedelta

from engine.problems import Invalid

_POLICY = re.compile(
    r"R(?P<retries>\d{1,3})/P(?:(?P<days>\d{1,5})D)?(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,5})M)?(?:(?P<seconds>\d{1,5})S)?)?"
)
_JITTER = 0.2


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
    match = _POLICY.fullmatch(text.strip())
    if match is None:
        raise Invalid(
            f"{text!r} is not a retry policy.",
            code="retry_policy",
            next_step="Write the number of retries and the first pause, for example R5/PT10S; R0/PT0S never retries.",
        )
    parts = {name: int(number) for name, number in match.groupdict(default="0").items()}
    return Policy(parts.pop("retries"), timedelta(**parts))
