"""My requests: what I have begun, where it is and who has it."""

from flask import render_template, request

from engine.problems import refuse_unknown
from engine.runtime.read.requests import list_requests
from handlers.briefs import briefs_of
from ui.product import asked, person, product


def show() -> str:
    """The list, the latest first."""
    wanted = request.args.get("show", "")
    refuse_unknown(wanted, ("all",), "list of requests", "show")
    everything = bool(wanted)
    with product().database.transaction() as tx:
        found = list_requests(tx, person(), asked(), open_only=not everything, count=True)
        briefs = briefs_of(tx, [row.business_key for row in found.rows if row.business_key])
    return render_template("requests.html", found=found, briefs=briefs, everything=everything)
