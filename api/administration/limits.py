"""Up to which amount whom decides what: the table, one more row or another amount, and what nobody's limit reaches."""

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import REFUSED, Refused
from api.auth.roles import GROUPS, Role
from api.product import product
from engine.lexical import read_decimal
from engine.problems import Invalid, Problem
from engine.runtime.read.colleagues import who_works
from engine.runtime.read.decision_limits import list_limits, list_out_of_reach
from engine.runtime.verbs.decision_limits import REMOVE, SET, Limit, LimitKey, kinds_of
from engine.store.paging import Asked
from ui.product import asked, needs
from ui.second_person import do_or_ask, page_of

_BASE = "/administration/limits"
_SHOWN = 20


def show() -> str:
    """The table, and the form."""
    return _page(None)


def keep() -> AnyResponse:
    """Say up to which amount somebody decides."""
    return _done(lambda: do_or_ask(SET, Limit(**_typed(), amount=_amount())))


def remove() -> AnyResponse:
    """Take a limit away."""
    return _done(lambda: do_or_ask(REMOVE, LimitKey(**_typed())))


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").strip()[:200] for name in ("kind", "who", "currency")}


def _amount() -> Any:
    amount = read_decimal(request.form.get("amount", "").strip())
    if amount is None:
        errors = {"amount": ["is no number, such as 2500.00"]}
        raise Invalid("The limit cannot be set like this.", code="limit_invalid", next_step="Correct the fields named.", errors=errors)
    return amount


def _done(act: Any) -> AnyResponse:
    try:
        outcome = act()
    except Problem as problem:
        return make_response(_page(Refused("limit", problem)), REFUSED)
    return page_of(outcome) if outcome.pending else redirect(f"{_BASE}?done=changed", 303)


def _page(refused: Refused | None) -> str:
    with product().database.transaction() as tx:
        shown: dict[str, Any] = {
            "found": list_limits(tx, asked(), count=True),
            "beyond": list_out_of_reach(tx, Asked(_SHOWN)).rows,
            "kinds": kinds_of(product().runtime, tx),
            "people": who_works(product().runtime, tx),
        }
    return render_template("limits.html", **shown, groups=sorted(GROUPS), refused=refused, done=request.args.get("done", ""))


_KEEP = needs(Role.ADMINISTER)
ROUTES = (
    (_BASE, _KEEP(show), ["GET"]),
    (_BASE, _KEEP(keep), ["POST"]),
    (f"{_BASE}/remove", _KEEP(remove), ["POST"]),
)
