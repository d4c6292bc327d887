"""Items that we make or assemble to order: how, what is asked of production, a form, and who changed it."""

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from engine.runtime.read.acts import ActFilter, list_acts
from engine.store.paging import Asked
from handlers.changes import Author
from handlers.promising import commands
from handlers.promising.production import MadeItemDraft, list_made
from handlers.promising.production_requests import requests_of
from ui.forms import read_form
from ui.product import BUY, needs, person, product
from ui.records import TABS

_REFUSED = 422
_FIELDS = ("sku", "warehouse_code", "lead_days", "per_day")


def show() -> str:
    """How an item is made, and what is asked of production."""
    return _page({name: request.args[name][:200] for name in _FIELDS if name in request.args})


@needs(BUY)
def set_made_item() -> AnyResponse:
    """Say how an item is made."""
    try:
        given = [name for name in _FIELDS if request.form.get(name) or name != "per_day"]
        draft = MadeItemDraft(**read_form(MadeItemDraft, request.form, given), active=request.form.get("active") == "on")
        by = Author(person().name, request.form.get("reason", "").strip()[:2000])
        product().database.run(lambda tx: commands.set_made_item(product().runtime, tx, draft, by))
    except Problem as problem:
        return make_response(_page(dict(request.form), problem), _REFUSED)
    return redirect(f"/master-data/made-items?sku={draft.sku}&done=changed", 303)


def _page(values: dict[str, Any], problem: Problem | None = None) -> str:
    sku = str(values.get("sku", "")).strip()
    with product().database.transaction() as tx:
        made = list_made(tx, sku) if sku else []
        chosen = next((row for row in made if row.warehouse_code == values.get("warehouse_code")), None)
        return render_template(
            "made_items.html",
            sku=sku,
            made=made,
            requests=requests_of(tx, sku) if sku else [],
            acts=list_acts(tx, ActFilter(target=f"made_item:{sku}"), Asked(20)).rows if sku else [],
            may_keep=BUY in person().roles,
            tabs=TABS,
            active=request.form.get("active") == "on" if problem else chosen is None or chosen.active,
            values={name: getattr(chosen, name) for name in _FIELDS} if chosen is not None and problem is None else values,
            problem=problem,
            errors=problem.errors if problem else {},
            done=request.args.get("done", ""),
        )
