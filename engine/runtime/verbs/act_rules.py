"""A decision of the deployment that is asked before each act on a user task: it may deny the act, or correct what it would set.

The diagram names it (`actRule`), so that a business person says in a table who hands a task to whom, how urgent it may be made and until
when it may be put off. It reads what is asked for, the task, and the variables of the instance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.feel import to_json
from engine.iso8601 import read_moment
from engine.problems import Conflict, Forbidden, Problem
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.visible_tasks import UserTask
from engine.store.clock import business_now

SETTING: Final = "actRule"
_TIMES: Final = ("due_at", "follow_up_at")
_MOST_PRIORITY: Final = 100


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants: `kind` is claim, release, assign, delegate, plan, send_back or complete; `to` whom it would go to.

    `changes` are the columns that it would set (priority, due_at, follow_up_at), `data` what was filled in.
    """

    kind: str
    by: Person
    to: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


def ruled(runtime: Runtime, tx: Session, task: UserTask, wanted: Act) -> Act:
    """The act as the rule of the task has it; as it is wanted where the task has none.

    Raises Forbidden with what the rule says where it denies the act, Conflict where the rule cannot be asked.
    """
    process = runtime.models.process(tx, task.process_version_id)
    element = process.elements.get(task.element_id)
    name = element.properties.get(SETTING) if element is not None else None
    decision = process.decisions.get(name) if name else None
    if name is None or decision is None:
        return wanted
    context = _context(tx, task, wanted)
    try:
        found = _answer(to_json(decision.evaluate(context, now=business_now(tx)).value))
    except Problem as problem:
        raise _unusable(name, problem.detail) from None
    missing = sorted(decision.variables - context.keys())
    if missing and not any(found.values()):  # what it says nothing about for want of a variable it has not allowed
        raise _unusable(name, f"it reads {', '.join(missing)}, which neither the act nor the instance has.")
    if found.get("deny"):
        told = " ".join(str(found[each]).strip() for each in ("deny", "next_step") if found.get(each))
        raise Forbidden(told, code="denied_by_rule", next_step="Choose another way; the decision table of this task says who may what.")
    return _corrected(name, wanted, found)


def _context(tx: Session, task: UserTask, wanted: Act) -> dict[str, Any]:
    variables: Mapping[str, Any] = tx.execute(_VARIABLES, {"id": task.instance_id}).scalar_one()
    changes = {name: _written(wanted.changes.get(name)) for name in ("priority", *_TIMES)}
    shown = ("title", "assignee", "owner", "priority", "due_at", "follow_up_at", "decision_amount", "business_key", "created_at")
    of_task = {name: _written(getattr(task, name)) for name in shown} | {"groups": list(task.candidate_groups)}
    asked = {"act": wanted.kind, "by": wanted.by.name, "groups": sorted(wanted.by.groups), "to": wanted.to, "data": dict(wanted.data)}
    return {**variables, **asked, **changes, "task": of_task}


def _written(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _answer(said: Any) -> Mapping[str, Any]:
    """A table that denies with a text alone needs no names for it."""
    return said if isinstance(said, Mapping) else {"deny": said} if isinstance(said, str) else {}


def _corrected(name: str, wanted: Act, found: Mapping[str, Any]) -> Act:
    changes = dict(wanted.changes)
    if found.get("priority") is not None:
        changes["priority"] = _priority(name, found["priority"])
    for each in _TIMES:
        if found.get(each) is not None:
            changes[each] = _moment(name, each, found[each])
    to = str(found["to"])[:200] if found.get("to") and wanted.to else wanted.to
    return Act(wanted.kind, wanted.by, to, changes, wanted.data)


def _priority(name: str, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | Decimal) or not 0 <= given <= _MOST_PRIORITY or given % 1:
        raise _unusable(name, f"it gives {str(given)[:40]!r} for a priority.")
    return round(given)  # a whole number already


def _moment(name: str, what: str, given: Any) -> datetime:
    found = read_moment(given) if isinstance(given, str) else None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise _unusable(name, f"it gives {str(given)[:40]!r} for {what}, which is no moment with its zone.")
    return found


def _unusable(name: str, why: str) -> Conflict:
    return Conflict(
        f"The rule {name} of this task cannot be asked: {why}",
        code="act_rule_unusable",
        next_step="Ask an analyst to correct the decision table and deploy it; an operator can take the instance over then.",
    )


_VARIABLES = text("SELECT variables FROM instance WHERE id = :id")
