"""Which groups' tasks go to one of their people by load."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import GROUPS, Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.runtime.read.task_queues import PersonsTasks, TaskQueue, list_desks, list_queues
from engine.runtime.verbs.group_routing import list_routed, route

api = APIBlueprint("group_routing", __name__, url_prefix="/api/v1/group-routing", abp_tags=[Tag(name="user tasks")])


class GroupPath(BaseModel):
    """A group in the address."""

    group: str = Field(max_length=100)


class RoutingIn(Shape):
    """Whether new tasks go to who has the least open ones and is there."""

    by_load: bool


class RoutedOut(BaseModel):
    """The groups that are routed by load."""

    groups: list[str]


class QueuesOut(BaseModel):
    """What waits in each group, and what is on whose desk."""

    groups: list[TaskQueue]
    desks: list[PersonsTasks]


@api.get("", responses={200: RoutedOut})
@operation(Role.READ)
def list_groups() -> RoutedOut:
    """List the groups that are routed by load."""
    return RoutedOut(groups=list_routed(transaction()))


@api.get("/queues", responses={200: QueuesOut})
@operation(Role.READ)
def get_queues() -> QueuesOut:
    """Say how many tasks wait in each group and lie on each desk, and how many of them are overdue; each counted up to 1,000."""
    tx = transaction()
    return QueuesOut(groups=list_queues(tx, sorted(GROUPS), list_routed(tx)), desks=list_desks(tx))


@api.put("/<group>", responses={200: RoutedOut})
@operation(Role.OPERATE)
def put_group(path: GroupPath, body: RoutingIn) -> RoutedOut:
    """Route a group by load, or let its tasks stay with the group until somebody claims them."""
    route(product().runtime, transaction(), path.group, person(), by_load=body.by_load)
    return RoutedOut(groups=list_routed(transaction()))
