"""Signing in and out. In demo mode one may sign in as a persona; no other mode knows a way in without a password."""

from datetime import timedelta
from urllib.parse import quote

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.auth.model import UserAccount
from api.auth.roles import Role, second_factor_roles
from api.auth.second_factor import Enrolment, begun, qr_of
from api.auth.second_factor import begin as begin_factor
from api.auth.sessions import Terms, pending_of, sign_out
from api.auth.signing_in import Attempt, SignedIn, begin, sign_in_by_code, sign_in_by_enrolling, sign_in_by_password
from api.cookies import give_cookie, read_cookie, take_cookie
from api.demo.people import PEOPLE
from api.errors import Later, status_of
from api.notices.choices import choice_of
from api.product import product
from api.requests import COOKIE, give_session, open_to_all, visitor
from engine.problems import Problem
from ui.languages import COOKIE as LANGUAGE
from ui.product import needs

auth = Blueprint("auth", __name__)
#: Who anybody may sign in as in a demo; an account added later has its password.
_PERSONAS = frozenset(person.name for person in PEOPLE)
#: By this cookie a browser is known again: it opens nothing, and keeps others' guesses from locking its owner out.
_BROWSER = "ordercraft_browser"
_KNOWN_SECONDS = 180 * 24 * 60 * 60
_A_YEAR = 365 * 24 * 60 * 60
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
    asked = attempt(request.form.get("password", ""))
    try:
        persona = request.form.get("persona", "")
        made = _as_persona(persona, asked) if product().demo and persona else sign_in_by_password(product().database, asked, terms())
    except Later as later:
        return sign_in_refused(later)
    if made is None:
        return Response(_page("Name or password is wrong."), 401, mimetype="text/html")
    return enter(made, safe_next(request.form.get("next", "/")))


def attempt(secret: str) -> Attempt:
    """What was sent: a name and a password, or a code in its place."""
    return Attempt(
        name=request.form.get("name", ""),
        password=secret,
        visitor=visitor(),
        browser=read_cookie(_BROWSER),
        session=read_cookie(COOKIE),
    )


def enter(made: SignedIn, target: str) -> AnyResponse:
    """Lead to where somebody wanted to go, or to the second factor that is still asked for."""
    answer = redirect(f"{_LOGIN}/{made.pending}?next={quote(target, safe='/?=')}" if made.pending else target)
    _give_cookies(answer, made)
    return answer


def _give_cookies(answer: AnyResponse, made: SignedIn) -> None:
    give_session(answer, made.credentials)
    with product().database.transaction() as tx:
        give_language(answer, choice_of(tx, made.name).language)
    if not made.pending:
        give_cookie(answer, _BROWSER, made.browser, seconds=_KNOWN_SECONDS)


def give_language(answer: AnyResponse, chosen: str) -> None:
    """Let a browser know in which language its reader wants the pages; none is what it asks for itself."""
    if chosen:
        answer.set_cookie(LANGUAGE, chosen, max_age=_A_YEAR, samesite="Lax", secure=request.is_secure)
    else:
        answer.delete_cookie(LANGUAGE)


def terms() -> Terms:
    """How long sessions last here, and who needs a second factor."""
    settings = product().settings
    roles = second_factor_roles(settings.second_factor_roles)
    return Terms(timedelta(minutes=settings.session_minutes), timedelta(minutes=settings.session_longest_minutes), roles)


@auth.get(f"{_LOGIN}/<any(code, enrol):step>")
@open_to_all
def second_step(step: str) -> AnyResponse:
    """Ask for the second factor, or let one be enrolled where a role of theirs needs it."""
    return _step_page(step, None)


@auth.post(f"{_LOGIN}/code")
@open_to_all
def give_code() -> AnyResponse:
    """Let the session begin, by a code."""
    try:
        made = sign_in_by_code(product().database, attempt(request.form.get("code", "")), terms())
    except Problem as problem:
        return _step_page("code", problem)
    return enter(made, safe_next(request.form.get("next", "/")))


@auth.post(f"{_LOGIN}/enrol")
@open_to_all
def give_first_code() -> AnyResponse:
    """Let the session begin, by the first code of a new authenticator; its recovery codes are shown once."""
    try:
        made, codes = sign_in_by_enrolling(product().database, attempt(request.form.get("code", "")), terms())
    except Problem as problem:
        return _step_page("enrol", problem)
    answer = make_response(render_template("recovery_codes.html", codes=codes, next=safe_next(request.form.get("next", "/"))))
    _give_cookies(answer, made)
    return answer


def _step_page(step: str, problem: Problem | None) -> AnyResponse:
    """The page that asks for a code; whoever does not wait for a second factor is led to the sign-in."""
    token = read_cookie(COOKIE)

    def find(tx: Session) -> tuple[bool, Enrolment | None]:
        waiting = pending_of(tx, token)
        if waiting is None or step == "code":
            return waiting is not None, None
        account = tx.get_one(UserAccount, waiting.account_id)
        return True, begun(tx, account.id, account.name) or begin_factor(tx, account)

    waits, enrolment = product().database.run(find)
    if not waits:
        return redirect(_LOGIN)
    shown = render_template(
        "second_step.html",
        step=step,
        problem=problem,
        enrolment=enrolment,
        qr=qr_of(enrolment.address) if enrolment else "",
        next=request.values.get("next", "/"),
    )
    answer = Response(shown, status_of(problem) if problem else 200, mimetype="text/html")
    if isinstance(problem, Later):
        answer.headers["Retry-After"] = str(problem.after)
    return answer


def _as_persona(name: str, asked: Attempt) -> SignedIn | None:
    def enter(tx: Session) -> SignedIn | None:
        account = tx.scalar(select(UserAccount).where(UserAccount.name == name, UserAccount.active)) if name in _PERSONAS else None
        return begin(tx, account, asked, terms(), "persona") if account else None

    return product().database.run(enter)


@auth.post("/logout")
@needs(Role.READ)
def logout() -> AnyResponse:
    """End the session."""
    how = product().database.run(lambda tx: sign_out(tx, read_cookie(COOKIE)))
    answer = make_response(redirect(f"{_LOGIN}?out=company" if how == "single sign-on" else _LOGIN))
    take_cookie(answer, COOKIE)
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
    return render_template(
        "login.html", personas=personas, error=error, next=request.values.get("next", "/"), company=product().settings.company_sign_in
    )


def sign_in_refused(problem: Problem) -> AnyResponse:
    """The way in again, with what was wrong."""
    answer = Response(_page(f"{problem.detail} {problem.next_step}"), status_of(problem), mimetype="text/html")
    if isinstance(problem, Later):
        answer.headers["Retry-After"] = str(problem.after)
    return answer


def safe_next(target: str) -> str:
    """Only a path of our own: an address elsewhere would let a link lead people away after signing in."""
    # Browsers drop tabs and line ends and take a backslash for a slash: what holds such is no address of ours.
    own = target.startswith("/") and not target.startswith("//") and target.isprintable() and "\\" not in target
    return target if own else "/"
