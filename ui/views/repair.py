"""The operator's repairs of one instance: skip a step, move it, go back, move a timer, take it to the latest version, start it anew."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from flask import redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Conflict, Invalid
from engine.runtime.operate import migrate, operations, restart, timer_moves, token_moves
from engine.runtime.read.lists import latest_version
from ui.company_time import zone
from ui.forms import json_object, reason
from ui.product import OPERATE, needs, person, product
from ui.views.instances import answer_changed, retry_followed

Repair = Callable[[Session, UUID], operations.Operated]


@needs(OPERATE)
def repair(instance_id: UUID, verb: str) -> AnyResponse:
    """Do one of the repairs; the reason goes to the audit log."""
    if verb == "retry":
        return retry_followed(instance_id, reason())
    act, done = _REPAIRS[verb]
    made = product().database.run(lambda tx: act(tx, instance_id))
    if made.instance_id != instance_id:
        return redirect(f"/operations/instances/{made.instance_id}", 303)
    return answer_changed(instance_id, done)


def _skip(tx: Session, instance_id: UUID) -> operations.Operated:
    return token_moves.skip(product().runtime, tx, _step(instance_id))


def _move(tx: Session, instance_id: UUID) -> operations.Operated:
    return token_moves.move(product().runtime, tx, _step(instance_id), _element())


def _go_back(tx: Session, instance_id: UUID) -> operations.Operated:
    back = token_moves.Return(instance_id, _element(), person().name, _reason(), json_object("variables"))
    return token_moves.go_back(product().runtime, tx, back)


def _move_timer(tx: Session, _instance_id: UUID) -> operations.Operated:
    moved = timer_moves.TimerMove(_task(), _moment(), person().name, _reason())
    return timer_moves.move_timer(tx, moved)


def _migrate(tx: Session, instance_id: UUID) -> operations.Operated:
    """To the latest version, by the plan that is drafted for it."""
    now, latest = latest_version(tx, instance_id)
    if now == latest:
        raise Conflict("It runs the latest version already.", code="version_latest", next_step="Nothing is to be done.")
    plan = migrate.propose(product().runtime, tx, now, latest)
    return migrate.migrate(product().runtime, tx, instance_id, migrate.Migration(latest, person().name, _reason(), plan))


def _start_anew(tx: Session, instance_id: UUID) -> operations.Operated:
    return restart.start_anew(product().runtime, tx, restart.Restart(instance_id, person().name, _reason(), json_object("variables")))


_REPAIRS: Mapping[str, tuple[Repair, str]] = {
    "skip": (_skip, "Skipped: it went on behind the step."),
    "move": (_move, "Moved: it goes on at the other step."),
    "go-back": (_go_back, "It begins again at the earlier step, with the data of that time."),
    "move-timer": (_move_timer, "The timer is moved."),
    "migrate": (_migrate, "It runs on the latest version now."),
    "start-anew": (_start_anew, "A new instance has begun."),
}


def _step(instance_id: UUID) -> token_moves.Step:
    return token_moves.Step(instance_id, _task(), person().name, _reason(), json_object("variables"))


def _reason() -> str:
    return request.form.get("reason", "").strip()[:2000]


def _task() -> UUID:
    try:
        return UUID(request.form.get("task_id", ""))
    except ValueError:
        raise Invalid("No step is chosen.", code="step_missing", next_step="Choose the step it stands at.") from None


def _element() -> str:
    element = request.form.get("element_id", "").strip()
    if not element:
        raise Invalid("No step is chosen to go on at.", code="step_missing", next_step="Choose the step to go on at.")
    return element


def _moment() -> datetime:
    try:
        return datetime.fromisoformat(request.form.get("due_at", "")).replace(tzinfo=zone())
    except ValueError:
        raise Invalid("The time cannot be read.", code="time", next_step="Choose day and time.") from None
