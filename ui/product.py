"""What the edge gives every page.

- `current_app.extensions["ordercraft"]`: the installation, an object with `database`, `runtime` and `groups`;
- `flask.g.person`: who is signed in (`engine.runtime.state.people.Person`), or None on pages that are open to all;
- `flask.g.clock_ahead`: by how much the company's clock was moved, as a timedelta; absent it is not;
- the Jinja global `csrf_token()`: sent back as the header X-CSRF-Token or the form field `csrf_token`;
- templates the edge renders itself: `login.html` (personas, error, next) and `problem.html` (problem).
"""

from collections.abc import Callable, Collection
from typing import Any, Protocol, TypeVar, cast

from flask import current_app, g, request

from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.store.paging import Asked
from engine.store.unit_of_work import Database

F = TypeVar("F", bound=Callable[..., Any])
# Roles as the edge names them: who may repair instances, apply receipts, ship, deploy, take instances over, and keep which master data.
OPERATE, COLLECT, SHIP, ADMINISTER = "operate", "collect", "ship", "administer"
SCREEN = "screen"
SELL, ORDER, PRICE, BOOK, BUY, WORK, DEPLOY, MIGRATE = "sell", "order", "price", "book", "buy", "work", "deploy", "migrate"
READ, SEE_COSTS, SEE_CREDIT, SEE_BANK, SEE_BOOKS = "read", "see-costs", "see-credit", "see-bank", "see-books"
SEE_DATA, AUDIT = "see-data", "audit"


class Product(Protocol):
    """The part of an installation that pages use."""

    @property
    def database(self) -> Database:
        """Where everything is."""

    @property
    def runtime(self) -> Runtime:
        """What every verb of the engine is given."""

    @property
    def groups(self) -> Collection[str] | None:
        """The groups that a diagram may name; None where nobody keeps a list of them."""


def product() -> Product:
    """The installation that answers the current request."""
    return cast(Product, current_app.extensions["ordercraft"])


def person() -> Person:
    """Who is signed in; the edge lets nobody else come this far."""
    return cast(Person, g.person)


def needs(role: str) -> Callable[[F], F]:
    """Mark a view with the role it asks for; the edge refuses everyone else before the view runs."""

    def mark(view: F) -> F:
        view.role = role  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: F) -> F:
    """Mark a view that needs no signing in."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def wants_fragment() -> bool:
    """Whether htmx asks, and for a part of the page rather than to restore one from the history."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def asked() -> Asked:
    """Which page of a list the address asks for."""
    return Asked(cursor=request.args.get("cursor") or None)
