"""Plays a scenario on a compiled process, from its beginning, in memory; saved and restored between steps, as between two transactions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from time import monotonic
from typing import Any, Final, Protocol

from sqlalchemy.orm import Session

from engine.feel import after
from engine.forms import Form, fillable, validate
from engine.problems import Conflict, Invalid, NotFound, Problem, TooLarge
from engine.runtime.dry_run import expectations
from engine.runtime.dry_run.calls import ScenarioCalls, outcome_of
from engine.runtime.dry_run.really import ReallyInside, silenced, undone
from engine.runtime.dry_run.record import Comparison, DryRun, Fault
from engine.runtime.dry_run.scenario import Scenario
from engine.runtime.dry_run.scribe import Scribe
from engine.runtime.dry_run.waiting import waiting_of
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import ServiceTasks
from engine.spiff.calls import Calendars, Failure, Refusal, ServiceCall, no_calendars
from engine.spiff.execution import Execution
from engine.spiff.plain import key_mapping
from engine.spiff.process import CompiledProcess
from engine.spiff.records import Budget, Subscription, UserTaskWait, Work
from engine.work import pay

#: Elements that one dry run may execute, and seconds it may take.
MAX_ELEMENTS: Final = 5_000
MAX_SECONDS: Final = 20.0
#: What an element costs the request that asks for a dry run, in steps.
_ELEMENT_STEPS: Final = 300
Step = Mapping[str, Any]


class NotWaiting(Conflict):
    """A step of a scenario that nobody waits for; nothing has happened by it."""

    default_code = "not_waiting"


class Playable(Protocol):
    """What a checked bundle has of what a dry run needs."""

    @property
    def processes(self) -> tuple[CompiledProcess, ...]:
        """Those that may be started."""

    @property
    def forms(self) -> Mapping[str, Form]:
        """By the name that user tasks use."""


@dataclass(slots=True)
class _Stage:
    """One run under way. `comparisons` are what people were to see."""

    process: CompiledProcess
    forms: Mapping[str, Form]
    zone: tzinfo
    scenario: Scenario
    inside: ReallyInside | None
    execution: Execution
    calls: ScenarioCalls
    scribe: Scribe
    now: datetime
    number: int = 0
    elements: int = 0
    deadline: float = field(default_factory=lambda: monotonic() + MAX_SECONDS)
    comparisons: list[Comparison] = field(default_factory=list)
    #: What was filled into forms, by the number of the step.
    filled_in: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    #: Steps that nobody waits for are passed over, and whoever a task is offered to does it, as far as its form takes what is given.
    skipping: bool = False
    #: The working time that is counted in; without, the clock goes round.
    calendars: Calendars = no_calendars

    def run(self, actor: str | None = None) -> None:
        """Go on to the next waits. Raises TooLarge past the limits of a dry run."""
        if self.inside is not None:
            self.inside.now, self.inside.actor = self.now, actor
        budget = Budget(MAX_ELEMENTS - self.elements, max(self.deadline - monotonic(), 0.0))
        self.execution.count_in(self.calendars)
        result = self.execution.run(self.calls, now=self.now, budget=budget, explain=True)
        self.elements += result.steps
        pay(_ELEMENT_STEPS * result.steps)
        self.scribe.write(self.number, self.execution.take_trace(), self.execution.take_outgoing())
        self.scribe.ask(self.number, self.execution.waits.user_tasks)
        if result.spent:
            raise TooLarge(
                f"The dry run was stopped after {self.elements} elements.",
                code="dry_run_endless",
                next_step=f"Look for a loop whose condition never changes; a dry run takes {MAX_ELEMENTS} elements and {MAX_SECONDS:g} s.",
            )
        if not self.execution.completed:
            self.execution = Execution.restore(self.process, self.execution.dump())

    def play(self, step: Step) -> None:
        """A step is what a person does, a message or an answer that comes, or time that passes. Raises Problem when it cannot be."""
        kind = next(kind for kind in _STEPS if kind in step)
        _STEPS[kind](self, step)

    def waits_at(self) -> str:
        """Where it stands, as the end of a sentence."""
        waits = self.execution.waits
        every: Sequence[Any] = (*waits.user_tasks, *waits.timers, *waits.subscriptions, *waits.work, *waits.failed)
        found = [item.element_id for item in every]
        return f"it waits at {', '.join(dict.fromkeys(found))}" if found else "it has ended"


def play(playable: Playable, scenario: Scenario, service_tasks: ServiceTasks, zone: tzinfo, *, skipping: bool = False) -> DryRun:
    """Play a scenario with the answers that it has; its clock counts no company's working time, but goes round.

    With `skipping` it goes on past steps that nobody waits for, and lets tasks be done by whomever they are offered to. Raises
    NotFound when there is no such process.
    """
    stage = _begun(playable, scenario, service_tasks, zone, None)
    stage.skipping = skipping
    return _told(stage, _played(stage), service_tasks)


def play_really(playable: Playable, scenario: Scenario, runtime: Runtime, tx: Session) -> DryRun:
    """Play a scenario with its service tasks run on the data there is, and undo all of it. External ones answer from the scenario."""
    quiet = silenced(runtime)

    def act(within: Session) -> DryRun:
        inside = ReallyInside(quiet, within, scenario, scenario.now)
        stage = _begun(playable, scenario, runtime.service_tasks, runtime.time_zone, inside)
        stage.calendars = partial(runtime.calendars.named, within)
        return _told(stage, _played(stage), runtime.service_tasks)

    return undone(tx, act)


def _played(stage: _Stage) -> Fault | None:
    """Take the steps of the scenario one after the other; answers why it could not go on, if so."""
    try:
        stage.run()
        for number, step in enumerate(stage.scenario.steps, 1):
            stage.number = number
            try:
                stage.play(step)
            except NotWaiting:
                if not stage.skipping:
                    raise
    except Problem as problem:
        return Fault(stage.number, problem.code, problem.detail, problem.next_step, problem.element_id, problem.errors)
    return None


def _begun(playable: Playable, scenario: Scenario, service_tasks: ServiceTasks, zone: tzinfo, inside: ReallyInside | None) -> _Stage:
    process = next((each for each in playable.processes if each.key == scenario.process), None)
    if process is None:
        known = ", ".join(each.key for each in playable.processes)
        raise NotFound(
            f"The bundle has no process {scenario.process!r}.",
            code="process_unknown",
            next_step=f"Choose one of: {known or 'none, for nothing in it can run'}.",
        )
    calls = ScenarioCalls(scenario, service_tasks, inside)
    execution = Execution.start(process, scenario.given, now=scenario.now, element_id=scenario.begins_at)
    scribe = Scribe(calls, dict(execution.variables))
    return _Stage(process, playable.forms, zone, scenario, inside, execution, calls, scribe, scenario.now)


def _told(stage: _Stage, fault: Fault | None, service_tasks: ServiceTasks) -> DryRun:
    execution, scribe, scenario = stage.execution, stage.scribe, stage.scenario
    variables, path = execution.variables, scribe.path
    failed = execution.waits.failed
    state = "stopped" if fault else "completed" if execution.completed else "failed" if failed else "waiting"
    compared = [
        *stage.comparisons,
        *expectations.compare(scenario.expect, path, variables, scribe.sent, completed=execution.completed),
    ]
    return DryRun(
        name=scenario.name,
        process=stage.process.key,
        process_name=stage.process.name,
        state=state,
        ok=not fault and not failed and all(each.ok for each in compared),
        began_at=scenario.now,
        now=stage.now,
        really=stage.inside is not None,
        lines=scribe.lines,
        path=path,
        variables=variables,
        asked=list(scribe.asked.values()),
        filled_in=[stage.filled_in.get(number) for number in range(1, len(scenario.steps) + 1)],
        waiting=waiting_of(execution.waits, stage.now, service_tasks),
        sent=scribe.sent,
        effects=scribe.effects,
        comparisons=compared,
        fault=fault,
    )


def _person(stage: _Stage, step: Step) -> None:
    element_id = step["person"]
    task = next((task for task in stage.execution.waits.user_tasks if task.element_id == element_id), None)
    if task is None:
        raise _not_waiting(stage, f"{element_id} is not to be done by anybody now", element_id)
    _may_do(task, step if not stage.skipping else {**step, "group": ""})
    stage.comparisons += [_sees(stage.number, task, name, value) for name, value in step.get("sees", {}).items()]
    stage.execution.complete(task.task_id, _submitted(stage, task, step.get("does", {})), actor=step.get("as"))
    stage.run(step.get("as"))


def _may_do(task: UserTaskWait, step: Step) -> None:
    group, who = step.get("group"), step.get("as")
    if group and group not in task.candidate_groups:
        offered = ", ".join((*task.candidate_groups, *task.candidate_users)) or "everybody"
        raise Conflict(
            f"{task.title!r} is not offered to {group} but to {offered}.",
            code="not_offered",
            next_step="Let somebody of a group it is offered to do it.",
            element_id=task.element_id,
        )
    if who and who in task.excluded_users:
        raise Conflict(
            f"{who} may not decide {task.title!r}: a second person must.",
            code="four_eyes",
            next_step="Let somebody else do it.",
            element_id=task.element_id,
        )


def _sees(number: int, task: UserTaskWait, name: str, value: Any) -> Comparison:
    found = task.form_data.get(name)
    says = f"{task.title} shows {name} as expected." if found == value else f"{task.title} does not show {name} as expected."
    return Comparison("sees", f"{number}: {name}", found == value, value, found, says)


def _submitted(stage: _Stage, task: UserTaskWait, does: Mapping[str, Any]) -> Mapping[str, Any]:
    form = stage.forms.get(task.form_key or "")
    stage.filled_in[stage.number] = does if form is None else fillable(form, does)
    if form is None:
        return does
    submission = validate(form, does, task.form_data, now=stage.now)
    dropped = {
        name: ["is no field that can be filled in"]
        for name, value in does.items()
        if value not in (submission.data.get(name), task.form_data.get(name))  # a form gives back what it only showed
    }
    errors = submission.errors or ({} if stage.skipping else dropped)
    if errors:
        wrong = "; ".join(f"{name} {', '.join(said)}" for name, said in errors.items())
        raise Invalid(
            f"The form {task.form_key} refuses this: {wrong}.",
            code="form_invalid",
            next_step="Correct the fields named and submit again.",
            element_id=task.element_id,
            errors=errors,
        )
    return submission.data


def _message(stage: _Stage, step: Step) -> None:
    name, keys = step["message"], key_mapping(step.get("correlation", {}), "the step")
    found = next((wait for wait in stage.execution.waits.subscriptions if _meant(wait, name, keys)), None)
    if found is None:
        said = f" for {', '.join(f'{key} {value}' for key, value in keys.items())}" if keys else ""
        raise _not_waiting(stage, f"Nothing waits for {name}{said}")
    stage.execution.deliver(found.task_id, step.get("payload", {}))
    stage.run()


def _meant(wait: Subscription, name: str, keys: Mapping[str, Any]) -> bool:
    return wait.name == name and wait.correlation.items() <= keys.items()


def _clock(stage: _Stage, step: Step) -> None:
    until = after(stage.now, step["clock"], stage.zone)
    while True:
        due = sorted((timer for timer in stage.execution.waits.timers if timer.due_at <= until), key=lambda timer: timer.due_at)
        if not due:
            break
        stage.now = max(stage.now, due[0].due_at)
        stage.execution.count_in(stage.calendars)
        stage.execution.fire_timer(due[0].task_id, stage.now)
        stage.run()
    stage.now = max(stage.now, until)


def _call(stage: _Stage, step: Step) -> None:
    element_id = step["call"]
    waits = stage.execution.waits.work
    wait = next((work for work in waits if work.element_id == element_id and work.retry_at is None), None)
    if wait is None:
        raise _not_waiting(stage, f"{element_id} waits for no answer", element_id)
    outcome = stage.calls.possible(wait.handler, outcome_of(step if "refused" in step else step.get("answers")))
    if isinstance(outcome, Failure):
        raise Invalid(
            outcome.message, code=outcome.kind, next_step=outcome.next_step, element_id=element_id, errors={"answers": [outcome.message]}
        )
    request = ServiceCall(wait.task_id, wait.element_id, wait.handler, wait.parameters, wait.retry, wait.attempt)
    stage.calls.note(request, outcome, "call")
    if isinstance(outcome, Refusal):
        _refuse(stage, wait, outcome)
    else:
        stage.execution.work_done(wait.task_id, getattr(outcome, "result", None), merged=getattr(outcome, "merged", False))
    stage.run()


def _refuse(stage: _Stage, wait: Work, outcome: Refusal) -> None:
    if not stage.execution.throw_error(wait.task_id, outcome.code, outcome.reason):
        next_step = f"Catch the error {outcome.code} with a boundary event in the diagram, or answer otherwise."
        failure = Failure("refused", f"{wait.element_id} was refused with {outcome.code}: {outcome.reason}", next_step=next_step)
        stage.execution.fail(wait.task_id, failure, now=stage.now)


def _not_waiting(stage: _Stage, what: str, element_id: str | None = None) -> NotWaiting:
    return NotWaiting(
        f"{what}; {stage.waits_at()}.",
        next_step="Take this step out, or change what comes before it.",
        element_id=element_id,
    )


_STEPS: Final[Mapping[str, Callable[[_Stage, Step], None]]] = {"person": _person, "message": _message, "clock": _clock, "call": _call}
