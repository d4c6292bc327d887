"""Out of office: who stands in for me, for whom I stand in, and setting it up."""

from datetime import datetime, time, timedelta
from typing import Any

from flask import make_response, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from engine.iso8601 import read_day
from engine.problems import Invalid, Problem
from engine.runtime.read.colleagues import who_works
from engine.runtime.read.substitutions import list_substitutions
from engine.runtime.verbs import substitutions
from engine.store.tables import process_version
from ui.company_time import now, zone
from ui.product import WORK, asked, needs, person, product

_REFUSED = 422


def show() -> str:
    """The list, and the form for a new one."""
    return _page()


@needs(WORK)
def set_up() -> AnyResponse:
    """Let a colleague stand in."""
    try:
        absence = _absence()
        product().database.run(lambda tx: substitutions.set_up(product().runtime, tx, absence, person()))
    except Problem as problem:
        answer = make_response(_page(problem))
        answer.status_code = _REFUSED
        return answer
    return redirect("/worklist/substitutes?done=added", 303)


@needs(WORK)
def end(substitution_id: int) -> AnyResponse:
    """Let one end now."""
    product().database.run(lambda tx: substitutions.end(tx, substitution_id, person()))
    return redirect("/worklist/substitutes?done=changed", 303)


def _absence() -> substitutions.Absence:
    """Whole days in the company's zone: the last one counts."""
    given = {name: request.form.get(name, "").strip() for name in ("person", "deputy", "begins", "ends", "note")}
    days: dict[str, datetime] = {}
    for name in ("begins", "ends"):
        day = read_day(given[name])
        if day is None:
            raise Invalid("A day is missing.", code="day", next_step="Choose both days.", errors={f"{name}_at": ["is no day"]})
        days[name] = datetime.combine(day, time(), zone())
    return substitutions.Absence(
        person=given["person"] or person().name,
        deputy=given["deputy"],
        begins_at=days["begins"],
        ends_at=days["ends"] + timedelta(days=1),
        process_keys=request.form.getlist("process"),
        note=given["note"],
    )


def _page(problem: Problem | None = None) -> str:
    with product().database.transaction() as tx:
        newest = select(process_version.c.process_key, process_version.c.name).order_by(process_version.c.id)
        shown: dict[str, Any] = {
            "found": list_substitutions(tx, person(), asked(), everybody=person().oversees, count=True),
            "colleagues": who_works(product().runtime, tx),
            "processes": sorted(dict(tx.execute(newest).all()).items(), key=lambda each: each[1]),
        }
    typed = request.form if request.method == "POST" else {"begins": now().astimezone(zone()).date().isoformat()}
    errors = problem.errors if problem else {}
    return render_template("substitutes.html", **shown, problem=problem, errors=errors, typed=typed, done=request.args.get("done", ""))
