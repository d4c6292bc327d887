"""What operators set for a process: how urgent its work is, and how long its ended instances are kept."""

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.problems import Invalid, Problem
from engine.runtime.read.process_settings import list_process_settings
from engine.runtime.verbs.process_settings import SET, ProcessSetting
from ui.product import OPERATE, needs, person, product
from ui.second_person import do_or_ask, page_of

_REFUSED = 422
_ADDRESS = "/operations/process-settings"


def show() -> str:
    """The processes."""
    return _page()


@needs(OPERATE)
def keep() -> AnyResponse:
    """Set what was typed; to forget sooner than before takes a second person."""
    try:
        outcome = do_or_ask(SET, _typed())
    except Problem as problem:
        return make_response(_page(problem), _REFUSED)
    return page_of(outcome) if outcome.pending else redirect(f"{_ADDRESS}?done=changed", 303)


def _typed() -> ProcessSetting:
    form = {name: request.form.get(name, "").strip() for name in ("process_key", "work_priority", "keep_days")}
    priority, days = (read_count(form[name]) for name in ("work_priority", "keep_days"))
    errors = {} if priority is not None else {"work_priority": ["must be a whole number"]}
    if form["keep_days"] and days is None:
        errors["keep_days"] = ["must be a whole number"]
    if priority is None or errors:
        raise Invalid("The process cannot be set like this.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    return ProcessSetting(process_key=form["process_key"][:200], work_priority=priority, keep_days=days)


def _page(problem: Problem | None = None) -> str:
    with product().database.transaction() as tx:
        rows = list_process_settings(tx)
    shown = {"rows": rows, "problem": problem, "typed": request.form if problem else {}, "may_operate": OPERATE in person().roles}
    return render_template("process_settings.html", **shown, done=request.args.get("done", ""))
