"""Deployments: check a bundle, deploy it, read a model back byte for byte."""

import base64
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import GROUPS, Role
from api.product import product
from api.requests import operation, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import Listing, Page, Search, Shape, listed
from engine.models.bundle import Bundle
from engine.models.check import check
from engine.problems import Invalid
from engine.runtime.dry_run.guarded_deployments import Deployed, GivenBundle
from engine.runtime.read import deployments as read
from engine.runtime.read.bundles import DeploymentRow
from engine.runtime.state.calendars import read_calendars
from engine.runtime.verbs import deploy

api = APIBlueprint("deployments", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="deployments")])


class BundleIn(Shape):
    """Files taken as one version, each as Base64 by its name: diagrams (.bpmn), decisions (.dmn), forms (.form), scenarios, texts.

    `note` says what has changed and why.
    """

    name: str = Field(max_length=100, pattern=r"^[a-z][a-z0-9-]*$")
    files: dict[str, str] = Field(min_length=1, max_length=100)
    note: str = Field("", max_length=deploy.MAX_NOTE)

    def bundle(self) -> Bundle:
        """Decode the files. Raises Invalid naming one that is no Base64."""
        files = {}
        for path, content in self.files.items():
            try:
                files[path] = base64.b64decode(content, validate=True)
            except ValueError:  # binascii.Error is one; so is what is said of letters that are not ASCII
                raise Invalid(f"{path} is no Base64 text.", code="bundle_file", next_step="Encode each file's bytes as Base64.") from None
        return Bundle(self.name, files)


class DeployIn(BundleIn):
    """A bundle to be deployed; with `scenarios` only when all its scenarios come out as they say."""

    scenarios: bool = False


class DeploymentOut(Shape):
    """A deployed version. Where its scenarios were played, `outcome` says what turns out differently from the version before."""

    id: int
    name: str
    version: int
    processes: list[str]
    outcome: list[str]


class ProcessPath(BaseModel):
    """A process in the address; `version` is a number or `latest`."""

    process_key: str
    version: str


@api.post("/deployments/check")
@operation(Role.DEPLOY)
def check_bundle(body: BundleIn) -> dict[str, Any]:
    """Say what is wrong with a bundle, without deploying it."""
    runtime = product().runtime
    found = check(body.bundle(), runtime.service_tasks, GROUPS, runtime.time_zone, read_calendars(transaction()))
    return {"ok": found.ok, "findings": list(found.findings)}


@api.post("/deployments", responses={201: DeploymentOut, 202: PendingOut})
@operation(Role.DEPLOY)
def deploy_bundle(body: DeployIn) -> Answer:
    """Deploy a bundle; running instances stay with the version they began with.

    A second person confirms what moves money, and what takes over the process of another bundle.
    """
    bundle = body.bundle()
    given = GivenBundle(name=bundle.name, files=dict(bundle.files), note=body.note, scenarios=body.scenarios)
    return act("deploy.bundle", given, body.note, deployed)


def deployed(done: Deployed) -> tuple[DeploymentOut, int]:
    """The answer to a deployment that was made."""
    made = done.made
    return DeploymentOut(id=made.id, name=made.name, version=made.version, processes=list(made.processes), outcome=done.outcome), 201


@api.get("/deployments", responses={200: Page[DeploymentRow]})
@operation(Role.READ)
def list_deployments(query: Listing) -> Page[DeploymentRow]:
    """List deployments, the latest first."""
    return listed(read.list_deployments(transaction(), query.asked))


@api.get("/process-versions", responses={200: Page[read.VersionRow]})
@operation(Role.READ)
def list_versions(query: Search) -> Page[read.VersionRow]:
    """List process versions by process, the newest first, each with how many instances run on it."""
    return listed(read.list_versions(transaction(), query.search, query.asked))


@api.get("/processes/<process_key>/versions/<version>/model")
@operation(Role.READ)
def get_model(path: ProcessPath) -> Response:
    """The diagram's bytes, unchanged."""
    return Response(read.model_of_version(transaction(), path.process_key, path.version), mimetype="application/xml")
