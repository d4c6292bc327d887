"""How Camunda 7 says things: where it is spoken, its refusals, its moments, and which requests of other pages it lets in."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, RootModel

from api import errors
from api.auth.roles import Role
from api.requests import operation
from engine.models.bundle import Finding
from engine.problems import Forbidden, Invalid, Problem
from engine.runtime.verbs.deploy import ModelRefused

BASE: Final = "/engine-rest"
#: The version whose interface is spoken; ours is at /health/ready.
SPOKEN: Final = "7.24.0"
#: Camunda Modeler tells its user that the diagram cannot be read where a message begins so.
_NOT_PARSED: Final = "ENGINE-09005 Could not parse BPMN process."


class RefusalOut(BaseModel):
    """A refusal as Camunda's clients read it; `details` has the findings of a refused model by file."""

    type: str
    message: str
    code: int | None = None
    details: dict[str, Any] | None = None


class VersionOut(BaseModel):
    """The version of Camunda whose interface is spoken."""

    version: str


class EngineOut(BaseModel):
    """An engine by its name."""

    name: str


class EnginesOut(RootModel[list[EngineOut]]):
    """The engines: there is one."""


TAG: Final = Tag(name="camunda7", description="What Camunda Modeler and deployment clients of Camunda 7 use.")
#: The refusals that every operation may answer.
REFUSALS: Final[dict[str | int, type[BaseModel] | dict[Any, Any] | None]] = dict.fromkeys((400, 401, 403, 404, 409, 503), RefusalOut)
api = APIBlueprint("camunda7", __name__, url_prefix=BASE, abp_tags=[TAG], abp_responses=REFUSALS)


@api.get("/version", responses={200: VersionOut})
@operation(Role.READ)
def get_version() -> Response:
    """The version of Camunda whose interface is spoken here."""
    return answer({"version": SPOKEN})


@api.get("/engine", responses={200: EnginesOut})
@operation(Role.READ)
def list_engines() -> Response:
    """The one engine."""
    return answer([{"name": "default"}])


def install(app: Flask) -> None:
    """Answer in this dialect under the base address, and take its double slashes for one."""
    errors.speak(app, BASE, refuse)
    app.after_request(_let_in)
    app.wsgi_app = _fold(app.wsgi_app)  # type: ignore[method-assign]  # the way Flask's own documentation wraps an application


def answer(body: Any, status: int = 200) -> Response:
    """JSON in the order it is given: clients take the first definition. Without a charset, for one of them compares the whole header."""
    return Response(json.dumps(body), status, mimetype="application/json")


def read_body(known: Collection[str] = (), empty: Collection[str] = ()) -> dict[str, Any]:
    """The body, whatever its content type says; nothing is an empty one. What is not `known` is refused by name, where something is.

    `empty` may be there too, but must ask for nothing. Raises BadRequest, or Invalid.
    """
    if not request.get_data().strip():
        return {}
    body = request.get_json(force=True)
    if not isinstance(body, dict):
        raise errors.BadRequest("The body is no JSON object.", next_step="Send a JSON object.")
    unknown = sorted(name for name, value in body.items() if name not in known and (name not in empty or value)) if known else ()
    if unknown:
        raise Invalid(f"{', '.join(unknown)} is not taken here.", code="not_spoken", next_step=f"Send {', '.join(sorted(known))} only.")
    return body


def moment(at: datetime) -> str:
    """A point in time as Camunda writes it, to the millisecond: 2026-11-30T10:00:00.000+0000."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000"


def refuse(problem: Problem, status: HTTPStatus) -> Response:
    """A refusal in Camunda's words: our sentence with what to do next. What is wrong with an input is 400 here."""
    if isinstance(problem, ModelRefused):
        return _not_parsed(problem)
    status = HTTPStatus.BAD_REQUEST if status is HTTPStatus.UNPROCESSABLE_ENTITY else status
    bad = "InvalidRequestException" if status is HTTPStatus.BAD_REQUEST else "RestException"
    kind = "AuthorizationException" if isinstance(problem, Forbidden) else bad
    return answer({"type": kind, "message": f"{problem.detail} {problem.next_step}".strip(), "code": None}, status)


def _not_parsed(refused: ModelRefused) -> Response:
    """The findings as text, which the Modeler shows, and by file."""
    wrong = [each for each in refused.findings if each.severity == "error"]
    lines = "".join(f"\n* {each.message} {each.next_step} | {each.path} | line {each.line or 0} | column 0" for each in wrong)
    details = {
        path: {
            severity: [_detail(each) for each in refused.findings if each.path == path and each.severity == one] for severity, one in _KINDS
        }
        for path in dict.fromkeys(each.path for each in refused.findings)
    }
    body = {"type": "ParseException", "message": f"{_NOT_PARSED} Errors: {lines}", "code": None, "details": details}
    return answer(body, HTTPStatus.BAD_REQUEST)


_KINDS: Final = (("errors", "error"), ("warnings", "warning"))


def _detail(found: Finding) -> dict[str, Any]:
    elements = [found.element_id] if found.element_id else []
    message = f"{found.message} {found.next_step}"
    return {"message": message, "line": found.line or 0, "column": 0, "mainElementId": found.element_id, "elementIds": elements}


def _let_in(response: Response) -> Response:
    """Any page may ask: only what it sends in `Authorization` counts here, never a cookie."""
    origin = request.headers.get("Origin")
    if origin and request.path.startswith(f"{BASE}/"):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers.add("Vary", "Origin")
    return response


def _fold(application: Any) -> Any:
    """An address given to the Modeler with a slash at its end makes two of them."""

    def folded(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{BASE}//"):
            environ["PATH_INFO"] = f"{BASE}/{path.removeprefix(BASE).lstrip('/')}"
        return application(environ, start_response)

    return folded
