"""Quotes: the list, one quote with its lines, decisions and the customer's answer, and a form to write one."""

import re
from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from handlers.quoting import commands, views
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft
from ui.forms import read_form
from ui.product import SELL, asked, needs, person, product

_REFUSED = 422
_LINES = 8
_HEADER = ("customer_no", "discount_pct", "requested_date", "note")
_LINE = ("sku", "qty", "discount_pct", "discount_reason")


def show_list() -> str:
    """The list of quotes."""
    wanted = views.QuoteFilter(request.args.get("q", "").strip()[:200], request.args.get("state", "")[:40])
    with product().database.transaction() as tx:
        found = views.list_quotes(tx, wanted, asked(), count=True)
    return render_template("quotes.html", found=found, wanted=wanted, states=views.STATES, may_sell=SELL in person().roles)


def show_quote(quote_no: str) -> str:
    """One quote."""
    with product().database.transaction() as tx:
        shown = views.show_quote(tx, quote_no)
    return render_template("quote.html", shown=shown, quote=shown.quote, may_sell=SELL in person().roles, done=request.args.get("done", ""))


@needs(SELL)
def show_new() -> str:
    """An empty quote."""
    return _form({"customer_no": request.args.get("customer", "")}, None)


@needs(SELL)
def write() -> AnyResponse:
    """Write a quote; it is priced, approved where the decision asks for it, and sent."""
    try:
        draft = _draft()
        quote_no = product().database.run(lambda tx: commands.begin_quote(product().runtime, tx, draft))
    except Problem as problem:
        return make_response(_form(dict(request.form), problem), _REFUSED)
    return redirect(f"/quotes/{quote_no}?done=quoted", 303)


@needs(SELL)
def answer(quote_no: str, verb: str) -> AnyResponse:
    """Record what the customer answers."""
    given = request.form.get("customer_po" if verb == "accept" else "reason", "").strip()
    if not given:
        wanted = "the customer's purchase order number" if verb == "accept" else "why the customer declines"
        raise Invalid(f"It does not say {wanted}.", code="answer_incomplete", next_step=f"Enter {wanted}.")
    verbs = {"accept": commands.accept, "decline": commands.decline}
    product().database.run(lambda tx: verbs[verb](product().runtime, tx, quote_no, given, person().name))
    return redirect(f"/quotes/{quote_no}?done=answered", 303)


def _draft() -> QuoteDraft:
    """The quote as it was typed; lines without an item are left out. Raises Invalid with the errors by field."""
    header = read_form(QuoteDraft, _present(request.form), [name for name in _HEADER if name == "customer_no" or request.form.get(name)])
    lines: list[QuoteLineDraft] = []
    errors: dict[str, list[str]] = {}
    for number in range(_LINES):
        typed = {name: request.form.get(f"lines.{number}.{name}", "") for name in _LINE}
        if not typed["sku"].strip():
            continue
        try:
            lines.append(QuoteLineDraft(**read_form(QuoteLineDraft, typed, [name for name in _LINE if name == "qty" or typed[name]])))
        except Invalid as problem:
            errors |= {f"lines.{number}.{name}": texts for name, texts in problem.errors.items()}
    if errors:
        raise Invalid("Some lines cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    return QuoteDraft(**header, lines=lines, requester=person().name)


def _present(form: Any) -> dict[str, str]:
    return {name: value for name, value in form.items() if value}


def _form(values: dict[str, Any], problem: Problem | None) -> str:
    errors = {_as_typed(name): texts for name, texts in problem.errors.items()} if problem else {}
    return render_template("quote_new.html", values=values, problem=problem, errors=errors, lines=range(_LINES))


def _as_typed(name: str) -> str:
    """A refusal counts the lines that were sent; the form has empty ones between them."""
    found = re.fullmatch(r"lines\.(\d+)\.(\w+)", name)
    if not found:
        return name
    filled = [number for number in range(_LINES) if request.form.get(f"lines.{number}.sku", "").strip()]
    position = int(found[1])
    return f"lines.{filled[position] if position < len(filled) else position}.{found[2]}"
