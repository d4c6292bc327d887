"""Signing in and out. In demo mode one may sign in as a persona; no other mode knows a way in without a password."""

from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.auth.accounts import Credentials, check_password, sign_in, sign_out
from api.auth.model import UserAccount
from api.demo.people import PEOPLE
from api.product import product
from api.requests import COOKIE, open_to_all

auth = Blueprint("auth", __name__)
#: Who anybody may sign in as in a demo; an account added later has its password.
_PERSONAS = frozenset(person.name for person in PEOPLE)


@auth.get("/login")
@open_to_all
def login_page() -> str:
    """Show the way in."""
    return _page()


@auth.post("/login")
@open_to_all
def login() -> AnyResponse:
    """Begin a session, or show the page again with one sentence that does not tell which part was wrong."""
    made = product().database.run(_sign_in)
    if made is None:
        return Response(_page("Name or password is wrong, or the account is locked for a few minutes."), 401, mimetype="text/html")
    answer = redirect(_safe_next(request.form.get("next", "/")))
    answer.set_cookie(COOKIE, made.token, httponly=True, samesite="Lax", secure=request.is_secure)
    return answer


def _sign_in(tx: Session) -> Credentials | None:
    if product().demo and request.form.get("persona") in _PERSONAS:
        account = tx.scalar(select(UserAccount).where(UserAccount.name == request.form["persona"], UserAccount.active))
    else:
        account = check_password(tx, request.form.get("name", ""), request.form.get("password", ""))
    return sign_in(tx, account, timedelta(minutes=product().settings.session_minutes)) if account else None


@auth.post("/logout")
def logout() -> AnyResponse:
    """End the session."""
    product().database.run(lambda tx: sign_out(tx, request.cookies.get(COOKIE, "")))
    answer = make_response(redirect("/login"))
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
