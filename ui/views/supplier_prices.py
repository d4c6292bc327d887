"""What suppliers ask for items: the list with its days, a form to set a price, and who changed which of them from what to what."""

from typing import Any

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem, refuse_unknown
from engine.runtime.read.acts import Act, ActFilter, list_acts
from engine.store.paging import Asked
from handlers.catalog import changes, views
from handlers.catalog.master_data import SupplierItemDraft
from handlers.changes import Author
from ui.forms import read_form
from ui.product import BUY, SEE_COSTS, asked, needs, person, product
from ui.records import TABS

_REFUSED = 422
_MOST_CHANGES = 20
_FIELDS = (
    "supplier_no", "sku", "price", "currency", "supplier_sku", "lead_days", "moq", "rank", "inbound_freight", "valid_from", "valid_until",
)  # fmt: skip
#: What may stay empty: the draft says what then holds.
_OPEN = frozenset(_FIELDS) - {"supplier_no", "sku", "price", "currency"}
_ADDRESS = "/master-data/supplier-prices"


@needs(SEE_COSTS)
def show() -> str:
    """The list, and the form, filled in where a price is to be changed."""
    return _page({name: request.args[name][:200] for name in _FIELDS if name in request.args})


@needs(BUY)
def set_price() -> AnyResponse:
    """Set what a supplier asks for an item."""
    try:
        given = [name for name in _FIELDS if request.form.get(name) or name not in _OPEN]
        draft = SupplierItemDraft(**read_form(SupplierItemDraft, request.form, given))
        by = Author(person().name, request.form.get("reason", "").strip()[:2000])
        product().database.run(lambda tx: changes.set_by(tx, draft, by))
    except Problem as problem:
        return make_response(_page(dict(request.form), problem), _REFUSED)
    return redirect(f"{_ADDRESS}?supplier_no={draft.supplier_no}&sku={draft.sku}&done=price#changes", 303)


def _page(values: dict[str, Any], problem: Problem | None = None) -> str:
    every = request.args.get("all", "")
    refuse_unknown(every, ("yes",), "list of prices", "all")
    of_all = bool(every)
    wanted = views.SupplierPriceFilter(request.args.get("of", "")[:100], request.args.get("q", "").strip()[:200], not of_all)
    with product().database.transaction() as tx:
        found = views.list_supplier_prices(tx, wanted, asked(), count=True)
        chosen = (values.get("supplier_no", ""), values.get("sku", ""))
        return render_template(
            "supplier_prices.html",
            found=found,
            wanted=wanted,
            of_all=of_all,
            chosen=chosen,
            acts=_changes(tx, *chosen),
            may_buy=BUY in person().roles,
            tabs=TABS,
            values=_of_file(tx, values) if problem is None else values,
            problem=problem,
            errors=problem.errors if problem else {},
            done=request.args.get("done", ""),
        )


def _of_file(tx: Session, values: dict[str, Any]) -> dict[str, Any]:
    """What is on file of the price that is to be changed, so that only what is different is typed."""
    if not (values.get("supplier_no") and values.get("sku") and values.get("valid_from")):
        return values
    of_supplier = views.SupplierPriceFilter(values["supplier_no"], values["sku"])
    for row in views.list_supplier_prices(tx, of_supplier, Asked(100)).rows:
        if (row.sku, row.valid_from.isoformat()) == (values["sku"], values["valid_from"]):
            return {name: getattr(row, name) for name in _FIELDS}
    return values


def _changes(tx: Session, supplier_no: str, sku: str) -> list[Act]:
    if not (supplier_no and sku):
        return []
    return list(list_acts(tx, ActFilter(target=f"supplier_item:{supplier_no}/{sku}"), Asked(_MOST_CHANGES)).rows)
