"""Answers service tasks in a dry run: by what the scenario says, or really, where a transaction stands ready that will be rolled back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from engine.problems import Problem
from engine.runtime.dry_run.record import Called, Left
from engine.runtime.dry_run.scenario import Scenario
from engine.service_tasks import ServiceTasks
from engine.spiff.calls import CallOutcome, Deferred, Done, Failure, Refusal, ServiceCall

#: One attempt of a service task: its task id and the attempt's number.
Attempt = tuple[UUID, int]


class Inside(Protocol):
    """Runs service tasks that touch only our database."""

    def goes_outside(self, handler: str) -> bool:
        """Whether a task talks to the outside, so that only the scenario can answer it."""

    def call(self, request: ServiceCall) -> tuple[CallOutcome, Sequence[Left]]:
        """Run it, and answer what it would have sent out."""


@dataclass(slots=True)
class ScenarioCalls:
    """The service tasks of a dry run, and what was answered by attempt, for whoever writes the run down.

    What the model gives to a task and what the scenario lets it answer is what the task itself takes and could answer; else the step fails.
    """

    scenario: Scenario
    service_tasks: ServiceTasks
    inside: Inside | None = None
    made: dict[Attempt, tuple[Called, Sequence[Left]]] = field(default_factory=dict)
    _asked: Counter[str] = field(default_factory=Counter)

    def call(self, request: ServiceCall) -> CallOutcome:
        """Answer one call, or leave it to a step of the scenario."""
        if self.inside is not None and not self.inside.goes_outside(request.handler):
            outcome, effects = self.inside.call(request)
            return self.note(request, outcome, "task", effects)
        try:
            self._read(request)
        except Problem as problem:
            return Failure(problem.code, problem.detail, next_step=problem.next_step)
        if request.handler in self.scenario.answers:
            return self.note(request, self.possible(request.handler, self._answer(request.handler)), "scenario")
        if self.scenario.asks:
            return Deferred()
        if self.inside is not None:
            return _unanswered(request.handler)
        return self.note(request, Done(None), "nobody")

    def note(self, request: ServiceCall, outcome: CallOutcome, by: str, effects: Sequence[Left] = ()) -> CallOutcome:
        """Keep what a call came to, and answer it."""
        result = outcome.result if isinstance(outcome, Done) else None
        code, reason = (outcome.code, outcome.reason) if isinstance(outcome, Refusal) else ("", "")
        called = Called(request.handler, request.parameters, by, result, code, reason)
        self.made[request.task_id, request.attempt] = called, effects
        return outcome

    def possible(self, handler: str, outcome: CallOutcome) -> CallOutcome:
        """The outcome, or the failure that says why the task could never answer so."""
        if handler not in self.service_tasks:
            outside = self.service_tasks.leave_the_house(handler)
            return replace(outcome, merged=True) if outside and isinstance(outcome, Done) else outcome
        try:
            if isinstance(outcome, Refusal):
                self.service_tasks[handler].could_refuse(outcome.code)
            elif isinstance(outcome, Done) and outcome.result is not None:
                self.service_tasks[handler].could_answer(outcome.result)
        except Problem as problem:
            return Failure(problem.code, problem.detail, next_step=problem.next_step)
        return outcome

    def _read(self, request: ServiceCall) -> None:
        if request.handler in self.service_tasks:
            self.service_tasks[request.handler].read(request.parameters)

    def _answer(self, handler: str) -> CallOutcome:
        before = self._asked[handler]
        self._asked[handler] += 1
        answer = self.scenario.answers[handler]
        if isinstance(answer, list):
            answer = answer[min(before, len(answer) - 1)] if answer else None
        return outcome_of(answer)


def outcome_of(answer: Any) -> CallOutcome:
    """An answer as a scenario writes it: the result, or `refused` with the code of an error."""
    if isinstance(answer, Mapping) and "refused" in answer:
        return Refusal(str(answer["refused"]), str(answer.get("reason", "")))
    return Done(answer)


def _unanswered(handler: str) -> Failure:
    return Failure(
        "no_answer",
        f"{handler} talks to the outside, which a dry run does not, and the scenario has no answer for it.",
        next_step=f"Say under `answers` what {handler} answers, or let the scenario ask and answer it by a step `call`.",
    )
