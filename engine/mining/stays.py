"""How long a step waited and was worked on.

A *stay* is one token at one step, from its coming to its going. It divides by what the step is:

- **user task**: from its coming until somebody claims it is waiting, from there until it is over is work. Done without a claim, or given
  up before one, all of it is waiting: nobody had it. Claimed more than once, the last claim counts.
- **message, signal and time**: events that catch, and receive tasks, wait.
- **gateway**: a join waits for its other branches; one that only decides takes no time.
- **boundary event**: neither. It stands beside an activity, whose time it is.
- **sub-process and called process**: neither. What lies inside has its own stays.
- **everything else** (service tasks above all): from its coming until it is over is work, but for the pauses after failed attempts: until
  the next attempt was due, or was over if that came first. Where an operator had to act, until that attempt was over. What runs between
  two waits is one transaction and one moment: a service task that works in our database only takes no time that is measured.

Times are the company's (`business_now()`), in seconds. A clock that was set back makes no negative time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from engine.mining.graph import CONTAINERS
from engine.models.vocabulary import GATEWAYS

_CATCHING: Final = frozenset({"intermediateCatchEvent", "receiveTask", "startEvent"})
_ELSEWHERE: Final = CONTAINERS | {"boundaryEvent"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A failed attempt at a step: when it was over, and when the next is due; None where an operator has to act."""

    ended_at: datetime
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay. `tag` is the element's type in BPMN; `claimed_at` and `failures` are those of the step, oldest first."""

    element_id: str
    tag: str
    began_at: datetime
    ended_at: datetime
    claimed_at: datetime | None = None
    failures: Sequence[Attempt] = ()


class Times(NamedTuple):
    """Seconds."""

    waiting: float
    working: float


def divide(stay: Stay) -> Times:
    """Into waiting and work; see the module."""
    whole = _seconds(stay.began_at, stay.ended_at)
    if stay.tag in _ELSEWHERE:
        return Times(0.0, 0.0)
    if stay.tag in _CATCHING or stay.tag in GATEWAYS:
        return Times(whole, 0.0)
    if stay.tag == "userTask":
        working = _seconds(max(stay.claimed_at, stay.began_at), stay.ended_at) if stay.claimed_at else 0.0
        return Times(whole - working, working)
    waiting = _pauses(stay)
    return Times(waiting, max(whole - waiting, 0.0))


def _pauses(stay: Stay) -> float:
    """From each failure until the next attempt was due, at the latest until it was over."""
    total = 0.0
    for number, failure in enumerate(stay.failures):
        over = stay.failures[number + 1].ended_at if number + 1 < len(stay.failures) else stay.ended_at
        total += _seconds(failure.ended_at, min(failure.retry_at or over, over))
    return total


def _seconds(begin: datetime, end: datetime) -> float:
    return max((end - begin).total_seconds(), 0.0)
