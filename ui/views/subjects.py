"""The page of a subject that only its case shows. One view for groups, shipments, purchase orders, invoices and the rest."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import render_template

from handlers.cases import read_case
from ui.product import product
from ui.subjects import ADDRESSES

#: Kinds that only their case shows.
_KINDS = ("group", "shipment", "purchase-order", "invoice", "receipt", "statement")

Route = tuple[str, Callable[..., Any], list[str]]


def routes() -> Iterator[Route]:
    """The address of each kind; anybody may look."""
    for kind in _KINDS:
        yield f"{ADDRESSES[kind]}/<number>", _of(kind), ["GET"]


def _of(kind: str) -> Callable[..., Any]:
    def answer(number: str) -> str:
        return _show(kind, number)

    answer.__name__, answer.__module__ = f"show_{kind.replace('-', '_')}", __name__
    return answer


def _show(kind: str, number: str) -> str:
    with product().database.transaction() as tx:
        case = read_case(tx, kind, number)
    return render_template("subject.html", case=case)
