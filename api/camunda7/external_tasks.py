"""External tasks: fetched and locked by workers outside, and what they say of them. Fetching waits, as long as it is asked to."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field, RootModel
from sqlalchemy.orm import Session

from api.auth.roles import Role
from api.camunda7.definitions import id_text
from api.camunda7.dialect import BASE, REFUSALS, TAG, answer, moment, read_body
from api.camunda7.fetching import Asked, read_fetch
from api.camunda7.polls import polls
from api.camunda7.variables import read_variables, write_variables
from api.errors import BadRequest
from api.product import product
from api.requests import operation, person, transaction, waiting_operation
from api.v1.shapes import Shape
from engine.runtime.read.external_tasks import Filter, get_external_task, list_external_tasks
from engine.runtime.verbs import external_fetch, external_tasks
from engine.runtime.verbs.external_fetch import Fetched
from engine.runtime.verbs.external_tasks import Failed, Holder
from engine.spiff.calls import Refusal
from engine.store import paging

api = APIBlueprint("camunda7-external-tasks", __name__, url_prefix=f"{BASE}/external-task", abp_tags=[TAG], abp_responses=REFUSALS)
_LONGEST: Final = 4_000
_MOST_LISTED: Final = 100
_DONE: Final[dict[str | int, Any]] = {204: None}


class TaskPath(BaseModel):
    """An external task in the address."""

    id: UUID


class ListQuery(Shape):
    """Which external tasks: of a topic, held by a worker."""

    topicName: str = Field("", max_length=100)  # noqa: N815  # as Camunda spells it
    workerId: str = Field("", max_length=200)  # noqa: N815
    maxResults: int = Field(_MOST_LISTED, ge=0, le=_MOST_LISTED)  # noqa: N815


class ExternalTaskOut(BaseModel):
    """An external task as Camunda writes it."""

    id: str
    topicName: str  # noqa: N815
    workerId: str | None  # noqa: N815
    lockExpirationTime: str | None  # noqa: N815
    createTime: str  # noqa: N815
    retries: int | None
    priority: int
    errorMessage: str | None  # noqa: N815
    activityId: str  # noqa: N815
    activityInstanceId: str  # noqa: N815
    executionId: str  # noqa: N815
    processInstanceId: str  # noqa: N815
    processDefinitionId: str  # noqa: N815
    processDefinitionKey: str  # noqa: N815
    processDefinitionVersionTag: str | None  # noqa: N815
    businessKey: str | None  # noqa: N815
    tenantId: str | None  # noqa: N815
    suspended: bool


class LockedTaskOut(ExternalTaskOut):
    """An external task that is locked for who asked, with its variables."""

    errorDetails: str | None  # noqa: N815
    variables: dict[str, dict[str, Any]]
    extensionProperties: dict[str, str]  # noqa: N815


class TasksOut(RootModel[list[ExternalTaskOut]]):
    """External tasks, the oldest first."""


class LockedTasksOut(RootModel[list[LockedTaskOut]]):
    """What was fetched; empty when nothing came in time."""


@api.get("", responses={200: TasksOut})
@operation(Role.READ)
def list_all(query: ListQuery) -> Response:
    """List the external tasks that wait, the oldest first."""
    wanted = Filter(topic=query.topicName, worker=query.workerId)
    rows = list_external_tasks(transaction(), wanted, paging.Asked(limit=query.maxResults)).rows if query.maxResults else ()
    return answer([_shown(row) for row in rows])


@api.get("/<id>", responses={200: ExternalTaskOut})
@operation(Role.READ)
def get_one(path: TaskPath) -> Response:
    """One external task."""
    return answer(_shown(get_external_task(transaction(), path.id)))


@api.post("/fetchAndLock", responses={200: LockedTasksOut})
@waiting_operation(Role.SERVE)
def fetch_and_lock() -> Response:
    """Fetch tasks and lock them; where there are none, wait for one as long as asyncResponseTimeout says, half a minute at most."""
    asked = read_fetch(read_body())
    who, database = person(), product().database

    def once() -> tuple[list[dict[str, Any]], float | None]:
        with database.transaction() as tx:
            found = [_locked(tx, task, asked) for task in external_fetch.fetch(tx, who, asked.fetch)]
            return found, None if found else external_fetch.next_moment(tx, who, [topic.name for topic in asked.fetch.topics])

    return answer(list(polls().until_found(once, [topic.name for topic in asked.fetch.topics], asked.wait)))


@api.post("/<id>/complete", responses=_DONE)
@operation(Role.SERVE)
def complete(path: TaskPath) -> Response:
    """The task is done; the process goes on with its variables before this answers."""
    body = read_body({"workerId", "variables", "localVariables"})
    variables = {**read_variables(body.get("variables")), **read_variables(body.get("localVariables"))}
    external_tasks.complete(product().runtime, transaction(), _holder(body), path.id, variables)
    return _done()


@api.post("/<id>/failure", responses=_DONE)
@operation(Role.SERVE)
def fail(path: TaskPath) -> Response:
    """The attempt failed; without retries left it becomes an incident."""
    body = read_body({"workerId", "errorMessage", "errorDetails", "retries", "retryTimeout"}, {"variables", "localVariables"})
    retries, pause = _number(body, "retries"), timedelta(milliseconds=_number(body, "retryTimeout"))
    message = _text(body, "errorMessage") or "The worker did not say why."
    failed = Failed(message[:_LONGEST], _text(body, "errorDetails"), retries, pause)
    external_tasks.fail(product().runtime, transaction(), _holder(body), path.id, failed)
    return _done()


@api.post("/<id>/bpmnError", responses=_DONE)
@operation(Role.SERVE)
def refuse(path: TaskPath) -> Response:
    """A BPMN error: its boundary event goes on, and where none catches it, it becomes an incident."""
    body = read_body({"workerId", "errorCode", "errorMessage", "variables"})
    code = _text(body, "errorCode")
    if not code:
        raise BadRequest("errorCode is missing.", next_step="Name the error code that a boundary event waits for.")
    refusal = Refusal(code[:_LONGEST], (_text(body, "errorMessage") or "")[:_LONGEST], read_variables(body.get("variables")))
    external_tasks.refuse(product().runtime, transaction(), _holder(body), path.id, refusal)
    return _done()


@api.post("/<id>/extendLock", responses=_DONE)
@operation(Role.SERVE)
def extend(path: TaskPath) -> Response:
    """Hold the task for newDuration milliseconds from now on."""
    body = read_body({"workerId", "newDuration"})
    external_tasks.extend(transaction(), _holder(body), path.id, _length(body, "newDuration"))
    return _done()


@api.post("/<id>/lock", responses=_DONE)
@operation(Role.SERVE)
def lock(path: TaskPath) -> Response:
    """Lock a given task, or hold it longer."""
    body = read_body({"workerId", "lockDuration"})
    external_tasks.lock(transaction(), _holder(body), path.id, _length(body, "lockDuration"))
    return _done()


@api.post("/<id>/unlock", responses=_DONE)
@operation(Role.SERVE)
def unlock(path: TaskPath) -> Response:
    """Give a task back; whatever the body says, clients differ in what they send."""
    external_tasks.unlock(transaction(), person(), path.id)
    return _done()


def _done() -> Response:
    """Nothing else counts as success for every client."""
    return Response(status=204)


def _holder(body: Mapping[str, Any]) -> Holder:
    worker_id = _text(body, "workerId")
    if not worker_id:
        raise BadRequest("workerId is missing.", next_step="Send the name under which the worker fetched the task.")
    return Holder(person(), worker_id)


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} is no text.", next_step="Send it as a JSON string.")
    return value


def _number(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise BadRequest(f"{name} is no whole number from zero up.", next_step="Correct it.")
    return value


def _length(body: Mapping[str, Any], name: str) -> timedelta:
    milliseconds = _number(body, name)
    if not milliseconds:
        raise BadRequest(f"{name} must be above zero.", next_step="Send how many milliseconds the task is to be locked.")
    return timedelta(milliseconds=min(milliseconds, external_fetch.LONGEST_LOCK // timedelta(milliseconds=1)))


def _shown(row: Any) -> dict[str, Any]:
    """What a task and one that was fetched have in common."""
    return {
        "id": str(row.id),
        "topicName": row.topic,
        "workerId": row.worker_id,
        "lockExpirationTime": None if row.locked_until is None else moment(row.locked_until),
        "createTime": moment(row.created_at),
        "retries": row.retries,
        "priority": row.priority,
        "errorMessage": row.last_error,
        "activityId": row.element_id,
        "activityInstanceId": f"{row.element_id}:{row.id}",
        "executionId": str(row.instance_id),
        "processInstanceId": str(row.instance_id),
        "processDefinitionId": id_text(row.process_key, row.process_version, row.deployment_id),
        "processDefinitionKey": row.process_key,
        "processDefinitionVersionTag": None,
        "businessKey": row.business_key,
        "tenantId": None,
        "suspended": row.suspended,
    }


def _locked(tx: Session, task: Fetched, asked: Asked) -> dict[str, Any]:
    given = asked.given[task.topic]
    seen = task.parameters if given.local_only else {**task.variables, **task.parameters}
    chosen: Callable[[str], bool] = (lambda _: True) if given.names is None else given.names.__contains__
    variables = write_variables({name: value for name, value in seen.items() if chosen(name)})
    properties = _properties(tx, task) if given.properties else {}
    return {**_shown(task), "errorDetails": None, "variables": variables, "extensionProperties": properties}


def _properties(tx: Session, task: Fetched) -> Mapping[str, str]:
    """The extension properties of the step, as its version has them."""
    return dict(product().runtime.models.process(tx, task.process_version_id).elements[task.element_id].foreign_properties)
