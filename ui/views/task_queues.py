"""What waits in each group, what is on whose desk, and which groups' tasks go to one of their people by load."""

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from engine.runtime.read.task_queues import list_desks, list_queues
from engine.runtime.verbs.group_routing import list_routed, route
from ui.product import OPERATE, needs, person, product

_REFUSED = 422


def show() -> str:
    """The groups and the people."""
    return _page()


@needs(OPERATE)
def set_routing() -> AnyResponse:
    """Let new tasks of a group go to who has the least, or stay with the group."""
    group, by_load = request.form.get("group", "")[:100], request.form.get("by_load") == "yes"
    try:
        product().database.run(lambda tx: route(product().runtime, tx, group, person(), by_load=by_load))
    except Problem as problem:
        return make_response(_page(problem), _REFUSED)
    return redirect("/operations/queues?done=changed", 303)


def _page(problem: Problem | None = None) -> str:
    with product().database.transaction() as tx:
        queues = list_queues(tx, sorted(product().groups or ()), list_routed(tx))
        desks = list_desks(tx)
    may_operate = OPERATE in person().roles
    given = {"queues": queues, "desks": desks, "may_operate": may_operate, "done": request.args.get("done", ""), "problem": problem}
    return render_template("queues.html", **given)
