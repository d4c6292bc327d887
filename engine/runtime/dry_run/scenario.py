"""A scenario as data: what is given, how service tasks answer, and what people, messages and the clock do, in order (`bpmn/README.md`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from engine.iso8601 import read_moment
from engine.problems import Invalid, Problem, TooLarge
from engine.spiff.plain import plain
from engine.store import json_text

#: Bytes of a scenario, and the steps it may have.
MAX_BYTES: Final = 1_000_000
MAX_STEPS: Final = 500
#: When a scenario may begin: far from the ends of the calendar, which its timers must not reach.
_YEARS: Final = range(1900, 3000)
_KINDS: Final = ("person", "message", "clock", "call")
_EXAMPLE: Final = 'Give a context such as {"process": "quote-to-order", "now": "2026-03-02T08:00:00Z", "given": {}, "steps": []}.'


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is to be played. `told` is all of it as it was written, in exact values."""

    told: Mapping[str, Any]
    name: str
    process: str
    #: When it begins; always with a zone.
    now: datetime
    given: Mapping[str, Any]
    begins_at: str | None = None
    business_key: str | None = None
    #: By service task; a list is answered one call after the other, its last entry again and again.
    answers: Mapping[str, Any] = field(default_factory=dict)
    #: A service task that `answers` does not name waits for a step `call`; otherwise it answers nothing.
    asks: bool = False
    steps: Sequence[Mapping[str, Any]] = ()
    #: What is to come of it; None where nothing is expected yet.
    expect: Mapping[str, Any] | None = None


def read_scenario(content: bytes) -> Scenario:
    """The scenario of a file; amounts stay exact. Raises Invalid where it is none, TooLarge."""
    if len(content) > MAX_BYTES:
        raise _too_large(f"{len(content)} bytes")
    try:
        told = json_text.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _wrong("", f"is no JSON ({error})") from None
    return scenario_of(told)


def scenario_of(told: Any) -> Scenario:
    """The scenario that a body or file tells. Raises Invalid naming the part that is wrong, TooLarge."""
    if not isinstance(told, Mapping):
        raise _wrong("", "is no context")
    told = _exact(told)
    if _size(told) > MAX_BYTES:
        raise _too_large(f"more than {MAX_BYTES} bytes")
    steps = _part(told, "steps", list, [])
    if len(steps) > MAX_STEPS:
        raise _too_large(f"{len(steps)} steps")
    for number, step in enumerate(steps, 1):
        _check_step(number, step)
    expect = _part(told, "expect", dict, None)
    for name, kind in (("path", list), ("variables", dict), ("sent", list)):
        _part(expect or {}, name, kind, None, "expect.")
    _part(expect or {}, "ended", bool, None, "expect.")
    return Scenario(
        told=told,
        name=_part(told, "name", str, ""),
        process=_needed(told, "process"),
        now=_moment(_needed(told, "now")),
        given=_part(told, "given", dict, {}),
        begins_at=_part(told, "begins_at", str, None),
        business_key=_part(told, "business_key", str, None),
        answers=_part(told, "answers", dict, {}),
        asks=bool(_part(told, "asks", bool, None)),
        steps=steps,
        expect=expect,
    )


def _exact(told: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = plain(dict(told))
    except Problem as problem:
        raise Invalid(f"The scenario cannot be read: {problem.detail}", code="scenario_invalid", next_step=problem.next_step) from None
    return found


def _size(told: Mapping[str, Any]) -> int:
    try:
        return len(json_text.encode(told))
    except (UnicodeEncodeError, OverflowError):
        raise _wrong("", "holds a character or number that cannot be kept") from None


def _part(told: Mapping[str, Any], name: str, kind: type, default: Any, inside: str = "") -> Any:
    value = told.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        words = {dict: "named values", list: "a list", str: "a text", bool: "true or false"}
        raise _wrong(inside + name, f"must be {words[kind]}")
    return value


def _needed(told: Mapping[str, Any], name: str) -> str:
    value: str | None = _part(told, name, str, None)
    if not value:
        raise _wrong(name, "is missing")
    return value


def _moment(text: str) -> datetime:
    found = read_moment(text)
    if not isinstance(found, datetime) or found.tzinfo is None or found.year not in _YEARS:
        raise _wrong("now", "must be a time with its zone, such as 2026-03-02T08:00:00Z")
    return found


def _check_step(number: int, step: Any) -> None:
    where = f"steps.{number}"
    kinds = [kind for kind in _KINDS if isinstance(step, dict) and kind in step]
    if len(kinds) != 1:
        raise _wrong(where, f"must have exactly one of {', '.join(_KINDS)}")
    if not isinstance(step[kinds[0]], str):
        raise _wrong(f"{where}.{kinds[0]}", "must be a text")
    for name in ("does", "sees", "correlation", "payload"):
        _part(step, name, dict, {}, f"{where}.")
    for name in ("as", "group", "refused", "reason"):
        _part(step, name, str, "", f"{where}.")


def _wrong(name: str, why: str) -> Invalid:
    what = f"{name} of the scenario" if name else "The scenario"
    return Invalid(f"{what} {why}.", code="scenario_invalid", next_step=_EXAMPLE, errors={name or "scenario": [why]})


def _too_large(what: str) -> TooLarge:
    return TooLarge(
        f"The scenario has {what}; at most {MAX_BYTES} bytes and {MAX_STEPS} steps are played.",
        code="scenario_too_large",
        next_step="Play a shorter one, or leave large values out.",
    )
