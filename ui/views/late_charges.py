"""A late charge is waived: by a person who says why, above a number by two."""

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from handlers.cases import read_case
from handlers.receivables.guarded import Waiver
from ui.product import COLLECT, needs, product
from ui.second_person import do_or_ask
from ui.subjects import subject_address

_REFUSED = 422


@needs(COLLECT)
def show_waiver(number: str) -> str:
    """What is open of a charge, and a field for the reason."""
    return _form(number, "", None)


@needs(COLLECT)
def waive(number: str) -> AnyResponse:
    """Waive what is open, or have a second person asked."""
    reason = request.form.get("reason", "").strip()
    try:
        outcome = do_or_ask("late_charge.waive", Waiver(charge_no=number, reason=reason))
    except Problem as problem:
        return make_response(_form(number, reason, problem), _REFUSED)
    return redirect(f"/pending-changes/{outcome.pending}" if outcome.pending is not None else subject_address(number, "late-charge"), 303)


def _form(number: str, reason: str, problem: Problem | None) -> str:
    with product().database.transaction() as tx:
        case = read_case(tx, "late-charge", number)
    errors = problem.errors if problem else {}
    return render_template("late_charge_waive.html", number=number, case=case, reason=reason, problem=problem, errors=errors)
