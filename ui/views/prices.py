"""Prices and exchange rates: what is on file, and a form to file another one."""

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from engine.store.clock import business_today
from engine.store.paging import Asked
from handlers.catalog import changes, views
from handlers.catalog.master_data import PriceDraft
from handlers.changes import Author
from handlers.ledger import commands
from handlers.ledger import views as ledger
from ui.forms import read_form
from ui.product import BOOK, PRICE, asked, needs, person, product
from ui.records import TABS

_REFUSED = 422
_MOST_LISTS = 200
#: Days that may stay empty: the price holds always, or until it is changed.
_OPEN = frozenset({"valid_from", "valid_until"})
_PRICE = ("price_list_code", "sku", "uom", "min_qty", "unit_price", "valid_from", "valid_until")


def show_prices() -> str:
    """Every price, and the form to set one."""
    return _prices({name: request.args[name] for name in _PRICE if name in request.args})


@needs(PRICE)
def set_price() -> AnyResponse:
    """Set a price."""
    try:
        given = [name for name in _PRICE if request.form.get(name) or name not in _OPEN]
        draft = PriceDraft(**read_form(PriceDraft, request.form, given))
        product().database.run(lambda tx: changes.set_by(tx, draft, Author(person().name)))
    except Problem as problem:
        return make_response(_prices(dict(request.form), problem), _REFUSED)
    return redirect(f"/master-data/prices?q={draft.sku}&done=price", 303)


def show_rates() -> str:
    """Every exchange rate, and the form to file one."""
    return _rates({"currency": request.args.get("currency", "")})


@needs(BOOK)
def set_rate() -> AnyResponse:
    """File an exchange rate."""
    try:
        typed = read_form(commands.RateDraft, request.form, ("currency", "valid_from", "rate"))
        product().database.run(lambda tx: commands.file_rate(tx, commands.RateDraft(**typed), Author(person().name)))
    except Problem as problem:
        return make_response(_rates(dict(request.form), problem), _REFUSED)
    return redirect("/master-data/rates?done=rate", 303)


def _prices(values: dict[str, Any], problem: Problem | None = None) -> str:
    wanted = views.PriceFilter(request.args.get("list", "")[:100], request.args.get("q", "").strip()[:200])
    with product().database.transaction() as tx:
        found = views.list_prices(tx, wanted, asked(), count=True)
        lists = views.list_price_lists(tx, Asked(_MOST_LISTS)).rows
    return render_template(
        "prices.html", found=found, lists=lists, wanted=wanted, may_price=PRICE in person().roles, **_form(values, problem)
    )


def _rates(values: dict[str, Any], problem: Problem | None = None) -> str:
    with product().database.transaction() as tx:
        found = ledger.list_rates(tx, asked(), count=True)
        values = {"valid_from": business_today(tx), **values}
    return render_template("rates.html", found=found, may_book=BOOK in person().roles, **_form(values, problem))


def _form(values: dict[str, Any], problem: Problem | None) -> dict[str, Any]:
    return {
        "tabs": TABS,
        "values": values,
        "problem": problem,
        "errors": problem.errors if problem else {},
        "done": request.args.get("done", ""),
    }
