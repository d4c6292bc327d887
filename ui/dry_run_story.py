"""A dry run in sentences: what each step did, and where it is painted on the diagram."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.models.reading.drawing import STEP_KINDS, Drawing
from engine.models.reading.scenarios import words_of
from engine.runtime.dry_run.record import Change, DryRun, Line, Waiting
from ui.facts import Fact, facts

_PASSED = frozenset({"completed", "refused", "skipped"})
#: Elements that the page shows at most.
MOST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ToldLine:
    """An executed element for people. `first` marks the first line of an element: the diagram leads there."""

    number: int
    element_id: str
    name: str
    kind: str
    outcome: str
    at: datetime
    actor: str
    act: str
    first: bool
    says: Sequence[str]
    changes: Sequence["ToldChange"]


@dataclass(frozen=True, slots=True)
class ToldChange:
    """A variable with its value before (empty where there was none) and after; `facts` are all of it where the words are cut."""

    name: str
    before: str
    after: str
    facts: Sequence[Fact]


def story(run: DryRun, acts: Sequence[str], drawings: Sequence[Drawing]) -> list[ToldLine]:
    """The lines of a run; `acts` are the steps of its scenario in words. The last ones where there are very many.

    What only joins flows and has no name is left out, as it is from the table of a diagram.
    """
    labels = {(step.id, way.target_id): way.label for drawing in drawings for step in drawing.steps for way in step.ways}
    seen: set[str] = set()
    told, before = [], -1
    for number, line in enumerate(run.lines, 1):
        if line.type.endswith("Gateway") and line.name == line.element_id and not line.flows and line.outcome == "completed":
            continue
        act = acts[line.step - 1] if line.step != before and 0 < line.step <= len(acts) else ""
        after = run.lines[number].element_id if number < len(run.lines) else ""
        told.append(
            ToldLine(
                number,
                line.element_id,
                line.name,
                STEP_KINDS.get(line.type, line.type),
                line.outcome,
                line.at,
                line.actor or "",
                act,
                line.element_id not in seen,
                list(_says(line, labels.get((line.element_id, after), ""))),
                [_change(each) for each in line.changes],
            )
        )
        before = line.step
        seen.add(line.element_id)
    return told[-MOST_SHOWN:]


def _change(each: Change) -> ToldChange:
    after = words_of(each.after)
    return ToldChange(
        each.name, "" if each.new else words_of(each.before), after, facts({each.name: each.after}) if after.endswith("…") else ()
    )


def _says(line: Line, way: str) -> Iterator[str]:
    if line.called is not None:
        yield _called(line)
    if line.decided is not None:
        rules = ", ".join(f"rule {each.rule} of {each.decision}" for each in line.decided.matched) or "no rule"
        given = ", ".join(f"{name} {words_of(value)}" for name, value in line.decided.inputs.items())
        yield f"For {given or 'nothing'}: {rules}."
    if line.flows and way:
        yield f"Goes on with “{way}”."
    for sent in line.sent:
        payload = ", ".join(f"{name} {words_of(value)}" for name, value in sent.payload.items())
        yield f"Sends {sent.name}{f' with {payload}' if payload else ''}; here it reaches nobody."
    for effect in line.effects:
        yield f"Would send {effect.kind} to {effect.target}."
    if line.said:
        yield line.said


def _called(line: Line) -> str:
    called = line.called
    if called is None:
        return ""
    who = {"task": "really run", "scenario": "by the scenario", "call": "by you", "nobody": "answers nothing"}[called.by]
    if called.refused:
        return f"{called.handler} is refused with {called.refused}{f': {called.reason}' if called.reason else ''} ({who})."
    if called.by == "nobody":
        return f"{called.handler} answers nothing."
    return f"{called.handler} answers {words_of(called.result)} ({who})."


def tokens_of(run: DryRun) -> list[dict[str, Any]]:
    """Where the run has been, where it waits and where it failed, for the diagram."""
    passed = Counter(line.element_id for line in run.lines if line.outcome in _PASSED)
    waiting, failed = Counter(_places(run.waiting)), {each.element_id for each in run.waiting.failed}
    found = [
        {"element_id": element_id, "state": "completed", "count": count}
        for element_id, count in passed.items()
        if element_id not in waiting and element_id not in failed
    ]
    found += [{"element_id": element_id, "state": "active", "count": count} for element_id, count in waiting.items()]
    return found + [{"element_id": element_id, "state": "failed", "count": 1} for element_id in failed]


def _places(waiting: Waiting) -> Iterator[str]:
    every: Sequence[Any] = (*waiting.people, *waiting.timers, *waiting.messages, *waiting.calls)
    yield from (each.element_id for each in every)


def state_sentence(run: DryRun, names: Mapping[str, str]) -> str:
    """How the run stands, in a sentence."""
    if run.state == "completed":
        return "The process has ended."
    if run.state == "failed":
        return "A step failed; the process would wait for an operator."
    places = list(dict.fromkeys(names.get(place, place) for place in _places(run.waiting)))
    return f"It waits at {', '.join(places)}." if places else "It stands still."
