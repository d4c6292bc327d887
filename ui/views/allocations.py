"""Supply kept for classes and channels: what is kept of an item and what is left, a form to set it, and who changed it."""

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from engine.runtime.read.acts import ActFilter, list_acts
from engine.store.paging import Asked
from handlers.changes import Author
from handlers.promising import commands
from handlers.promising.allocation_views import allocated_items, list_allocations
from handlers.promising.allocations import KEY, AllocationDraft, AllocationKey
from ui.forms import read_form
from ui.product import ORDER, needs, person, product
from ui.records import TABS

_REFUSED = 422
_FIELDS = (
    "sku", "warehouse_code", "customer_class", "channel", "valid_from", "valid_until", "qty", "share_pct", "release_days", "priority",
)  # fmt: skip
#: What may stay empty: the draft says what then holds.
_OPEN = frozenset({"customer_class", "channel", "qty", "share_pct", "release_days", "priority"})
_ADDRESS = "/master-data/allocations"


def show() -> str:
    """What is kept of an item, or of which items something is kept."""
    return _page({name: request.args[name][:200] for name in _FIELDS if name in request.args})


@needs(ORDER)
def set_allocation() -> AnyResponse:
    """Keep supply, bring what is kept up to date, or keep it no longer."""
    by = Author(person().name, request.form.get("reason", "").strip()[:2000])
    drops = request.form.get("verb") == "drop"
    try:
        given = [name for name in (KEY if drops else _FIELDS) if request.form.get(name) or name not in _OPEN]
        kind = AllocationKey if drops else AllocationDraft
        named: Any = kind(**read_form(kind, request.form, given))
        verb: Any = commands.drop_allocation if drops else commands.set_allocation
        product().database.run(lambda tx: verb(product().runtime, tx, named, by))
    except Problem as problem:
        return make_response(_page(dict(request.form), problem), _REFUSED)
    return redirect(f"{_ADDRESS}?sku={named.sku}&done={'dropped' if drops else 'kept'}", 303)


def _page(values: dict[str, Any], problem: Problem | None = None) -> str:
    sku = str(values.get("sku", "")).strip()
    with product().database.transaction() as tx:
        rows = list_allocations(tx, sku) if sku else []
        chosen = next((row for row in rows if all(str(getattr(row, name)) == values.get(name, "") for name in KEY)), None)
        acts = list_acts(tx, ActFilter(target=f"supply_allocation:{sku}"), Asked(20)).rows if sku else []
        return render_template(
            "allocations.html",
            sku=sku,
            rows=rows,
            items=[] if sku else allocated_items(tx),
            acts=acts,
            may_keep=ORDER in person().roles,
            tabs=TABS,
            values={name: getattr(chosen, name) for name in _FIELDS} if chosen is not None and problem is None else values,
            problem=problem,
            errors=problem.errors if problem else {},
            done=request.args.get("done", ""),
        )
