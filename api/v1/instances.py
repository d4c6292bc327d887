"""Process instances: start, list, look inside, suspend, resume, cancel."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.json_provider import as_it_is
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Exact, InstancePath, Listing, Page, Reason, Shape, listed
from engine.runtime.operate import operations
from engine.runtime.read import explain, history, lists
from engine.runtime.read.instances import model_of
from engine.runtime.state.tokens import tokens_of
from engine.runtime.verbs import start
from engine.store.tables import InstanceState
from handlers.holdings import holdings_of

api = APIBlueprint("instances", __name__, url_prefix="/api/v1/instances", abp_tags=[Tag(name="instances")])


class InstanceDetail(Shape):
    """One process instance with its variables. `process_version` is the version it runs on, `process_version_id` that version's id."""

    id: UUID
    process_key: str
    process_version: int
    process_version_id: int
    business_key: str | None
    state: InstanceState
    started_at: datetime
    started_by: str | None
    updated_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    variables: dict[str, Any]


class InstanceQuery(Listing):
    """Which instances to list; `variable` is a name and `value` its JSON value."""

    state: InstanceState | None = None
    process_key: str | None = Field(None, max_length=200)
    business_key: str | None = Field(None, max_length=200)
    variable: str | None = Field(None, max_length=200)
    value: str | None = Field(None, max_length=1000)


class StartIn(Shape):
    """A process to start."""

    process_key: str = Field(max_length=200)
    business_key: str | None = Field(None, max_length=200)
    variables: dict[str, Any] = Field(default_factory=dict)


class HoldingOut(Shape):
    """One thing that an instance holds: how much of it, in a currency or a unit of quantity."""

    kind: str
    number: str
    sentence: str
    amount: Exact | None
    unit: str


class Holdings(Shape):
    """What an instance holds. When `undone` is false, cancelling it leaves all of this as it is."""

    undone: bool
    items: list[HoldingOut]


@api.post("", responses={201: InstanceDetail})
@operation(Role.OPERATE)
def start_instance(body: StartIn) -> tuple[dict[str, Any], int]:
    """Start a process; it runs to its first wait before this answers."""
    options = start.StartOptions(business_key=body.business_key, actor=person().name)
    made = start.start_by_hand(product().runtime, transaction(), body.process_key, body.variables, options)
    return _detail(made), 201


@api.get("", responses={200: Page[lists.InstanceRow]})
@operation(Role.READ)
def list_instances(query: InstanceQuery) -> Page[lists.InstanceRow]:
    """List instances, the latest change first, each with what it waits for."""
    wanted = lists.Filter(
        state=query.state or "",
        process=query.process_key or "",
        business_key=query.business_key or "",
        variable=f"{query.variable}={query.value}" if query.variable and query.value is not None else "",
    )
    return listed(lists.list_instances(transaction(), wanted, query.asked, count=False))


@api.get("/<uuid:instance_id>", responses={200: InstanceDetail})
@operation(Role.READ)
def get_instance(path: InstancePath) -> dict[str, Any]:
    """One instance with its variables."""
    return _detail(path.instance_id)


@api.get("/<uuid:instance_id>/history")
@operation(Role.SEE_DATA)
def get_history(path: InstancePath) -> list[dict[str, Any]]:
    """What was executed, in order, with who did it and which variables changed."""
    entries = history.of(transaction(), path.instance_id)
    return [{**entry, "changed": as_it_is(entry["changed"]), "detail": as_it_is(entry["detail"])} for entry in entries]


@api.get("/<uuid:instance_id>/holdings", responses={200: Holdings})
@operation(Role.READ)
def get_holdings(path: InstancePath) -> Holdings:
    """What an instance holds in the business, and whether cancelling it begins a process that gives it back."""
    held = _detail(path.instance_id)
    undone = operations.undoes(product().runtime, transaction(), path.instance_id)
    return Holdings(undone=undone, items=[HoldingOut(**asdict(each)) for each in holdings_of(transaction(), held["business_key"])])


@api.get("/<uuid:instance_id>/tokens")
@operation(Role.READ)
def get_tokens(path: InstancePath) -> list[dict[str, Any]]:
    """Where the instance stands on its diagram."""
    return tokens_of(transaction(), path.instance_id)


@api.get("/<uuid:instance_id>/model")
@operation(Role.READ)
def get_model(path: InstancePath) -> Response:
    """The diagram that runs, byte for byte as it was deployed."""
    return Response(model_of(transaction(), path.instance_id), mimetype="application/xml")


@api.get("/<uuid:instance_id>/explanation")
@operation(Role.READ)
def get_explanation(path: InstancePath) -> Any:
    """Why the instance is where it is, since when, and what would move it."""
    return explain.explain(transaction(), path.instance_id)


@api.post("/<uuid:instance_id>/suspend", responses={200: Done})
@operation(Role.OPERATE)
def suspend(path: InstancePath, body: Reason) -> Done:
    """Stop an instance for a while."""
    operations.suspend(product().runtime, transaction(), path.instance_id, person().name, body.reason)
    return _done(path.instance_id)


@api.post("/<uuid:instance_id>/resume", responses={200: Done})
@operation(Role.OPERATE)
def resume(path: InstancePath, body: Reason) -> Done:
    """Let a suspended instance go on."""
    operations.resume(product().runtime, transaction(), path.instance_id, person().name, body.reason)
    return _done(path.instance_id)


@api.post("/<uuid:instance_id>/cancel", responses={200: Done})
@operation(Role.OPERATE)
def cancel(path: InstancePath, body: Reason) -> Done:
    """End an instance for good. What it holds is given back by the process that its diagram names, if it names one."""
    operations.cancel(product().runtime, transaction(), path.instance_id, person().name, body.reason)
    return _done(path.instance_id)


def _detail(instance_id: UUID) -> dict[str, Any]:
    shown = lists.get_instance(transaction(), instance_id)
    return {**{name: getattr(shown, name) for name in InstanceDetail.model_fields}, "variables": as_it_is(shown.variables)}


def _done(instance_id: UUID) -> Done:
    return Done(id=str(instance_id), state=lists.get_instance(transaction(), instance_id).state)
