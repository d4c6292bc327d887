"""Through whose hands a task goes, from its page: ask a colleague, answer, take back, send back, plan."""

from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import make_response, redirect, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.iso8601 import read_moment
from engine.lexical import read_whole
from engine.problems import Invalid
from engine.runtime.verbs import task_hands
from ui.company_time import zone
from ui.product import WORK, needs, person, product
from ui.views.worklist import show_task

_DATES = ("follow_up_at", "due_at")
_REFUSED = 422
Verb = Callable[[Session, UUID, Mapping[str, str]], object]


@needs(WORK)
def act(task_id: UUID, verb: str) -> AnyResponse:
    """Do one of the verbs to a task; the page of the task says what became of it."""
    given = {name: value.strip() for name, value in request.form.items()}
    try:
        product().database.run(lambda tx: _VERBS[verb](tx, task_id, given))
    except Invalid as problem:
        answer = make_response(show_task(task_id, problem))
        answer.status_code = _REFUSED
        return answer
    kept = MultiDict(request.args)
    kept["done"] = verb
    return redirect(f"/worklist/{task_id}?{urlencode(list(kept.items(multi=True)))}", 303)


def _ask(tx: Session, task_id: UUID, given: Mapping[str, str]) -> object:
    question = task_hands.Question(given.get("to", "")[:200], given.get("question", ""))
    if not question.to:
        raise Invalid("Nobody is chosen.", code="person_missing", next_step="Choose whom you ask.", errors={"to": ["is missing"]})
    return task_hands.delegate(product().runtime, tx, task_id, question, person())


def _answer(tx: Session, task_id: UUID, given: Mapping[str, str]) -> object:
    return task_hands.answer(tx, task_id, given.get("answer", ""), person())


def _take_back(tx: Session, task_id: UUID, _given: Mapping[str, str]) -> object:
    return task_hands.take_back(tx, task_id, person())


def _send_back(tx: Session, task_id: UUID, given: Mapping[str, str]) -> object:
    refusal = task_hands.Refusal(given.get("code", "")[:200], given.get("reason", ""))
    return task_hands.send_back(product().runtime, tx, task_id, refusal, person())


def _plan(tx: Session, task_id: UUID, given: Mapping[str, str]) -> object:
    changes: dict[str, Any] = {
        name: _day(name, given.get(name, "")) for name in _DATES if given.get(name, "") != given.get(f"was_{name}", "")
    }
    if given.get("priority"):
        changes["priority"] = _number(given["priority"])
    return task_hands.plan(product().runtime, tx, task_id, changes, person())


def _day(name: str, written: str) -> datetime | None:
    """A day as its morning for a follow-up, as its end for what is due; or a moment, in the company's zone."""
    if not written:
        return None
    found = read_moment(written)
    if found is None:
        raise Invalid(f"{written[:40]!r} is no day.", code="day", next_step="Choose a day.", errors={name: ["is no day"]})
    if not isinstance(found, datetime):
        found = datetime.combine(found, time(23, 59) if name == "due_at" else time())
    return found.replace(tzinfo=zone())


def _number(written: str) -> int:
    found = read_whole(written)
    if found is None:
        said = {"priority": ["is no whole number"]}
        raise Invalid(f"{written[:40]!r} is no priority.", code="priority", next_step="Give a number from 0 to 100.", errors=said)
    return found


_VERBS: Mapping[str, Verb] = {"ask": _ask, "answer": _answer, "take-back": _take_back, "send-back": _send_back, "plan": _plan}
