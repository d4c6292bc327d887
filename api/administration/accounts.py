"""Accounts as administrators see them: the list, a new one, one with its groups, sessions, tokens and what was done to it."""

from collections.abc import Callable
from typing import Any

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import REFUSED, Refused, asked_of, typed_token
from api.auth import accounts, identities, links, reading, second_factor, sessions, tokens
from api.auth.roles import GROUPS, Role, roles_of
from api.product import product
from api.requests import needs_proof, person
from engine.problems import Problem
from engine.runtime.read.acts import ActFilter, list_acts
from engine.store.paging import Asked
from handlers.changes import Author
from ui.forms import reason
from ui.product import asked, needs

_BASE = "/administration/accounts"
_FIELDS = ("full_name", "title", "mail")
_SHOWN = 20


def redirect_to_list() -> AnyResponse:
    """`/administration` is the list of accounts."""
    return redirect(_BASE)


def show_list() -> str:
    """The accounts, by name."""
    given = {name: request.args.get(name, "").strip()[:200] for name in ("search", "group", "state")}
    wanted = reading.AccountFilter(**given)
    with product().database.transaction() as tx:
        found = reading.list_accounts(tx, wanted, asked(), count=True)
    return render_template(
        "accounts.html", found=found, wanted=wanted, given=given, groups=sorted(GROUPS), done=request.args.get("done", "")
    )


def show_new() -> str:
    """An empty form."""
    return _new_page(None)


def add() -> AnyResponse:
    """Add an account and show it with the link by which its owner chooses a password."""
    typed = {name: request.form.get(name, "") for name in ("name", *_FIELDS)}
    new = accounts.NewAccount(**typed, groups=tuple(request.form.getlist("groups")), machine=request.form.get("machine") == "on")

    def act(tx: Session) -> tuple[str, str]:
        account = accounts.add_account(tx, new, _by())
        return account.name, "" if new.machine else links.make_link(tx, account, _by())

    try:
        name, link = product().database.run(act)
    except Problem as problem:
        return make_response(_new_page(Refused("account", problem)), REFUSED)
    return make_response(_page(name, link=links.address(request.host_url, link) if link else "", done="added"))


def show(name: str) -> str:
    """One account."""
    return _page(name, done=request.args.get("done", ""))


def change(name: str) -> AnyResponse:
    """Change it; where somebody was faster, nothing changes and the page says so."""
    changes: dict[str, Any] = {field: request.form.get(field, "") for field in _FIELDS}
    changes["groups"] = request.form.getlist("groups")
    by = Author(person().name, request.form.get("reason", "").strip()[:2000], request.form.get("version") or None)
    return _done(name, "account", lambda tx: "changed" if accounts.change_account(tx, name, changes, by) else "same")


def deactivate(name: str) -> AnyResponse:
    """Let nobody come in by it any more."""

    def act(tx: Session) -> str:
        accounts.deactivate(tx, name, _because())
        return "deactivated"

    return _done(name, "deactivate", act)


def reactivate(name: str) -> AnyResponse:
    """Let it come in again."""

    def act(tx: Session) -> str:
        accounts.reactivate(tx, name, _because())
        return "reactivated"

    return _done(name, "reactivate", act)


def make_link(name: str) -> AnyResponse:
    """Show, once, a link by which its owner chooses a password."""

    def act(tx: Session) -> str:
        return links.make_link(tx, accounts.account_named(tx, name, lock=True), _by())

    return make_response(_page(name, link=links.address(request.host_url, product().database.run(act))))


def remove_factor(name: str) -> AnyResponse:
    """Take its second factor away, such as that of a lost telephone."""

    def act(tx: Session) -> str:
        second_factor.remove_all(tx, accounts.account_named(tx, name, lock=True).id, _because())
        return "factor-removed"

    return _done(name, "factor", act)


def unlink(name: str) -> AnyResponse:
    """Let nobody sign in as it by way of the provider."""

    def act(tx: Session) -> str:
        identities.unlink(tx, accounts.account_named(tx, name, lock=True), _by())
        return "unlinked"

    return _done(name, "account", act)


def end_sessions(name: str) -> AnyResponse:
    """End all its sessions."""

    def act(tx: Session) -> str:
        sessions.end_all(tx, accounts.account_named(tx, name), _by())
        return "sessions-ended"

    return _done(name, "sessions", act)


def end_session(name: str, session_id: int) -> AnyResponse:
    """End one of its sessions."""
    return _done(name, "sessions", lambda tx: sessions.end_session(tx, session_id, _by(), name) and "session-ended")


def make_token(name: str) -> AnyResponse:
    """Show, once, a token for it."""
    try:
        new = typed_token()
        made = product().database.run(lambda tx: tokens.add_token(tx, accounts.account_named(tx, name, lock=True), new, _by()))
    except Problem as problem:
        return make_response(_page(name, refused=Refused("token", problem)), REFUSED)
    return make_response(_page(name, token=made))


def revoke_token(name: str, token_id: int) -> AnyResponse:
    """End one of its tokens."""
    return _done(name, "tokens", lambda tx: tokens.revoke_token(tx, token_id, _by(), name) and "token-revoked")


def _done(name: str, form: str, act: Callable[[Session], str]) -> AnyResponse:
    try:
        done = product().database.run(act)
    except Problem as problem:
        return make_response(_page(name, refused=Refused(form, problem)), REFUSED)
    return redirect(f"{_BASE}/{name}?done={done}", 303)


def _new_page(refused: Refused | None) -> str:
    return render_template("account_new.html", refused=refused, roles=_roles_by_group(), chosen=request.form.getlist("groups"))


def _page(name: str, *, refused: Refused | None = None, done: str = "", link: str = "", token: str = "") -> str:
    with product().database.transaction() as tx:
        account = reading.read_account(tx, name)
        living = sessions.list_sessions(tx, account.name, asked_of("sessions", _SHOWN), count=True)
        made = tokens.list_tokens(tx, account.name, asked_of("tokens", _SHOWN), count=True)
        acts = list_acts(tx, ActFilter(target=f"account:{account.name}"), Asked(_SHOWN)).rows
    typed = refused is not None and refused.form == "account"
    return render_template(
        "account.html",
        account=account,
        sessions=living,
        tokens=made,
        acts=acts,
        refused=refused,
        roles=_roles_by_group(),
        chosen=request.form.getlist("groups") if typed else account.groups,
        done=done,
        link=link,
        token=token,
        base=f"{_BASE}/{account.name}",
        own=account.name == person().name,
    )


def _roles_by_group() -> dict[str, list[str]]:
    everyones = roles_of(())
    return {group: sorted(roles_of([group]) - everyones) for group in sorted(GROUPS)}


def _by() -> Author:
    return Author(person().name)


def _because() -> Author:
    return Author(person().name, reason())


_GET, _POST = ["GET"], ["POST"]
_KEEP = needs(Role.ADMINISTER)
ROUTES = (
    ("/administration", _KEEP(redirect_to_list), _GET),
    (_BASE, _KEEP(show_list), _GET),
    *(
        (rule, needs_proof(_KEEP(view)), methods)
        for rule, view, methods in (
            (_BASE, add, _POST),
            (f"{_BASE}/new", show_new, _GET),
            (f"{_BASE}/<name>", show, _GET),
            (f"{_BASE}/<name>", change, _POST),
            (f"{_BASE}/<name>/deactivate", deactivate, _POST),
            (f"{_BASE}/<name>/reactivate", reactivate, _POST),
            (f"{_BASE}/<name>/password-link", make_link, _POST),
            (f"{_BASE}/<name>/second-factor/remove", remove_factor, _POST),
            (f"{_BASE}/<name>/identity/remove", unlink, _POST),
            (f"{_BASE}/<name>/sessions/end", end_sessions, _POST),
            (f"{_BASE}/<name>/sessions/<int:session_id>/end", end_session, _POST),
            (f"{_BASE}/<name>/tokens", make_token, _POST),
            (f"{_BASE}/<name>/tokens/<int:token_id>/revoke", revoke_token, _POST),
        )
    ),
)
