"""Where an instance stands, changed by an operator: try a step again, complete, skip or move it, go back; and what it knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.runtime.advance.advance import act
from engine.runtime.operate.operations import Operated, held_for
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.runtime.verbs.duties import refuse_own
from engine.spiff.plain import plain_mapping

_CHANGED_BEFORE = text(
    "SELECT changed FROM history WHERE instance_id = :id AND changed IS NOT NULL AND id < "
    "(SELECT max(id) FROM history WHERE instance_id = :id AND element_id = :element_id) ORDER BY id"
)
_PASSED = text("SELECT 1 FROM history WHERE instance_id = :id AND element_id = :element_id LIMIT 1")


#: Verbs that may lead an instance past a decision.
_LEADS = frozenset({"skip", "move", "go_back", "change_data"})


@dataclass(frozen=True, slots=True)
class Step:
    """A waiting or failed step of an instance, and what an operator says about it. The variables are written on the way."""

    instance_id: UUID
    task_id: UUID
    actor: str
    reason: str
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Return:
    """An earlier element to begin again at; `variables` change those of that time."""

    instance_id: UUID
    element_id: str
    actor: str
    reason: str
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataChange:
    """Variables to be written into an instance as it stands."""

    instance_id: UUID
    actor: str
    reason: str
    variables: Mapping[str, Any]


def try_again(runtime: Runtime, tx: Session, step: Step) -> Operated:
    """Try a failed step again, or a waiting attempt at once, with changed variables. Raises Conflict when it is neither."""
    body = {"task_id": step.task_id, "variables": plain_mapping(step.variables, "The variables")}
    return _act(runtime, tx, step, Fact("retry", body, step.actor))


def complete(runtime: Runtime, tx: Session, step: Step) -> Operated:
    """Say what a service task came to: its `variables` are the result. It goes on as if the task had answered so.

    Raises Conflict when it does not wait or is no service task.
    """
    body = {"task_id": step.task_id, "result": plain_mapping(step.variables, "The result")}
    return _act(runtime, tx, step, Fact("complete", body, step.actor))


def skip(runtime: Runtime, tx: Session, step: Step) -> Operated:
    """Go on behind a step as if it were done, with the result given. Raises Conflict when it does not wait."""
    body = {"task_id": step.task_id, "variables": plain_mapping(step.variables, "The variables")}
    return _act(runtime, tx, step, Fact("skip", body, step.actor))


def move(runtime: Runtime, tx: Session, step: Step, element_id: str) -> Operated:
    """Give a step up and go on at another element of the same process or subprocess. Raises Conflict when that cannot be."""
    body = {"task_id": step.task_id, "element_id": element_id, "variables": plain_mapping(step.variables, "The variables")}
    return _act(runtime, tx, step, Fact("move", body, step.actor))


def go_back(runtime: Runtime, tx: Session, back: Return) -> Operated:
    """Give up everything under way and begin again at an element it has passed, with the variables it had then.

    What was done in between stays done: handlers are not undone. Raises Conflict when it never was there.
    """
    then = variables_before(tx, back.instance_id, back.element_id)
    variables = {**then, **plain_mapping(back.variables, "The variables")}
    return _act(runtime, tx, back, Fact("go_back", {"element_id": back.element_id, "variables": variables}, back.actor))


def change_data(runtime: Runtime, tx: Session, change: DataChange) -> Operated:
    """Write variables, and leave the instance where it stands: later steps read them, and a condition that they make true is met.

    A task that is open keeps what its form shows. Raises Invalid where nothing is to be written.
    """
    if not change.variables:
        raise Invalid(
            "No variable is changed.",
            code="variables_missing",
            next_step="Give at least one variable.",
            errors={"variables": ["is missing"]},
        )
    return _act(runtime, tx, change, Fact("change_data", {"variables": plain_mapping(change.variables, "The variables")}, change.actor))


def variables_before(tx: Session, instance_id: UUID, element_id: str) -> dict[str, Any]:
    """The variables an instance had when it last came to an element. Raises Conflict when it never did."""
    asked = {"id": instance_id, "element_id": element_id}
    if tx.execute(_PASSED, asked).first() is None:
        raise Conflict(
            f"The instance has never been at {element_id}.",
            code="never_there",
            next_step="Choose an element of its history, or move a step.",
        )
    then: dict[str, Any] = {}
    for row in tx.execute(_CHANGED_BEFORE, asked):
        then.update(row.changed)
    return then


def _act(runtime: Runtime, tx: Session, asked: Step | Return | DataChange, fact: Fact) -> Operated:
    held_for(tx, fact.kind, asked.instance_id, asked.reason)
    if fact.kind in _LEADS:
        refuse_own(runtime, tx, asked.instance_id, asked.actor)
    acted = act(runtime, tx, asked.instance_id, fact)
    audit.record(tx, audit.Entry(asked.actor, fact.kind, f"instance:{asked.instance_id}", asked.reason, _detail(fact)))
    return Operated(asked.instance_id, acted.state)


def _detail(fact: Fact) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in fact.body.items()}
