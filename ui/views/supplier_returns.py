"""Goods go straight back to their supplier: asked for on the page of the purchase order."""

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from handlers.dropship.returning import GoingBack, ReturnToSupplier, request_return, returnable
from ui.forms import read_form
from ui.product import BUY, needs, person, product
from ui.subjects import subject_address

_REFUSED = 422


@needs(BUY)
def show_new(number: str) -> str:
    """What of a purchase order may go back."""
    return _form(number, {}, None)


@needs(BUY)
def ask(number: str) -> AnyResponse:
    """Have it go back."""
    try:
        wanted = _read(number)
        product().database.run(lambda tx: request_return(product().runtime, tx, wanted, person().name))
    except Problem as problem:
        return make_response(_form(number, dict(request.form), problem), _REFUSED)
    return redirect(subject_address(number, "purchase-order"), 303)


def _typed() -> list[str]:
    return [name for name in request.form if name.startswith("qty.") and request.form[name].strip()]


def _read(number: str) -> ReturnToSupplier:
    """What was typed. Raises Invalid with the errors by field as the form names them."""
    lines: list[GoingBack] = []
    errors: dict[str, list[str]] = {}
    for name in _typed():
        try:
            typed = read_form(GoingBack, {"line_no": name.removeprefix("qty."), "qty": request.form[name]}, ["line_no", "qty"])
            lines.append(GoingBack(**typed))
        except Invalid as problem:
            errors[name] = [text for texts in problem.errors.values() for text in texts]
    if errors:
        raise Invalid("Some quantities cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    return ReturnToSupplier(po_no=number, lines=lines, reason=request.form.get("reason", ""))


def _form(number: str, values: dict[str, Any], problem: Problem | None) -> str:
    with product().database.transaction() as tx:
        lines = returnable(tx, number)
    typed = _typed()
    places = {f"lines.{place}.qty": name for place, name in enumerate(typed)}
    errors = {places.get(name, name): texts for name, texts in problem.errors.items()} if problem else {}
    return render_template("supplier_return_new.html", number=number, lines=lines, values=values, problem=problem, errors=errors)
