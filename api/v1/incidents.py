"""Incidents: what failed, grouped by cause, and trying again."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy import select

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Listing, Order, Page, Shape, found, page
from engine.runtime.operate import incidents
from engine.store.tables import incident

api = APIBlueprint("incidents", __name__, url_prefix="/api/v1/incidents", abp_tags=[Tag(name="incidents")])


class IncidentPath(BaseModel):
    """An incident in the address."""

    incident_id: int


class IncidentQuery(Listing):
    """Which incidents to list."""

    state: str = "open"
    fingerprint: str | None = None


class RetryIn(Shape):
    """Variables to change before the step is tried again."""

    variables: dict[str, Any] = Field(default_factory=dict)


@api.get("")
@operation(Role.READ)
def list_incidents(query: IncidentQuery) -> Page[dict[str, Any]]:
    """List incidents, the latest first."""
    statement = select(*(column for column in incident.c if column.name != "traceback")).where(incident.c.state == query.state)
    if query.fingerprint:
        statement = statement.where(incident.c.fingerprint == query.fingerprint)
    return page(transaction(), statement, Order((incident.c.id,)), query, dict)


@api.post("/<int:incident_id>/acknowledge", responses={200: Done})
@operation(Role.OPERATE)
def acknowledge(path: IncidentPath) -> Done:
    """Say that one looks after it."""
    incidents.acknowledge(product().runtime, transaction(), path.incident_id, person().name)
    return Done(id=str(path.incident_id), state="acknowledged")


@api.post("/<int:incident_id>/retry", responses={200: Done})
@operation(Role.OPERATE)
def retry(path: IncidentPath, body: RetryIn) -> Done:
    """Try the failed step again; it is resolved only when the step has passed."""
    incidents.retry(product().runtime, transaction(), path.incident_id, person().name, body.variables)
    state = found(
        transaction().execute(select(incident.c.state).where(incident.c.id == path.incident_id)).first(), "incident", path.incident_id
    )
    return Done(id=str(path.incident_id), state=state[0])
