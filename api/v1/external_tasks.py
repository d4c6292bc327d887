"""External tasks: what waits for workers outside. Workers themselves speak `/engine-rest/external-task`."""

from datetime import datetime
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Listing, Page
from engine.runtime.read import external_tasks as read
from engine.runtime.state import audit
from engine.runtime.verbs import external_tasks

api = APIBlueprint("external-tasks", __name__, url_prefix="/api/v1/external-tasks", abp_tags=[Tag(name="external-tasks")])


class ExternalTaskPath(BaseModel):
    """An external task in the address."""

    task_id: UUID


class ExternalTaskQuery(Listing):
    """Which external tasks to list."""

    topic: str = Field("", max_length=100)
    worker: str = Field("", max_length=200)
    process: str = Field("", max_length=200)


class ExternalTaskOut(BaseModel):
    """A task for a worker outside: who has it, until when nobody else gets it, and how often whoever had it was not heard of again."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    topic: str
    instance_id: UUID
    element_id: str
    process_key: str
    process_name: str
    business_key: str | None
    worker_id: str | None
    account: str | None
    locked_until: datetime | None
    locked: bool
    retries: int | None
    priority: int
    fetched: int
    expired: int
    last_error: str | None
    created_at: datetime
    suspended: bool


class TopicOut(BaseModel):
    """What waits of one topic, how much of it a worker has, and since when the oldest waits."""

    model_config = ConfigDict(from_attributes=True)

    topic: str
    waiting: int
    locked: int
    oldest_at: datetime


class TopicsOut(BaseModel):
    """Every topic of which something waits."""

    items: list[TopicOut]


@api.get("", responses={200: Page[ExternalTaskOut]})
@operation(Role.READ)
def list_external_tasks(query: ExternalTaskQuery) -> Page[ExternalTaskOut]:
    """List external tasks that wait, the oldest first."""
    wanted = read.Filter(query.topic, query.worker, query.process)
    shown = read.list_external_tasks(transaction(), wanted, query.asked)
    return Page(items=[ExternalTaskOut.model_validate(row) for row in shown.rows], next_cursor=shown.next)


@api.get("/topics", responses={200: TopicsOut})
@operation(Role.READ)
def list_topics() -> TopicsOut:
    """List the topics of which something waits."""
    return TopicsOut(items=[TopicOut.model_validate(row) for row in read.list_topics(transaction())])


@api.post("/<uuid:task_id>/unlock", responses={200: Done})
@operation(Role.OPERATE)
def unlock(path: ExternalTaskPath) -> Done:
    """Take a task away from whoever has it, so that another worker gets it at once; what the first says of it is refused then."""
    external_tasks.unlock(transaction(), person(), path.task_id)
    audit.record(transaction(), audit.Entry(person().name, "unlock", f"external_task:{path.task_id}"))
    return Done(id=str(path.task_id), state="free")
