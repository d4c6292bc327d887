"""What was decided about parties that may be denied: the list, and the same as a file."""

from flask import Response, render_template, request

from engine.store.paging import MOST_IN_A_FILE, Asked
from handlers.screening.views import VERDICTS, DecisionFilter, list_decisions
from ui.csv_export import csv_response
from ui.product import SCREEN, asked, needs, product

_BASE = "/orders/denied-parties"
_HEAD = ("Decided at", "By", "Verdict", "Party", "Country", "Order", "List", "Entry", "Name on the list", "Likeness", "Why")
_NAMES = (
    "decided_at", "decided_by", "verdict", "party_name", "country", "order_no", "list_code", "entry_no", "matched_name", "score", "reason",
)  # fmt: skip


@needs(SCREEN)
def show() -> str:
    """Who was cleared or refused, by whom, why."""
    with product().database.transaction() as tx:
        found = list_decisions(tx, _wanted(), asked(), count=True)
    return render_template("screening_decisions.html", found=found, wanted=_wanted(), verdicts=VERDICTS)


@needs(SCREEN)
def export() -> Response:
    """The filtered list as a file."""
    with product().database.transaction() as tx:
        rows = list_decisions(tx, _wanted(), Asked(MOST_IN_A_FILE)).rows
    return csv_response("denied-parties", _HEAD, ([getattr(row, name) for name in _NAMES] for row in rows))


def _wanted() -> DecisionFilter:
    return DecisionFilter(request.args.get("verdict", ""), request.args.get("search", "").strip()[:200])


ROUTES = ((_BASE, show, ["GET"]), (f"{_BASE}.csv", export, ["GET"]))
