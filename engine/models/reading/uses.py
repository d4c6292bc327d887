"""Who uses what: an index over diagrams from what steps name to the steps that name it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.models.reading.drawing import Drawing, DrawnStep

#: What is named: its kind and its name.
Named = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Deployed:
    """A diagram in force, with the bundle it was deployed in."""

    bundle: str
    version: int
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Use:
    """A step that names something; `role` says what it does with it."""

    bundle: str
    process_key: str
    process_name: str
    step_id: str
    step_name: str
    role: str


@dataclass(frozen=True, slots=True)
class Example:
    """How a diagram uses a service task: what it gives it (FEEL by parameter), where the result goes, and an answer from a scenario."""

    use: Use
    parameters: Mapping[str, str]
    result_variable: str
    answer: Any


def index_uses(deployed: Iterable[Deployed]) -> dict[Named, list[Use]]:
    """Every use, by what is used."""
    found: dict[Named, list[Use]] = defaultdict(list)
    for each in deployed:
        names = {process.key: process.name for process in each.drawing.processes}
        for step in each.drawing.steps:
            for named in step.references:
                found[named.kind, named.name].append(_use(each, step, names, named.role))
    return dict(found)


def index_examples(deployed: Iterable[Deployed], answers: Mapping[tuple[str, str], Any]) -> dict[str, Example]:
    """An example of each service task: of the steps that run it, the one that gives it most.

    `answers` are what scenarios let service tasks answer, by bundle and service task.
    """
    best: dict[str, tuple[Deployed, DrawnStep]] = {}
    for each in deployed:
        for step in each.drawing.steps:
            for named in step.references:
                given = len(step.parameters)
                if named.kind == "service_task" and (named.name not in best or given > len(best[named.name][1].parameters)):
                    best[named.name] = each, step
    return {task: _example(task, source, step, answers) for task, (source, step) in best.items()}


def index_answers(scenarios: Mapping[str, Iterable[bytes]]) -> dict[tuple[str, str], Any]:
    """What service tasks answer in the scenarios of each bundle: the first answer that is no refusal."""
    found: dict[tuple[str, str], Any] = {}
    for bundle, contents in scenarios.items():
        for content in contents:
            for task, answer in _answers(content).items():
                found.setdefault((bundle, task), answer)
    return found


def _example(task: str, source: Deployed, step: DrawnStep, answers: Mapping[tuple[str, str], Any]) -> Example:
    names = {process.key: process.name for process in source.drawing.processes}
    result = next((text for label, text in step.says if label == "Result"), "")
    return Example(_use(source, step, names, "runs"), dict(step.parameters), result, answers.get((source.bundle, task)))


def _use(source: Deployed, step: DrawnStep, names: Mapping[str, str], role: str) -> Use:
    return Use(source.bundle, step.process_key, names.get(step.process_key, step.process_key), step.id, step.name, role)


def _answers(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content, parse_float=Decimal)["answers"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    found: dict[str, Any] = {}
    for task, answers in told.items() if isinstance(told, dict) else ():
        every = answers if isinstance(answers, list) else [answers]
        answer = next((each for each in every if each is not None and not (isinstance(each, dict) and "refused" in each)), None)
        if answer is not None:
            found[task] = answer
    return found
