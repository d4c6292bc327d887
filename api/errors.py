"""Every refusal leaves the house as problem+json (RFC 9457) or, for a browser, as a page; never as a traceback."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

import structlog
from flask import Flask, Response, current_app, render_template, request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from api.json_provider import in_utc
from api.product import product
from engine.problems import Conflict, Forbidden, Invalid, NotFound, Problem, TooLarge, TooNew
from engine.store import json_text
from engine.store.constraints import problem_of
from engine.store.paging import UnknownCursor
from engine.store.unit_of_work import Collision

log = structlog.get_logger()

STATUS_OF: Sequence[tuple[type[Problem], HTTPStatus]] = (
    (Collision, HTTPStatus.SERVICE_UNAVAILABLE),  # nobody won: the database gave up three times, and a fourth may pass
    (TooNew, HTTPStatus.SERVICE_UNAVAILABLE),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Problem, HTTPStatus.UNPROCESSABLE_ENTITY),
)


class Unauthenticated(Problem):
    """Nobody is signed in (HTTP 401)."""

    default_code = "unauthenticated"


class BadRequest(Problem):
    """The request cannot be read (HTTP 400)."""

    default_code = "bad_request"


class Unready(Problem):
    """A part the product stands on does not answer (HTTP 503)."""

    default_code = "unready"


class Later(Problem):
    """It may be done later; `after` is in how many seconds, told as Retry-After."""

    def __init__(self, detail: str, *, after: int, code: str, next_step: str) -> None:
        super().__init__(detail, code=code, next_step=next_step)
        self.after = after


class Busy(Later):
    """Too many ask for it at this moment (HTTP 503)."""


class TooOften(Later):
    """The same was tried too often (HTTP 429)."""


_OWN_STATUS = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    BadRequest: HTTPStatus.BAD_REQUEST,
    UnknownCursor: HTTPStatus.BAD_REQUEST,
    Unready: HTTPStatus.SERVICE_UNAVAILABLE,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    TooOften: HTTPStatus.TOO_MANY_REQUESTS,
}


class ProblemOut(BaseModel):
    """RFC 9457 problem details, with what to do next."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    next_step: str = ""
    element_id: str | None = None
    errors: dict[str, list[str]] = {}


def install(app: Flask) -> None:
    """Turn every exception of a view into an answer."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(DataError, _contradiction)
    app.register_error_handler(IntegrityError, _contradiction)
    app.register_error_handler(Exception, _unexpected)


#: How a room with a language of its own says a refusal.
Dialect = Callable[[Problem, HTTPStatus], Response]
_DIALECTS = "ordercraft-dialects"


def speak(app: Flask, base: str, dialect: Dialect) -> None:
    """Say every refusal under a base address in the words of `dialect`."""
    app.extensions.setdefault(_DIALECTS, {})[base] = dialect


def status_of(problem: Problem) -> HTTPStatus:
    """The HTTP status of a refusal."""
    own = _OWN_STATUS.get(type(problem))
    return own or next(status for kind, status in STATUS_OF if isinstance(problem, kind))


def answer(problem: Problem, status: HTTPStatus | None = None) -> Response:
    """The answer to a refused request: a page for a browser, what a dialect says in its room, problem+json for everyone else."""
    status = status or status_of(problem)
    dialects: Mapping[str, Dialect] = current_app.extensions.get(_DIALECTS, {})
    spoken = next((dialect for base, dialect in dialects.items() if request.path.startswith(f"{base}/")), _said_here)
    made = spoken(problem, status)
    if isinstance(problem, Collision):
        made.headers["Retry-After"] = "1"
    if isinstance(problem, Later):
        made.headers["Retry-After"] = str(problem.after)
    return made


def _said_here(problem: Problem, status: HTTPStatus) -> Response:
    body = ProblemOut(
        title=status.phrase,
        status=status,
        code=problem.code,
        detail=problem.detail,
        next_step=problem.next_step,
        element_id=problem.element_id,
        errors=problem.errors,
    ).model_dump() | in_utc(dict(problem.members))
    if _wants_page():
        return Response(render_template("problem.html", problem=body), status, mimetype="text/html")
    return Response(json_text.encode(body), status, mimetype="application/problem+json")


#: How pydantic says that a body as a whole is nothing to read fields from.
_NO_OBJECT = {"dict_type", "model_type", "model_attributes_type", "dataclass_type", "json_invalid"}


def _said(item: ErrorDetails) -> str:
    """What is wrong with one field, in the words of JSON: a list is not "an instance of Sequence"."""
    return "Input should be a valid list" if item.get("ctx", {}).get("class") == "Sequence" else item["msg"]


def of_validation(error: ValidationError) -> Response:
    """What flask-openapi3 answers when a body, path or query does not fit its model."""
    return answer(refusal_of(error))


def refusal_of(error: ValidationError) -> Invalid:
    """What does not fit a model, by field, in words."""
    errors: dict[str, list[str]] = {}
    if any(not item["loc"] and item["type"] in _NO_OBJECT for item in error.errors(include_url=False)):
        return Invalid(
            "The body is no JSON object.",
            code="request_invalid",
            next_step="Send a JSON object with Content-Type: application/json.",
            errors={"body": ["is no JSON object"]},
        )
    for item in error.errors(include_url=False):
        errors.setdefault(".".join(map(str, item["loc"])) or "body", []).append(_said(item))
    return Invalid(
        f"The request does not fit: {'; '.join(f'{name}: {texts[0]}' for name, texts in errors.items())}.",
        code="request_invalid",
        next_step="Correct the named fields; /openapi/openapi.json describes them.",
        errors=errors,
    )


def _wants_page() -> bool:
    if request.path.startswith("/api/") or request.headers.get("HX-Request"):
        return False
    return bool(request.accept_mimetypes.accept_html and "text/html" in request.headers.get("Accept", ""))


def _http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    if error.response is not None:  # a redirect, or an answer made before
        return error.response  # type: ignore[return-value]
    problem = Problem(error.description or status.phrase, code=status.phrase.lower().replace(" ", "_"), next_step=_NEXT.get(status, ""))
    made = answer(problem, status)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            made.headers[name] = value
    return made


_NEXT = {
    HTTPStatus.NOT_FOUND: "Check the address; /openapi/openapi.json lists them all.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Use a method this address answers to; see the Allow header.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Send less; GET /api/v1/limits says how much.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send application/json.",
}


#: What the database said (SQLSTATE) and what we say of it; what is not here is said of a database that does not answer.
_SAID_OF_DATABASE: Mapping[str, tuple[str, str, str]] = {
    "57014": (
        "database_too_slow",
        "The database took longer over it than it is given.",
        "Ask for less: a shorter period, fewer rows. Nothing was changed.",
    ),
    "55P03": ("locked", "Somebody else is changing the same things for a long time.", "Try again in a minute; nothing was changed."),
    "53100": ("disk_full", "The database's disk is full.", "Tell whoever runs the installation: it needs room. Nothing was changed."),
    "53300": ("database_busy", "The database takes no more connections.", "Try again in a minute; nothing was changed."),
    "57P01": ("database_restarts", "The database is being stopped or started again.", "Try again in a minute; nothing was changed."),
    "57P03": ("database_restarts", "The database is being stopped or started again.", "Try again in a minute; nothing was changed."),
}
_AWAY = ("database_unavailable", "The database does not answer.", "Try again in a minute; nothing was changed.")


def _database(error: OperationalError) -> Response:
    state = getattr(error.orig, "sqlstate", None)
    log.error("database_unavailable", error=str(error.orig), sqlstate=state)
    code, detail, next_step = _SAID_OF_DATABASE.get(state or "", _AWAY)
    return answer(Unready(detail, code=code, next_step=next_step))


def _contradiction(error: IntegrityError | DataError) -> Response:
    """What no verb foresaw, but the database refuses; a value that no column holds among it."""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    log.warning("constraint_refused", path=request.path, constraint=name)
    return answer(problem_of(error, product().runtime.constraints))


def _unexpected(error: Exception) -> Response:
    log.error("unexpected_error", path=request.path, kind=type(error).__name__, exc_info=error)
    problem = Problem(
        "Something went wrong on our side; nothing was changed.",
        code="internal",
        next_step="Try again. If it persists, the log line names it.",
    )
    return answer(problem, HTTPStatus.INTERNAL_SERVER_ERROR)
