"""Quotes: the list, one quote with its lines, decisions and the customer's answer, and a form to write one."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.problems import Invalid, Problem
from engine.runtime.post.mailbox import Delivery
from engine.runtime.read.worklist import open_tasks_of
from handlers.quoting import commands, views
from handlers.quoting.acceptance import Accepted, AcceptedLine
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
    return _page(quote_no, {})


def _page(quote_no: str, given: dict[str, Any]) -> str:
    """One quote, with what it waits for; `given` is an answer that was refused: its verb, the problem and what was typed."""
    with product().database.transaction() as tx:
        shown = views.show_quote(tx, quote_no)
        tasks = open_tasks_of(tx, person(), UUID(shown.instance_id)) if shown.instance_id else []
    context = {"done": request.args.get("done", ""), "refused_verb": "", "errors": {}, "values": {}, "problem": None, **given}
    return render_template("quote.html", shown=shown, quote=shown.quote, tasks=tasks, may_sell=SELL in person().roles, **context)


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
    """Record what the customer answers, or what we do with a quote that was sent: take it back, or give more time."""
    try:
        said = _ANSWERS[verb](quote_no)
        product().database.run(said)
    except Invalid as problem:
        given = {"refused_verb": verb, "problem": problem, "errors": _beside_lines(problem.errors), "values": dict(request.form)}
        return make_response(_page(quote_no, given), _REFUSED)
    return redirect(f"/quotes/{quote_no}?done=answered", 303)


Said = Callable[[Session], Delivery]


def _accept(quote_no: str) -> Said:
    customer_po = _entered("customer_po", "the customer's purchase order number")
    accepted = Accepted(customer_po, _accepted_lines())
    return lambda tx: commands.accept(product().runtime, tx, quote_no, accepted, person().name)


def _accepted_lines() -> list[AcceptedLine]:
    """The quantities that were typed beside the lines; an empty one is not accepted. Raises Invalid by field."""
    lines: list[AcceptedLine] = []
    errors: dict[str, list[str]] = {}
    named = [(name, read_count(name.removeprefix("taken."))) for name in request.form if name.startswith("taken.")]
    typed = [(name, line_no) for name, line_no in named if line_no is not None]
    for name, line_no in typed:
        if request.form[name].strip() in {"", "0"}:
            continue
        try:
            lines.append(AcceptedLine(line_no, read_form(AcceptedLine, {"qty": request.form[name]}, ("qty",))["qty"]))
        except Invalid as problem:
            errors[name] = problem.errors.get("qty", ["cannot be read"])
    if typed and not (lines or errors):
        errors = {typed[0][0]: ["must say how much of at least one line is accepted"]}
    if errors:
        raise Invalid("Some quantities cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    return lines


def _beside_lines(errors: Mapping[str, Any]) -> dict[str, Any]:
    """A refusal counts the lines that were accepted; the form names each line."""
    taken = [name for name in request.form if name.startswith("taken.") and request.form[name].strip() not in {"", "0"}]
    counted = {name: re.fullmatch(r"lines\.(\d+)\.\w+", name) for name in errors}
    return {taken[int(found[1])] if (found := counted[name]) else name: texts for name, texts in errors.items()}


def _decline(quote_no: str) -> Said:
    reason = _entered("reason", "why the customer declines")
    return lambda tx: commands.decline(product().runtime, tx, quote_no, reason, person().name)


def _withdraw(quote_no: str) -> Said:
    reason = _entered("reason", "why it is taken back")
    return lambda tx: commands.withdraw(product().runtime, tx, quote_no, reason, person().name)


def _extend(quote_no: str) -> Said:
    reason = _entered("reason", "why the customer gets more time")
    typed = read_form(commands.Extension, request.form, ("valid_until",))
    return lambda tx: commands.extend(product().runtime, tx, quote_no, commands.Extension(typed["valid_until"], reason), person().name)


_ANSWERS: Mapping[str, Callable[[str], Said]] = {"accept": _accept, "decline": _decline, "withdraw": _withdraw, "extend": _extend}


def _entered(name: str, wanted: str) -> str:
    """What was typed. Raises Invalid when nothing was."""
    given = request.form.get(name, "").strip()[:2000]
    if not given:
        errors = {name: ["is missing"]}
        raise Invalid(f"It does not say {wanted}.", code="answer_incomplete", next_step=f"Enter {wanted}.", errors=errors)
    return given


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
