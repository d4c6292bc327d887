"""User tasks: the worklist of the person who asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.json_provider import as_it_is, in_utc
from api.product import product
from api.requests import link_to_next, operation, person, transaction, waiting_operation
from api.v1.shapes import Done, Exact, Listing, Shape
from engine.problems import refuse_unknown
from engine.runtime.read import worklist
from engine.runtime.read.decision_limits import authority_over
from engine.runtime.verbs import held_decisions, many_tasks, user_tasks
from engine.store.known import refuse_unknown_in
from engine.store.tables import process_version

api = APIBlueprint("user_tasks", __name__, url_prefix="/api/v1/user-tasks", abp_tags=[Tag(name="user tasks")])


class TaskPath(BaseModel):
    """A user task in the address."""

    task_id: UUID


class TaskQuery(Listing):
    """Which tasks to list."""

    state: str = Field("open", pattern="^(open|completed|cancelled)$")
    process_key: str | None = Field(None, max_length=200)
    business_key: str | None = Field(None, max_length=200)
    element_id: str | None = Field(None, max_length=200)
    group: str | None = Field(None, max_length=200)
    form_key: str | None = Field(None, max_length=200)
    search: str | None = Field(None, max_length=200)


class TaskOut(Shape):
    """A user task."""

    id: UUID
    instance_id: UUID
    process_key: str
    business_key: str | None
    element_id: str
    name: str
    title: str
    form_key: str | None
    state: str
    assignee: str | None
    candidate_groups: list[str]
    priority: int
    due_at: datetime | None
    version: int
    created_at: datetime
    completed_at: datetime | None
    completed_by: str | None


class DecidesOut(Shape):
    """How much a task decides on. `limit` is up to which amount the person who asks decides it; null where nothing limits the kind."""

    kind: str
    amount: Exact | None
    currency: str
    limit: Exact | None


class OpenedTaskOut(BaseModel):
    """A user task with what its form shows, the draft and the decision."""

    task: TaskOut
    form_data: dict[str, Any]
    draft: dict[str, Any] | None
    outcome: dict[str, Any] | None
    decides: DecidesOut | None = None


class Submission(Shape):
    """The submitted form. `version` is the task's version the person saw; another one means somebody was first."""

    data: dict[str, Any] = Field(default_factory=dict)
    version: int | None = Field(None, ge=1)
    #: Why an operator decides in place of the candidates.
    reason: str = Field("", max_length=2000)


class DraftKept(Shape):
    """A draft was kept; the next submission names this version."""

    id: UUID
    state: str
    version: int


@api.get("", responses={200: {"content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}}})
@operation(Role.WORK)
def list_tasks(query: TaskQuery) -> tuple[list[dict[str, Any]], int, dict[str, str]]:
    """List tasks that are mine or that my groups may claim, the most urgent first; an operator sees all.

    A bare array, as clients have read it from the first release; where more follow, the `Link` header (RFC 8288) names the next page.
    """
    refuse_unknown_in(transaction(), process_version.c.process_key, query.process_key or "", "process", "process_key")
    refuse_unknown(query.group or "", {*person().groups, *(product().groups or ())}, "group", "group")
    wanted = worklist.Filter(
        view=worklist.EVERYBODY,
        state=query.state,
        process=query.process_key or "",
        business_key=query.business_key or "",
        element_id=query.element_id or "",
        group=query.group or "",
        form_key=query.form_key or "",
        search=query.search or "",
    )
    shown = worklist.list_tasks(transaction(), person(), wanted, query.asked)
    return [in_utc(_out(task)).model_dump(mode="json") for task in shown.rows], 200, link_to_next(shown.next)


class TasksIn(Shape):
    """The tasks meant, at most 50."""

    ids: list[UUID] = Field(min_length=1, max_length=50)


class OverrideIn(Shape):
    """Why an operator decides in place of the candidates."""

    reason: str = Field(min_length=3, max_length=2000)


class AnswersIn(TasksIn):
    """One answer for several tasks."""

    data: dict[str, Any] = Field(default_factory=dict)


class HandOnIn(TasksIn):
    """To whom several tasks are handed."""

    to: str = Field(min_length=1, max_length=200)


class TaskResultOut(Shape):
    """What became of one task; `refused` says why in `code`, `detail`, `next_step` and `errors`, and nothing of it has changed."""

    id: UUID
    state: str
    code: str
    detail: str
    next_step: str
    errors: dict[str, list[str]] | None


class TaskResultsOut(Shape):
    """What became of each task, in the order asked for."""

    items: list[TaskResultOut]


@api.post("/complete", responses={200: TaskResultsOut})
@waiting_operation(Role.WORK)
def complete_many(body: AnswersIn) -> Response:
    """Give several tasks the same answer, each for itself: one that is refused keeps no other from being decided.

    Told again, a task that is completed already is refused as such; nothing is done twice.
    """
    return _results(many_tasks.complete_many(product().runtime, product().database.run, body.ids, body.data, person()))


@api.post("/claim", responses={200: TaskResultsOut})
@waiting_operation(Role.WORK)
def claim_many(body: TasksIn) -> Response:
    """Take several tasks for oneself, each for itself."""
    return _results(many_tasks.claim_many(product().runtime, product().database.run, body.ids, person()))


@api.post("/release", responses={200: TaskResultsOut})
@waiting_operation(Role.WORK)
def release_many(body: TasksIn) -> Response:
    """Give several tasks back to their groups, each for itself."""
    return _results(many_tasks.release_many(product().runtime, product().database.run, body.ids, person()))


@api.post("/assign", responses={200: TaskResultsOut})
@waiting_operation(Role.WORK)
def assign_many(body: HandOnIn) -> Response:
    """Hand several tasks to somebody, each for itself."""
    return _results(many_tasks.assign_many(product().runtime, product().database.run, body.ids, body.to, person()))


@api.get("/<uuid:task_id>", responses={200: OpenedTaskOut})
@operation(Role.WORK)
def get_task(path: TaskPath) -> dict[str, Any]:
    """One task with its form's data."""
    opened = user_tasks.get(product().runtime, transaction(), path.task_id, person())
    data = {name: as_it_is(getattr(opened, name)) for name in ("form_data", "draft", "outcome")}
    return {"task": in_utc(_out(opened.task)).model_dump(mode="json"), **data, "decides": _decides(opened.task)}


def _decides(task: user_tasks.UserTask) -> dict[str, Any] | None:
    may = authority_over(transaction(), person(), task)
    if may is None:
        return None
    decides = DecidesOut(kind=may.kind, amount=task.decision_amount, currency=may.currency, limit=may.limit)
    return decides.model_dump(mode="json")


@api.post("/<uuid:task_id>/claim", responses={200: TaskOut})
@operation(Role.WORK)
def claim(path: TaskPath) -> TaskOut:
    """Take a task for oneself."""
    return _out(user_tasks.claim(product().runtime, transaction(), path.task_id, person()))


@api.post("/<uuid:task_id>/override", responses={200: TaskOut})
@operation(Role.OPERATE)
def override(path: TaskPath, body: OverrideIn) -> TaskOut:
    """Take a task in place of its candidates, with a reason; whoever had a hand in what it decides on may not."""
    return _out(user_tasks.claim(product().runtime, transaction(), path.task_id, person(), body.reason))


@api.post("/<uuid:task_id>/release", responses={200: TaskOut})
@operation(Role.WORK)
def release(path: TaskPath) -> TaskOut:
    """Give a claimed task back to its group."""
    return _out(user_tasks.release(product().runtime, transaction(), path.task_id, person()))


@api.post("/<uuid:task_id>/draft", responses={200: DraftKept})
@operation(Role.WORK)
def save_draft(path: TaskPath, body: Submission) -> DraftKept:
    """Keep a half-filled form."""
    completion = user_tasks.Completion(person(), body.version)
    version = user_tasks.save_draft(product().runtime, transaction(), path.task_id, body.data, completion)
    return DraftKept(id=path.task_id, state="draft", version=version)


class Decision(Submission):
    """The submitted form. With `hold` it is carried out only after the time in which it can be undone (`undo_seconds` of the limits)."""

    hold: bool = False


@api.post("/<uuid:task_id>/complete", responses={200: Done})
@operation(Role.WORK)
def complete(path: TaskPath, body: Decision) -> Done:
    """Decide a task; the instance goes on before this answers, or, where a worker is busy with it (`accepted`), as soon as it can.

    With `hold`, and where the installation allows for undoing, it is `held`: checked, and carried out a little later.
    """
    completion = user_tasks.Completion(person(), body.version, body.reason)
    if body.hold and product().runtime.limits.undo_seconds:
        held_decisions.hold(product().runtime, transaction(), path.task_id, body.data, completion)
        return Done(id=str(path.task_id), state="held")
    made = user_tasks.complete(product().runtime, transaction(), path.task_id, body.data, completion)
    return Done(id=str(path.task_id), state="completed" if made.applied else "accepted")


@api.post("/<uuid:task_id>/undo", responses={200: Done})
@operation(Role.WORK)
def undo(path: TaskPath) -> Done:
    """Forget a decision of mine that is still held back; what was filled in is the draft again."""
    held_decisions.undo(transaction(), path.task_id, person())
    return Done(id=str(path.task_id), state="open")


def _results(results: Sequence[many_tasks.TaskResult]) -> Response:
    found = TaskResultsOut(items=[TaskResultOut.model_validate(each) for each in results])
    return Response(found.model_dump_json(), mimetype="application/json")


def _out(task: Any) -> TaskOut:
    return TaskOut.model_validate(task, extra="ignore", from_attributes=True)
