"""Take the instances under way on one version of a process to another: the plan, who could go by it, what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.models.reading.drawing import STEP_KINDS
from engine.problems import Invalid, NotFound, Problem
from engine.runtime.operate.guarded_batches import ask_for_many
from engine.runtime.operate.migrate import Migration
from engine.runtime.operate.take_over import TakenOver, take_over, try_out
from engine.runtime.read.migration_plans import MigrationPlan, draft_plan
from engine.runtime.read.under_way import UnderWay, list_under_way
from engine.runtime.verbs.pending_changes import Outcome
from engine.store.paging import Page
from ui.forms import json_object, reason
from ui.product import MIGRATE, asked, needs, person, product
from ui.second_person import page_of

_REFUSED = 422
_PLAN = "plan."


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the page shows: why each instance cannot go, or None."""

    plan: MigrationPlan
    shown: Page[UnderWay]
    tried: Mapping[UUID, Problem | None]


@needs(MIGRATE)
def show(bundle: str, version_id: int) -> AnyResponse:
    """The plan as it is drafted, and for each instance on the page whether it could go by it."""
    return _page(bundle, version_id, {})


@needs(MIGRATE)
def act(bundle: str, version_id: int) -> AnyResponse:
    """Try the plan as it was changed on the page, or take the chosen instances over by it."""
    changes = {name.removeprefix(_PLAN): value or None for name, value in request.form.items() if name.startswith(_PLAN)}
    if request.form.get("act") != "take-over":
        return _page(bundle, version_id, changes)
    try:
        done = _take_over(version_id, changes)
    except NotFound:
        raise
    except Problem as problem:
        return _page(bundle, version_id, changes, problem=problem)
    return page_of(done) if isinstance(done, Outcome) else _page(bundle, version_id, changes, results=done)


def _take_over(version_id: int, changes: Mapping[str, str | None]) -> list[TakenOver] | Outcome:
    """What became of each, or the change that waits for a second person where they are many."""
    why, chosen, variables = reason(), _chosen(), json_object("variables")
    with product().database.transaction() as tx:
        plan = draft_plan(product().runtime, tx, version_id, _target(), changes)
    migration = Migration(plan.target.id, person().name, why, plan.mapping, variables)
    asked = product().database.run(lambda tx: ask_for_many(product().runtime, tx, migration, chosen))
    return asked or take_over(product().runtime, product().database.run, migration, chosen)


def _page(
    bundle: str,
    version_id: int,
    changes: Mapping[str, str | None],
    *,
    problem: Problem | None = None,
    results: list[TakenOver] | None = None,
) -> AnyResponse:
    try:
        with product().database.transaction() as tx:
            looked = _look(tx, bundle, version_id, changes)
    except Invalid as wrong:
        problem = problem or wrong
        with product().database.transaction() as tx:
            looked = _look(tx, bundle, version_id, {})
    plan = looked.plan
    answer = make_response(
        render_template(
            "take_over.html",
            bundle=bundle,
            plan=plan,
            kinds=STEP_KINDS,
            names={each.element_id: each.name for each in plan.elements},
            shown=looked.shown,
            tried=looked.tried,
            chosen=set(request.form.getlist("instance")) if problem or results is not None else None,
            typed_reason=request.form.get("reason", "") if problem else "",
            typed_variables=request.form.get("variables", "") if problem else "",
            problem=problem,
            results=results,
        )
    )
    answer.status_code = _REFUSED if problem else 200
    return answer


def _look(tx: Session, bundle: str, version_id: int, changes: Mapping[str, str | None]) -> _Looked:
    """The plan, and each instance of the page tried by it. Raises NotFound, Invalid where the changes fit neither version."""
    runtime = product().runtime
    plan = draft_plan(runtime, tx, version_id, _target(), changes)
    _check_bundle(bundle, plan)
    shown = list_under_way(tx, version_id, asked(), count=True)
    migration = Migration(plan.target.id, person().name, "Only tried", plan.mapping)
    return _Looked(plan, shown, try_out(runtime, tx, migration, [each.id for each in shown.rows]))


def _check_bundle(bundle: str, plan: MigrationPlan) -> None:
    if bundle not in {plan.source.bundle, plan.target.bundle}:
        raise NotFound("This version is of another bundle.", code="process_version_unknown", next_step="Look at the versions of this one.")


def _target() -> int | None:
    given = request.values.get("to", "")
    return read_count(given)


def _chosen() -> list[UUID]:
    try:
        found = [UUID(each) for each in request.form.getlist("instance")]
    except ValueError:
        found = []
    if not found:
        raise Invalid(
            "No instance is chosen.",
            code="instances_missing",
            next_step="Choose those that are to go to the new version.",
            errors={"instance": ["is missing"]},
        )
    return found
