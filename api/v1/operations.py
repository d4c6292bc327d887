"""The operator's doors: repair where an instance stands, take it to another version, move timers, send signals, read the audit log."""

from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import AssignIn, InstancePath, Listing, Page, Reason, Shape, listed
from engine.runtime.operate import migrate, operations, restart, timer_moves, token_moves
from engine.runtime.read.acts import Act, ActFilter
from engine.runtime.read.acts import list_acts as read_acts
from engine.runtime.read.lists import get_instance
from engine.runtime.state import audit
from engine.runtime.verbs import deploy, signals, user_tasks
from engine.store.patience import REPORT

api = APIBlueprint("operations", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="operations")])


class Changes(Reason):
    """Variables to be written on the way."""

    variables: dict[str, Any] = Field(default_factory=dict)


class StepIn(Changes):
    """A step that waits or has failed; `GET …/tokens` names them."""

    task_id: UUID


class MoveIn(StepIn):
    """Where the step's token goes on."""

    element_id: str = Field(max_length=200)


class StepReturnIn(Changes):
    """The element to begin again at, with the variables of that time."""

    element_id: str = Field(max_length=200)


class MigrateIn(Reason):
    """Another version of the process; `plan` names what elements became, None what is gone. `GET …/migration-plan` drafts one.

    `variables` are written on the way.
    """

    version_id: int
    plan: dict[str, str | None] = Field(default_factory=dict)
    variables: dict[str, Any] = Field(default_factory=dict)


class VersionQuery(Shape):
    """The version to go to."""

    version_id: int


class StepPlanOut(Shape):
    """Which element becomes which; `obstacle` says why the instance cannot go by this plan, and is null when it can."""

    version_id: int
    plan: dict[str, str | None]
    obstacle: str | None


class TimerPath(BaseModel):
    """A timer in the address; `GET …/tokens` names them."""

    timer_id: UUID


class TimerIn(Reason):
    """When a timer is to be due."""

    due_at: AwareDatetime


class SignalIn(Reason):
    """A signal: everybody who waits for `name` hears it, nothing is kept."""

    name: str = Field(min_length=1, max_length=200)
    payload: dict[str, Any] = Field(default_factory=dict)


class HeardOut(Shape):
    """The instances that heard the signal or began by it."""

    instances: list[UUID]


class OperatedOut(Shape):
    """The instance and the state it is in now."""

    id: UUID
    state: str


class TaskPath(BaseModel):
    """A user task in the address."""

    task_id: UUID


class AssignedOut(Shape):
    """Who holds the task now."""

    id: UUID
    assignee: str | None
    version: int


class VersionPath(BaseModel):
    """A process version in the address, by its id."""

    version_id: int


class RetiredOut(Shape):
    """A process version no instance begins with any more."""

    version_id: int
    state: str


class ActQuery(Listing):
    """Which acts to list; `target` is a kind and an id, such as `customer:C-1001` or `instance:…`."""

    target: str = Field("", max_length=200)
    actor: str = Field("", max_length=200)
    action: str = Field("", max_length=40)


class VerifiedOut(Shape):
    """Whether every row of the audit log follows from the one before it; `first_broken` is the first that does not."""

    ok: bool
    first_broken: int | None


@api.post("/instances/<uuid:instance_id>/retry", responses={200: OperatedOut})
@operation(Role.OPERATE)
def retry(path: InstancePath, body: Reason) -> OperatedOut:
    """Try every failed step of an instance again."""
    return _out(operations.retry(product().runtime, transaction(), path.instance_id, person().name, body.reason))


@api.post("/instances/<uuid:instance_id>/skip", responses={200: OperatedOut})
@operation(Role.OPERATE)
def skip(path: InstancePath, body: StepIn) -> OperatedOut:
    """Go on behind a step as if it were done, with the result given."""
    return _out(token_moves.skip(product().runtime, transaction(), _step(path, body)))


@api.post("/instances/<uuid:instance_id>/move", responses={200: OperatedOut})
@operation(Role.OPERATE)
def move(path: InstancePath, body: MoveIn) -> OperatedOut:
    """Give a step up and go on at another element."""
    return _out(token_moves.move(product().runtime, transaction(), _step(path, body), body.element_id))


@api.post("/instances/<uuid:instance_id>/go-back", responses={200: OperatedOut})
@operation(Role.OPERATE)
def go_back(path: InstancePath, body: StepReturnIn) -> OperatedOut:
    """Begin again at an element the instance has passed, with the data it had then; handlers are not undone."""
    back = token_moves.Return(path.instance_id, body.element_id, person().name, body.reason, body.variables)
    return _out(token_moves.go_back(product().runtime, transaction(), back))


@api.post("/instances/<uuid:instance_id>/data", responses={200: OperatedOut})
@operation(Role.OPERATE)
def change_data(path: InstancePath, body: Changes) -> OperatedOut:
    """Write variables into an instance, which stays where it stands; a condition that they make true is met."""
    change = token_moves.DataChange(path.instance_id, person().name, body.reason, body.variables)
    return _out(token_moves.change_data(product().runtime, transaction(), change))


@api.post("/instances/<uuid:instance_id>/start-anew", responses={201: OperatedOut})
@operation(Role.OPERATE)
def start_anew(path: InstancePath, body: Changes) -> tuple[OperatedOut, int]:
    """Let the process of an ended instance begin again, with what it began with."""
    again = restart.Restart(path.instance_id, person().name, body.reason, body.variables)
    return _out(restart.start_anew(product().runtime, transaction(), again)), 201


@api.get("/instances/<uuid:instance_id>/migration-plan", responses={200: StepPlanOut})
@operation(Role.OPERATE)
def get_migration_plan(path: InstancePath, query: VersionQuery) -> StepPlanOut:
    """Draft a plan for another version, and say whether the instance could go by it; nothing is changed."""
    tx, runtime = transaction(), product().runtime
    plan = migrate.propose(runtime, tx, get_instance(tx, path.instance_id).process_version_id, query.version_id)
    obstacle = migrate.why_not(runtime, tx, path.instance_id, migrate.Migration(query.version_id, person().name, "Only tried", plan))
    return StepPlanOut(version_id=query.version_id, plan=plan, obstacle=obstacle.detail if obstacle else None)


@api.post("/instances/<uuid:instance_id>/migrate", responses={200: OperatedOut})
@operation(Role.OPERATE)
def migrate_instance(path: InstancePath, body: MigrateIn) -> OperatedOut:
    """Take an instance over to another version of its process; timers keep their time, user tasks their drafts."""
    migration = migrate.Migration(body.version_id, person().name, body.reason, body.plan, body.variables)
    return _out(migrate.migrate(product().runtime, transaction(), path.instance_id, migration))


@api.post("/timers/<uuid:timer_id>/move", responses={200: OperatedOut})
@operation(Role.OPERATE)
def move_timer(path: TimerPath, body: TimerIn) -> OperatedOut:
    """Let a timer be due at another time."""
    moved = timer_moves.TimerMove(path.timer_id, body.due_at, person().name, body.reason)
    return _out(timer_moves.move_timer(transaction(), moved))


@api.post("/signals", responses={202: HeardOut})
@operation(Role.OPERATE)
def broadcast(body: SignalIn) -> tuple[HeardOut, int]:
    """Send a signal to everybody who waits for it."""
    heard = signals.broadcast(product().runtime, transaction(), body.name, body.payload, person().name)
    entry = audit.Entry(person().name, "broadcast", f"signal:{body.name}", body.reason, {"instances": [str(each) for each in heard]})
    audit.record(transaction(), entry)
    return HeardOut(instances=heard), 202


@api.post("/user-tasks/<uuid:task_id>/assign", responses={200: AssignedOut})
@operation(Role.WORK)
def assign(path: TaskPath, body: AssignIn) -> AssignedOut:
    """Hand a task to somebody; its holder or an operator may."""
    task = user_tasks.assign(product().runtime, transaction(), path.task_id, body.to, person())
    return AssignedOut(id=task.id, assignee=task.assignee, version=task.version)


@api.post("/process-versions/<int:version_id>/retire", responses={200: RetiredOut})
@operation(Role.DEPLOY)
def retire(path: VersionPath, body: Reason) -> RetiredOut:
    """Let no new instance begin with a process version; those that run go on."""
    deploy.retire(transaction(), path.version_id, person().name, body.reason)
    return RetiredOut(version_id=path.version_id, state="retired")


@api.get("/audit", responses={200: Page[Act]})
@operation(Role.AUDIT)
def list_acts(query: ActQuery) -> Page[Act]:
    """List what was done by whom and why, the latest first."""
    return listed(read_acts(transaction(), ActFilter(query.target, query.actor, query.action), query.asked))


@api.get("/audit/verification", responses={200: VerifiedOut})
@operation(Role.OPERATE, patience=REPORT)
def verify_audit() -> VerifiedOut:
    """Verify the chain of the audit log: a changed, missing or inserted row shows."""
    broken = audit.first_broken(transaction())
    return VerifiedOut(ok=broken is None, first_broken=broken)


def _step(path: InstancePath, body: StepIn) -> token_moves.Step:
    return token_moves.Step(path.instance_id, body.task_id, person().name, body.reason, body.variables)


def _out(operated: operations.Operated) -> OperatedOut:
    return OperatedOut(id=operated.instance_id, state=operated.state)
