"""How pages do what may take a second person: at once, or as a change that waits and has a page of its own."""

from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.verbs.pending_changes import Outcome, Wanting, ask_or_do
from ui.product import person, product


def do_or_ask(name: str, given: Any, version: str | None = None) -> Outcome:
    """Do an act of the person at the page, or keep it for a second one; the form may say why."""
    wanting = Wanting(person().name, request.form.get("reason", "").strip()[:2000], version)
    return product().database.run(lambda tx: ask_or_do(product().runtime, tx, name, given, wanting))


def page_of(outcome: Outcome) -> AnyResponse:
    """The page of the change that waits."""
    return redirect(page_of_change(outcome.pending), 303)


def page_of_change(pending: int | None) -> str:
    """Where the page of a change that waits is."""
    return f"/worklist/changes/{pending}?done=asked"
