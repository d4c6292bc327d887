"""Who holds a one-time link chooses a password here; the first such link makes the first administrator."""

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import Refused
from api.auth import links
from api.auth.accounts import NewAccount, has_administrator
from api.errors import Later, status_of
from api.product import product
from api.requests import open_to_all
from engine.problems import Problem


def show() -> str:
    """The form. The secret stands behind the # of the link: the browser puts it into the form, and tells it nobody before."""
    return _page(None)


def choose() -> AnyResponse:
    """Use the link and lead to the sign-in."""
    name, full_name = (request.form.get(field, "") for field in ("name", "full_name"))
    first = NewAccount(name, full_name, ("admin",)) if name or full_name else None
    try:
        name = links.choose_password(product().database, request.form.get("code", "").strip(), request.form.get("password", ""), first)
    except Problem as problem:
        refused = Response(_page(Refused("password", problem)), status_of(problem), mimetype="text/html")
        if isinstance(problem, Later):
            refused.headers["Retry-After"] = str(problem.after)
        return refused
    return redirect(f"/login?chosen={name}", 303)


def _page(refused: Refused | None) -> str:
    with product().database.transaction() as tx:
        first = not has_administrator(tx)
    return render_template("password.html", refused=refused, first=first, code=request.form.get("code", ""))


_PATH = "/password"
ROUTES = ((_PATH, open_to_all(show), ["GET"]), (_PATH, open_to_all(choose), ["POST"]))
