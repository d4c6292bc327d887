"""Signing in and out. In demo mode one may sign in as a persona; no other mode knows a way in without a password."""

from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.auth.model import UserAccount
from api.auth.sessions import Lifetime, sign_out
from api.auth.signing_in import Attempt, SignedIn, begin, sign_in_by_password
from api.demo.people import PEOPLE
from api.errors import Later, status_of
from api.product import product
from api.requests import COOKIE, give_session, open_to_all, visitor

auth = Blueprint("auth", __name__)
#: Who anybody may sign in as in a demo; an account added later has its password.
_PERSONAS = frozenset(person.name for person in PEOPLE)
#: By this cookie a browser is known again: it opens nothing, and keeps others' guesses from locking its owner out.
_BROWSER = "ordercraft_browser"
_KNOWN_SECONDS = 180 * 24 * 60 * 60
_LOGIN = "/login"


@auth.get(_LOGIN)
@open_to_all
def login_page() -> str:
    """Show the way in."""
    return _page()


@auth.post(_LOGIN)
@open_to_all
def login() -> AnyResponse:
    """Begin a session, or show the page again with one sentence that does not tell which part was wrong."""
    asked = Attempt(
        name=request.form.get("name", ""),
        password=request.form.get("password", ""),
        visitor=visitor(),
        browser=request.cookies.get(_BROWSER, ""),
        session=request.cookies.get(COOKIE, ""),
    )
    try:
        persona = request.form.get("persona", "")
        made = _as_persona(persona, asked) if product().demo and persona else sign_in_by_password(product().database, asked, lifetime())
    except Later as later:
        refused = Response(_page(f"{later.detail} {later.next_step}"), status_of(later), mimetype="text/html")
        refused.headers["Retry-After"] = str(later.after)
        return refused
    if made is None:
        return Response(_page("Name or password is wrong."), 401, mimetype="text/html")
    answer = redirect(_safe_next(request.form.get("next", "/")))
    give_session(answer, made.credentials)
    answer.set_cookie(_BROWSER, made.browser, max_age=_KNOWN_SECONDS, path=_LOGIN, httponly=True, samesite="Lax", secure=request.is_secure)
    return answer


def lifetime() -> Lifetime:
    """How long sessions last here."""
    settings = product().settings
    return Lifetime(timedelta(minutes=settings.session_minutes), timedelta(minutes=settings.session_longest_minutes))


def _as_persona(name: str, asked: Attempt) -> SignedIn | None:
    def enter(tx: Session) -> SignedIn | None:
        account = tx.scalar(select(UserAccount).where(UserAccount.name == name, UserAccount.active)) if name in _PERSONAS else None
        return begin(tx, account, asked, lifetime(), "persona") if account else None

    return product().database.run(enter)


@auth.post("/logout")
def logout() -> AnyResponse:
    """End the session."""
    product().database.run(lambda tx: sign_out(tx, request.cookies.get(COOKIE, "")))
    answer = make_response(redirect(_LOGIN))
    answer.delete_cookie(COOKIE)
    return answer


def _page(error: str = "") -> str:
    personas: list[tuple[str, str, str]] = []
    if product().demo:
        with product().database.transaction() as tx:
            rows = tx.execute(
                select(UserAccount.name, UserAccount.full_name, UserAccount.title)
                .where(UserAccount.active, UserAccount.name.in_(_PERSONAS))
                .order_by(UserAccount.id)
            )
            personas = [(row.name, row.full_name, row.title) for row in rows]
    return render_template("login.html", personas=personas, error=error, next=request.values.get("next", "/"))


def _safe_next(target: str) -> str:
    """Only a path of our own: an address elsewhere would let a link lead people away after signing in."""
    # Browsers drop tabs and line ends and take a backslash for a slash: what holds such is no address of ours.
    own = target.startswith("/") and not target.startswith("//") and target.isprintable() and "\\" not in target
    return target if own else "/"
