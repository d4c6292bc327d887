"""Who wants to give rights proves once more who they are, where they did so long ago."""

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import Refused
from api.auth.own import account_id_of, confirm, confirm_by_passkey
from api.auth.roles import Role
from api.auth.second_factor import state_of
from api.errors import status_of
from api.passkeys import brought_back, forget, typed_credential
from api.product import product
from api.requests import give_session, own_session, person
from api.sign_in import safe_next
from engine.problems import Problem
from ui.product import needs


def show() -> AnyResponse:
    """The form."""
    own_session()
    return _page(None)


def prove() -> AnyResponse:
    """Go on under a new cookie."""
    password, code = (request.form.get(name, "") for name in ("password", "code"))
    try:
        renewed = confirm(product().database, person().name, password, code, own_session())
    except Problem as problem:
        return _page(Refused("confirm", problem))
    answer = redirect(safe_next(request.form.get("next", "/")), 303)
    give_session(answer, renewed)
    return answer


def prove_by_passkey() -> AnyResponse:
    """Go on under a new cookie, by a passkey."""
    try:
        signed = typed_credential()
        renewed = product().database.run(lambda tx: confirm_by_passkey(tx, person().name, brought_back(), signed, own_session()))
    except Problem as problem:
        return forget(_page(Refused("confirm", problem)))
    answer = redirect(safe_next(request.form.get("next", "/")), 303)
    give_session(answer, renewed)
    return forget(answer)


def _page(refused: Refused | None) -> AnyResponse:
    account_id = account_id_of(product().database, person().name)
    with product().database.transaction() as tx:
        factor = state_of(tx, account_id)
    company = product().settings.company_sign_in
    shown = render_template("confirm.html", refused=refused, factor=factor, company=company, next=request.values.get("next", "/"))
    return Response(shown, status_of(refused.problem) if refused else 200, mimetype="text/html")


_PATH = "/confirm"
_OWN = needs(Role.READ)
ROUTES = (
    (_PATH, _OWN(show), ["GET"]),
    (_PATH, _OWN(prove), ["POST"]),
    (f"{_PATH}/passkey", _OWN(prove_by_passkey), ["POST"]),
)
