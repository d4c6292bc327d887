"""How much of one service task the outside bears: written in a setting, kept by all workers together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from engine.problems import Invalid

_ENTRY: Final = re.compile(r"\s*(?P<name>\*|[\w.:-]+)\s*=\s*(?P<bounds>[^;]+)")
_BOUND: Final = re.compile(
    r"(?P<most>[1-9]\d{0,5}) (?P<what>at once|per (?P<per>[1-9]\d{0,5}) ?s|failures stop (?P<pause>[1-9]\d{0,5}) ?s)"
)
_HOW: Final = "Write carrier.book=4 at once, 10 per 1 s, 5 failures stop 60 s; bank.pay=1 at once. * is for every other task."


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one service task that calls the outside; None is without bound."""

    #: Calls under way at the same time.
    at_once: int | None = None
    #: Calls begun in each stretch of time.
    calls: int | None = None
    per: timedelta = timedelta(seconds=1)
    #: After so many failures one after the other nobody calls for a while; then one call is tried.
    failures: int | None = None
    pause: timedelta = timedelta(seconds=60)


def read_bounds(text: str) -> Mapping[str, Bounds]:
    """Bounds by the name of the service task, as the setting says them. Raises Invalid."""
    found: dict[str, Bounds] = {}
    for part in filter(str.strip, text.split(";")):
        entry = _ENTRY.fullmatch(part)
        if entry is None:
            raise _wrong(part)
        found[entry["name"]] = _bounds(entry["bounds"])
    return found


def _bounds(text: str) -> Bounds:
    given: dict[str, int | timedelta] = {}
    for part in text.split(","):
        bound = _BOUND.fullmatch(" ".join(part.split()))
        if bound is None:
            raise _wrong(part)
        most = int(bound["most"])
        if bound["per"]:
            given |= {"calls": most, "per": timedelta(seconds=int(bound["per"]))}
        elif bound["pause"]:
            given |= {"failures": most, "pause": timedelta(seconds=int(bound["pause"]))}
        else:
            given["at_once"] = most
    return Bounds(**given)  # type: ignore[arg-type]  # each name has its own kind of value


def _wrong(part: str) -> Invalid:
    return Invalid(f"{part.strip()[:100]!r} is no bound of a service task.", code="setting_wrong", next_step=_HOW)
