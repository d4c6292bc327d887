"""The operator's doors to one step: say what it came to, give it the message it waits for, and see what a repair would do."""

from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.operations import OperatedOut, StepIn
from api.v1.shapes import InstancePath, Shape
from engine.problems import Invalid
from engine.runtime.operate import correlate, operations, token_moves
from engine.runtime.operate.operations import Operated
from engine.runtime.read.previews import preview
from engine.runtime.state.runtime import Runtime

api = APIBlueprint("repairs", __name__, url_prefix="/api/v1/instances", abp_tags=[Tag(name="operations")])
_ONLY_TRIED = "Only tried"


class CompleteIn(StepIn):
    """A service task that waits or has failed; its `variables` are the result that it would have answered."""


class CorrelateIn(StepIn):
    """A place that waits for a message; its `variables` are what the message says."""


class PreviewIn(Shape):
    """A repair that is only tried: `task_id` is the step, `element_id` where it goes on (move, go_back)."""

    verb: Literal["retry", "complete", "skip", "move", "go_back", "change_data", "correlate"]
    task_id: UUID | None = None
    element_id: str | None = Field(None, max_length=200)
    variables: dict[str, Any] = Field(default_factory=dict)


class RanOut(BaseModel):
    """A step that would run, and what it would write."""

    element_id: str
    name: str
    outcome: str
    changed: dict[str, Any] | None


class LeavingOut(BaseModel):
    """What would leave the house."""

    kind: str
    target: str


class PreviewOut(BaseModel):
    """What would become of it; `problem` says why it cannot be done, and then there is nothing else."""

    ran: list[RanOut]
    sent: list[LeavingOut]
    state: str | None
    sentence: str | None
    problem: str | None
    next_step: str | None


@api.post("/<uuid:instance_id>/complete", responses={200: OperatedOut})
@operation(Role.OPERATE)
def complete(path: InstancePath, body: CompleteIn) -> OperatedOut:
    """Say what a service task came to; it goes on as if the task had answered so."""
    return _out(_complete(product().runtime, transaction(), _step(path, body)))


@api.post("/<uuid:instance_id>/correlate", responses={200: OperatedOut})
@operation(Role.OPERATE)
def correlate_message(path: InstancePath, body: CorrelateIn) -> OperatedOut:
    """Give the message that a place waits for to this place only, whoever else waits for the same."""
    return _out(_correlate(product().runtime, transaction(), _step(path, body)))


@api.post("/<uuid:instance_id>/preview", responses={200: PreviewOut})
@operation(Role.OPERATE)
def preview_repair(path: InstancePath, body: PreviewIn) -> PreviewOut:
    """Do a repair, look, and take it back: nothing is changed, and nobody is told."""
    runtime, tx = product().runtime, transaction()
    seen = preview(tx, path.instance_id, _act(runtime, tx, path.instance_id, body))
    return PreviewOut(
        ran=[RanOut(element_id=row.element_id, name=row.name, outcome=row.outcome, changed=row.changed) for row in seen.ran],
        sent=[LeavingOut(kind=row.kind, target=row.target) for row in seen.sent],
        state=seen.then.state if seen.then else None,
        sentence=seen.then.sentence if seen.then else None,
        problem=seen.problem.detail if seen.problem else None,
        next_step=seen.problem.next_step if seen.problem else None,
    )


def _act(runtime: Runtime, tx: Session, instance_id: UUID, body: PreviewIn) -> Callable[[], Operated]:
    if body.verb == "retry" and body.task_id is None:
        return lambda: operations.retry(runtime, tx, instance_id, person().name, _ONLY_TRIED)
    if body.verb == "go_back":
        back = token_moves.Return(instance_id, _needed(body.element_id, "element_id"), person().name, _ONLY_TRIED, body.variables)
        return lambda: token_moves.go_back(runtime, tx, back)
    if body.verb == "change_data":
        change = token_moves.DataChange(instance_id, person().name, _ONLY_TRIED, body.variables)
        return lambda: token_moves.change_data(runtime, tx, change)
    step = token_moves.Step(instance_id, _needed(body.task_id, "task_id"), person().name, _ONLY_TRIED, body.variables)
    if body.verb == "move":
        element_id = _needed(body.element_id, "element_id")
        return lambda: token_moves.move(runtime, tx, step, element_id)
    return lambda: _OF_A_STEP[body.verb](runtime, tx, step)


def _complete(runtime: Runtime, tx: Session, step: token_moves.Step) -> Operated:
    return token_moves.complete(runtime, tx, step)


def _correlate(runtime: Runtime, tx: Session, step: token_moves.Step) -> Operated:
    asked = correlate.Correlation(step.instance_id, step.task_id, step.actor, step.reason, step.variables)
    return correlate.correlate(runtime, tx, asked)


def _needed(value: Any, name: str) -> Any:
    if not value:
        said = {name: ["is missing"]}
        raise Invalid(f"{name} is missing.", code="step_missing", next_step="Name the step: GET …/tokens does.", errors=said)
    return value


def _step(path: InstancePath, body: StepIn) -> token_moves.Step:

    return token_moves.Step(path.instance_id, body.task_id, person().name, body.reason, body.variables)


def _out(operated: Operated) -> OperatedOut:
    return OperatedOut(id=operated.instance_id, state=operated.state)


_OF_A_STEP: dict[str, Callable[[Runtime, Session, token_moves.Step], Operated]] = {
    "retry": token_moves.try_again,
    "complete": _complete,
    "skip": token_moves.skip,
    "correlate": _correlate,
}
