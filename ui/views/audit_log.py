"""The audit log: who did what to which thing and why, and whether the log is whole."""

from datetime import date

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.read.acts import ActFilter, list_acts
from engine.runtime.state.audit import first_broken
from engine.store.json_text import encode
from engine.store.paging import Asked
from engine.store.patience import REPORT
from ui.csv_export import csv_response
from ui.forms import day_of
from ui.product import AUDIT, OPERATE, asked, needs, person, product

_MOST_EXPORTED = 50_000


@needs(AUDIT)
def show() -> str:
    """The log, the latest first."""
    wanted = _wanted()
    with product().database.transaction() as tx:
        found = list_acts(tx, wanted, asked(), count=True)
    return render_template("audit.html", found=found, wanted=wanted, may_operate=OPERATE in person().roles)


@needs(AUDIT)
def export() -> AnyResponse:
    """What the filter finds, as CSV; the latest first, no more than a spreadsheet opens."""
    with product().database.transaction() as tx:
        rows = list_acts(tx, _wanted(), Asked(_MOST_EXPORTED)).rows
    head = ("Entry", "When", "Who", "What", "About", "Why", "Details")
    lines = [(row.id, row.at.isoformat(), row.actor, row.action, row.target, row.reason, encode(row.detail).decode()) for row in rows]
    return csv_response("audit", head, lines)


def _wanted() -> ActFilter:
    named = {name: request.args.get(name, "").strip()[:300] for name in ("target", "actor", "action")}
    return ActFilter(**named, since=_day("since"), until=_day("until"))


def _day(name: str) -> date | None:
    written = request.args.get(name, "").strip()
    return day_of(written, name) if written else None


@needs(OPERATE)
def verify() -> AnyResponse:
    """Read the whole chain: a changed, missing or inserted row shows."""
    with product().database.transaction(REPORT) as tx:
        broken = first_broken(tx)
    kind, title = ("good", "The log is whole.") if broken is None else ("error", f"The log was tampered with at entry {broken}.")
    text = "Every entry follows from the one before it." if broken is None else "Compare that entry and what follows with a backup."
    return make_response(render_template("_notice.html", kind=kind, title=title, text=text))
