"""What happens around every view: who asks, may they, one transaction, and the same answer to a repeated key."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec, cast
from urllib.parse import quote, urlencode, urlsplit

import structlog
from flask import Flask, Response, current_app, g, redirect, request
from pydantic import BaseModel
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.auth.model import IdempotencyKey
from api.auth.objects import rules_of
from api.auth.refusals import ANONYMOUS, count_refusal
from api.auth.roles import Role, roles_of
from api.auth.sessions import Credentials, Visitor, person_of_session
from api.auth.stand_ins import with_stand_ins
from api.auth.tokens import person_of_token
from api.auth.traces import leave_trace
from api.canonical import canonical_body
from api.cookies import give_cookie, read_cookie
from api.errors import BadRequest, Unauthenticated, answer
from api.json_provider import in_utc, write_answer
from api.product import product
from api.strict_reading import read_view_strictly, refuse_stray_characters
from engine import work
from engine.problems import Conflict, Forbidden
from engine.runtime.state.people import Person
from engine.store.clock import moved_by
from engine.store.patience import Patience
from handlers.sight import hidden_from, without

log = structlog.get_logger()
P = ParamSpec("P")
COOKIE = "ordercraft_session"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_OPEN, _PROOF = "open_to_all", "proof"
_PAGES = {"ui", "auth", "administration", "single_sign_on", "passkeys"}
#: Rooms for programs alone: no cookie signs anybody in there, and a token may come as the password of Basic (RFC 7617).
_PROGRAMS = "camunda7"
#: Where a task and its doors are.
_OF_TASK = ("/worklist/{}", "/api/v1/user-tasks/{}")


def install(app: Flask) -> None:
    """Know the person before every view, and refuse what the view's role does not allow."""
    app.before_request(_authenticate)
    app.after_request(_count_refusal)
    app.teardown_request(lambda _: work.end())
    app.jinja_env.globals["csrf_token"] = lambda: g.get("csrf_token", "")
    app.jinja_env.globals["hidden_fields"] = hidden_fields


def open_to_all(view: Callable[P, Any]) -> Callable[P, Any]:
    """Mark a view that needs no signing in."""
    setattr(view, _OPEN, True)
    return view


def operation(
    role: Role, *, secret: bool = False, proof: bool = False, patience: Patience | None = None
) -> Callable[[Callable[P, Any]], Callable[P, Response]]:
    """Make a function an API operation: it asks for `role`, runs in one transaction, and honours `Idempotency-Key` on POST.

    What needs a `proof` is done by who has proved lately who they are. What answers a `secret` shows it once: the key then remembers that
    it was done, and not the answer. What reads very much has a `patience` of its own.
    The function answers a model, a list or dict of JSON values, either with a status, either with a status and headers, or a Response.
    Where another transaction locked it out, all of it is done anew, its key included: nothing was answered yet.
    """

    def wrap(view: Callable[P, Any]) -> Callable[P, Response]:
        read_view_strictly(view)

        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> Response:
            def once(tx: Session) -> Response:
                g.tx = tx
                key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
                earlier = _earlier_answer(tx, key) if key else None
                if earlier is not None:
                    return earlier
                made = _response(view(*args, **kwargs))
                if made.status_code < HTTPStatus.BAD_REQUEST:
                    leave_trace(tx, person().name, request.method, str(request.url_rule), request.path)
                if key:
                    _remember(tx, key, _shown_once() if secret else made)
                return made

            return product().database.run(once, patience)

        run.role = role  # type: ignore[attr-defined]
        run.proof = proof  # type: ignore[attr-defined]
        run.traced = True  # type: ignore[attr-defined]
        return run

    return wrap


def needs_proof(view: Callable[P, Any]) -> Callable[P, Any]:
    """Mark a page that is shown to who has proved lately who they are; others do so first."""
    setattr(view, _PROOF, True)
    return view


def waiting_operation(role: Role) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Make a function an API operation that may wait, so that it opens its own transactions, and holds none while it waits."""

    def wrap(view: Callable[P, Response]) -> Callable[P, Response]:
        read_view_strictly(view)
        view.role = role  # type: ignore[attr-defined]
        return view

    return wrap


def transaction() -> Session:
    """The transaction of the current operation."""
    return cast(Session, g.tx)


def person() -> Person:
    """Who asks."""
    return cast(Person, g.person)


def hidden_fields() -> Mapping[str, str]:
    """The fields that who asks is not shown, each with the role that would let them; none where nobody is known."""
    who = g.get("person")
    return hidden_from(who.roles) if who is not None else {}


def own_session() -> str:
    """The secret of the session of the browser that asks. Raises Forbidden to a program: what a token may do is decided by a person."""
    if not g.csrf_token:
        raise Forbidden("A token may not do this.", code="session_needed", next_step="Sign in at /login and do it on your own page.")
    return read_cookie(COOKIE)


def give_session(answer: AnyResponse, made: Credentials) -> None:
    """Hand a browser its session."""
    give_cookie(answer, COOKIE, made.token)


def visitor() -> Visitor:
    """Where the request comes from."""
    return Visitor(request.remote_addr or "", request.headers.get("User-Agent", ""))


def _authenticate() -> Response | None:
    work.begin()
    g.person, g.csrf_token, g.only_task = None, "", None
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or _is_file(request.endpoint or ""):
        return None
    _refuse_other_sites()
    refuse_stray_characters(request.args)
    _identify()
    if is_open(view) or (_of_programs() and request.method == "OPTIONS"):
        return None
    if g.person is None:
        if _of_programs():
            raise Unauthenticated(
                "No API token was sent.",
                next_step="Send one as Authorization: Bearer …, or as the password of Basic with your user name: ordercraft user token.",
            )
        if not request.path.startswith("/api/") and request.method in {"GET", "HEAD"}:
            return cast(Response, redirect(f"/login?next={quote(request.full_path.rstrip('?'), safe='/?=')}"))
        raise Unauthenticated("Nobody is signed in.", next_step="Sign in at /login, or send an API token as Authorization: Bearer …")
    _refuse_foreign_forms()
    refuse_stray_characters(request.form)
    _refuse_beyond_the_task()
    role = role_of(view)
    if role not in g.person.roles:
        raise _role_missing(role)
    return _ask_for_proof() if getattr(view, _PROOF, False) else None


def _refuse_beyond_the_task() -> None:
    """Who came by a link in a mail reaches that task, its doors, and the way out."""
    if g.only_task is None or request.path == "/logout":
        return
    if not any(request.path == base or request.path.startswith(f"{base}/") for base in (path.format(g.only_task) for path in _OF_TASK)):
        raise Forbidden(
            "You came by a link that opens one task only.",
            code="one_task_only",
            next_step="Sign in with your password to see everything else.",
        )


def role_of(view: Any) -> Role:
    """The role that a view asks for. What says none and is not open to all is for administrators alone: `undeclared` finds it."""
    return cast(Role, getattr(view, "role", Role.ADMINISTER))


def undeclared(app: Flask) -> list[str]:
    """The routes that neither name a role nor are open to all, or whose address names something of which nobody said whose it is."""
    found = set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not (_is_file(rule.endpoint) or hasattr(view, "role") or is_open(view)) or None in rules_of(rule.rule, rule.arguments).values():
            found.add(rule.rule)
    return sorted(found)


def is_open(view: Any) -> bool:
    """Whether a view needs no signing in."""
    return bool(getattr(view, _OPEN, False))


def _is_file(endpoint: str) -> bool:
    return endpoint == "static" or endpoint.endswith(".static")


def _ask_for_proof() -> Response | None:
    """What gives others rights is not done in a session that was left open: a token was made by somebody who had proved it."""
    proved: timedelta | None = g.get("proved")
    if proved is None or proved < timedelta(minutes=product().settings.confirm_minutes):
        return None
    if request.path.startswith("/api/"):
        raise Forbidden("You proved who you are long ago.", code="proof_needed", next_step="Confirm it at /confirm, and repeat this.")
    back = request.full_path.rstrip("?") if request.method in _SAFE else urlsplit(request.headers.get("Referer", "/")).path
    return cast(Response, redirect(f"/confirm?next={quote(back, safe='/?=')}", 303))


def _count_refusal(response: Response) -> Response:
    """The log is told of what was not allowed, and of credentials that are none; who only has to sign in yet is no refusal."""
    refused = response.status_code == HTTPStatus.FORBIDDEN or (
        response.status_code == HTTPStatus.UNAUTHORIZED and "Authorization" in request.headers
    )
    if refused and request.endpoint:
        actor = g.person.name if g.get("person") else ANONYMOUS
        what = f"{request.method} {request.url_rule or request.endpoint}"
        try:
            product().database.run(lambda tx: count_refusal(tx, actor, response.status_code, what, request.remote_addr or ""))
        except OperationalError as error:  # it is refused all the same
            log.warning("refusal_not_counted", error=str(error.orig))
    return response


def _role_missing(role: Role) -> Forbidden:
    name = g.person.name
    if role in roles_of(g.person.groups):  # a session has every role of its person, so it is the token that has too few
        return Forbidden(
            f"This token lacks the role {role}.",
            code="role_missing",
            next_step=f"Make one with `ordercraft user token {name} --label … --role {role}`.",
        )
    return Forbidden(
        f"{name} may not do this: it needs the role {role}.",
        code="role_missing",
        next_step="Ask an administrator to add you to a group that grants it.",
    )


def _of_programs() -> bool:
    return (request.blueprint or "").startswith(_PROGRAMS)


def _identify() -> None:
    bearer, cookie = _bearer(), read_cookie(COOKIE)
    given = request.authorization
    with product().database.transaction() as tx:
        if bearer:
            g.person = person_of_token(tx, bearer)
        elif _of_programs():
            if given is not None and given.type == "basic" and given.password:
                g.person = person_of_token(tx, given.password, given.username)
        elif cookie and (found := person_of_session(tx, cookie)):
            g.person, g.csrf_token, g.proved, g.only_task = found.person, found.csrf_token, found.proved, found.only_task
        if g.person is not None:
            g.person = with_stand_ins(tx, g.person)
        if request.blueprint in _PAGES:
            g.clock_ahead = moved_by(tx)


def _bearer() -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else ""


def _refuse_other_sites() -> None:
    """A form of another site must not sign anybody in; browsers say themselves where a request comes from.

    Where only a token counts there is nothing to guard: no browser sends one by itself. Camunda Modeler is a page of no site at all.
    """
    if _of_programs() or _bearer():
        return
    if request.method not in _SAFE and request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        raise Forbidden("The request comes from a page of another site.", code="csrf", next_step="Open our own page and try again there.")


def _refuse_foreign_forms() -> None:
    """A browser's session travels with every request, whoever made it; the token only with those of our own pages."""
    if g.csrf_token and request.method not in _SAFE:
        given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
        if not secrets.compare_digest(given.encode(), g.csrf_token.encode()):
            raise Forbidden("The form is too old or came from elsewhere.", code="csrf", next_step="Reload the page and try again.")


def answered(body: BaseModel) -> Response:
    """A model as the answer of a waiting operation."""
    return _response(body)


def _response(answer: Any) -> Response:
    if isinstance(answer, Response):
        return answer
    body, status, headers = (*answer, {})[:3] if isinstance(answer, tuple) else (answer, 200, {})
    if body is None:
        return Response(status=204)
    body = in_utc(body)
    if isinstance(body, BaseModel):
        body = body.model_dump(mode="json")
    body = without(body, hidden_fields())
    return Response(write_answer(body), status, headers, mimetype="application/json")


def link_to_next(cursor: str | None) -> dict[str, str]:
    """The header that leads from the page of a bare array to the next one (RFC 8288); none behind the last page."""
    if cursor is None:
        return {}
    asked = [*((name, value) for name, value in request.args.items(multi=True) if name != "cursor"), ("cursor", cursor)]
    return {"Link": f'<{request.path}?{urlencode(asked)}>; rel="next"'}


def _request_hash() -> str:
    """Of what is asked, not of how it was written down: a client that sends a request again may lay it out anew."""
    asked = sorted(request.args.items(multi=True))
    head = f"{request.method} {request.path} {asked}\n".encode()
    return hashlib.sha256(head + canonical_body(request.get_data(), request.mimetype)).hexdigest()


def _earlier_answer(tx: Session, key: str) -> Response | None:
    if len(key) > 200:  # noqa: PLR2004  # documented in GET /api/v1/limits
        raise BadRequest("The Idempotency-Key is longer than 200 characters.", next_step="Send a shorter one, such as a UUID.")
    # A concurrent request with the same key waits here until the first one commits or rolls back.
    added = tx.execute(
        insert(IdempotencyKey)
        .values(account_name=person().name, key=key, request_hash=_request_hash())
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    ).first()
    if added:
        return None
    row = tx.execute(select(IdempotencyKey).where(IdempotencyKey.account_name == person().name, IdempotencyKey.key == key)).scalar_one()
    if row.request_hash != _request_hash():
        raise Conflict(
            "This Idempotency-Key was used for another request.", code="key_reused", next_step="Send a new key with a new request."
        )
    return Response(row.body or b"", row.status or 200, mimetype=row.media_type, headers={"Idempotent-Replay": "true"})


def _shown_once() -> Response:
    return answer(
        Conflict(
            "This was done, and its secret was shown then.",
            code="shown_once",
            next_step="Send a new key to make another; if the secret is lost, revoke it.",
        )
    )


def _remember(tx: Session, key: str, made: Response) -> None:
    tx.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.account_name == person().name, IdempotencyKey.key == key)
        .values(status=made.status_code, media_type=made.mimetype, body=made.get_data())
    )


def forget_old_keys(tx: Session, days: int = 7) -> int:
    """Housekeeping: keys older than `days` are forgotten; answers how many."""
    old = func.now() - func.make_interval(0, 0, 0, days)
    return len(tx.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < old).returning(IdempotencyKey.key)).all())
