"""Periods: which months are closed, closing one, and asking for one to be opened again."""

from datetime import timedelta
from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from engine.runtime.read.worklist import EVERYBODY, Filter, list_tasks
from engine.store.clock import business_today
from engine.store.paging import Asked
from handlers.changes import Author
from handlers.closing import commands, views
from handlers.closing.guarded import Reopening
from handlers.ledger.views import list_periods
from ui.forms import day_of
from ui.product import BOOK, asked, needs, person, product
from ui.second_person import do_or_ask, page_of

_REFUSED = 422
_MOST_SHOWN = 100


def show_list() -> str:
    """The months, the latest first, with the task that closes each; beside them what was closed by hand."""
    return _page(None, {})


@needs(BOOK)
def begin() -> AnyResponse:
    """Begin to close a month."""
    period = request.form.get("period", "").strip()[:20]
    try:
        product().database.run(lambda tx: commands.begin_close(product().runtime, tx, period, Author(person().name)))
    except Problem as problem:
        return make_response(_page(problem, {"period": period}), _REFUSED)
    return redirect("/finance/periods?done=closing", 303)


@needs(BOOK)
def reopen(starts_on: str) -> AnyResponse:
    """Ask for a closed period to be opened again; a second person confirms it."""
    try:
        if not request.form.get("reason", "").strip():
            raise Invalid(
                "Say why it is opened again.", code="reason_missing", next_step="Give a reason.", errors={"reason": ["is missing"]}
            )
        return page_of(do_or_ask("period.reopen", Reopening(starts_on=day_of(starts_on, "starts_on"))))
    except Problem as problem:
        return make_response(_page(problem, {"reopening": starts_on}), _REFUSED)


def _page(problem: Problem | None, typed: dict[str, Any]) -> str:
    with product().database.transaction() as tx:
        closes = views.list_closes(tx, asked())
        last = business_today(tx).replace(day=1) - timedelta(days=1)
        tasks = list_tasks(tx, person(), Filter(view=EVERYBODY, process=commands.PROCESS), Asked(_MOST_SHOWN)).rows
        closed = list_periods(tx, Asked(_MOST_SHOWN)).rows
    months = {row.starts_on for row in closes.rows}
    return render_template(
        "periods.html",
        closes=closes,
        tasks={task.business_key: task for task in tasks},
        by_hand=[row for row in closed if row.starts_on not in months],
        values={"period": f"{last:%Y-%m}", **typed},
        problem=problem,
        errors=problem.errors if problem else {},
        may_book=BOOK in person().roles,
        done=request.args.get("done", ""),
    )
