"""Process definitions: looked up, and started, by key or by id."""

import re
from typing import Any, Final

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.camunda7.dialect import BASE, REFUSALS, TAG, answer, read_body
from api.camunda7.variables import read_variables
from api.product import product
from api.requests import operation, person, transaction
from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.read import lists
from engine.runtime.read.deployments import Definition, find_definition
from engine.runtime.verbs import start

api = APIBlueprint("camunda7-definitions", __name__, url_prefix=f"{BASE}/process-definition", abp_tags=[TAG], abp_responses=REFUSALS)
_ID: Final = re.compile(r"([^:]+):(\d{1,9}):(\d{1,18})", re.ASCII)
#: What else a start may say there, each with the value that asks for nothing.
_NOT_SPOKEN: Final[dict[str, tuple[Any, ...]]] = {
    "caseInstanceId": (None,),
    "startInstructions": (None, []),
    "skipCustomListeners": (None, False),
    "skipIoMappings": (None, False),
    "withVariablesInReturn": (None, False),
}


class DefinitionOut(BaseModel):
    """A process definition as Camunda writes it; `id` is process, version and deployment."""

    id: str
    key: str
    category: str | None
    description: str | None
    name: str
    version: int
    resource: str
    deploymentId: str  # noqa: N815  # as Camunda spells it
    diagram: str | None
    suspended: bool
    tenantId: str | None  # noqa: N815
    versionTag: str | None  # noqa: N815
    historyTimeToLive: int | None  # noqa: N815
    startableInTasklist: bool  # noqa: N815


class StartedOut(BaseModel):
    """An instance that was started."""

    links: list[Any]
    id: str
    definitionId: str  # noqa: N815
    businessKey: str | None  # noqa: N815
    caseInstanceId: str | None  # noqa: N815
    ended: bool
    suspended: bool
    tenantId: str | None  # noqa: N815


class KeyPath(BaseModel):
    """A process in the address."""

    key: str = Field(max_length=200)


class IdPath(BaseModel):
    """A process definition in the address: `key:version:deployment`."""

    id: str = Field(max_length=300)


def shown(found: Definition) -> dict[str, Any]:
    """A process version as Camunda writes it."""
    return {
        "id": id_of(found),
        "key": found.process_key,
        "category": None,
        "description": None,
        "name": found.name,
        "version": found.version,
        "resource": found.path,
        "deploymentId": str(found.deployment_id),
        "diagram": None,
        "suspended": found.retired,
        "tenantId": None,
        "versionTag": None,
        "historyTimeToLive": None,
        "startableInTasklist": not found.retired,
    }


def id_of(found: Definition) -> str:
    """The id of a process definition."""
    return id_text(found.process_key, found.version, found.deployment_id)


def id_text(process_key: str, version: int, deployment_id: int) -> str:
    """The id of a process definition. No key has a colon in it: ids of elements are plain names."""
    return f"{process_key}:{version}:{deployment_id}"


def parts_of_id(identity: str) -> tuple[str, int] | None:
    """Process and version of a definition's id; None where it is none."""
    parts = _ID.fullmatch(identity)
    return (parts[1], int(parts[2])) if parts else None


@api.get("/key/<key>", responses={200: DefinitionOut})
@operation(Role.READ)
def get_by_key(path: KeyPath) -> Response:
    """The version of a process that new instances begin with."""
    return answer(shown(find_definition(transaction(), path.key)))


@api.get("/<id>", responses={200: DefinitionOut})
@operation(Role.READ)
def get_by_id(path: IdPath) -> Response:
    """A version of a process."""
    return answer(shown(_of_id(path.id)))


@api.post("/key/<key>/start", responses={200: StartedOut})
@operation(Role.OPERATE)
def start_by_key(path: KeyPath) -> Response:
    """Start the latest version of a process; it runs to its first wait before this answers."""
    return _start(find_definition(transaction(), path.key))


@api.post("/<id>/start", responses={200: StartedOut})
@operation(Role.OPERATE)
def start_by_id(path: IdPath) -> Response:
    """Start a version of a process, which must be the one that new instances begin with."""
    found = _of_id(path.id)
    if not found.latest:
        raise Conflict(
            f"Version {found.version} of {found.process_key} is not what new instances begin with any more.",
            code="version_changed",
            next_step="Deploy your diagram again, or start the process by its key.",
        )
    return _start(found)


def _start(found: Definition) -> Response:
    body = _body()
    key = body.get("businessKey") or None
    if key is not None and not isinstance(key, str):
        raise Invalid("The business key is no text.", code="business_key", next_step="Send it as a JSON string.")
    options = start.StartOptions(business_key=key, actor=person().name)
    made = start.start_by_hand(product().runtime, transaction(), found.process_key, read_variables(body.get("variables")), options)
    state = lists.get_instance(transaction(), made).state
    return answer(
        {
            "links": [],
            "id": str(made),
            "definitionId": id_of(found),
            "businessKey": key,
            "caseInstanceId": None,
            "ended": state in {"completed", "cancelled"},
            "suspended": state == "suspended",
            "tenantId": None,
        }
    )


def _body() -> dict[str, Any]:
    """The body. Refuses by name what is not spoken here."""
    body = read_body()
    unknown = sorted(
        name for name, value in body.items() if name not in {"variables", "businessKey"} and value not in _NOT_SPOKEN.get(name, ())
    )
    if unknown:
        raise Invalid(f"{', '.join(unknown)} is not taken here.", code="not_spoken", next_step="Start with businessKey and variables only.")
    return body


def _of_id(identity: str) -> Definition:
    parts = parts_of_id(identity)
    found = find_definition(transaction(), *parts) if parts else None
    if found is None or id_of(found) != identity:
        raise NotFound(f"There is no process definition {identity[:100]}.", code="process_unknown", next_step="Deploy your diagram again.")
    return found
