"""The page of a subject that only its case shows. One view for groups, shipments, purchase orders, invoices and the rest."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from handlers.case_lists import ListFilter, all_lists, list_subjects
from handlers.cases import all_kinds, read_case
from handlers.sight import OF_SUBJECT
from ui.product import BUY, COLLECT, ORDER, READ, asked, needs, person, product
from ui.subjects import ADDRESSES, subject_address

#: Kinds that only their case shows.
_KINDS = ("group", "shipment", "return", "purchase-order", "invoice", "receipt", "statement", "dispute", "late-charge")

#: What may be asked for on the page of a kind: who may, what it is called, and where it is done.
_ACTS = {
    "invoice": ((COLLECT, "Credit or charge…", "adjust"), (ORDER, "Goods come back…", "return")),
    "late-charge": ((COLLECT, "Waive…", "waive"),),
    "purchase-order": ((BUY, "Send goods back…", "return"),),
}
#: States in which nothing of that can be done any more.
_DONE = {"late-charge": {"PAID", "WAIVED"}}

Route = tuple[str, Callable[..., Any], list[str]]


def routes() -> Iterator[Route]:
    """The address of each kind; anybody may look who may see such subjects."""
    for kind in _KINDS:
        yield f"{ADDRESSES[kind]}/<number>", _of(kind, _show), ["GET"]
    for kind in all_lists():
        yield ADDRESSES[kind], _of(kind, _list), ["GET"]


def redirect_to_fulfillment() -> AnyResponse:
    """`/fulfillment` is the list of what is to ship."""
    return redirect(ADDRESSES["group"])


def _of(kind: str, view: Callable[..., str]) -> Callable[..., Any]:
    def answer(**given: str) -> str:
        return view(kind, **given)

    answer.__name__, answer.__module__ = f"{view.__name__.strip('_')}_{kind.replace('-', '_')}", __name__
    return needs(OF_SUBJECT.get(kind, READ))(answer)


def _list(kind: str) -> str:
    wanted = ListFilter(request.args.get("q", "").strip()[:200], request.args.get("state", "")[:40])
    with product().database.transaction() as tx:
        found = list_subjects(tx, kind, wanted, asked(), count=True)
    return render_template(
        "subjects.html", found=found, wanted=wanted, of=all_lists()[kind], noun=all_kinds()[kind].noun, address=ADDRESSES[kind]
    )


def _show(kind: str, number: str) -> str:
    with product().database.transaction() as tx:
        case = read_case(tx, kind, number)
    offered = () if case.state in _DONE.get(kind, ()) else _ACTS.get(kind, ())
    acts = [(label, f"{subject_address(number, kind)}/{place}") for role, label, place in offered if role in person().roles]
    return render_template("subject.html", case=case, lists=all_lists(), list_address=ADDRESSES[kind], acts=acts)
