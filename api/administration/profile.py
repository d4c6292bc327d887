"""One's own account: password, sessions, tokens. What gives rights is done in a session, never by a token."""

from collections.abc import Callable

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import REFUSED, Refused, typed_token
from api.auth import reading, sessions, tokens
from api.auth.accounts import account_named
from api.auth.own import Change, change_password
from api.auth.roles import Role
from api.errors import status_of
from api.product import product
from api.requests import give_session, own_session, person
from engine.problems import Problem
from engine.store.paging import Asked
from handlers.changes import Author
from ui.product import needs

_BASE = "/profile"
_SHOWN = Asked(50)


def show() -> str:
    """Who one is, and what is one's own."""
    return _page(done=request.args.get("done", ""))


def set_password() -> AnyResponse:
    """Choose another password; this session goes on under a new cookie, all others end."""
    given = {name: request.form.get(name, "") for name in ("old", "new")}
    try:
        renewed = change_password(product().database, Change(person().name, session=own_session(), **given))
    except Problem as problem:
        return make_response(_page(refused=Refused("password", problem)), status_of(problem))
    answer = redirect(f"{_BASE}?done=password-changed", 303)
    give_session(answer, renewed)
    return answer


def end_session(session_id: int) -> AnyResponse:
    """End one of one's sessions."""
    return _done("sessions", lambda tx: sessions.end_session(tx, session_id, _by(), person().name) and "session-ended")


def end_others() -> AnyResponse:
    """End all of one's sessions but this one."""
    kept = own_session()

    def act(tx: Session) -> str:
        sessions.end_all(tx, account_named(tx, person().name), _by(), but=kept)
        return "sessions-ended"

    return _done("sessions", act)


def make_token() -> AnyResponse:
    """Show, once, a token that may do some of what one may."""
    own_session()
    try:
        new = typed_token()
        made = product().database.run(lambda tx: tokens.add_token(tx, account_named(tx, person().name, lock=True), new, _by()))
    except Problem as problem:
        return make_response(_page(refused=Refused("token", problem)), REFUSED)
    return make_response(_page(token=made))


def revoke_token(token_id: int) -> AnyResponse:
    """End one of one's tokens."""
    return _done("tokens", lambda tx: tokens.revoke_token(tx, token_id, _by(), person().name) and "token-revoked")


def _done(form: str, act: Callable[[Session], str]) -> AnyResponse:
    own_session()
    try:
        done = product().database.run(act)
    except Problem as problem:
        return make_response(_page(refused=Refused(form, problem)), REFUSED)
    return redirect(f"{_BASE}?done={done}", 303)


def _page(*, refused: Refused | None = None, done: str = "", token: str = "") -> str:
    own = own_session()
    with product().database.transaction() as tx:
        account = reading.read_account(tx, person().name)
        living = sessions.list_sessions(tx, account.name, _SHOWN, own_token=own)
        made = tokens.list_tokens(tx, account.name, _SHOWN)
    shown = {"account": account, "sessions": living, "tokens": made, "refused": refused, "done": done, "token": token, "base": _BASE}
    return render_template("profile.html", **shown)


def _by() -> Author:
    return Author(person().name)


_GET, _POST = ["GET"], ["POST"]
_OWN = needs(Role.READ)
ROUTES = tuple(
    (rule, _OWN(view), methods)
    for rule, view, methods in (
        (_BASE, show, _GET),
        (f"{_BASE}/password", set_password, _POST),
        (f"{_BASE}/sessions/end", end_others, _POST),
        (f"{_BASE}/sessions/<int:session_id>/end", end_session, _POST),
        (f"{_BASE}/tokens", make_token, _POST),
        (f"{_BASE}/tokens/<int:token_id>/revoke", revoke_token, _POST),
    )
)
