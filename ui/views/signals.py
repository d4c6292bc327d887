"""Signals: which ones would be heard, by whom, and a form to send one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from engine.runtime.read.signals import list_signals
from engine.runtime.state import audit
from engine.runtime.verbs import signals
from ui.forms import json_object, reason
from ui.product import OPERATE, needs, person, product

_REFUSED = 422


def show() -> str:
    """The signals that somebody would hear."""
    return _page({"name": request.args.get("name", "")[:200]})


@needs(OPERATE)
def send() -> AnyResponse:
    """Send a signal to everybody who waits for it."""
    try:
        heard = product().database.run(_broadcast)
    except Problem as problem:
        return make_response(_page(dict(request.form), problem=problem), _REFUSED)
    return make_response(_page({}, heard=heard, sent=request.form["name"].strip()))


def _broadcast(tx: Session) -> list[UUID]:
    name = request.form.get("name", "").strip()[:200]
    if not name:
        errors = {"name": ["is missing"]}
        raise Invalid("No signal is named.", code="signal_missing", next_step="Name the signal, as the diagram does.", errors=errors)
    why, payload = reason(), json_object("payload")
    heard = signals.broadcast(product().runtime, tx, name, payload, person().name)
    detail = {"instances": [str(each) for each in heard]}
    audit.record(tx, audit.Entry(person().name, "broadcast", f"signal:{name}", why, detail))
    return heard


def _page(values: Mapping[str, Any], *, problem: Problem | None = None, heard: list[UUID] | None = None, sent: str = "") -> str:
    with product().database.transaction() as tx:
        known = list_signals(tx)
    return render_template(
        "signals.html",
        known=known,
        values=values,
        problem=problem,
        errors=problem.errors if problem else {},
        heard=heard,
        sent=sent,
        may_operate=OPERATE in person().roles,
    )
