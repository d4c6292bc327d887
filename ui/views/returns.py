"""Goods come back: asked for on the page of their invoice."""

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from handlers.returns.commands import request_return
from handlers.returns.requests import ReturnedLine, ReturnRequest
from handlers.returns.rules import REASONS
from handlers.returns.views import list_returnable
from ui.forms import read_form
from ui.product import ORDER, needs, person, product
from ui.subjects import subject_address

_REFUSED = 422


@needs(ORDER)
def show_new(number: str) -> str:
    """What of an invoice may come back."""
    return _form(number, {}, None)


@needs(ORDER)
def ask(number: str) -> AnyResponse:
    """Ask for the return."""
    try:
        wanted = _read(number)
        rma_no = product().database.run(lambda tx: request_return(product().runtime, tx, wanted, person().name))
    except Problem as problem:
        return make_response(_form(number, dict(request.form), problem), _REFUSED)
    return redirect(subject_address(rma_no, "return"), 303)


def _read(number: str) -> ReturnRequest:
    """What was typed; lines without a quantity stay with the customer. Raises Invalid with the errors by field as the form names them."""
    lines: list[ReturnedLine] = []
    errors: dict[str, list[str]] = {}
    for name in request.form:
        if name.startswith("qty.") and request.form[name].strip():
            try:
                typed = read_form(ReturnedLine, {"line_no": name.removeprefix("qty."), "qty": request.form[name]}, ["line_no", "qty"])
                lines.append(ReturnedLine(**typed))
            except Invalid as problem:
                errors[name] = [text for texts in problem.errors.values() for text in texts]
    if errors:
        raise Invalid("Some quantities cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    if not lines:
        raise Invalid("No goods are named.", code="return_request", next_step="Enter how much of at least one line comes back.", errors={})
    return ReturnRequest(invoice_no=number, reason=request.form.get("reason", ""), lines=lines, note=request.form.get("note", ""))


def _form(number: str, values: dict[str, Any], problem: Problem | None) -> str:
    with product().database.transaction() as tx:
        lines = list_returnable(tx, number)
    errors = {_as_typed(name): texts for name, texts in problem.errors.items()} if problem else {}
    shown = {"number": number, "lines": lines, "values": values, "problem": problem, "errors": errors, "reasons": REASONS}
    return render_template("return_new.html", **shown)


def _as_typed(name: str) -> str:
    """A refusal counts the lines that were sent; the form names them by their number on the invoice."""
    place, _, field = name.removeprefix("lines.").partition(".")
    if not field or not place.isdigit():
        return name
    typed = [each for each in request.form if each.startswith("qty.") and request.form[each].strip()]
    return typed[int(place)] if int(place) < len(typed) else name
