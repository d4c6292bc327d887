"""Is it alive, is it ready, how is it doing, what are the limits."""

from dataclasses import asdict
from typing import Any

from flask import Response, g
from flask_openapi3 import APIBlueprint, Tag
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select, text

from api.auth.roles import Role
from api.errors import Unauthenticated, Unready
from api.product import product
from api.requests import open_to_all, operation, transaction
from engine.problems import NotFound
from engine.runtime.dry_run.rehearsal import MAX_ELEMENTS, MAX_SECONDS
from engine.runtime.dry_run.scenario import MAX_BYTES, MAX_STEPS
from engine.runtime.dry_run.scribe import MAX_TOLD
from engine.runtime.read.event_log import MOST_EVENTS
from engine.runtime.read.mining import MOST_INSTANCES
from engine.runtime.verbs.attachments import KINDS
from engine.runtime.verbs.attachments import MAX_BYTES as MOST_BYTES
from engine.runtime.verbs.attachments import MOST as MOST_ATTACHED
from engine.runtime.verbs.case_comments import MOST_MENTIONS
from engine.runtime.verbs.comments import MAX_TEXT
from engine.store.clock import moved_by
from engine.store.tables import InstanceState, effect, incident, instance, timer, user_task
from engine.work import REQUEST_WORK
from handlers.sight import refuse_unseen

api = APIBlueprint("health", __name__, abp_tags=[Tag(name="health")])


@api.get("/health/live")
@open_to_all
def live() -> dict[str, str]:
    """Answer when the process runs."""
    return {"status": "live"}


@api.get("/health/ready")
@open_to_all
def ready() -> dict[str, Any]:
    """Answer when the database does and its tables are of this version; 503 otherwise."""
    from api.schema import current_revision, wanted_revision

    with product().database.transaction() as tx:
        tx.execute(text("SELECT 1"))
        revision = current_revision(tx)
        if revision != wanted_revision():
            raise Unready(f"The tables are at {revision}, this version wants {wanted_revision()}.", next_step="Run ordercraft migrate.")
        ahead = moved_by(tx)
    if product().schema_differences:
        raise Unready(
            f"The tables are not as this version needs them: {'; '.join(product().schema_differences[:10])}.",
            code="schema_differs",
            next_step="Restore them from a backup, or take back what was changed by hand, and start again.",
        )
    worker = product().worker
    found = {"status": "ready", "database": "ok", "schema": revision, "worker": "in this process" if worker else "elsewhere"}
    return {**found, "clock": {"seconds_ahead": round(ahead.total_seconds()), "time_zone": str(product().runtime.time_zone)}}


@api.get("/metrics")
@open_to_all
def metrics() -> Response:
    """Gauges in Prometheus' text format, counted when asked; a setting says by whom."""
    _refuse_metrics(product().settings.metrics)
    registry = CollectorRegistry()
    with product().database.transaction() as tx:
        states: dict[str, int] = dict(tx.execute(select(instance.c.state, func.count()).group_by(instance.c.state)).all())
        one = tx.execute(
            select(
                select(func.count()).where(instance.c.wake > instance.c.done).scalar_subquery(),
                select(func.count()).where(user_task.c.state == "open").scalar_subquery(),
                select(func.count()).where(~timer.c.fired).scalar_subquery(),
                select(func.count()).where(incident.c.state == "open").scalar_subquery(),
                select(func.count()).where(effect.c.state == "pending").scalar_subquery(),
            )
        ).one()
    by_state = Gauge("ordercraft_instances", "Process instances by state", ["state"], registry=registry)
    for state in InstanceState:
        by_state.labels(state).set(states.get(state, 0))
    names = ("runnable_instances", "open_user_tasks", "pending_timers", "open_incidents", "pending_effects")
    for name, value in zip(names, one, strict=True):
        Gauge(f"ordercraft_{name}", name.replace("_", " "), registry=registry).set(value)
    return Response(generate_latest(registry), mimetype=CONTENT_TYPE_LATEST)


def _refuse_metrics(whom: str) -> None:
    who = g.person
    if whom == "nobody":
        raise NotFound("There are no metrics here.", next_step="Set ORDERCRAFT_METRICS to signed-in or everybody.")
    if whom == "signed-in" and who is None:
        raise Unauthenticated("Nobody is signed in.", next_step="Send an API token with the role operate as Authorization: Bearer …")
    if whom == "signed-in":
        refuse_unseen(who.roles, Role.OPERATE, "The metrics")


@api.get("/api/v1/limits")
@operation(Role.READ)
def limits() -> dict[str, Any]:
    """Every limit of this installation."""
    transaction()
    settings = product().settings
    return {
        "engine": asdict(product().runtime.limits),
        "dry_run": {
            "elements": MAX_ELEMENTS,
            "seconds": MAX_SECONDS,
            "scenario_bytes": MAX_BYTES,
            "scenario_steps": MAX_STEPS,
            "told_bytes": MAX_TOLD,
        },
        "comments": {
            "characters": MAX_TEXT,
            "mentions": MOST_MENTIONS,
            "attachments": MOST_ATTACHED,
            "attachment_bytes": MOST_BYTES,
            "attachment_kinds": KINDS,
        },
        "mining": {"instances": MOST_INSTANCES, "events_of_a_log": MOST_EVENTS},
        "api": {
            "max_body_bytes": settings.max_body_bytes,
            "max_page_size": 200,
            "max_idempotency_key_length": 200,
            "request_work": REQUEST_WORK,
        },
    }
