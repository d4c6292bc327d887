"""An amount of an invoice is credited or charged without goods: asked for on the page of the invoice."""

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from handlers.billing.adjustments import AdjustedLine, AdjustmentRequest, list_adjustable
from handlers.billing.commands import request_adjustment
from ui.forms import read_form
from ui.product import COLLECT, needs, person, product
from ui.subjects import subject_address

_REFUSED = 422


@needs(COLLECT)
def show_new(number: str) -> str:
    """What of an invoice may be credited or charged."""
    return _form(number, {}, None)


@needs(COLLECT)
def ask(number: str) -> AnyResponse:
    """Ask for the credit memo or debit note."""
    try:
        wanted = _read()
        product().database.run(lambda tx: request_adjustment(product().runtime, tx, number, wanted, person().name))
    except Problem as problem:
        return make_response(_form(number, dict(request.form), problem), _REFUSED)
    return redirect(subject_address(number, "invoice"), 303)


def _read() -> AdjustmentRequest:
    """What was typed; lines without an amount stay as they are. Raises Invalid with the errors by field as the form names them."""
    lines: list[AdjustedLine] = []
    errors: dict[str, list[str]] = {}
    for name in _typed():
        try:
            given = {"line_no": name.removeprefix("amount."), "amount": request.form[name]}
            lines.append(AdjustedLine(**read_form(AdjustedLine, given, ["line_no", "amount"])))
        except Invalid as problem:
            errors[name] = [text for texts in problem.errors.values() for text in texts]
    if errors:
        raise Invalid("Some amounts cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    if not lines:
        raise Invalid("No amount is named.", code="adjustment_request", next_step="Enter the amount of at least one line.", errors={})
    return AdjustmentRequest(kind=request.form.get("kind", ""), reason=request.form.get("reason", ""), lines=lines)


def _form(number: str, values: dict[str, Any], problem: Problem | None) -> str:
    with product().database.transaction() as tx:
        lines = list_adjustable(tx, number)
    errors = {_as_typed(name): texts for name, texts in problem.errors.items()} if problem else {}
    return render_template("adjustment_new.html", number=number, lines=lines, values=values, problem=problem, errors=errors)


def _typed() -> list[str]:
    return [name for name in request.form if name.startswith("amount.") and request.form[name].strip()]


def _as_typed(name: str) -> str:
    """A refusal counts the lines that were sent; the form names them by their number on the invoice."""
    place, _, field = name.removeprefix("lines.").partition(".")
    if not field or not place.isdigit():
        return name
    return _typed()[int(place)] if int(place) < len(_typed()) else name
