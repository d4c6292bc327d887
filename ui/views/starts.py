"""Start a process by hand: with the form of its start event, a field for each variable that it declares, or JSON."""

from collections.abc import Mapping
from uuid import uuid4

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.models.bundle import FileKind, stem_of
from engine.models.check import CheckedBundle
from engine.problems import Problem
from engine.runtime.dry_run.stage import Source, open_stage
from engine.runtime.verbs import start
from engine.store import json_text
from ui.beginning import StartForm, empty_form, given_of, start_form, typed_fields
from ui.product import OPERATE, needs, person, product

_REFUSED = 422


@needs(OPERATE)
def show(bundle: str) -> Response:
    """What a process is begun with."""
    stage = _stage(bundle)
    return _shown(bundle, stage, empty_form(stage, _chosen(stage, bundle, request.args)))


@needs(OPERATE)
def begin(bundle: str) -> Response:
    """Start it and show the instance; sent twice it is one instance. What is refused stands beside its field."""
    given = request.form
    stage = _stage(bundle)
    process, key = _chosen(stage, bundle, given), given.get("business_key", "").strip()
    try:
        variables = given_of(stage, given)
        options = start.StartOptions(key or None, person().name, given.get("once", "")[:64] or None)
        made = product().database.run(lambda tx: start.start_by_hand(product().runtime, tx, process, variables, options))
    except Problem as problem:
        typed = {**typed_fields(given), "process": process, "now": "", "business_key": key, "given": given.get("given", "") or "{}"}
        return _shown(bundle, stage, start_form(stage, typed, {}), problem)
    return redirect(url_for("ui.instances_show_instance", instance_id=made), 303)


def _stage(bundle: str) -> CheckedBundle:
    with product().database.transaction() as tx:
        return open_stage(product().runtime, tx, Source(bundle), None)


def _startable(stage: CheckedBundle) -> list[tuple[str, str]]:
    """The processes that begin by name and not by a message or the clock."""
    return [(each.key, each.name) for each in stage.processes if start.plain_start(each) is not None]


def _chosen(stage: CheckedBundle, bundle: str, given: Mapping[str, str]) -> str:
    known = [key for key, _ in _startable(stage)]
    return next((key for key in (given.get("process", ""), bundle) if key in known), known[0] if known else "")


def _shown(bundle: str, stage: CheckedBundle, form: StartForm, problem: Problem | None = None) -> Response:
    answer = make_response(
        render_template(
            "start.html",
            bundle=bundle,
            processes=_startable(stage),
            name=dict(_startable(stage)).get(form.process, bundle),
            start=form,
            forms={stem_of(path): json_text.decode(content) for path, content in stage.bundle.of_kind(FileKind.FORM).items()},
            problem=problem,
            errors=problem.errors if problem else {},
            once=request.form.get("once", "")[:64] or str(uuid4()),
        )
    )
    answer.status_code = _REFUSED if problem else 200
    return answer
