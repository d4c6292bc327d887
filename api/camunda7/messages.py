"""Messages, each correlated with exactly one receiver unless all are meant."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, RootModel

from api.auth.roles import Role
from api.camunda7.definitions import StartedOut, id_text
from api.camunda7.dialect import BASE, REFUSALS, TAG, answer, read_body
from api.camunda7.variables import read_variables
from api.errors import BadRequest
from api.product import product
from api.requests import operation, person, transaction
from engine.runtime.post.mailbox import Message
from engine.runtime.read import lists
from engine.runtime.verbs import exact_messages
from engine.runtime.verbs.exact_messages import Asked, Reached

api = APIBlueprint("camunda7-messages", __name__, url_prefix=f"{BASE}/message", abp_tags=[TAG], abp_responses=REFUSALS)
_KNOWN: Final = frozenset(
    {"messageName", "businessKey", "processInstanceId", "correlationKeys", "processVariables", "all", "resultEnabled", "withoutTenantId"}
)
#: Spoken by clients, and refused where they ask for something.
_EMPTY: Final = frozenset(
    {"tenantId", "localCorrelationKeys", "processVariablesLocal", "processVariablesToTriggeredScope", "variablesInResultEnabled"}
)


class ExecutionOut(BaseModel):
    """Where the message was taken."""

    id: str
    processInstanceId: str  # noqa: N815  # as Camunda spells it
    ended: bool
    tenantId: str | None  # noqa: N815


class CorrelatedOut(BaseModel):
    """Who took a message: an execution, or an instance that began with it."""

    resultType: str  # noqa: N815
    execution: ExecutionOut | None
    processInstance: StartedOut | None  # noqa: N815


class CorrelatedListOut(RootModel[list[CorrelatedOut]]):
    """Everybody who took it."""


@api.post("", responses={200: CorrelatedListOut, 204: None})
@operation(Role.OPERATE)
def correlate() -> Response:
    """Deliver a message to the instance that waits for it, or begin a process with it.

    Where nobody waits, or several do and not `all` are meant, it is refused with 400 and nothing is kept. The instance is named by its id,
    by its business key, or by all the keys that its wait asks for.
    """
    body = read_body(_KNOWN, _EMPTY)
    name = _text(body, "messageName")
    if not name:
        raise BadRequest("messageName is missing.", next_step="Send the name of the message as the diagram has it.")
    message = Message(
        name=name,
        correlation=read_variables(body.get("correlationKeys")),
        payload=read_variables(body.get("processVariables")),
        business_key=_text(body, "businessKey") or None,
        actor=person().name,
    )
    asked = Asked(message, person().name, _instance(body), every=bool(body.get("all")))
    reached = exact_messages.correlate(product().runtime, transaction(), asked)
    return answer([_told(each) for each in reached]) if body.get("resultEnabled") else Response(status=204)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} is no text.", next_step="Send it as a JSON string.")
    return value or ""


def _instance(body: Mapping[str, Any]) -> UUID | None:
    given = _text(body, "processInstanceId")
    try:
        return UUID(given) if given else None
    except ValueError:
        raise BadRequest("processInstanceId is no id of an instance.", next_step="Send the id that the start answered.") from None


def _told(reached: Reached) -> dict[str, Any]:
    row = lists.get_instance(transaction(), reached.instance_id)
    identity, ended = str(row.id), row.state in {"completed", "cancelled"}
    if not reached.began:
        taken = {"id": identity, "processInstanceId": identity, "ended": ended, "tenantId": None}
        return {"resultType": "Execution", "execution": taken, "processInstance": None}
    begun = {
        "links": [],
        "id": identity,
        "definitionId": id_text(row.process_key, row.process_version, row.deployment_id),
        "businessKey": row.business_key,
        "caseInstanceId": None,
        "ended": ended,
        "suspended": row.state == "suspended",
        "tenantId": None,
    }
    return {"resultType": "ProcessDefinition", "execution": None, "processInstance": begun}
