"""The EDI inbox: every interchange that came or went, one with its transactions and findings, and a door for a file."""

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.problems import Invalid, Problem, refuse_unknown
from handlers.changes import Author
from handlers.edi import arriving, partners, views
from handlers.edi.exchange import Exchange
from handlers.edi.picking_up import state_of
from ui.product import ORDER, SEE_DATA, asked, needs, person, product

_REFUSED = 422
_ADDRESS = "/operations/edi"
_STATUSES = ("ACCEPTED", "WITH_ERRORS", "PARTLY", "REJECTED", "SENT")


def show_list() -> str:
    """What came and went, the latest first."""
    return _list({})


@needs(SEE_DATA)
def show(interchange_id: int) -> str:
    """One interchange."""
    with product().database.transaction() as tx:
        shown = views.show_interchange(tx, interchange_id)
    return render_template("edi_interchange.html", shown=shown, each=shown.interchange, done=request.args.get("done", ""))


@needs(SEE_DATA)
def download(interchange_id: int) -> AnyResponse:
    """The file as it came or went."""
    with product().database.transaction() as tx:
        raw = views.raw_of(tx, interchange_id)
    headers = {"Content-Disposition": f'attachment; filename="interchange-{interchange_id}.edi"'}
    return make_response(raw, 200, {"Content-Type": "application/octet-stream", **headers})


@needs(ORDER)
def take_in() -> AnyResponse:
    """Take in a file that somebody has."""
    file = request.files.get("file")
    data = file.read() if file else b""
    try:
        if not data:
            errors = {"file": ["is empty"]}
            raise Invalid("No file was chosen.", code="file_missing", next_step="Choose a file of X12 or EDIFACT.", errors=errors)
        kept = product().database.run(lambda tx: arriving.take_in(product().runtime, tx, data, person().name))
    except Problem as problem:
        return make_response(_list({"problem": problem, "errors": problem.errors}), _REFUSED)
    return redirect(f"{_ADDRESS}/{kept[0].interchange_id}" if len(kept) == 1 else _ADDRESS, 303)


@needs(ORDER)
def set_place(partner_no: str) -> AnyResponse:
    """Say which address a partner means by a code."""
    code, address = request.form.get("code", ""), request.form.get("address_id", "")
    by = Author(person().name)
    number = read_count(address) or 0
    product().database.run(lambda tx: partners.set_location(tx, partner_no, code, number, by))
    return redirect(f"/master-data/edi-partners/{partner_no}?done=place", 303)


def _list(given: dict[str, Any]) -> str:
    query = request.args
    direction, status = query.get("direction", ""), query.get("status", "")
    refuse_unknown(direction, ("IN", "OUT"), "direction", "direction")
    refuse_unknown(status, _STATUSES, "status of interchanges", "status")
    wanted = views.Filter(
        direction=direction,
        partner_no=query.get("partner_no", "")[:100],
        status=status,
        search=query.get("q", "").strip()[:100],
    )
    with product().database.transaction() as tx:
        found = views.list_interchanges(tx, wanted, asked(), count=True)
        exchange = product().runtime.ports.get(Exchange)
        state = state_of(tx, exchange.address) if isinstance(exchange, Exchange) else None
    shown = {"problem": None, "errors": {}, **given}
    may_order = ORDER in person().roles
    return render_template("edi.html", found=found, wanted=wanted, statuses=_STATUSES, may_order=may_order, exchange=state, **shown)
