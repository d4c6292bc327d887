"""Try a process: a scenario is played as far as it goes, the next step is taken on the page, and nothing is kept but a draft's file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.models.bundle import FileKind, stem_of
from engine.models.check import CheckedBundle
from engine.models.media import media_type_of
from engine.models.reading.drawing import Drawing, read_drawing
from engine.models.reading.scenarios import read_scenario as in_words
from engine.models.reading.scenarios import words_of
from engine.problems import Forbidden, Invalid, Problem
from engine.runtime.dry_run.coverage import flows_of
from engine.runtime.dry_run.keeping import kept
from engine.runtime.dry_run.record import DryRun
from engine.runtime.dry_run.rehearsal import play, play_really
from engine.runtime.dry_run.scenario import Scenario, read_scenario, scenario_of
from engine.runtime.dry_run.stage import Source, open_stage, start_data
from engine.runtime.dry_run.suite import SuiteRun, play_all, reasons
from engine.runtime.read import bundles, drafts
from engine.runtime.verbs import drafts as draft_verbs
from engine.store import json_text
from engine.store.clock import business_now
from engine.task_catalogue import FieldOfTask, describe
from ui.beginning import StartForm, beginnings, example, given_of, start_form, typed_fields
from ui.dry_run_acts import begun, named_values, told_so_far, with_step, without_last
from ui.dry_run_story import MOST_SHOWN, state_sentence, story, tokens_of
from ui.formats import json_pretty
from ui.product import DEPLOY, WORK, needs, person, product
from ui.views.bundles import download

_REFUSED = 422
#: The fields of every form of the page, as they are where nothing was typed.
_FIELDS = ("act", "element", "as", "data", "answers", "payload", "name", "code", "reason", "process", "now", "given", "business_key")
_BEGINS = frozenset({"begin", "begin-json", "copy"})
_TYPED = dict.fromkeys(_FIELDS, "")
_NO_LETTERS = re.compile(r"[^a-z0-9]+")


@dataclass(slots=True)
class _Page:
    """The page of one request: what is tried, the scenario so far, and what was typed and refused."""

    bundle: str
    draft: bool
    stage: CheckedBundle | None = None
    told: dict[str, Any] | None = None
    really: bool = False
    run: DryRun | None = None
    typed: Mapping[str, str] = field(default_factory=lambda: _TYPED)
    problem: Problem | None = None

    @property
    def drawings(self) -> list[Drawing]:
        """The diagrams as read."""
        found = self.stage.bundle.of_kind(FileKind.DIAGRAM) if self.stage else {}
        return [read_drawing(path, content) for path, content in found.items()]


def show(bundle: str) -> AnyResponse:
    """Choose what to try; with `scenario` in the address, that scenario of the bundle as far as it goes."""
    page = _opened(bundle, request.args)
    path = request.args.get("scenario", "")
    if page.stage is not None and path in page.stage.bundle.of_kind(FileKind.SCENARIO):
        try:
            page.told = dict(read_scenario(page.stage.bundle.files[path]).told)
            _play(page)
        except Problem as problem:
            page.told, page.problem = None, problem
    return _shown(page)


@needs(WORK)
def act(bundle: str) -> AnyResponse:
    """Begin, take the next step, take one back, or keep what was played as a scenario of the draft; keeping asks for deploy."""
    page = _opened(bundle, request.form)
    if page.stage is None:
        return _shown(page)
    given, verb = request.form, request.form.get("act", "")
    page.really = given.get("really") == "on"
    try:
        if verb == "copy":
            return _shown(_copied(page, given))
        if verb == "keep":
            return _keep(page, given)
        page.told = _next(page.stage, verb, given)
        _play(page)
        if page.run is not None and page.run.fault and page.run.fault.step == len(page.told["steps"]) and verb not in {*_BEGINS, "back"}:
            _take_back(page, page.run)
    except Problem as problem:
        _refuse(page, given, problem)
    return _shown(page)


def show_all(bundle: str) -> AnyResponse:
    """Play all scenarios, with what they cover painted on a diagram and listed."""
    page = _opened(bundle, request.args)
    if page.stage is None:
        return _shown(page)
    runtime = product().runtime
    suite = play_all(page.stage, page.stage.bundle, runtime.service_tasks, runtime.time_zone)
    by_path = {drawing.path: drawing for drawing in page.drawings}
    chosen = request.args.get("diagram", "")
    drawing = by_path.get(chosen) or _drawing_of(page, bundle)
    return make_response(
        render_template(
            "dry_run_all.html",
            page=page,
            suite=suite,
            drawings=by_path,
            drawing=drawing,
            names=_names(page),
            tokens=_covered(suite, drawing.path if drawing else ""),
            marks=_not_covered(suite, drawing.path if drawing else ""),
            counts={
                name: (sum(1 for each in found if each.scenarios), len(found))
                for name, found in (("steps", suite.coverage.elements), ("flows", suite.coverage.flows), ("rules", suite.coverage.rules))
            },
        )
    )


def show_file(bundle: str, path: str) -> Response:
    """A file of what is tried, for the diagram that is painted."""
    with product().database.transaction() as tx:
        drafted = request.args.get("draft") == "1"
        content = drafts.read_file(tx, bundle, path).content if drafted else bundles.file_of(tx, bundle, bundles.LATEST, path)
    return download(content, media_type_of(path), path.rsplit("/", 1)[-1])


def _opened(bundle: str, given: "MultiDict[str, str]") -> _Page:
    """The page of a bundle. A draft with errors is a page that says so; what is not there raises NotFound."""
    page = _Page(bundle, draft=given.get("draft") == "1")
    try:
        with product().database.transaction() as tx:
            page.stage = open_stage(product().runtime, tx, Source(bundle, draft=page.draft), product().groups)
    except Invalid as problem:
        page.problem = problem
    return page


def _next(stage: CheckedBundle, verb: str, given: Mapping[str, str]) -> dict[str, Any]:
    if verb in _BEGINS:
        return begun(given, given_of(stage, given))
    told = told_so_far(given)
    if verb == "back":
        return without_last(told)
    if verb == "restart":
        return without_last(told, count=len(told.get("steps", ())))
    return with_step({name: value for name, value in told.items() if name != "expect"}, given)


def _play(page: _Page) -> None:
    if page.stage is None or page.told is None:
        return
    runtime, scenario = product().runtime, scenario_of(page.told)
    if not page.really:
        page.run = play(page.stage, scenario, runtime.service_tasks, runtime.time_zone)
        return
    if DEPLOY not in person().roles:
        raise Forbidden(
            "Service tasks run on the data there is only for who may deploy.",
            code="role_missing",
            next_step="Play it with the answers of the scenario.",
        )
    stage = page.stage
    page.run = product().database.run(lambda tx: play_really(stage, scenario, runtime, tx))


def _take_back(page: _Page, refused: DryRun) -> None:
    """The last step could not be taken: the page stands before it, with what was typed and why it was refused."""
    fault = refused.fault
    page.told = without_last(page.told or {})
    _play(page)
    if fault is not None:
        problem = Invalid(fault.message, code=fault.code, next_step=fault.next_step, element_id=fault.element_id, errors=fault.errors)
        page.typed, page.problem = _typed(request.form), problem


def _refuse(page: _Page, given: Mapping[str, str], problem: Problem) -> None:
    """What was typed is no step: the page stands where it stood."""
    page.typed, page.problem = _typed(given), problem
    try:
        page.told = None if given.get("act") in _BEGINS else told_so_far(given)
        page.run = None
        _play(page)
    except Problem:
        page.told = None


def _typed(given: Mapping[str, str]) -> dict[str, str]:
    return {**{name: given.get(name, "") for name in _FIELDS}, **typed_fields(given)}


def _copied(page: _Page, given: Mapping[str, str]) -> _Page:
    """The start form with the start data of a real instance."""
    key = given.get("business_key", "").strip()[:200]
    with product().database.transaction() as tx:
        found = start_data(tx, given.get("process", "").partition("#")[0], key)
    page.typed = {**{name: given.get(name, "") for name in _FIELDS}, "given": json_pretty(found)}
    return page


def _keep(page: _Page, given: Mapping[str, str]) -> AnyResponse:
    """Write the run into the draft as a scenario; a draft is begun where there is none."""
    page.told = told_so_far(given)
    _play(page)
    if DEPLOY not in person().roles:
        raise Forbidden("Only who may deploy keeps scenarios.", code="role_missing", next_step="Ask somebody of the analysts.")
    name = given.get("name", "").strip()[:200]
    slug = _NO_LETTERS.sub("-", name.lower()).strip("-")[:80]
    if not slug or page.run is None:
        raise Invalid(
            "The scenario needs a name.",
            code="name_missing",
            next_step="Say in one sentence what happens.",
            errors={"name": ["is missing"]},
        )
    path, content = f"{slug}.scenario.json", kept(_scenario(page), page.run, name)
    with product().database.transaction() as tx:
        draft_verbs.begin(tx, page.bundle, person().name)
        if path in drafts.bundle_of(tx, page.bundle).files:
            raise Invalid(
                f"The draft has a scenario {path} already.",
                code="file_name_taken",
                next_step="Give it another name.",
                errors={"name": ["is taken"]},
            )
        draft_verbs.save(tx, page.bundle, draft_verbs.Saving(path, content, None, person().name))
    return redirect(url_for("ui.dry_runs_show", bundle=page.bundle, draft=1, scenario=path, done="scenario-kept"), 303)


def _scenario(page: _Page) -> Scenario:
    return scenario_of(page.told or {})


def _shown(page: _Page) -> AnyResponse:
    run, stage = page.run, page.stage
    drawing = _drawing_of(page, run.process if run else page.bundle)
    names = _names(page)
    acts = in_words("", json_text.encode(page.told), names).happens if page.told else ()
    answer = make_response(
        render_template(
            "dry_run.html",
            page=page,
            run=run,
            names=names,
            drawing=drawing,
            acts=acts,
            lines=story(run, acts, page.drawings) if run else (),
            most_shown=MOST_SHOWN,
            tokens=tokens_of(run) if run else (),
            marks=[{"element_id": flow, "state": "passed"} for flow in sorted(flows_of(stage.bundle, run))] if run and stage else (),
            sentence=state_sentence(run, names) if run else "",
            reasons=reasons(run) if run and run.comparisons else (),
            forms=_forms(stage) if stage else {},
            answers=_answers(run) if run else {},
            processes=list(beginnings(stage)) if stage else (),
            scenarios=_scenarios(page, names),
            start=_start(page),
            told=words_of,
            typed_data=lambda wait: {**wait.given, **_data(page.typed["data"])},
            carried=json_pretty(page.told) if page.told else "",
            may_deploy=DEPLOY in person().roles,
            findings=getattr(page.problem, "findings", ()),
            done=request.args.get("done", ""),
        )
    )
    answer.status_code = _REFUSED if page.problem and request.method == "POST" else 200
    return answer


def _drawing_of(page: _Page, process: str) -> Drawing | None:
    """The diagram of a process; else the first."""
    return next((each for each in page.drawings if any(one.key == process for one in each.processes)), next(iter(page.drawings), None))


def _names(page: _Page) -> dict[str, str]:
    return {step.id: step.name for drawing in page.drawings for step in drawing.steps}


def _scenarios(page: _Page, names: Mapping[str, str]) -> list[Any]:
    found = page.stage.bundle.of_kind(FileKind.SCENARIO) if page.stage else {}
    return [in_words(path, content, names) for path, content in found.items()]


def _start(page: _Page) -> StartForm:
    """What the start form shows: what was typed; else now, and what the page was begun with or a scenario begins with."""
    if page.typed["act"] in _BEGINS:
        return start_form(page.stage, page.typed, _data(page.typed["given"]))
    told = page.told or {}
    beginning = f"{told['process']}#{told['begins_at']}" if told.get("begins_at") else told.get("process", page.bundle)
    chosen = request.args.get("process", "")[:400] or str(beginning)
    with product().database.transaction() as tx:
        now = business_now(tx).replace(microsecond=0).isoformat()
    given = told.get("given", {}) if told and chosen == beginning else example(page.stage, chosen)
    return start_form(page.stage, {**_TYPED, "process": chosen, "now": str(told.get("now", now))}, given)


def _data(typed: str) -> dict[str, Any]:
    """What was filled into a form, where it can be read at all."""
    try:
        return named_values(typed or "{}", "data")
    except Problem:
        return {}


def _forms(stage: CheckedBundle) -> dict[str, Any]:
    return {stem_of(path): json_text.decode(content) for path, content in stage.bundle.of_kind(FileKind.FORM).items()}


def _answers(run: DryRun) -> dict[str, str]:
    """An answer to begin with, by the service task that waits for one: each part of its result with an empty value."""
    tasks = product().runtime.service_tasks
    waiting = {each.handler for each in run.waiting.calls if each.handler in tasks}
    return {handler: json_pretty(_sample(describe(tasks[handler]).result)) for handler in waiting}


def _sample(fields: tuple[FieldOfTask, ...]) -> dict[str, Any]:
    return {each.name: _empty(each) for each in fields if each.required}


def _empty(each: FieldOfTask) -> Any:
    if each.choices:
        return each.choices[0]
    if each.type.startswith("list"):
        return []
    if each.fields:
        return _sample(each.fields)
    return {"number": 0, "boolean": True, "string": ""}.get(each.type)


def _covered(suite: SuiteRun, path: str) -> list[dict[str, Any]]:
    return [
        {"element_id": each.id, "state": "completed", "count": each.scenarios}
        for each in suite.coverage.elements
        if each.path == path and each.scenarios
    ]


def _not_covered(suite: SuiteRun, path: str) -> list[dict[str, str]]:
    every: list[Any] = [*suite.coverage.elements, *suite.coverage.flows]
    return [{"element_id": each.id, "state": "unreached"} for each in every if each.path == path and not each.scenarios]
