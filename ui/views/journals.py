"""Journals: what was posted, what waits for a second person, and a form to write one by hand."""

import re
from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem, refuse_unknown
from engine.runtime.read.worklist import EVERYBODY, Filter, list_tasks
from engine.store.clock import business_today
from engine.store.paging import Asked
from handlers.ledger import commands, views
from handlers.ledger.accounts import CHART
from handlers.ledger.books import books_currency
from handlers.ledger.manual import CONTROL_ACCOUNTS, EVENT, ManualJournal, ManualLine
from ui.forms import read_form
from ui.product import BOOK, SEE_BOOKS, asked, needs, person, product

_REFUSED = 422
_LINES = 12
_HEADER = ("reference", "currency", "gl_date", "narration")
_LINE = ("account", "debit", "credit", "reference")
_MOST_WAITING = 100
#: Where a person may book, with what an account is called.
ACCOUNTS = tuple((entry.number, entry.name) for entry in CHART if entry.number not in CONTROL_ACCOUNTS)


def redirect_to_finance() -> AnyResponse:
    """`/finance` is the list of receipts."""
    return redirect("/finance/receipts")


@needs(SEE_BOOKS)
def show_list() -> str:
    """The journals, the latest first; above them those by hand that are not posted yet."""
    source = request.args.get("source", "").strip()[:100]
    kind = request.args.get("kind", "")
    refuse_unknown(kind, ("by-hand",), "kind of journal", "kind")
    by_hand = bool(kind)
    with product().database.transaction() as tx:
        found = views.list_journals(tx, source, asked(), event_type=EVENT if by_hand else "", count=True)
        waiting = views.list_manual_entries(tx, "WRITTEN", Asked(_MOST_WAITING)).rows
        mine = Filter(view=EVERYBODY, process="manual-journal")
        tasks = {task.business_key: task for task in list_tasks(tx, person(), mine, Asked(_MOST_WAITING)).rows}
    return render_template(
        "journals.html",
        found=found,
        source=source,
        by_hand=by_hand,
        waiting=waiting,
        tasks=tasks,
        names={entry.number: entry.name for entry in CHART},
        may_book=BOOK in person().roles,
        done=request.args.get("done", ""),
    )


@needs(BOOK)
def show_new() -> str:
    """An empty journal."""
    return _form({}, None)


@needs(BOOK)
def write() -> AnyResponse:
    """Write a journal by hand; a second person is asked to agree to it."""
    try:
        draft = _draft()
        product().database.run(lambda tx: commands.begin_manual_journal(product().runtime, tx, draft, person().name))
    except Problem as problem:
        return make_response(_form(dict(request.form), problem), _REFUSED)
    return redirect("/finance/journals?done=written", 303)


def _draft() -> ManualJournal:
    """The journal as it was typed; lines without an account and an amount are left out. Raises Invalid with the errors by field."""
    header = read_form(ManualJournal, request.form, [name for name in _HEADER if name != "gl_date" or request.form.get(name)])
    errors = {name: ["is missing"] for name in ("reference", "narration") if not header[name]}
    lines: list[ManualLine] = []
    for number in _filled():
        typed = {name: request.form.get(f"lines.{number}.{name}", "") for name in _LINE}
        try:
            lines.append(ManualLine(**read_form(ManualLine, typed, [name for name in _LINE if name == "account" or typed[name].strip()])))
        except Invalid as problem:
            errors |= {f"lines.{number}.{name}": texts for name, texts in problem.errors.items()}
    if errors:
        # The marks are those of the form already; `_as_typed` must not move them.
        raise _Typed("Some fields cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    return ManualJournal(**header, lines=lines)


class _Typed(Invalid):
    """A refusal that counts the lines as the form does."""


def _filled() -> list[int]:
    return [number for number in range(_LINES) if any(request.form.get(f"lines.{number}.{name}", "").strip() for name in _LINE)]


def _form(values: dict[str, Any], problem: Problem | None) -> str:
    with product().database.transaction() as tx:
        values = {"currency": books_currency(tx), "gl_date": business_today(tx), **values}
    errors = {_as_typed(name, problem): texts for name, texts in problem.errors.items()} if problem else {}
    return render_template("journal_new.html", values=values, problem=problem, errors=errors, lines=range(_LINES), accounts=ACCOUNTS)


def _as_typed(name: str, problem: Problem) -> str:
    """A refusal counts the lines that were sent; the form has empty ones between them."""
    found = re.fullmatch(r"lines\.(\d+)\.(\w+)", name)
    if not found or isinstance(problem, _Typed):
        return name
    filled = _filled()
    position = int(found[1])
    return f"lines.{filled[position] if position < len(filled) else position}.{found[2]}"
