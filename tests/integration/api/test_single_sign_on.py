"""Signing in by a provider of OpenID Connect: a real one on loopback, and one that lies."""

import threading
import time
import warnings
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import flask
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import text
from werkzeug.serving import make_server

from api import single_sign_on
from api.auth import identities
from api.product import EXTENSION
from engine.runtime.state.audit import first_broken
from handlers.changes import Author

CLIENT, PASSWORD = "ordercraft", "orchid-lantern-42"
ROOT = Author("edith")


@contextmanager
def listening(application):
    """An application on a loopback port, in a thread of its own; its address."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def trusting(installation, application):
    """Let the installation trust the provider at an address, which maps its group Verkauf to ours."""
    with installation.database.transaction() as tx:
        identities.map_claim(tx, "Verkauf", "sales", ROOT)

    def trust(issuer):
        settings = replace(
            installation.settings, oidc_issuer=issuer, oidc_client_id=CLIENT, oidc_client_secret="s3cret", oidc_name="Alpenkontor account"
        )
        application.extensions[EXTENSION] = replace(installation, settings=settings)

    yield trust
    single_sign_on._made.cache_clear()


@pytest.fixture
def provider(trusting):
    """`oidc-provider-mock`: its address."""
    with warnings.catch_warnings(record=True):  # of the JOSE that it is written with
        from oidc_provider_mock import app

        warnings.simplefilter("ignore")
        with listening(app()) as address:
            trusting(address)
            yield address


def known(provider, sub, **claims):
    httpx.put(f"{provider}/users/{sub}", json=claims).raise_for_status()


def come_back(browser, sub, start="/login/company?next=/orders"):
    """Go to the provider, say there who one is, and come back with its answer."""
    there = browser.get(start).headers["Location"]
    back = urlsplit(httpx.post(there, data={"sub": sub}).headers["Location"])
    return browser.get(f"{back.path}?{back.query}")


def scalar(installation, sql):
    with installation.database.transaction() as tx:
        return tx.scalar(text(sql))


def test_who_the_provider_knows_comes_in_with_the_groups_that_are_mapped(provider, client, installation):
    assert "Alpenkontor account" in client.get("/login").text
    known(provider, "248289", preferred_username="Nora", name="Nora Newcomer", email="nora@example.com", groups=["Verkauf", "Ski"])
    there = client.get("/login/company?next=/orders").headers["Location"]
    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert come_back(client, "248289").headers["Location"] == "/orders"
    me = client.get("/api/v1/me").json
    assert (me["name"], me["groups"]) == ("nora", ["sales"])
    with installation.database.transaction() as tx:
        assert first_broken(tx) is None
    assert scalar(installation, "SELECT detail ->> 'by' FROM audit WHERE action = 'sign_in'") == "single sign-on"
    out = client.post("/logout", data={"csrf_token": me["csrf_token"]})
    assert out.headers["Location"] == "/login?out=company"
    assert "/login/company/sign-out" in client.get("/login?out=company").text
    assert client.get("/login/company/sign-out").headers["Location"].startswith(f"{provider}/oauth2/end_session?")


def test_the_provider_gives_and_takes_its_own_groups_and_leaves_the_others(provider, client, signed_in):
    known(provider, "248289", preferred_username="nora", groups=["Verkauf"])
    come_back(client, "248289")
    edith = signed_in("edith")
    edith.patch("/api/v1/accounts/nora", json={"changes": {"groups": ["sales", "credit"]}})
    edith.post("/api/v1/group-claims", json={"claim": "Lager", "group": "warehouse"})
    known(provider, "248289", preferred_username="somebody-else", groups="Lager")
    come_back(client, "248289")
    me = client.get("/api/v1/me").json
    assert (me["name"], me["groups"]) == ("nora", ["credit", "warehouse"])


def test_who_has_no_mapped_group_another_s_name_or_an_inactive_account_stays_out(provider, client, signed_in, installation):
    known(provider, "1", preferred_username="stranger", groups=["Ski"])
    assert come_back(client, "1").status_code == 403
    known(provider, "2", preferred_username="sara", groups=["Verkauf"])
    assert come_back(client, "2").status_code == 409
    known(provider, "3", preferred_username="nora", groups=["Verkauf"])
    come_back(client, "3")
    assert signed_in("edith").post("/api/v1/accounts/nora/deactivate", json={"reason": "has left"}).json["sessions"] == 1
    answer = come_back(client, "3")
    assert (answer.status_code, "inactive" in answer.text) == (403, True)
    assert scalar(installation, "SELECT count(*) FROM external_identity") == 1


def test_an_account_is_linked_on_one_s_own_page_and_unlinked_by_an_administrator(provider, signed_in, client):
    sara = signed_in("sara")
    known(provider, "77", preferred_username="whatever", groups=[])
    assert come_back(sara, "77", "/profile/company-account").headers["Location"] == "/profile?done=linked"
    assert provider in sara.get("/profile").text
    come_back(client, "77")
    assert client.get("/api/v1/me").json["name"] == "sara"
    tom = signed_in("tom")
    assert come_back(tom, "77", "/profile/company-account").status_code == 409
    edith = signed_in("edith")
    assert edith.post("/api/v1/accounts/sara/identity/remove", json={"reason": "left the group"}).status_code == 200
    assert edith.post("/api/v1/accounts/sara/identity/remove", json={"reason": "again"}).status_code == 409


def test_an_answer_counts_once_in_the_browser_that_asked_and_never_without_being_asked(provider, client, application):
    known(provider, "5", preferred_username="nora", groups=["Verkauf"])
    there = client.get("/login/company").headers["Location"]
    back = urlsplit(httpx.post(there, data={"sub": "5"}).headers["Location"])
    stranger = application.test_client()
    assert stranger.get(f"{back.path}?{back.query}").status_code == 403
    assert client.get(f"{back.path}?code=made-up&state=made-up").status_code == 403
    assert client.get(f"{back.path}?{back.query}").headers["Location"] == "/"
    assert client.get(f"{back.path}?{back.query}").status_code == 403
    denied = urlsplit(httpx.post(client.get("/login/company").headers["Location"], data={"action": "deny"}).headers["Location"])
    assert client.get(f"{denied.path}?{denied.query}").status_code == 403


class Liar:
    """A provider whose token says what the test wants: `claims` of it are other than they should be."""

    def __init__(self):
        self.key, self.other = (ECKey.generate_key("P-256", {"kid": "k1"}) for _ in range(2))
        self.issuer, self.nonce, self.lie, self.metadata = "", "", {}, {}
        self.application = flask.Flask(__name__)
        self.application.add_url_rule("/.well-known/openid-configuration", view_func=self.describe)
        self.application.add_url_rule("/jwks", view_func=lambda: {"keys": [self.key.as_dict(private=False)]}, endpoint="jwks")
        self.application.add_url_rule("/token", view_func=self.token, methods=["POST"])

    def describe(self):
        addresses = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token")}
        told = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", "id_token_signing_alg_values_supported": ["ES256"]}
        return {**told, **addresses, **self.metadata}

    def token(self):
        now = int(time.time())
        true = {"iss": self.issuer, "aud": CLIENT, "sub": "9", "iat": now, "exp": now + 300, "nonce": self.nonce}
        true |= {"preferred_username": "nora", "groups": ["Verkauf"]}
        claims = {name: value for name, value in {**true, **self.lie.get("claims", {})}.items() if value is not None}
        signed = jwt.encode({"alg": "ES256", "kid": "k1"}, claims, self.lie.get("key", self.key))
        answer = {"access_token": "a", "token_type": "Bearer", "id_token": self.lie.get("signed", lambda _: signed)(claims)}
        return {name: value for name, value in answer.items() if value is not None}


@pytest.fixture
def liar(trusting):
    made = Liar()
    with listening(made.application) as address:
        made.issuer = address
        trusting(address)
        yield made


def answer_of(client, liar):
    asked = parse_qs(urlsplit(client.get("/login/company").headers["Location"]).query)
    liar.nonce = asked["nonce"][0]
    return client.get(f"/login/company/answer?code=c&state={asked['state'][0]}")


def unsigned(claims):
    import base64
    import json

    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims))
    return ".".join((*parts, ""))


LIES = {
    "another nonce": {"claims": {"nonce": "other"}},
    "no nonce": {"claims": {"nonce": None}},
    "for another client": {"claims": {"aud": "another-client"}},
    "of another issuer": {"claims": {"iss": "https://elsewhere.example"}},
    "expired": {"claims": {"exp": 1_700_000_000}},
    "no end": {"claims": {"exp": None}},
    "no subject": {"claims": {"sub": None}},
    "a subject that is no text": {"claims": {"sub": 9}},
    "issued tomorrow": {"claims": {"iat": 4_000_000_000}},
    "signed with a key of its own": {"key": "other"},
    "signed with the client's secret": {"signed": lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("s3cret" * 8))},
    "not signed": {"signed": unsigned},
    "no token": {"signed": lambda _: None},
    "no JSON": {"signed": lambda _: "nonsense"},
}


def test_a_provider_that_lies_lets_nobody_in(client, liar, installation):
    for name, lie in LIES.items():
        liar.lie = {**lie, "key": liar.other} if lie.get("key") else lie
        assert answer_of(client, liar).status_code == 403, name
    assert scalar(installation, "SELECT count(*) FROM external_identity") == 0
    liar.lie = {}
    assert answer_of(client, liar).headers["Location"] == "/"


def test_a_provider_that_names_another_or_is_away_is_refused_in_words(client, liar, trusting):
    liar.metadata = {"issuer": "https://elsewhere.example"}
    assert client.get("/login/company").status_code == 403
    single_sign_on._made.cache_clear()
    trusting("http://127.0.0.1:9")
    answer = client.get("/login/company")
    assert (answer.status_code, "Alpenkontor account does not answer" in answer.text) == (503, True)


def test_without_a_provider_none_is_offered(client):
    assert "company" not in client.get("/login").text
    assert client.get("/login/company").status_code == 403


def test_groups_are_mapped_by_page_and_api_and_refused_beside_their_field(signed_in):
    edith = signed_in("edith")
    page = "/administration/single-sign-on"
    assert edith.post(page, data={"claim": "Einkauf", "group": "buyer"}).headers["Location"] == f"{page}?done=mapped"
    wrong = edith.post(page, data={"claim": "", "group": "wizards"})
    assert (wrong.status_code, "1 to 200 characters" in wrong.text) == (422, True)
    assert edith.post("/api/v1/group-claims", json={"claim": "Einkauf", "group": "buyer"}).status_code == 409
    assert edith.get("/api/v1/group-claims").json == {"items": [{"claim": "Einkauf", "group": "buyer"}]}
    assert edith.post("/api/v1/group-claims/remove", json={"claim": "Einkauf", "group": "buyer"}).status_code == 200
    assert edith.post(f"{page}/remove", data={"claim": "Einkauf", "group": "buyer"}).status_code == 422
    assert signed_in("tom").get(page).status_code == 403
