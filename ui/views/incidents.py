"""Incidents by cause: one line a cause, with what to do; acknowledge or retry one, or all of a cause, followed to the end of each."""

from uuid import UUID

from flask import redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import NotFound
from engine.runtime.operate import incidents
from engine.runtime.read import lists as read
from engine.runtime.read.colleagues import who_works
from engine.store.tables import incident
from handlers.briefs import briefs_of
from ui.forms import json_object
from ui.product import OPERATE, asked, needs, person, product
from ui.views.instances import answer_changed, retry_followed


def show_causes() -> str:
    """The causes; and the incidents of the one asked for."""
    cause = request.args.get("cause", "")[:200]
    with product().database.transaction() as tx:
        causes = read.list_causes(tx)
        listed = read.list_incidents(tx, asked(), fingerprint=cause, count=True) if cause else None
        hit = [number for row in (listed.rows if listed else ()) for number in (row.business_key, row.order_no) if number]
        return render_template(
            "incidents.html",
            causes=causes,
            trend=read.trend_of(tx, [row.fingerprint for row in causes]),
            cause=cause,
            listed=listed,
            briefs=briefs_of(tx, hit),
            done=request.args.get("acknowledged", ""),
            colleagues=who_works(product().runtime, tx),
            may_operate=OPERATE in person().roles,
        )


@needs(OPERATE)
def operate(incident_id: int, verb: str) -> AnyResponse:
    """Retry or acknowledge one incident. A retry is followed: it is called done only when the step has passed."""
    if verb == "acknowledge":
        instance_id = product().database.run(lambda tx: _acknowledge(tx, incident_id))
        return answer_changed(instance_id, "acknowledge")
    changes = json_object("variables") or {}
    arguments = {"incident_id": incident_id, **({"variables": changes} if changes else {})}
    with product().database.transaction() as tx:
        instance_id = _instance_of(tx, incident_id)
    return retry_followed(instance_id, f"Retry of incident {incident_id}", arguments)


def _acknowledge(tx: Session, incident_id: int) -> UUID:
    incidents.acknowledge(product().runtime, tx, incident_id, person().name)
    return _instance_of(tx, incident_id)


def _instance_of(tx: Session, incident_id: int) -> UUID:
    instance_id: UUID | None = tx.scalar(select(incident.c.instance_id).where(incident.c.id == incident_id))
    if instance_id is None:
        raise NotFound(f"There is no incident {incident_id}.", code="incident_unknown", next_step="Reload the page.")
    return instance_id


@needs(OPERATE)
def acknowledge_cause(fingerprint: str) -> AnyResponse:
    """Say that one looks after every incident of a cause, with a note for the others."""
    note = request.form.get("note", "").strip()[:2000] or None
    care = incidents.Care(person().name, note, request.form.get("owner", "").strip()[:200] or None)
    chosen = product().database.run(lambda tx: incidents.acknowledge_cause(product().runtime, tx, fingerprint, care))
    return redirect(f"/operations/incidents?acknowledged={chosen}", 303)
