"""Batches: what operators do to many instances at once, previewed, done by workers, and followed to the end of each."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.second_person import Answer, PendingOut, answered
from api.v1.shapes import Listing, Page, Shape
from engine.problems import Invalid
from engine.runtime.operate import batches, guarded_batches
from engine.runtime.read import batches as read
from engine.runtime.state.chosen import Filter

api = APIBlueprint("batches", __name__, url_prefix="/api/v1/batches", abp_tags=[Tag(name="batches")])
Verb = Literal["retry", "suspend", "resume", "cancel", "migrate", "move", "message", "data"]


class ChosenIn(Shape):
    """Which instances: what is empty matches all. `state` may be `active`; `variable` reads `name=value`; `fingerprint` is a cause."""

    state: str = Field("", max_length=20)
    process_key: str = Field("", max_length=200)
    search: str = Field("", max_length=200)
    variable: str = Field("", max_length=400)
    business_key: str = Field("", max_length=200)
    version_id: int | None = Field(None, ge=1, lt=2**63)
    element_id: str = Field("", max_length=200)
    fingerprint: str = Field("", max_length=200)
    instance_ids: list[UUID] = Field(default_factory=list, max_length=1000)

    def filter(self) -> Filter:
        """As the queries take it."""
        given = self.model_dump(exclude={"process_key", "instance_ids"})
        return Filter(process=self.process_key, ids=tuple(self.instance_ids), **given)


class BatchPreviewIn(Shape):
    """What would be done, and to which instances."""

    verb: Verb
    chosen: ChosenIn


class BatchIn(BatchPreviewIn):
    """What is to be done, why, and after how many failures it pauses. A retry may change variables; a migration names version and plan.

    A move says at which step they stand (`element_id`) and at which they go on (`to`), and may change variables; a message its `name`, as
    the diagram has it, and what it says. `data` writes variables and leaves the instances where they stand; a migration may write some too.
    """

    reason: str = Field(min_length=3, max_length=2000)
    stop_after: int | None = Field(None, ge=1, le=10_000)
    variables: dict[str, Any] = Field(default_factory=dict)
    version_id: int | None = Field(None, ge=1, lt=2**63)
    plan: dict[str, str | None] = Field(default_factory=dict)
    element_id: str = Field("", max_length=200)
    to: str = Field("", max_length=200)
    name: str = Field("", max_length=200)
    payload: dict[str, Any] = Field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """What the verb is told beside the instance."""
        if self.verb == "migrate":
            if self.version_id is None:
                raise Invalid(
                    "A migration goes to a version.",
                    code="version_missing",
                    next_step="Give the version_id to go to.",
                    errors={"version_id": ["is missing"]},
                )
            return {"version_id": self.version_id, "plan": self.plan, "variables": self.variables}
        if self.verb == "data":
            return batches.data_of(self.variables)
        if self.verb == "move":
            return batches.move_of(self.element_id, self.to, self.variables)
        if self.verb == "message":
            return batches.message_of(self.name, self.payload)
        return {"variables": self.variables} if self.variables else {}


class LeftOutOut(Shape):
    """Instances that the filter finds and the verb cannot be done to."""

    reason: str
    instances: int


class BatchPreviewOut(Shape):
    """How many instances it would be about; `for_two` says that a second person has to confirm first."""

    verb: str
    instances: int
    excluded: list[LeftOutOut]
    for_two: bool


class BatchOut(BaseModel):
    """A batch and how many of its instances are in which state; `state` is running, paused, ended or abandoned."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    verb: str
    reason: str
    chosen_by: dict[str, Any]
    excluded: list[LeftOutOut]
    state: str
    state_reason: str | None
    stop_after: int | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    total: int
    pending: int
    running: int
    passed: int
    failed: int
    left: int


class BegunOut(RootModel[BatchOut | PendingOut]):
    """A batch that has begun, or the change that waits for a second person."""


class BatchItemOut(BaseModel):
    """What became of one instance: pending, running, passed, failed (`detail` and `next_step` say why) or left."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    instance_id: UUID
    business_key: str | None
    process_name: str
    instance_state: str
    state: str
    detail: str | None
    next_step: str | None
    attempt: int | None
    due_at: datetime | None
    begun_at: datetime | None
    ended_at: datetime | None


class BatchPath(BaseModel):
    """A batch in the address."""

    batch_id: int = Field(ge=1, lt=2**63)


class ItemQuery(Listing):
    """Which items to list."""

    state: Literal["", "pending", "running", "passed", "failed", "left"] = ""


@api.post("/preview", responses={200: BatchPreviewOut})
@operation(Role.OPERATE)
def preview(body: BatchPreviewIn) -> BatchPreviewOut:
    """Say how many instances a batch would be about, and which it would leave out and why; nothing is changed."""
    seen, for_two = guarded_batches.preview(product().runtime, transaction(), body.verb, body.chosen.filter())
    excluded = [LeftOutOut.model_validate(each) for each in seen.excluded]
    return BatchPreviewOut(verb=seen.verb, instances=seen.instances, excluded=excluded, for_two=for_two)


@api.post("", responses={202: BegunOut})
@operation(Role.OPERATE)
def begin(body: BatchIn) -> Answer:
    """Begin a batch; workers do it, and `GET /api/v1/batches/{id}` says how far it is.

    To cancel or take over many instances a second person confirms first: `pending_change` is its number then.
    """
    order = batches.Order(
        body.verb, body.chosen.filter(), person().name, body.reason, stop_after=body.stop_after, arguments=body.arguments()
    )
    return answered(guarded_batches.begin(product().runtime, transaction(), order), lambda batch_id: (_out(batch_id), 202))


@api.get("", responses={200: Page[BatchOut]})
@operation(Role.READ)
def list_batches(query: Listing) -> Page[BatchOut]:
    """List batches, the latest first."""
    shown = read.list_batches(transaction(), query.asked)
    return Page(items=[BatchOut.model_validate(row) for row in shown.rows], next_cursor=shown.next)


@api.get("/<int:batch_id>", responses={200: BatchOut})
@operation(Role.READ)
def get_batch(path: BatchPath) -> BatchOut:
    """One batch."""
    return _out(path.batch_id)


@api.get("/<int:batch_id>/items", responses={200: Page[BatchItemOut]})
@operation(Role.READ)
def list_items(path: BatchPath, query: ItemQuery) -> Page[BatchItemOut]:
    """List what became of each instance of a batch."""
    read.get_batch(transaction(), path.batch_id)
    shown = read.list_items(transaction(), path.batch_id, query.asked, state=query.state)
    return Page(items=[BatchItemOut.model_validate(row) for row in shown.rows], next_cursor=shown.next)


@api.post("/<int:batch_id>/pause", responses={200: BatchOut})
@operation(Role.OPERATE)
def pause(path: BatchPath) -> BatchOut:
    """Take up no further instance; what is under way goes on."""
    batches.pause(transaction(), path.batch_id, person())
    return _out(path.batch_id)


@api.post("/<int:batch_id>/go-on", responses={200: BatchOut})
@operation(Role.OPERATE)
def go_on(path: BatchPath) -> BatchOut:
    """Let a paused batch go on; its failures until now count no more."""
    batches.go_on(transaction(), path.batch_id, person())
    return _out(path.batch_id)


@api.post("/<int:batch_id>/abandon", responses={200: BatchOut})
@operation(Role.OPERATE)
def abandon(path: BatchPath) -> BatchOut:
    """Leave what is not begun as it is, for good."""
    batches.abandon(transaction(), path.batch_id, person())
    return _out(path.batch_id)


def _out(batch_id: int) -> BatchOut:
    return BatchOut.model_validate(read.get_batch(transaction(), batch_id))
