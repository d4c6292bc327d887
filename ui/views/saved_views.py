"""Saved and shared views of lists: what a list shows of them, and the doors to save and remove one."""

from collections.abc import Sequence

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.read.saved_views import SavedView, list_views
from engine.runtime.state.saved_lists import LISTS
from engine.runtime.verbs.saved_views import NewView, remove_view, save_view
from ui.product import READ, needs, person, product


def views_of(of_list: str) -> Sequence[SavedView]:
    """For templates: the views of a list."""
    with product().database.transaction() as tx:
        return list_views(tx, person(), of_list)


@needs(READ)
def save() -> AnyResponse:
    """Save a list as it is shown, and show it so."""
    given = {name: request.form.get(name, "")[:4000] for name in ("list", "name", "query")}
    new = NewView(given["list"], given["name"], given["query"], request.form.get("shared") == "on")
    product().database.run(lambda tx: save_view(tx, new, person()))
    return redirect(f"{LISTS[new.list]}?{new.query}", 303)


@needs(READ)
def remove(view_id: int) -> AnyResponse:
    """Remove one."""
    of_list = product().database.run(lambda tx: remove_view(tx, view_id, person()))
    return redirect(LISTS[of_list], 303)
