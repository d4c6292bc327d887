"""Incidents: what failed, grouped by cause, and trying again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Listing, Page, Shape, found
from engine.runtime.operate import incidents
from engine.runtime.read import lists as read
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


class IncidentOut(BaseModel):
    """What failed, where, why, and what to do."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    instance_id: UUID
    process_name: str
    business_key: str | None
    element_id: str | None
    handler: str | None
    kind: str
    message: str
    fingerprint: str
    attempt: int
    next_step: str
    state: str
    opened_at: datetime
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


class CauseOut(BaseModel):
    """Open incidents of one cause: how many, and the latest of them."""

    model_config = ConfigDict(from_attributes=True)

    fingerprint: str
    open: int
    acknowledged: int
    first_at: datetime
    last_at: datetime
    owners: str | None
    message: str
    kind: str
    handler: str | None
    element_id: str | None
    next_step: str
    process_name: str


class CausesOut(BaseModel):
    """Every cause, the most frequent first."""

    items: list[CauseOut]


@api.get("", responses={200: Page[IncidentOut]})
@operation(Role.READ)
def list_incidents(query: IncidentQuery) -> Page[IncidentOut]:
    """List incidents, the latest first."""
    shown = read.list_incidents(transaction(), query.asked, state=query.state, fingerprint=query.fingerprint or "")
    return Page(items=[IncidentOut.model_validate(row) for row in shown.rows], next_cursor=shown.next)


@api.get("/causes", responses={200: CausesOut})
@operation(Role.READ)
def list_causes() -> CausesOut:
    """List open incidents by cause."""
    return CausesOut(items=[CauseOut.model_validate(row) for row in read.list_causes(transaction())])


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
