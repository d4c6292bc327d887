"""Changes that wait for a second person: what each does, who asked, who may confirm; confirmed, refused or withdrawn."""

from datetime import datetime
from typing import Any, Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Listing, Page, Shape
from engine.runtime.read import pending_changes as read
from engine.runtime.verbs import pending_changes

api = APIBlueprint("pending-changes", __name__, url_prefix="/api/v1/pending-changes", abp_tags=[Tag(name="second person")])


class PendingChangeOut(BaseModel):
    """A change that one person asked for. `effect` says by field what is (`from`) and what would be (`to`).

    `state` is pending, confirmed, refused, withdrawn or expired; `rule` says why it takes a second person.
    """

    model_config = ConfigDict(from_attributes=True)

    id: int
    act: str
    subject: str
    does: str
    effect: dict[str, Any]
    rule: str
    reason: str
    confirmers: list[str]
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    decided_because: str | None


class ChangeQuery(Listing):
    """Which changes: to confirm, asked for by the person, or all they may see; `about` names a thing, such as `customer:C-1001`."""

    view: Literal["confirm", "asked", "all"] = "all"
    about: str = Field("", max_length=200)


class ChangePath(BaseModel):
    """A change in the address."""

    change_id: int = Field(ge=1, lt=2**63)


class BecauseIn(Shape):
    """Why it is decided so."""

    reason: str = Field("", max_length=2000)


class RefusalIn(Shape):
    """Why it is refused."""

    reason: str = Field(min_length=3, max_length=2000)


@api.get("", responses={200: Page[PendingChangeOut]})
@operation(Role.READ)
def list_pending_changes(query: ChangeQuery) -> Page[PendingChangeOut]:
    """List changes that take or took a second person."""
    shown = read.list_changes(transaction(), person(), read.ChangeFilter(query.view, query.about), query.asked)
    return Page(items=[PendingChangeOut.model_validate(row) for row in shown.rows], next_cursor=shown.next)


@api.get("/<int:change_id>", responses={200: PendingChangeOut})
@operation(Role.READ)
def get_pending_change(path: ChangePath) -> PendingChangeOut:
    """One change."""
    return _shown(path.change_id)


@api.post("/<int:change_id>/confirm", responses={200: PendingChangeOut})
@operation(Role.WORK)
def confirm_change(path: ChangePath, body: BecauseIn) -> PendingChangeOut:
    """Confirm what somebody else asked for; it is done now, unless what it would change has changed meanwhile (409)."""
    _shown(path.change_id)  # who may not see it is not told that it is there
    pending_changes.confirm(product().runtime, transaction(), path.change_id, person(), body.reason)
    return _shown(path.change_id)


@api.post("/<int:change_id>/refuse", responses={200: PendingChangeOut})
@operation(Role.WORK)
def refuse_change(path: ChangePath, body: RefusalIn) -> PendingChangeOut:
    """Refuse what somebody else asked for; everything stays as it is."""
    _shown(path.change_id)  # who may not see it is not told that it is there
    pending_changes.refuse(product().runtime, transaction(), path.change_id, person(), body.reason)
    return _shown(path.change_id)


@api.post("/<int:change_id>/withdraw", responses={200: PendingChangeOut})
@operation(Role.WORK)
def withdraw_change(path: ChangePath, body: BecauseIn) -> PendingChangeOut:
    """Take back what one asked for."""
    _shown(path.change_id)  # who may not see it is not told that it is there
    pending_changes.withdraw(product().runtime, transaction(), path.change_id, person(), body.reason)
    return _shown(path.change_id)


def _shown(change_id: int) -> PendingChangeOut:
    return PendingChangeOut.model_validate(read.get_change(transaction(), person(), change_id))
