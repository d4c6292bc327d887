"""Deployments: listed, and made of the files that a modeler or a client sends."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from flask import Response, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.camunda7.definitions import DefinitionOut, shown
from api.camunda7.dialect import BASE, REFUSALS, TAG, answer, moment, refuse
from api.errors import BadRequest
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.models.bundle import FileKind, kind_of
from engine.models.reading.identity import named_in
from engine.problems import Invalid, Problem
from engine.runtime.dry_run.guarded_deployments import GivenFiles
from engine.runtime.read.bundles import DeploymentRow, get_version
from engine.runtime.read.deployments import definitions_of, list_deployments
from engine.runtime.verbs.deploy import MAX_NOTE
from engine.runtime.verbs.deploy_files import Sent, Taken
from engine.runtime.verbs.pending_changes import Wanting, ask_or_do
from engine.store.paging import Asked

api = APIBlueprint("camunda7-deployments", __name__, url_prefix=f"{BASE}/deployment", abp_tags=[TAG], abp_responses=REFUSALS)
_MOST: Final = 100
_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "deployment-name": {"type": "string"},
                        "deployment-source": {"type": "string"},
                        "enable-duplicate-filtering": {"type": "boolean"},
                        "deploy-changed-only": {"type": "boolean"},
                    },
                    "additionalProperties": {"type": "string", "format": "binary"},
                }
            }
        },
    }
}


class DeploymentQuery(Shape):
    """How many deployments, the newest first. The Modeler asks for none, to see whether it may."""

    maxResults: int = Field(_MOST, ge=0, le=_MOST)  # noqa: N815  # as Camunda spells it


class DeploymentOut(BaseModel):
    """A deployment; `name` is the bundle."""

    links: list[Any]
    id: str
    name: str
    source: str | None
    deploymentTime: str  # noqa: N815
    tenantId: str | None  # noqa: N815


class DeploymentsOut(RootModel[list[DeploymentOut]]):
    """Deployments, the newest first."""


class DeployedOut(DeploymentOut):
    """A deployment that was made, with what stands in the files that were sent; null where nothing does."""

    deployedProcessDefinitions: dict[str, DefinitionOut] | None  # noqa: N815
    deployedCaseDefinitions: dict[str, Any] | None  # noqa: N815
    deployedDecisionDefinitions: dict[str, Any] | None  # noqa: N815
    deployedDecisionRequirementsDefinitions: dict[str, Any] | None  # noqa: N815


@api.get("", responses={200: DeploymentsOut})
@operation(Role.READ)
def list_all(query: DeploymentQuery) -> Response:
    """List deployments, the newest first."""
    rows = list_deployments(transaction(), Asked(limit=query.maxResults)).rows if query.maxResults else ()
    return answer([_deployment(row) for row in rows])


@api.post("/create", responses={200: DeployedOut}, openapi_extensions=_FORM)
@operation(Role.DEPLOY)
def create() -> Response:
    """Deploy files into the bundle they belong to; its other files stay. They go through the same check as any deployment.

    Files without a change make no version: the answer is the one that is in force, without definitions where deploy-changed-only asks so.
    """
    form = request.form
    if form.get("tenant-id"):
        raise Invalid("There are no tenants here.", code="not_spoken", next_step="Deploy without a tenant id.")
    sent = Sent(form.get("deployment-name", ""), _files())
    source = form.get("deployment-source", "")
    note = f"Deployed as {sent.title!r}{f' from {source}' if source else ''}: {', '.join(sent.files)}"
    given = GivenFiles(title=sent.title, files=dict(sent.files), note=note[:MAX_NOTE])
    outcome = ask_or_do(product().runtime, transaction(), "deploy.files", given, Wanting(person().name, note))
    if outcome.pending is not None:  # these clients know no 202: what is not deployed yet is told as an error, and kept
        return refuse(_waits(outcome.pending), HTTPStatus.CONFLICT)
    taken = outcome.done
    silent = not taken.made.new and form.get("deploy-changed-only", "").lower() == "true"
    return answer(_deployed(sent, taken, source or None, silent=silent))


def _waits(change: int) -> Problem:
    return Problem(
        f"It waits for a second person, as change {change}, and is deployed when it was confirmed.",
        code="pending_change",
        next_step="Ask another analyst or finance to confirm it in the worklist.",
    )


def _files() -> dict[str, bytes]:
    """The files of the form by their names; a folder stands in the name of the part only."""
    found: dict[str, bytes] = {}
    for part, file in request.files.items(multi=True):
        name = file.filename or ""
        path = part if part.rsplit("/", 1)[-1] == name.rsplit("/", 1)[-1] else name
        if path in found:
            raise Invalid(f"{path} is sent twice.", code="file_twice", next_step="Send each file once.")
        found[path] = file.read()
    if not found:
        raise BadRequest("No file was sent.", next_step="Send each file as a part of multipart/form-data with a file name.")
    return found


def _deployment(row: DeploymentRow) -> dict[str, Any]:
    made = moment(row.deployed_at)
    return {"links": [], "id": str(row.id), "name": row.name, "source": None, "deploymentTime": made, "tenantId": None}


def _deployed(sent: Sent, taken: Taken, source: str | None, *, silent: bool) -> dict[str, Any]:
    tx, made = transaction(), taken.made
    version = get_version(tx, made.name, str(made.version))
    places = set(taken.places.values())
    processes = {found["id"]: found for found in map(shown, definitions_of(tx, made.id)) if found["resource"] in places}
    return {
        "links": [],
        "id": str(made.id),
        "name": made.name,
        "source": source,
        "deploymentTime": moment(version.deployed_at),
        "tenantId": None,
        "deployedProcessDefinitions": (not silent and processes) or None,
        "deployedCaseDefinitions": None,
        "deployedDecisionDefinitions": (not silent and dict(_decisions(sent, taken))) or None,
        "deployedDecisionRequirementsDefinitions": None,
    }


def _decisions(sent: Sent, taken: Taken) -> Iterator[tuple[str, dict[str, Any]]]:
    """The decisions of the files that were sent. They have no versions of their own: theirs is that of the bundle."""
    made = taken.made
    for name, path in taken.places.items():
        for key in sorted(named_in(path, sent.files[name])) if kind_of(path) is FileKind.DECISION else ():
            yield (
                f"{key}:{made.version}:{made.id}",
                {
                    "id": f"{key}:{made.version}:{made.id}",
                    "key": key,
                    "category": None,
                    "name": key,
                    "version": made.version,
                    "resource": path,
                    "deploymentId": str(made.id),
                    "tenantId": None,
                    "decisionRequirementsDefinitionId": None,
                    "decisionRequirementsDefinitionKey": None,
                    "historyTimeToLive": None,
                    "versionTag": None,
                },
            )
