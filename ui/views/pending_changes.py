"""Changes that take a second person: what waits for me, what I asked for, and one change with what it does."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem, refuse_unknown
from engine.runtime.read import pending_changes as read
from engine.runtime.state.guarded_acts import GuardedActs
from engine.runtime.verbs import pending_changes
from ui.product import WORK, asked, needs, person, product

_REFUSED = 409
_VERBS: Final[Mapping[str, Callable[..., Any]]] = {
    "confirm": pending_changes.confirm,
    "refuse": pending_changes.refuse,
    "withdraw": pending_changes.withdraw,
}


def show_list() -> str:
    """The changes of a view, those to confirm where none is named."""
    view = request.args.get("view") or "confirm"
    refuse_unknown(view, read.VIEWS, "view of changes", "view")
    with product().database.transaction() as tx:
        found = read.list_changes(tx, person(), read.ChangeFilter(view), asked(), count=True)
    return render_template("pending_changes.html", found=found, view=view, views=read.VIEWS, titles=titles())


def show(change_id: int) -> AnyResponse:
    """One change: what it does, who asked and why, who may confirm."""
    return _page(change_id)


@needs(WORK)
def decide(change_id: int, verb: str) -> AnyResponse:
    """Confirm, refuse or withdraw; where that cannot be, the page says why and nothing is changed."""
    why = request.form.get("reason", "").strip()[:2000]
    try:
        product().database.run(lambda tx: _VERBS[verb](product().runtime, tx, change_id, person(), why))
    except Problem as problem:
        return _page(change_id, problem)
    return redirect(f"/worklist/changes/{change_id}?done=decided", 303)


def titles() -> GuardedActs:
    """What each act is called."""
    acts: Any = product().runtime.ports.get(GuardedActs, GuardedActs(()))
    return acts  # type: ignore[no-any-return]


def _page(change_id: int, problem: Problem | None = None) -> AnyResponse:
    with product().database.transaction() as tx:
        change = read.get_change(tx, person(), change_id)
    page = render_template(
        "pending_change.html",
        change=change,
        titles=titles(),
        problem=problem,
        typed=request.form.get("reason", "") if problem else "",
        may_decide=change.may_be_decided_by(person()),
        mine=change.asked_by == person().name,
        done=request.args.get("done", ""),
    )
    return make_response(page, _REFUSED if problem else 200)
