"""Passkeys at the edge: what a browser is asked to sign, kept in a cookie until it answers, and signing in by what it has signed."""

import json
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.auth import passkeys
from api.auth.passkeys import Asked, Place
from api.auth.signing_in import SignedIn, begin, count_asking_for_passkey, forgive_passkeys, note_refused_passkey
from api.cookies import give_cookie, read_cookie, take_cookie
from api.product import product
from api.requests import open_to_all, visitor
from api.sign_in import attempt, enter, safe_next, sign_in_refused, terms
from engine.problems import Invalid, Problem

passkey_doors = Blueprint("passkeys", __name__)
_COOKIE: Final = "ordercraft_passkey"
_SECONDS: Final = 300
_LONGEST: Final = 20_000


def place() -> Place:
    """Where the browser is, by the address that it asked."""
    return Place(request.host.rsplit(":", 1)[0], request.host_url.rstrip("/"))


def told(asked: Asked) -> Response:
    """What the browser is to sign, as JSON, and the cookie in which it brings the secret of it back."""
    answer = jsonify(asked.options)
    give_cookie(answer, _COOKIE, asked.browser, seconds=_SECONDS)
    return answer


def brought_back() -> tuple[Place, str]:
    """Where the browser is, and the secret of what it was asked to sign."""
    return place(), read_cookie(_COOKIE)


def forget(answer: AnyResponse) -> AnyResponse:
    """What was asked for is over."""
    take_cookie(answer, _COOKIE)
    return answer


def typed_credential() -> dict[str, Any]:
    """What the device has made or signed, from the form. Raises Invalid."""
    written = request.form.get("credential", "")
    try:
        found = json.loads(written) if len(written) <= _LONGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid(
            "Nothing came from the device.",
            code="passkey_refused",
            next_step="Try again, and touch the device when it asks for it.",
            errors={"credential": ["is missing"]},
        )
    return found


@passkey_doors.post("/login/passkey/options")
@open_to_all
def ask() -> Response:
    """What a device is to sign so that its owner signs in, or confirms who they are."""

    def act(tx: Session) -> Asked:
        count_asking_for_passkey(tx, visitor())
        return passkeys.ask_for_any(tx, place())

    return told(product().database.run(act))


@passkey_doors.post("/login/passkey")
@open_to_all
def sign_in() -> AnyResponse:
    """Begin a session by a passkey, over the one that waits for a second factor where there is one."""
    asked = attempt("")

    def act(tx: Session) -> SignedIn:
        account = passkeys.prove(tx, brought_back(), typed_credential())
        forgive_passkeys(tx, asked.visitor)
        return begin(tx, account, asked, terms(), "passkey")

    try:
        made = product().database.run(act)
    except Problem as problem:
        product().database.run(lambda tx: note_refused_passkey(tx, visitor()))
        return forget(sign_in_refused(problem))
    return forget(enter(made, safe_next(request.form.get("next", "/"))))
