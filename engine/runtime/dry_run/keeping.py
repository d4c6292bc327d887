"""Makes a scenario of a dry run: what was given and done, with what service tasks answered, and what came of it as what is expected."""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.runtime.dry_run.record import Called, DryRun
from engine.runtime.dry_run.scenario import Scenario
from engine.store import json_text


def kept(scenario: Scenario, run: DryRun, name: str) -> bytes:
    """The file of a scenario that runs by itself: what was really run answers from now on as it did, and so does what answered nothing."""
    told: dict[str, Any] = {**scenario.told, "name": name}
    answers = {**scenario.answers, **_answers(run)}
    told.pop("expect", None)
    if answers:
        told["answers"] = answers
    told["steps"] = [_step(*each) for each in zip(scenario.steps, run.filled_in, strict=True)]
    told["expect"] = {
        "path": list(run.path),
        "variables": dict(run.variables),
        "sent": [{"message": each.name, "payload": each.payload, "business_key": each.business_key} for each in run.sent],
        **({} if run.state == "completed" else {"ended": False}),
    }
    return msgspec.json.format(json_text.encode(told), indent=2) + b"\n"


def _step(step: Mapping[str, Any], filled_in: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """A step of a person with what was filled in: what the form only shows may be another thing in another version."""
    return step if filled_in is None else {**step, "does": filled_in}


def _answers(run: DryRun) -> dict[str, Any]:
    """What each task answered that was really run, one call after the other; one answer where all are the same."""
    found: dict[str, list[Any]] = {}
    for line in run.lines:
        if line.called is not None and line.called.by == "task":
            found.setdefault(line.called.handler, []).append(_answer(line.called))
    return {handler: given[0] if all(each == given[0] for each in given) else given for handler, given in found.items()}


def _answer(called: Called) -> Mapping[str, Any] | None:
    if called.refused:
        return {"refused": called.refused, "reason": called.reason}
    answer: Mapping[str, Any] | None = called.result
    return answer
