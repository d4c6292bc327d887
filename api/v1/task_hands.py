"""Through whose hands a task goes: asking a colleague, sending back along the diagram, priority and dates."""

from datetime import datetime
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import AssignIn, Done, Shape
from api.v1.user_tasks import TaskOut, TaskPath
from engine.runtime.verbs import task_hands, user_tasks
from engine.runtime.verbs.comments import MAX_TEXT
from engine.runtime.verbs.task_hands import HIGHEST_PRIORITY, LOWEST_PRIORITY

api = APIBlueprint("task_hands", __name__, url_prefix="/api/v1/user-tasks", abp_tags=[Tag(name="user tasks")])


class QuestionIn(Shape):
    """Which colleague is asked what."""

    to: str = Field(min_length=1, max_length=200)
    question: str = Field(max_length=MAX_TEXT)


class AnswerIn(Shape):
    """What one thinks of it."""

    answer: str = Field(max_length=MAX_TEXT)


class SendBackIn(Shape):
    """By which way back of the diagram (`ways_back` of the task), and why."""

    code: str = Field(min_length=1, max_length=200)
    reason: str = Field(max_length=MAX_TEXT)


class PlanIn(Shape):
    """When a task is to be done, and how urgent it is; what is not named stays, null takes it away."""

    priority: int | None = Field(None, ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)
    follow_up_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None


class WayBackOut(Shape):
    """A way back that the diagram has at a task."""

    code: str
    name: str


class WaysBackOut(Shape):
    """The ways back of a task."""

    items: list[WayBackOut]


class HandsOut(TaskOut):
    """A user task with whose it is: `owner` while another has it, `delegation` is pending or resolved, `on_behalf_of` for a deputy."""

    owner: str | None
    delegation: str | None
    question: str | None
    answer: str | None
    on_behalf_of: str | None
    follow_up_at: datetime | None


@api.post("/<uuid:task_id>/assign", responses={200: HandsOut})
@operation(Role.WORK)
def assign(path: TaskPath, body: AssignIn) -> HandsOut:
    """Hand a task on for good: its holder or an operator may."""
    return _out(user_tasks.assign(product().runtime, transaction(), path.task_id, body.to, person()))


@api.post("/<uuid:task_id>/delegate", responses={200: HandsOut})
@operation(Role.WORK)
def delegate(path: TaskPath, body: QuestionIn) -> HandsOut:
    """Ask a colleague: they have the task until they answer, then it is back with who asked, who decides it."""
    question = task_hands.Question(body.to, body.question)
    return _out(task_hands.delegate(product().runtime, transaction(), path.task_id, question, person()))


@api.post("/<uuid:task_id>/answer", responses={200: HandsOut})
@operation(Role.WORK)
def answer(path: TaskPath, body: AnswerIn) -> HandsOut:
    """Give a task that I was asked about back to its owner, with what I think."""
    return _out(task_hands.answer(transaction(), path.task_id, body.answer, person()))


@api.post("/<uuid:task_id>/take-back", responses={200: HandsOut})
@operation(Role.WORK)
def take_back(path: TaskPath) -> HandsOut:
    """Have a task again that a colleague was asked about and has not answered."""
    return _out(task_hands.take_back(transaction(), path.task_id, person()))


@api.get("/<uuid:task_id>/ways-back", responses={200: WaysBackOut})
@operation(Role.WORK)
def list_ways_back(path: TaskPath) -> WaysBackOut:
    """List where a task can be sent back to: the error boundary events that the diagram has at it."""
    task = user_tasks.get(product().runtime, transaction(), path.task_id, person()).task
    ways = task_hands.ways_back(product().runtime, transaction(), task.process_version_id, task.element_id)
    return WaysBackOut(items=[WayBackOut.model_validate(way) for way in ways])


@api.post("/<uuid:task_id>/send-back", responses={200: Done})
@operation(Role.WORK)
def send_back(path: TaskPath, body: SendBackIn) -> Done:
    """Not decide a task but send it back with a reason, by a way that the diagram has for it."""
    refusal = task_hands.Refusal(body.code, body.reason)
    made = task_hands.send_back(product().runtime, transaction(), path.task_id, refusal, person())
    return Done(id=str(path.task_id), state="sent_back" if made.applied else "accepted")


@api.patch("/<uuid:task_id>", responses={200: HandsOut})
@operation(Role.WORK)
def plan(path: TaskPath, body: PlanIn) -> HandsOut:
    """Change priority, due date or follow-up date of a task that I have or may claim."""
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if name != "priority" or value is not None}
    return _out(task_hands.plan(product().runtime, transaction(), path.task_id, given, person()))


def _out(task: Any) -> HandsOut:
    return HandsOut.model_validate(task, extra="ignore", from_attributes=True)
