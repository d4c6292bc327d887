"""Customers, items and suppliers: the list, one record with its form, and what was changed by whom. One view for every kind."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from engine.runtime.read.acts import ActFilter, list_acts
from engine.store.paging import Asked
from handlers.changes import Author
from ui.forms import defaults_of, kind_of, read_form
from ui.product import BUY, COLLECT, ORDER, PRICE, asked, needs, person, product
from ui.records import KINDS, TABS, Kind
from ui.second_person import page_of

_REFUSED = 422


Route = tuple[str, Callable[..., Any], list[str]]


def redirect_to_list() -> AnyResponse:
    """`/master-data` is the list of customers."""
    return redirect("/master-data/customers")


def routes() -> Iterator[Route]:
    """The addresses of every kind: anybody may look, who keeps the kind may add and change."""
    for kind in KINDS:
        base = f"/master-data/{kind.path}"
        one = f"{base}/<path:key>"
        keep = needs(kind.role)
        yield base, _of(kind, show_list), ["GET"]
        yield base, keep(_of(kind, add)), ["POST"]
        yield f"{base}/new", keep(_of(kind, show_new)), ["GET"]
        yield one, _of(kind, show_record), ["GET"]
        yield one, keep(_of(kind, change)), ["POST"]


def _of(kind: Kind, view: Callable[..., Any]) -> Callable[..., Any]:
    def answer(**given: str) -> Any:
        return view(kind, **given)

    answer.__name__, answer.__module__ = f"{view.__name__}_{kind.noun}", __name__
    return answer


def show_list(kind: Kind) -> str:
    """One kind of record, by number."""
    search = request.args.get("q", "").strip()[:200]
    with product().database.transaction() as tx:
        found = kind.lists(tx, search, asked(), count=True)
    return render_template("records.html", kind=kind, found=found, search=search, may_keep=kind.role in person().roles, tabs=TABS)


def show_new(kind: Kind) -> str:
    """An empty form."""
    return _page(kind, None, {"values": defaults_of(kind.draft)})


def show_record(kind: Kind, key: str) -> str:
    """One record."""
    return _page(kind, key, {})


def add(kind: Kind) -> AnyResponse:
    """Add a record."""
    try:
        typed = read_form(kind.draft, request.form, [kind.key.name, *(field.name for field in kind.fields)])
        added = kind.adds(typed)
    except Problem as problem:
        return _again(kind, None, problem)
    if added.pending is not None:
        return page_of(added)
    return redirect(f"/master-data/{kind.path}/{typed[kind.key.name]}?done=added", 303)


def change(kind: Kind, key: str) -> AnyResponse:
    """Change a record; where somebody was faster, nothing changes and the page says so."""
    by = Author(person().name, request.form.get("reason", "").strip()[:2000], request.form.get("version") or None)
    try:
        typed = read_form(kind.draft, request.form, [field.name for field in kind.fields])
        flags = {flag.name: request.form.get(flag.name) == "on" for flag in kind.flags}
        changed = kind.changes(key, {**typed, **flags}, by)
    except Problem as problem:
        return _again(kind, key, problem)
    if changed.pending is not None:
        return page_of(changed)
    return redirect(f"/master-data/{kind.path}/{key}?done={'changed' if changed.done else 'same'}", 303)


def _again(kind: Kind, key: str | None, problem: Problem) -> AnyResponse:
    """The form as it was typed, with what is wrong beside each field."""
    typed = {name: value for name, value in request.form.items() if name not in {"csrf_token", "version", "reason"}}
    flags = {flag.name: flag.name in typed for flag in (*kind.fields, *kind.flags) if entered_as(kind, flag.name) == "flag"}
    errors = {name.rpartition(".")[2]: texts for name, texts in problem.errors.items()}
    page = _page(kind, key, {"values": {**typed, **flags}, "problem": problem, "errors": errors})
    return make_response(page, _REFUSED)


def entered_as(kind: Kind, name: str) -> str:
    """How a field of a kind is entered."""
    return "flag" if name in {flag.name for flag in kind.flags} else kind_of(kind.draft, name)


def _page(kind: Kind, key: str | None, given: dict[str, Any]) -> str:
    shown: Any = None
    acts: Any = ()
    if key is not None:
        with product().database.transaction() as tx:
            shown = kind.shows(tx, key)
            acts = list_acts(tx, ActFilter(target=f"{kind.noun}:{key}"), Asked(20)).rows
    context = {"values": shown.row if shown else {}, "errors": {}, "problem": None, "done": request.args.get("done", ""), **given}
    roles = person().roles
    may = {"keep": kind.role in roles, "order": ORDER in roles, "price": PRICE in roles, "buy": BUY in roles, "collect": COLLECT in roles}
    return render_template("record.html", kind=kind, key=key, shown=shown, acts=acts, entered=entered_as, may=may, tabs=TABS, **context)
