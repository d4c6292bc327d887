"""What every operation shares is said once here: the key of a POST, and the refusals that can happen."""

from collections.abc import Mapping
from typing import Any

from flask_openapi3 import OpenAPI

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A key of your own, such as a UUID: sent again with the same body it gets the same answer, with another body a 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
_METHODS = {"get", "post", "put", "patch", "delete"}


def describe(app: OpenAPI) -> None:
    """Complete the description of every operation under `/api/`; to be called when all are registered."""
    for address, methods in app.api_doc["paths"].items():
        if address.startswith("/api/"):
            for method in _METHODS & methods.keys():
                _complete(methods[method], method=method, address=address)


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
