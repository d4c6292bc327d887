"""What a person does on the page of a dry run, as the next step of its scenario."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from engine.problems import Invalid
from engine.runtime.dry_run.scenario import MAX_BYTES
from engine.store import json_text

Given = Mapping[str, str]


def told_so_far(given: Given) -> dict[str, Any]:
    """The scenario that the page carries. Raises Invalid."""
    text = given.get("scenario", "")
    if len(text) > MAX_BYTES:
        raise Invalid("The scenario is too long.", code="scenario_too_large", next_step="Play a shorter one.")
    return named_values(text or "{}", "scenario")


def begun(given: Given, variables: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario as the start form tells it, with the variables it begins with, and without a step yet."""
    process, _, begins_at = given.get("process", "").strip()[:400].partition("#")
    told: dict[str, Any] = {
        "name": given.get("name", "").strip()[:200],
        "process": process,
        "now": given.get("now", "").strip()[:60],
        "given": dict(variables),
        "answers": named_values(given.get("answers", "") or "{}", "answers"),
        "asks": True,
        "steps": [],
    }
    if given.get("business_key", "").strip():
        told["business_key"] = given["business_key"].strip()[:200]
    return {**told, "begins_at": begins_at} if begins_at else told


def with_step(told: Mapping[str, Any], given: Given) -> dict[str, Any]:
    """The scenario with what the form of an act says as its next step. Raises Invalid for one that is no act."""
    kind = given.get("act", "")
    if kind not in _ACTS:
        raise Invalid("This is no act of a dry run.", code="act_unknown", next_step="Press one of the page's buttons.")
    return {**told, "steps": [*told.get("steps", ()), _ACTS[kind](given)]}


def without_last(told: Mapping[str, Any], *, count: int = 1) -> dict[str, Any]:
    """The scenario without its last steps; what it expected is expected no more."""
    steps = list(told.get("steps", ()))
    return {**{name: value for name, value in told.items() if name != "expect"}, "steps": steps[: max(len(steps) - count, 0)]}


def named_values(text: str, field: str) -> dict[str, Any]:
    """JSON that a person typed, as named values. Raises Invalid beside the field."""
    found = value_of(text, field)
    if not isinstance(found, dict):
        raise _wrong(field, 'must be named values, such as {"order_no": "SO-000112"}')
    return found


def value_of(text: str, field: str) -> Any:
    """JSON that a person typed. Raises Invalid beside the field."""
    try:
        return json_text.decode(text)
    except msgspec.DecodeError as error:
        raise _wrong(field, f"is no JSON: {error}") from None


def _wrong(field: str, why: str) -> Invalid:
    return Invalid(f"What was typed {why}.", code="json_wrong", next_step="Correct it and press the button again.", errors={field: [why]})


def _person(given: Given) -> dict[str, Any]:
    step = {"person": given.get("element", ""), "does": named_values(given.get("data", "") or "{}", "data")}
    who = given.get("as", "").strip()[:100]
    return {**step, "as": who} if who else step


def _message(given: Given) -> dict[str, Any]:
    return {
        "message": given.get("name", ""),
        "correlation": named_values(given.get("correlation", "") or "{}", "correlation"),
        "payload": named_values(given.get("payload", "") or "{}", "payload"),
    }


def _clock(given: Given) -> dict[str, Any]:
    return {"clock": given.get("clock", "").strip()[:100]}


def _answer(given: Given) -> dict[str, Any]:
    return {"call": given.get("element", ""), "answers": value_of(given.get("answers", "") or "null", "answers")}


def _refusal(given: Given) -> dict[str, Any]:
    return {"call": given.get("element", ""), "refused": given.get("code", "")[:200], "reason": given.get("reason", "").strip()[:500]}


_ACTS: Final[Mapping[str, Callable[[Given], dict[str, Any]]]] = {
    "person": _person,
    "message": _message,
    "clock": _clock,
    "answer": _answer,
    "refuse": _refusal,
}
