"""Taking the instances under way on one version of a process to another one: the plan, who could go by it, and the act."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.second_person import Answer, PendingOut, answered
from api.v1.shapes import Done, Listing, Page, Shape
from engine.problems import Problem
from engine.runtime.operate.guarded_batches import ask_for_many
from engine.runtime.operate.migrate import Migration
from engine.runtime.operate.take_over import AT_ONCE, TakenOver, take_over, try_out
from engine.runtime.read.migration_plans import MigrationPlan, draft_plan
from engine.runtime.read.under_way import UnderWay, list_under_way

api = APIBlueprint("migrations", __name__, url_prefix="/api/v1/process-versions", abp_tags=[Tag(name="migrations")])


class VersionPath(BaseModel):
    """The process version that the instances run on, by its id."""

    version_id: int


class TargetQuery(Shape):
    """The process version to go to; the latest one of the process where none is named."""

    to: int | None = None


class InstanceQuery(Listing):
    """Which page of the instances under way, and the version that they could go to by the drafted plan."""

    to: int | None = None


class PlanOut(RootModel[MigrationPlan]):
    """What becomes of each element, how many instances stand on it, and what else it could become."""


class CandidateOut(Shape):
    """An instance under way, where it stands, and why it cannot go by the drafted plan; `obstacle` is null when it can."""

    id: UUID
    business_key: str | None
    state: str
    started_at: datetime
    stands_on: list[str]
    obstacle: str | None
    next_step: str | None


class MigrationIn(Shape):
    """Which instances go, where to, and why. `plan` changes what was drafted: an element to its counterpart, or to null for none.

    `variables` are written on the way.
    """

    to: int | None = None
    instances: list[UUID] = Field(min_length=1, max_length=AT_ONCE)
    plan: dict[str, str | None] = Field(default_factory=dict, max_length=2_000)
    variables: dict[str, Any] = Field(default_factory=dict)
    reason: str = Field(min_length=3, max_length=2000)


class MigratedOut(Shape):
    """What became of each instance, in the order asked for."""

    version_id: int
    results: list[TakenOver]


@api.get("/<int:version_id>/migration-plan", responses={200: PlanOut})
@operation(Role.READ)
def get_plan(path: VersionPath, query: TargetQuery) -> PlanOut:
    """Draft a plan for the instances of a version: elements of the same id and kind, else of the same name and kind."""
    return PlanOut(draft_plan(product().runtime, transaction(), path.version_id, query.to))


@api.get("/<int:version_id>/instances", responses={200: Page[CandidateOut]})
@operation(Role.MIGRATE)
def list_candidates(path: VersionPath, query: InstanceQuery) -> Page[CandidateOut]:
    """List the instances under way on a version, the oldest first, each tried by the drafted plan; nothing is changed."""
    tx, runtime = transaction(), product().runtime
    plan = draft_plan(runtime, tx, path.version_id, query.to)
    shown = list_under_way(tx, path.version_id, query.asked)
    migration = Migration(plan.target.id, person().name, "Only tried", plan.mapping)
    tried = try_out(runtime, tx, migration, [each.id for each in shown.rows])
    return Page(items=[_candidate(each, tried[each.id]) for each in shown.rows], next_cursor=shown.next)


@api.post("/<int:version_id>/migrate", responses={200: MigratedOut, 202: PendingOut})
@operation(Role.MIGRATE)
def migrate(path: VersionPath, body: MigrationIn) -> MigratedOut | Answer:
    """Take instances over, each in a transaction of its own: what cannot go says why and stays as it is.

    More than a number of the company at once are asked for, and begin as a batch when a second person has confirmed it.

    Sent again it answers the same: an instance that is there already stays there.
    """
    runtime = product().runtime
    plan = draft_plan(runtime, transaction(), path.version_id, body.to, body.plan)
    migration = Migration(plan.target.id, person().name, body.reason, plan.mapping, body.variables)
    if asked := ask_for_many(runtime, transaction(), migration, body.instances):
        return answered(asked, lambda batch_id: (Done(id=str(batch_id), state="running"), 202))
    return MigratedOut(version_id=plan.target.id, results=take_over(runtime, product().database.run, migration, body.instances))


def _candidate(row: UnderWay, obstacle: Problem | None) -> CandidateOut:
    return CandidateOut(
        id=row.id,
        business_key=row.business_key,
        state=row.state,
        started_at=row.started_at,
        stands_on=row.stands_on or [],
        obstacle=obstacle.detail if obstacle else None,
        next_step=obstacle.next_step if obstacle else None,
    )
