"""Signing in by a provider of OpenID Connect: authorization code with PKCE, the answer verified, the identity linked with an account.

Everything the provider says is outside text: its answers have a time limit, and whatever is wrong with one is a refusal, never a fault.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, g, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.auth import identities
from api.auth.accounts import account_named
from api.auth.hashes import new_secret
from api.auth.identities import Attempted, Identity
from api.auth.roles import Role
from api.auth.signing_in import SignedIn, begin
from api.cookies import give_cookie, read_cookie
from api.errors import Unready, status_of
from api.product import product
from api.requests import open_to_all, own_session, person
from api.sign_in import attempt, enter, safe_next, terms
from engine.problems import Forbidden, Problem

log = structlog.get_logger()
single_sign_on = Blueprint("single_sign_on", __name__)
#: The browser in which somebody was sent to the provider: only there the answer is taken.
_COOKIE = "ordercraft_sign_on"
_SECONDS = 600
_PATH = "/login/company"
_PATIENCE = 5
_MOST_GROUPS = 1000


class _Memory:
    """Where Authlib keeps what an answer must hold; it asks for nothing else of a framework."""

    def set_state_data(self, _session: Any, state: str, data: Mapping[str, Any]) -> None:
        """Remember it."""
        kept = {name: value for name, value in data.items() if name != "url"}
        product().database.run(lambda tx: identities.begin_attempt(tx, state, g.sign_on_browser, kept, g.sign_on_attempted))

    def get_state_data(self, _session: Any, state: str | None) -> dict[str, Any] | None:
        """What was remembered, once."""
        browser = read_cookie(_COOKIE)
        ended = product().database.run(lambda tx: identities.end_attempt(tx, state or "", browser))
        if ended is None:
            return None
        g.sign_on_attempted = ended[1]
        return ended[0]

    def clear_state_data(self, _session: Any, _state: str | None) -> None:
        """It is gone already."""

    def update_token(self, *_args: Any, **_kwargs: Any) -> None:
        """No token of the provider is kept."""


def offered() -> str:
    """The name of the provider on the sign-in page; empty where none is set up."""
    return product().settings.company_sign_in


@single_sign_on.get(_PATH)
@open_to_all
def leave() -> AnyResponse:
    """Send somebody to the provider."""
    return _sent(Attempted(safe_next(request.args.get("next", "/")), None))


def leave_to_link() -> AnyResponse:
    """Send somebody to the provider, to link who they are there with the account they are signed in to."""
    own_session()
    with product().database.transaction() as tx:
        account_id = account_named(tx, person().name).id
    return _sent(Attempted("/profile?done=linked", account_id))


leave_to_link.role = Role.READ  # type: ignore[attr-defined]
single_sign_on.add_url_rule("/profile/company-account", "leave_to_link", leave_to_link, methods=["GET"])


@single_sign_on.get(f"{_PATH}/answer")
@open_to_all
def come_back() -> AnyResponse:
    """Take the provider's answer: begin a session, or link the identity."""
    try:
        identity = _identity()
        attempted: Attempted = g.sign_on_attempted
        if attempted.links_account_id is not None:
            return _linked(attempted, identity)
        return enter(product().database.run(lambda tx: _enter(tx, identity)), attempted.next)
    except Problem as problem:
        return Response(render_template("sign_on_refused.html", problem=problem), status_of(problem), mimetype="text/html")


@single_sign_on.get(f"{_PATH}/sign-out")
@open_to_all
def sign_out_there() -> AnyResponse:
    """Lead to where the provider ends its own session; ours has ended before."""
    try:
        end = _metadata().get("end_session_endpoint")
    except Problem:
        end = None
    back = {"post_logout_redirect_uri": f"{request.host_url}login", "client_id": product().settings.oidc_client_id}
    return redirect(f"{end}?{urlencode(back)}" if isinstance(end, str) and end.startswith(("https://", "http://")) else "/login")


def _sent(attempted: Attempted) -> AnyResponse:
    g.sign_on_browser, g.sign_on_attempted = new_secret(), attempted
    try:
        _metadata()
        answer = cast("AnyResponse", _asked(lambda: _client().authorize_redirect(f"{request.host_url.rstrip('/')}{_PATH}/answer")))
    except Problem as problem:
        return Response(render_template("sign_on_refused.html", problem=problem), status_of(problem), mimetype="text/html")
    give_cookie(answer, _COOKIE, g.sign_on_browser, seconds=_SECONDS)
    return answer


def _linked(attempted: Attempted, identity: Identity) -> AnyResponse:
    def act(tx: Session) -> None:
        account = account_named(tx, g.person.name) if g.person else None
        if account is None or account.id != attempted.links_account_id:
            raise Forbidden("Somebody else is signed in by now.", code="identity_linked", next_step="Sign in and link it again.")
        identities.link(tx, account.id, identity)

    product().database.run(act)
    return redirect(attempted.next, 303)


def _enter(tx: Session, identity: Identity) -> SignedIn:
    return begin(tx, identities.account_of(tx, identity), attempt(""), terms(), "single sign-on")


def _identity() -> Identity:
    """Who the provider says it is. Raises Forbidden for an answer that is not as it must be, Unready when it does not answer."""
    if request.args.get("error"):
        raise Forbidden(f"{offered()} did not let you in.", code="sign_on_refused", next_step="Try again, or sign in with a password.")
    metadata, settings = _metadata(), product().settings
    must = {
        "iss": {"essential": True, "values": [metadata["issuer"]]},
        "aud": {"essential": True, "values": [settings.oidc_client_id]},
        "sub": {"essential": True},
        "exp": {"essential": True},
    }
    token = _asked(lambda: _client().authorize_access_token(claims_options=must, leeway=60))
    claims = token.get("userinfo")  # there is none where the answer had no id_token: that proves nothing
    if not claims or not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise _untrue()
    if settings.oidc_groups_claim not in claims and metadata.get("userinfo_endpoint"):
        more = _asked(lambda: _client().userinfo(token=token))
        if more.get("sub") != claims["sub"]:
            raise _untrue()
        claims = {**more, **claims}
    return _read(claims, metadata["issuer"])


def _read(claims: Mapping[str, Any], issuer: str) -> Identity:
    def said(*wanted: str) -> str:
        return next((claims[name] for name in wanted if isinstance(claims.get(name), str) and claims[name]), "")

    given = claims.get(product().settings.oidc_groups_claim)
    groups = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return Identity(
        issuer=issuer,
        subject=claims["sub"],
        user_name=said("preferred_username") or said("email").partition("@")[0],
        full_name=said("name", "preferred_username")[:200],
        mail=said("email")[:254],
        groups=tuple(group for group in groups[:_MOST_GROUPS] if isinstance(group, str) and "\0" not in group),
    )


def _metadata() -> Mapping[str, Any]:
    """What the provider tells about itself. Raises Forbidden when it tells of another one, Unready when it does not answer."""
    if not offered():
        raise Forbidden("No company account is set up here.", code="sign_on_none", next_step="Sign in with a password.")
    metadata: Mapping[str, Any] = _asked(lambda: _client().load_server_metadata())
    if metadata.get("issuer") != product().settings.oidc_issuer:
        raise _untrue()
    return metadata


def _client() -> Any:
    settings = product().settings
    return _made(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_scope)


@lru_cache(maxsize=4)
def _made(issuer: str, client_id: str, client_secret: str, scope: str) -> Any:
    from authlib.integrations.flask_client import FlaskOAuth2App  # it and its libraries load where a provider is set up

    return FlaskOAuth2App(
        _Memory(),
        "company",
        client_id=client_id,
        client_secret=client_secret or None,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": scope, "code_challenge_method": "S256", "default_timeout": _PATIENCE},
    )


def _asked(act: Any) -> Any:
    """Ask the provider, or look at what it said. Whatever is wrong with that is a refusal."""
    import requests
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    try:
        return act()
    except requests.RequestException as error:
        log.warning("provider_unreachable", kind=type(error).__name__)
        raise Unready(
            f"{offered()} does not answer.", code="sign_on_unready", next_step="Try again in a minute, or sign in with a password."
        ) from None
    except (AuthlibBaseError, JoseError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        log.warning("provider_answer_refused", kind=type(error).__name__)
        raise _untrue() from None


def _untrue() -> Forbidden:
    return Forbidden(
        "The answer of the company sign-in is not as it must be.", code="sign_on_untrue", next_step="Try again from the sign-in page."
    )
