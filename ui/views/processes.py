"""Versions of processes: which one new instances begin with, how many run on each, and to retire one."""

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from engine.runtime.read.deployments import list_versions
from engine.runtime.verbs import deploy
from ui.forms import reason
from ui.product import DEPLOY, asked, needs, person, product

_REFUSED = 422


def show_list(problem: Problem | None = None, refused: int = 0) -> str:
    """The versions, by process."""
    search = request.args.get("q", "").strip()[:200]
    with product().database.transaction() as tx:
        found = list_versions(tx, search, asked(), count=True)
    return render_template(
        "processes.html",
        found=found,
        search=search,
        may_deploy=DEPLOY in person().roles,
        done=request.args.get("done", ""),
        problem=problem,
        refused=refused,
    )


@needs(DEPLOY)
def retire(version_id: int) -> AnyResponse:
    """Let no new instance begin with a version."""
    try:
        why = reason()
        product().database.run(lambda tx: deploy.retire(tx, version_id, person().name, why))
    except Problem as problem:
        return make_response(show_list(problem, version_id), _REFUSED)
    return redirect("/operations/processes?done=retired", 303)
