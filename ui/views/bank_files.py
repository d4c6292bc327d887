"""What banks sent: each file with what it brought, what of it was not taken and why, and a door for a file."""

from typing import Any

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, Problem
from engine.store.paging import Asked
from handlers.receivables import bank_layouts, commands
from handlers.receivables.views import list_bank_files
from ui.product import COLLECT, SEE_BANK, asked, needs, person, product

_REFUSED = 422
_MOST_LAYOUTS = 100


@needs(SEE_BANK)
def show_list() -> str:
    """What came, the latest first."""
    return _list({})


@needs(COLLECT)
def take_in() -> AnyResponse:
    """Take in a file that somebody has; what of it is not taken is said on the page."""
    file = request.files.get("file")
    data = file.read() if file else b""
    try:
        if not data:
            errors = {"file": ["is empty"]}
            raise Invalid("No file was chosen.", code="file_missing", next_step="Choose a file of your bank.", errors=errors)
        layout = request.form.get("layout", "")[:100]
        taken = product().database.run(lambda tx: commands.take_in(product().runtime, tx, data, person().name, layout))
    except Problem as problem:
        return make_response(_list({"problem": problem, "errors": problem.errors}), _REFUSED)
    return make_response(_list({"taken": taken}))


def _list(given: dict[str, Any]) -> str:
    with product().database.transaction() as tx:
        found = list_bank_files(tx, asked())
        layouts = bank_layouts.list_layouts(tx, "", Asked(_MOST_LAYOUTS)).rows
    shown = {"problem": None, "errors": {}, "taken": None, **given}
    return render_template("bank_files.html", found=found, layouts=layouts, may_collect=COLLECT in person().roles, **shown)
