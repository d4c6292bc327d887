"""The operator's repairs of one instance, each on a page of its own: what it would do is shown before it is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.iso8601 import read_moment
from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.runtime.operate import correlate, migrate, operations, restart, timer_moves, token_moves
from engine.runtime.read import explain
from engine.runtime.read import lists as read
from engine.runtime.read.explain import Wait
from engine.runtime.read.migration_plans import MigrationPlan, draft_plan
from engine.runtime.read.previews import Preview, preview
from engine.runtime.read.steps import list_steps, model_file
from engine.service_tasks import topic_of
from engine.store.paging import AnyRow
from engine.task_catalogue import describe
from ui.company_time import zone
from ui.forms import json_object, reason
from ui.product import OPERATE, needs, person, product
from ui.typed_values import TypedField, of_result, of_variables, read_changed, read_given
from ui.views.instances import answer_changed, retry_followed

_VARIABLE: Final = "var."
_RESULT: Final = "result."
_PLAN: Final = "plan."
_ONLY_TRIED: Final = "Only tried"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: of which instance, at which step, why, and with which values."""

    tx: Session
    shown: AnyRow
    why: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """The instance."""
        found: UUID = self.shown.id
        return found


@dataclass(frozen=True, slots=True)
class Repair:
    """A verb as a person reads it. `of` says at which kinds of waits it is done, `to` whether it names a step to go on at."""

    title: str
    text: str
    does: str
    act: Callable[[Asked], operations.Operated]
    of: tuple[str, ...] = ()
    to: str = ""
    values: str = "variables"


@needs(OPERATE)
def show(instance_id: UUID, verb: str) -> AnyResponse:
    """The form of a repair, with what it would do as it stands."""
    return _page(instance_id, verb)


@needs(OPERATE)
def repair(instance_id: UUID, verb: str) -> AnyResponse:
    """Show what a repair would do with what was typed, or do it; the reason goes to the audit log."""
    if request.form.get("act") == "preview":
        return _page(instance_id, verb)
    try:
        return _do(instance_id, verb)
    except NotFound:
        raise
    except Problem as problem:
        return _page(instance_id, verb, problem)


def _do(instance_id: UUID, verb: str) -> AnyResponse:
    chosen = REPAIRS[verb]
    why = reason()
    if verb == "retry" and not _waits_for_its_next_attempt(instance_id):
        return _retry(instance_id, why)
    made = product().database.run(lambda tx: chosen.act(_asked(tx, instance_id, chosen, why)))
    return answer_changed(made.instance_id, verb)


def _retry(instance_id: UUID, why: str) -> AnyResponse:
    """What has failed is tried again by workers, and followed to its end."""
    with product().database.transaction() as tx:
        asked = _asked(tx, instance_id, REPAIRS["retry"], why)
        failed = [wait for wait in explain.waits_of(tx, instance_id) if wait.kind == "incident" and str(wait.task_id) == _given_task()]
    arguments = {"variables": asked.values} if asked.values else {}
    return retry_followed(instance_id, why, {**arguments, **({"incident_id": failed[0].data["incident_id"]} if failed else {})})


def _waits_for_its_next_attempt(instance_id: UUID) -> bool:
    with product().database.transaction() as tx:
        return any(wait.kind == "retry" and str(wait.task_id) == _given_task() for wait in explain.waits_of(tx, instance_id))


def _page(instance_id: UUID, verb: str, problem: Problem | None = None) -> AnyResponse:
    chosen = REPAIRS[verb]
    with product().database.transaction() as tx:
        shown = read.get_instance(tx, instance_id)
        places = [wait for wait in explain.waits_of(tx, instance_id) if wait.kind in chosen.of and wait.task_id != instance_id]
        steps = list_steps(tx, instance_id, model_file(tx, shown.deployment_id, shown.path))
        chosen_place = _chosen(places)
        fields = _fields(tx, chosen, shown, chosen_place)
        seen = None if problem else _preview(tx, instance_id, chosen, given=chosen_place)
        plan = _plan(tx, shown) if verb == "migrate" and not shown.latest else None
    if seen and seen.problem and seen.problem.errors and request.method == "POST":
        problem = seen.problem
    answer = make_response(
        render_template(
            "repair.html",
            instance=shown,
            verb=verb,
            repair=chosen,
            places=places,
            place=chosen_place,
            targets=[step for step in steps if chosen.to != "passed" or step.state == "completed"] if chosen.to else [],
            names={step.id: step.name for step in steps},
            fields=fields,
            prefix=_RESULT if chosen.values == "result" else _VARIABLE,
            seen=seen,
            problem=problem,
            plan=plan,
            stands=sorted({wait.element_id for wait in explain.waits_of(tx, instance_id) if wait.element_id}) if plan else [],
            given=request.values,
        )
    )
    answer.status_code = 200 if problem is None else 409 if isinstance(problem, Conflict) else 422
    return answer


def _preview(tx: Session, instance_id: UUID, chosen: Repair, given: Wait | None) -> Preview | None:
    """What it would do. None where there is nothing to be tried yet, such as a step that is still to be chosen."""
    if (chosen.of and given is None and chosen is not REPAIRS["retry"]) or (chosen.to and not request.values.get("element_id")):
        return None
    if chosen.values == "result" and request.method == "GET":
        return None  # the result is still to be typed
    return preview(tx, instance_id, lambda: chosen.act(_asked(tx, instance_id, chosen, _ONLY_TRIED)))


def _asked(tx: Session, instance_id: UUID, chosen: Repair, why: str) -> Asked:
    shown = read.get_instance(tx, instance_id)
    places = [wait for wait in explain.waits_of(tx, instance_id) if wait.kind in chosen.of] if chosen.values == "result" else []
    fields = _fields(tx, chosen, shown, _chosen(places))
    other = request.form.get("data_of", "") != request.form.get("element_id", "") and "data_of" in request.form
    fields = [] if other else fields  # they were filled in for another step
    typed = read_given(fields, _RESULT) if chosen.values == "result" else read_changed(fields, _VARIABLE)
    values = {**typed, **json_object("variables")}
    if chosen.values == "result" and fields:
        product().runtime.service_tasks[_handler(_chosen(places))].could_answer(values)
    return Asked(tx, shown, why, values)


def _fields(tx: Session, chosen: Repair, shown: AnyRow, place: Wait | None) -> list[TypedField]:
    if chosen.to == "passed":  # the data it had then
        element_id = request.values.get("element_id", "")[:200]
        return of_variables(token_moves.variables_before(tx, shown.id, element_id)) if element_id else []
    if chosen.values == "variables":
        return of_variables(shown.variables)
    tasks = product().runtime.service_tasks
    handler = _handler(place)
    return of_result(describe(tasks[handler]).result) if chosen.values == "result" and handler in tasks else []


def _handler(place: Wait | None) -> str:
    return "" if place is None or topic_of(place.what) else place.what


def _chosen(places: list[Wait]) -> Wait | None:
    """The place that is named; without one the first."""
    return next((place for place in places if str(place.task_id) == _given_task()), places[0] if places else None)


def _given_task() -> str:
    return request.values.get("task_id", "")[:40]


def _step(asked: Asked) -> token_moves.Step:
    return token_moves.Step(asked.id, _task(asked), person().name, asked.why, asked.values)


def _try_again(asked: Asked) -> operations.Operated:
    if not _given_task() and not asked.values:
        return operations.retry(product().runtime, asked.tx, asked.id, person().name, asked.why)
    return token_moves.try_again(product().runtime, asked.tx, _step(asked))


def _complete(asked: Asked) -> operations.Operated:
    return token_moves.complete(product().runtime, asked.tx, _step(asked))


def _skip(asked: Asked) -> operations.Operated:
    return token_moves.skip(product().runtime, asked.tx, _step(asked))


def _move(asked: Asked) -> operations.Operated:
    return token_moves.move(product().runtime, asked.tx, _step(asked), _element())


def _go_back(asked: Asked) -> operations.Operated:
    back = token_moves.Return(asked.id, _element(), person().name, asked.why, asked.values)
    return token_moves.go_back(product().runtime, asked.tx, back)


def _change_data(asked: Asked) -> operations.Operated:
    change = token_moves.DataChange(asked.id, person().name, asked.why, asked.values)
    return token_moves.change_data(product().runtime, asked.tx, change)


def _move_timer(asked: Asked) -> operations.Operated:
    return timer_moves.move_timer(asked.tx, timer_moves.TimerMove(_task(asked), _moment(), person().name, asked.why))


def _message(asked: Asked) -> operations.Operated:
    sent = correlate.Correlation(asked.id, _task(asked), person().name, asked.why, asked.values)
    return correlate.correlate(product().runtime, asked.tx, sent)


def _migrate(asked: Asked) -> operations.Operated:
    """To the latest version, by the plan that is drafted for it."""
    now, latest = read.latest_version(asked.tx, asked.id)
    if now == latest:
        raise Conflict("It runs the latest version already.", code="version_latest", next_step="Nothing is to be done.")
    plan = _plan(asked.tx, asked.shown).mapping
    migration = migrate.Migration(latest, person().name, asked.why, plan, asked.values)
    return migrate.migrate(product().runtime, asked.tx, asked.id, migration)


def _plan(tx: Session, shown: AnyRow) -> MigrationPlan:
    """The plan to the latest version as it is drafted, with what was changed of it on the page."""
    changes = {name.removeprefix(_PLAN): value or None for name, value in request.form.items() if name.startswith(_PLAN)}
    return draft_plan(product().runtime, tx, shown.process_version_id, changes=changes)


def _start_anew(asked: Asked) -> operations.Operated:
    return restart.start_anew(product().runtime, asked.tx, restart.Restart(asked.id, person().name, asked.why, asked.values))


def _task(asked: Asked) -> UUID:
    try:
        return UUID(_given_task()) if _given_task() else _only_place(asked)
    except ValueError:
        raise _no_step("the step it stands at", "task_id") from None


def _only_place(asked: Asked) -> UUID:
    places = {wait.task_id for wait in explain.waits_of(asked.tx, asked.id)} - {asked.id}
    if len(places) != 1:
        raise _no_step("the step it stands at", "task_id")
    return places.pop()


def _element() -> str:
    element = request.values.get("element_id", "").strip()[:200]
    if not element:
        raise _no_step("the step to go on at", "element_id")
    return element


def _no_step(which: str, name: str) -> Invalid:
    errors = {name: ["is missing"]}
    return Invalid("No step is chosen.", code="step_missing", next_step=f"Choose {which}.", errors=errors)


def _moment() -> datetime:
    found = read_moment(request.values.get("due_at", ""))
    if not isinstance(found, datetime):
        errors = {"due_at": ["cannot be read"]}
        raise Invalid("The time cannot be read.", code="time", next_step="Choose day and time.", errors=errors)
    return found.replace(tzinfo=zone())


_ANY_PLACE: Final = ("incident", "user_task", "work", "external_task", "retry", "timer", "message", "signal")
_CALLS: Final = ("incident", "work", "external_task", "retry")
REPAIRS: Final[Mapping[str, Repair]] = {
    "retry": Repair(
        "Try again",
        "The step is tried again with the data below. What you do not change stays as it is; the old values stay in the history.",
        "Try again",
        _try_again,
        of=("incident", "retry"),
    ),
    "complete": Repair(
        "Complete with a result",
        "It goes on as if the service task had answered this. The service task itself is not called.",
        "Complete",
        _complete,
        of=_CALLS,
        values="result",
    ),
    "skip": Repair(
        "Skip a step",
        "It goes on behind the step as if it were done. Change the variables that the step would have written.",
        "Skip the step",
        _skip,
        of=_ANY_PLACE,
    ),
    "move": Repair(
        "Move to another step",
        "The step is given up, and it goes on at the other one.",
        "Move",
        _move,
        of=_ANY_PLACE,
        to="any",
    ),
    "go-back": Repair(
        "Go back to an earlier step",
        "Everything under way is given up. It begins again at the step, with the data it had then, but for what you change; "
        "what was done in between stays done.",
        "Go back",
        _go_back,
        to="passed",
    ),
    "data": Repair(
        "Change the data",
        "What is written here is read by the steps that come; it stays where it stands. A task that is open keeps what its form shows.",
        "Change the data",
        _change_data,
    ),
    "move-timer": Repair(
        "Change when a timer is due",
        "A time that is over lets it fire at once.",
        "Change the time",
        _move_timer,
        of=("timer",),
        values="due",
    ),
    "message": Repair(
        "Send the message it waits for",
        "Only this place of this instance gets it, whoever else waits for the same.",
        "Send the message",
        _message,
        of=("message",),
        values="payload",
    ),
    "migrate": Repair(
        "Take it to the latest version",
        "It goes on where it stands, on the latest version. Timers keep their time, user tasks their drafts. Where a step is gone it is "
        "refused and nothing changes. What the new version asks for and this instance does not have is written on the way.",
        "Take it over",
        _migrate,
    ),
    "start-anew": Repair(
        "Start it anew",
        "The latest version of the process begins again, with what this one began with but for what you change. "
        "What this one did stays done.",
        "Start anew",
        _start_anew,
    ),
}
