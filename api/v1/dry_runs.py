"""Dry runs: a scenario played as far as it goes on a deployed version or a draft, and all scenarios of one with what they cover."""

from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.json_provider import in_utc
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.models.check import CheckedBundle
from engine.problems import Forbidden
from engine.runtime.dry_run.outcome import OutcomeDiff
from engine.runtime.dry_run.record import DryRun
from engine.runtime.dry_run.rehearsal import play, play_really
from engine.runtime.dry_run.scenario import scenario_of
from engine.runtime.dry_run.stage import Source, compare_draft, compare_versions, open_stage, start_data
from engine.runtime.dry_run.suite import SuiteRun, play_all
from engine.store import json_text

api = APIBlueprint("dry_runs", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="dry runs")])
_NAME = Field(max_length=100)


class DryRunIn(Shape):
    """What is to be played: the scenario so far, on a version of a bundle (a number or `latest`) or, with `draft`, on its draft.

    The scenario is as `bpmn/README.md` describes it. With `asks` a service task that `answers` does not name waits for a step `call`.
    With `really` service tasks that touch only our database run on the data there is, and all of it is undone; it asks for the role
    deploy.
    """

    bundle: str = _NAME
    version: str = Field("latest", max_length=20)
    draft: bool = False
    really: bool = False
    scenario: dict[str, Any]


class DryRunOut(RootModel[DryRun]):
    """What happened, element by element, and what is waited for now. Nothing of it is kept: a step back is a scenario without its last."""


class SuiteOut(RootModel[SuiteRun]):
    """How every scenario went, and what they cover together."""


class OutcomeOut(RootModel[OutcomeDiff]):
    """What turns out differently, scenario by scenario: how it comes out before and after, and each difference in words."""


class CompareQuery(Shape):
    """Which versions to compare, each a number or `latest`."""

    from_: str = Field(alias="from", max_length=20)
    to: str = Field("latest", max_length=20)


class BundlePath(BaseModel):
    """A bundle in the address."""

    name: str = _NAME


class VersionQuery(Shape):
    """Which version: a number or `latest`."""

    version: str = Field("latest", max_length=20)


class ExampleQuery(Shape):
    """The process, and the business key (such as an order's number) that an instance of it was started for."""

    process: str = Field(max_length=100)
    business_key: str = Field(max_length=200)


class ExampleOut(Shape):
    """What the latest such instance began with, to be given to a dry run."""

    given: dict[str, Any]


@api.post("/dry-runs", responses={200: DryRunOut})
@operation(Role.READ)
def dry_run(body: DryRunIn) -> Response:
    """Play a scenario from its beginning as far as it goes; a step that cannot be taken is the answer's `fault`."""
    if body.really and Role.DEPLOY not in person().roles:
        raise Forbidden(
            f"{person().name} may not run service tasks on the data there is: it needs the role {Role.DEPLOY}.",
            code="role_missing",
            next_step="Play it with the answers of the scenario, or ask an administrator to add you to a group that grants the role.",
        )
    runtime, scenario = product().runtime, scenario_of(body.scenario)
    stage = _stage(Source(body.bundle, body.version, body.draft))
    if body.really:
        return _told(play_really(stage, scenario, runtime, transaction()))
    return _told(play(stage, scenario, runtime.service_tasks, runtime.time_zone))


@api.get("/dry-runs/start-data", responses={200: ExampleOut})
@operation(Role.READ)
def get_start_data(query: ExampleQuery) -> Response:
    """What a real instance began with, to try a process with."""
    return Response(json_text.encode({"given": start_data(transaction(), query.process, query.business_key)}), mimetype="application/json")


@api.post("/bundles/<name>/scenarios/run", responses={200: SuiteOut})
@operation(Role.READ)
def run_scenarios(path: BundlePath, query: VersionQuery) -> SuiteOut:
    """Play all scenarios of a version of a bundle."""
    return _all(_stage(Source(path.name, query.version)))


@api.post("/drafts/<name>/scenarios/run", responses={200: SuiteOut})
@operation(Role.READ)
def run_draft_scenarios(path: BundlePath) -> SuiteOut:
    """Play all scenarios of a draft as it is saved now; refused with all findings where the draft has errors."""
    return _all(_stage(Source(path.name, draft=True)))


@api.post("/drafts/<name>/scenarios/compare", responses={200: OutcomeOut})
@operation(Role.READ)
def compare_draft_outcomes(path: BundlePath) -> OutcomeOut:
    """Play the scenarios of a draft and of what is deployed on both, and say what turns out differently."""
    return OutcomeOut(compare_draft(product().runtime, transaction(), path.name, product().groups))


@api.post("/bundles/<name>/scenarios/compare", responses={200: OutcomeOut})
@operation(Role.READ)
def compare_version_outcomes(path: BundlePath, query: CompareQuery) -> OutcomeOut:
    """Play the scenarios of two versions of a bundle on both, and say what turns out differently from one to the other."""
    return OutcomeOut(compare_versions(product().runtime, transaction(), path.name, query.from_, query.to))


def _told(run: DryRun) -> Response:
    """Process data as it is, numbers as numbers: what is shown may be given again."""
    return Response(json_text.encode(in_utc(run)), mimetype="application/json")


def _stage(source: Source) -> CheckedBundle:
    return open_stage(product().runtime, transaction(), source, product().groups)


def _all(stage: CheckedBundle) -> SuiteOut:
    runtime = product().runtime
    return SuiteOut(play_all(stage, stage.bundle, runtime.service_tasks, runtime.time_zone))
