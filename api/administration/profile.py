"""One's own account: password, sessions, tokens. What gives rights is done in a session, never by a token."""

from collections.abc import Callable

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import REFUSED, Refused, asked_of, typed_token
from api.auth import passkeys, reading, second_factor, sessions, tokens
from api.auth.accounts import account_named
from api.auth.own import Change, account_id_of, begin_second_factor, change_password
from api.auth.roles import Role
from api.errors import status_of
from api.passkeys import brought_back, forget, place, told, typed_credential
from api.product import product
from api.requests import give_session, needs_proof, own_session, person
from engine.problems import Problem
from handlers.changes import Author
from ui.product import needs

_BASE = "/profile"
_SHOWN = 20


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


def begin_factor() -> AnyResponse:
    """Show the secret for an authenticator app; it counts once a code of it was right."""
    own_session()
    try:
        enrolment = begin_second_factor(product().database, person().name, request.form.get("password", ""))
    except Problem as problem:
        return make_response(_page(refused=Refused("factor", problem)), status_of(problem))
    return make_response(_page(enrolment=enrolment))


def confirm_factor() -> AnyResponse:
    """Let it count, and show the recovery codes once."""

    def act(account_id: int, code: str) -> list[str]:
        return second_factor.confirm(product().database, account_id, code, _by())

    return _by_code("factor", act)


def renew_codes() -> AnyResponse:
    """Show ten new recovery codes, once."""

    def act(account_id: int, code: str) -> list[str]:
        return second_factor.renew_recovery_codes(product().database, account_id, code, _by())

    return _by_code("factor-code", act)


def remove_factor() -> AnyResponse:
    """Take the second factor away."""

    def act(account_id: int, code: str) -> None:
        second_factor.remove_own(product().database, account_id, code, _by())

    return _by_code("factor-code", act)


def _by_code(form: str, act: Callable[[int, str], list[str] | None]) -> AnyResponse:
    own_session()
    account_id = account_id_of(product().database, person().name)
    try:
        codes = act(account_id, request.form.get("code", ""))
    except Problem as problem:
        with product().database.transaction() as tx:
            enrolment = second_factor.begun(tx, account_id, person().name) if form == "factor" else None
        return make_response(_page(refused=Refused(form, problem), enrolment=enrolment), status_of(problem))
    if codes is None:
        return redirect(f"{_BASE}?done=factor-removed", 303)
    return make_response(render_template("recovery_codes.html", codes=codes, next=_BASE))


def ask_for_passkey() -> AnyResponse:
    """What a device needs to make a passkey."""
    own_session()
    return told(product().database.run(lambda tx: passkeys.ask_for_new(tx, account_named(tx, person().name), place())))


def add_passkey() -> AnyResponse:
    """Keep the passkey that a device has made; where there were none, the recovery codes are shown once."""
    own_session()
    label = request.form.get("label", "")

    def act(tx: Session) -> list[str]:
        return passkeys.add(tx, account_named(tx, person().name), brought_back(), label, typed_credential())

    try:
        codes = product().database.run(act)
    except Problem as problem:
        return forget(make_response(_page(refused=Refused("passkey", problem)), status_of(problem)))
    if codes:
        return forget(make_response(render_template("recovery_codes.html", codes=codes, next=_BASE)))
    return forget(redirect(f"{_BASE}?done=passkey-added", 303))


def remove_passkey(passkey_id: int) -> AnyResponse:
    """Take one of one's passkeys away."""

    def act(tx: Session) -> str:
        passkeys.remove(tx, account_named(tx, person().name), passkey_id, _by())
        return "passkey-removed"

    return _done("passkeys", act)


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


def _page(*, refused: Refused | None = None, done: str = "", token: str = "", enrolment: second_factor.Enrolment | None = None) -> str:
    own = own_session()
    with product().database.transaction() as tx:
        account = reading.read_account(tx, person().name)
        living = sessions.list_sessions(tx, account.name, asked_of("sessions", _SHOWN), own_token=own, count=True)
        made = tokens.list_tokens(tx, account.name, asked_of("tokens", _SHOWN), count=True)
        account_id = account_named(tx, account.name).id
        factor, keys = second_factor.state_of(tx, account_id), passkeys.list_passkeys(tx, account_id)
    qr = second_factor.qr_of(enrolment.address) if enrolment else ""
    given = {"account": account, "sessions": living, "tokens": made, "refused": refused, "done": done, "token": token, "base": _BASE}
    factors = {"factor": factor, "passkeys": keys, "enrolment": enrolment, "qr": qr}
    return render_template("profile.html", **given, **factors, company=product().settings.company_sign_in)


def _by() -> Author:
    return Author(person().name)


_GET, _POST = ["GET"], ["POST"]
_OWN = needs(Role.READ)
ROUTES = tuple(
    (rule, _OWN(view), methods)
    for rule, view, methods in (
        (_BASE, show, _GET),
        (f"{_BASE}/password", set_password, _POST),
        (f"{_BASE}/second-factor", begin_factor, _POST),
        (f"{_BASE}/second-factor/confirm", confirm_factor, _POST),
        (f"{_BASE}/second-factor/recovery-codes", renew_codes, _POST),
        (f"{_BASE}/second-factor/remove", remove_factor, _POST),
        (f"{_BASE}/passkeys/options", needs_proof(ask_for_passkey), _POST),
        (f"{_BASE}/passkeys", needs_proof(add_passkey), _POST),
        (f"{_BASE}/passkeys/<int:passkey_id>/remove", needs_proof(remove_passkey), _POST),
        (f"{_BASE}/sessions/end", end_others, _POST),
        (f"{_BASE}/sessions/<int:session_id>/end", end_session, _POST),
        (f"{_BASE}/tokens", needs_proof(make_token), _POST),
        (f"{_BASE}/tokens/<int:token_id>/revoke", revoke_token, _POST),
    )
)
