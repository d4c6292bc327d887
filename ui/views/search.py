"""One search for everything: a number, a customer, an SKU, an instance, the words of a failure."""

from flask import redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.read import lists
from engine.store.paging import Asked
from handlers.finding import find
from ui.product import product
from ui.subjects import ADDRESSES, subject_address

_SHOWN = 10


def show() -> AnyResponse | str:
    """What fits; a number that is just one subject's leads there at once."""
    typed = request.args.get("q", "").strip()[:100]
    with product().database.transaction() as tx:
        found = [each for each in find(tx, typed) if each.kind in ADDRESSES]
        exactly = [each for each in found if each.exactly]
        if len(exactly) == 1:
            return redirect(subject_address(exactly[0].number, exactly[0].kind), 303)
        searched = lists.Filter(search=typed)
        instances = lists.list_instances(tx, searched, Asked(_SHOWN), count=False).rows if typed else ()
        failed = lists.find_incidents(tx, typed, _SHOWN) if typed else ()
        return render_template("search.html", typed=typed, found=found, instances=instances, failed=failed, address=subject_address)
