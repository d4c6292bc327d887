"""Incidents by cause: one line a cause, with what to do; acknowledge or retry one, or all of a cause, with an honest result for each."""

from uuid import UUID

from flask import make_response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import NotFound, Problem
from engine.runtime.operate import incidents
from engine.runtime.read import lists as read
from engine.store.tables import incident
from ui.forms import json_object
from ui.product import OPERATE, asked, needs, person, product
from ui.views.instances import answer_changed

#: Retried in one press; each in its own transaction, while the person waits.
AT_ONCE = 50


def show_causes() -> str:
    """The causes; and the incidents of the one asked for."""
    cause = request.args.get("cause", "")[:200]
    with product().database.transaction() as tx:
        return render_template(
            "incidents.html",
            causes=read.list_causes(tx),
            cause=cause,
            listed=read.list_incidents(tx, asked(), fingerprint=cause, count=True) if cause else None,
            may_operate=OPERATE in person().roles,
        )


@needs(OPERATE)
def operate(incident_id: int, verb: str) -> AnyResponse:
    """Retry or acknowledge one incident. A retry is called done only when the step has passed."""
    changes = json_object("variables") or None
    if verb == "acknowledge":
        instance_id = product().database.run(lambda tx: _acknowledge(tx, incident_id))
        return answer_changed(instance_id, "Acknowledged: others see that you look after it.")
    with product().database.transaction() as tx:
        instance_id = _instance_of(tx, incident_id)
    return answer_changed(instance_id, _retry(incident_id, changes))


def _acknowledge(tx: Session, incident_id: int) -> UUID:
    incidents.acknowledge(product().runtime, tx, incident_id, person().name)
    return _instance_of(tx, incident_id)


def _instance_of(tx: Session, incident_id: int) -> UUID:
    instance_id: UUID | None = tx.scalar(select(incident.c.instance_id).where(incident.c.id == incident_id))
    if instance_id is None:
        raise NotFound(f"There is no incident {incident_id}.", code="incident_unknown", next_step="Reload the page.")
    return instance_id


@needs(OPERATE)
def operate_on_cause(fingerprint: str, verb: str) -> AnyResponse:
    """Retry or acknowledge the incidents of a cause, and say for each what became of it."""
    chosen = product().database.run(lambda tx: _choose(tx, fingerprint, verb))
    results = [(incident_id, _attempt(incident_id)) for incident_id in chosen] if verb == "retry" else []
    answer = make_response(render_template("_retried.html", results=results, chosen=chosen, verb=verb))
    answer.headers["HX-Trigger"] = "ordercraft:changed"
    return answer


def _choose(tx: Session, fingerprint: str, verb: str) -> list[int]:
    chosen = read.open_incident_ids(tx, fingerprint, AT_ONCE)
    if verb == "acknowledge":
        for incident_id in chosen:
            incidents.acknowledge(product().runtime, tx, incident_id, person().name)
    return chosen


def _attempt(incident_id: int) -> str:
    try:
        return _retry(incident_id, None)
    except Problem as problem:
        return problem.detail


def _retry(incident_id: int, changes: dict[str, object] | None) -> str:
    product().database.run(lambda tx: incidents.retry(product().runtime, tx, incident_id, person().name, changes))
    with product().database.transaction() as tx:
        state = tx.scalar(select(incident.c.state).where(incident.c.id == incident_id))
    return "Resolved: the step has passed." if state == "resolved" else "Tried again; the step has not passed yet."
