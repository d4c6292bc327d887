"""The company sign-in: which groups of the provider are which of ours."""

from collections.abc import Callable

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import REFUSED, Refused
from api.auth import identities
from api.auth.roles import GROUPS, Role
from api.product import product
from api.requests import needs_proof, person
from engine.problems import Problem
from handlers.changes import Author
from ui.product import needs

_BASE = "/administration/single-sign-on"


def show() -> str:
    """The mappings."""
    return _page(None)


def add() -> AnyResponse:
    """Map a group."""
    return _done("mapped", lambda tx: identities.map_claim(tx, *_typed(), Author(person().name)))


def remove() -> AnyResponse:
    """Undo a mapping."""
    return _done("unmapped", lambda tx: identities.unmap_claim(tx, *_typed(), Author(person().name)))


def _typed() -> tuple[str, str]:
    return request.form.get("claim", ""), request.form.get("group", "")


def _done(done: str, act: Callable[[Session], None]) -> AnyResponse:
    try:
        product().database.run(act)
    except Problem as problem:
        return make_response(_page(Refused("claim", problem)), REFUSED)
    return redirect(f"{_BASE}?done={done}", 303)


def _page(refused: Refused | None) -> str:
    with product().database.transaction() as tx:
        claims = identities.list_claims(tx)
    shown = {"claims": claims, "groups": sorted(GROUPS), "issuer": product().settings.oidc_issuer, "done": request.args.get("done", "")}
    return render_template("single_sign_on.html", refused=refused, **shown)


_KEEP = needs(Role.ADMINISTER)
ROUTES = (
    (_BASE, _KEEP(show), ["GET"]),
    (_BASE, needs_proof(_KEEP(add)), ["POST"]),
    (f"{_BASE}/remove", needs_proof(_KEEP(remove)), ["POST"]),
)
