"""User tasks: the worklist of the person who asks."""

from typing import Any
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Shape
from engine.runtime import user_tasks

api = APIBlueprint("user_tasks", __name__, url_prefix="/api/v1/user-tasks", abp_tags=[Tag(name="user tasks")])


class TaskPath(BaseModel):
    """A user task in the address."""

    task_id: UUID


class Completion(Shape):
    """The submitted form. `version` is the task's version the person saw; another one means somebody was first."""

    data: dict[str, Any] = Field(default_factory=dict)
    version: int | None = Field(None, ge=1)


class Draft(Shape):
    """A half-filled form to keep."""

    data: dict[str, Any]


@api.get("")
@operation(Role.WORK)
def list_tasks() -> list[dict[str, Any]]:
    """Open tasks that are mine or that my groups may claim, the most urgent first."""
    return user_tasks.list_tasks(transaction(), person())


@api.get("/<uuid:task_id>")
@operation(Role.WORK)
def get_task(path: TaskPath) -> Any:
    """One task with its form's data."""
    return user_tasks.get(transaction(), path.task_id, person())


@api.post("/<uuid:task_id>/claim", responses={200: Done})
@operation(Role.WORK)
def claim(path: TaskPath) -> Done:
    """Take a task for oneself."""
    user_tasks.claim(product().runtime, transaction(), path.task_id, person())
    return Done(id=str(path.task_id), state="claimed")


@api.post("/<uuid:task_id>/release", responses={200: Done})
@operation(Role.WORK)
def release(path: TaskPath) -> Done:
    """Give a claimed task back to its group."""
    user_tasks.release(product().runtime, transaction(), path.task_id, person())
    return Done(id=str(path.task_id), state="open")


@api.post("/<uuid:task_id>/draft", responses={200: Done})
@operation(Role.WORK)
def save_draft(path: TaskPath, body: Draft) -> Done:
    """Keep a half-filled form."""
    user_tasks.save_draft(product().runtime, transaction(), path.task_id, body.data, person())
    return Done(id=str(path.task_id), state="draft")


@api.post("/<uuid:task_id>/complete", responses={200: Done})
@operation(Role.WORK)
def complete(path: TaskPath, body: Completion) -> Done:
    """Decide a task; the instance goes on before this answers."""
    user_tasks.complete(product().runtime, transaction(), path.task_id, body.data, user_tasks.Completion(person(), body.version))
    return Done(id=str(path.task_id), state="completed")
