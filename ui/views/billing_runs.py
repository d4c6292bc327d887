"""The billing run: who waits to be billed by the week or month, what it comes to, and having it billed now."""

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from engine.store.clock import business_today
from handlers.billing import commands
from handlers.billing.waiting import days_due, list_waiting
from ui.product import BOOK, asked, needs, person, product

_REFUSED = 422


def show_list() -> str:
    """Who waits; of the customer that is chosen the invoices as they would be."""
    return _page(None)


@needs(BOOK)
def begin() -> AnyResponse:
    """Have one customer billed with everything that waits, or all with what is due."""
    customer_no = request.form.get("customer_no", "").strip()[:40]
    wanted = commands.BillingRun(customer_no=customer_no or None, everything=bool(customer_no))
    try:
        product().database.run(lambda tx: commands.begin_run(product().runtime, tx, wanted, person().name))
    except Problem as problem:
        return make_response(_page(problem), _REFUSED)
    return redirect("/finance/billing-run?done=billing", 303)


def _page(problem: Problem | None) -> str:
    chosen = request.args.get("customer", "")[:40]
    planned, refusal = [], None
    with product().database.transaction() as tx:
        waiting = list_waiting(tx, asked())
        due = days_due(tx, waiting.rows)
        if chosen:
            try:
                planned = commands.preview_run(tx, chosen, business_today(tx))
            except Problem as found:
                refusal = found
    return render_template(
        "billing_run.html",
        waiting=waiting,
        due=due,
        chosen=chosen,
        planned=planned,
        problem=problem or refusal,
        may_book=BOOK in person().roles,
        done=request.args.get("done", ""),
    )
