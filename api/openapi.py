"""What every operation shares is said once here: the key of a POST, and the refusals that can happen."""

import re
from collections.abc import Mapping
from typing import Any

from flask_openapi3 import OpenAPI

from api.auth.objects import rules_of
from handlers.sight import SIGHTS

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A key of your own, such as a UUID: sent again with the same body it gets the same answer, with another body a 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
#: How models are called that are sent to us and never answered.
_SENT = ("Draft", "Change", "In", "Patch")
_METHODS = {"get", "post", "put", "patch", "delete"}


def describe(app: OpenAPI) -> None:
    """Complete the description of every operation under `/api/`; to be called when all are registered."""
    for address, methods in app.api_doc["paths"].items():
        if address.startswith("/api/"):
            for method in _METHODS & methods.keys():
                _complete(methods[method], method=method, address=address)
    for rule in app.url_map.iter_rules():
        operations = app.api_doc["paths"].get(re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule), {})
        for method in _METHODS & operations.keys() & {each.lower() for each in rule.methods or ()}:
            role = getattr(app.view_functions[rule.endpoint], "role", None)
            operations[method]["x-role"] = str(role) if role else None
            operations[method]["x-object"] = {part: str(whose) for part, whose in rules_of(rule.rule, rule.arguments).items()}
    for name, schema in app.api_doc["components"]["schemas"].items():
        if not name.endswith(_SENT):
            _let_hide(schema.get("properties", {}))


def _let_hide(properties: dict[str, Any]) -> None:
    """A field that some may not read is null for them."""
    for sight in SIGHTS:
        for name in sight.fields & properties.keys():
            said = properties[name]
            properties[name] = {"anyOf": [said, {"type": "null"}], "description": f"Null for whoever lacks the role {sight.role}."}


def _complete(operation: dict[str, Any], *, method: str, address: str) -> None:
    refusals = {"400": "The request cannot be read", "401": "Nobody is signed in", "403": "The role is missing"}
    if "{" in address or method == "post":
        refusals["404"] = "What is named does not exist"
    if method != "get":
        refusals["503"] = "Others change the same things at this moment, or the database is away: nothing was changed, try again"
        refusals["409"] = "It contradicts what is stored, or the Idempotency-Key was used for another request"
    for status, description in refusals.items():
        operation["responses"].setdefault(status, _refusal(description))
    if method == "post":
        operation.setdefault("parameters", []).append(_KEY)


def _refusal(description: str) -> Mapping[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
