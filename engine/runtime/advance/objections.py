"""What somebody gave and a service task finds wrong field by field goes back to them, before anything of it is saved.

A person is told beside the fields they filled in, a sender by the answer to their message. Where they have gone meanwhile (the instance was
busy, so it was only noted), the form is open again with what was filled in as its draft, and a message becomes a task of its lane.
Other failures, and what was read from elsewhere, stay incidents: nobody who is asked here could mend them.
"""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.post import unheard
from engine.runtime.state import inbox
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact, Held, Objection, Stretch
from engine.spiff.elements import Element
from engine.store import json_text
from engine.store.rows import insert_rows
from engine.store.tables import history


class SentBack(Exception):
    """A user task or message was not taken, for what it says is wrong; nothing of the stretch may be saved."""

    def __init__(self, fact: Fact, taker: Element, problem: Invalid) -> None:
        super().__init__(problem.detail)
        self.fact = fact
        self.taker = taker
        self.problem = problem


def send_back(stretch: Stretch) -> None:
    """Raises SentBack for the first fact of this stretch that a service task has found wrong."""
    for objection in stretch.objections:
        asked = stretch.execution.process.elements[objection.element_id]
        for element_id, fact in reversed(stretch.given):
            taker = stretch.execution.process.elements[element_id]
            if errors := _errors(asked, taker, objection):
                raise SentBack(fact, taker, _problem(objection, errors))


def give_back(runtime: Runtime, tx: Session, held: Held, back: SentBack) -> None:
    """Take what was noted out of the inbox of an instance that a worker holds, and hand it to people again."""
    fact = back.fact
    inbox.drop(tx, held.id, fact)
    insert_rows(tx, history, [_refused(held, back)])
    if fact.kind == "message":
        unheard.give_back(runtime, tx, fact.body["message"], f"{back.problem.detail} {back.problem.next_step}")
    else:
        tx.execute(_DRAFT, {"id": fact.body["task_id"], "draft": json_text.encode(fact.body["data"]).decode()})


def _errors(asked: Element, taker: Element, objection: Objection) -> dict[str, list[str]]:
    """The errors of a service task's parameters as errors of the fields they were read from; empty when it read none of these."""
    errors: dict[str, list[str]] = {}
    for path, messages in objection.failure.errors.items():
        parameter, _, rest = path.partition(".")
        for name in _fields_of(taker, asked.parameters.get(parameter, ""))[:1]:
            errors[f"{name}.{rest}" if rest else name] = list(messages)
    return errors


def _fields_of(taker: Element, expression: str) -> list[str]:
    if not taker.result_variable:
        return []
    return re.findall(rf"(?<![\w.]){re.escape(taker.result_variable)}\.(\w+)", expression)


def _problem(objection: Objection, errors: Mapping[str, list[str]]) -> Invalid:
    failure = objection.failure
    if failure.kind == "service_task_input":  # said for who draws the diagram; whoever fills in a form needs other words
        return Invalid(
            f"{len(errors)} field(s) are not right.",
            code="form_invalid",
            next_step="Correct the fields named and submit again.",
            errors=errors,
        )
    return Invalid(failure.message, code=failure.kind, next_step=failure.next_step, errors=errors)


def _refused(held: Held, back: SentBack) -> dict[str, Any]:
    given = back.fact.body.get("data") or back.fact.body.get("payload") or {}
    return {
        "instance_id": held.id,
        "task_id": back.fact.body["task_id"],
        "element_id": back.taker.id,
        "element_name": back.taker.name,
        "element_type": back.taker.type,
        "outcome": "refused",
        "actor": back.fact.actor,
        "attempt": 1,
        "started_at": held.now,
        "ended_at": held.now,
        "changed": None,
        "detail": {"reason": back.problem.detail, "errors": back.problem.errors, "given": dict(given)},
    }


_DRAFT = text("UPDATE user_task SET draft = CAST(:draft AS jsonb), version = version + 1 WHERE id = :id AND state = 'open'")
