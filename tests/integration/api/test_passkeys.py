"""Passkeys: added by who proved who they are, signing in alone, refused when copied, replayed or meant for another place, and lost."""

import json
import re

import pytest
from sqlalchemy import text

from api.auth import second_factor
from api.auth.accounts import NewAccount, account_named, add_account, deactivate
from engine.runtime.state.audit import first_broken
from handlers.changes import Author
from tests.passkey_device import Device

PASSWORD = "orchid-lantern-42"
HERE = "http://localhost"


@pytest.fixture
def people(installation):
    with installation.database.transaction() as tx:
        for name in ("nora", "otto"):
            add_account(tx, NewAccount(name, name.title(), ("sales",), password=PASSWORD))


def browser_of(application, name):
    """A browser in which somebody has signed in with a password."""
    browser = application.test_client()
    browser.post("/login", data={"name": name, "password": PASSWORD})
    browser.environ_base["HTTP_X_CSRF_TOKEN"] = browser.get("/api/v1/me").json["csrf_token"]
    return browser


@pytest.fixture
def nora(people, application):
    return browser_of(application, "nora")


def add(browser, device, label="Telephone", origin=HERE):
    made = device.make(browser.put("/api/v1/me/passkeys/options").json, origin)
    return browser.put("/api/v1/me/passkeys", json={"label": label, "credential": made})


def signed(browser, device, origin=HERE, **how):
    return device.sign(browser.post("/login/passkey/options").json, origin, **how)


def come(browser, credential):
    return browser.post("/login/passkey", data={"credential": json.dumps(credential), "next": "/orders"})


def log_of(installation):
    with installation.database.transaction() as tx:
        assert first_broken(tx) is None
        return [tuple(row) for row in tx.execute(text("SELECT actor, action, detail FROM audit ORDER BY id"))]


def test_a_passkey_signs_in_alone_and_the_log_says_by_what(installation, application, nora):
    device = Device()
    assert len(add(nora, device).json["recovery_codes"]) == 10
    browser = application.test_client()
    answer = come(browser, signed(browser, device))
    assert (answer.status_code, answer.location) == (302, "/orders")
    assert browser.get("/api/v1/me").json["name"] == "nora"
    verbs = [(actor, verb) for actor, verb, _ in log_of(installation)]
    assert ("nora", "add_passkey") in verbs
    assert log_of(installation)[-1][2]["by"] == "passkey"
    (kept,) = nora.get("/api/v1/me/passkeys").json["items"]
    assert (kept["label"], kept["synced"]) == ("Telephone", False)
    assert kept["last_used_at"]


def test_with_a_passkey_the_password_alone_lets_nobody_in(application, nora):
    device = Device()
    codes = add(nora, device).json["recovery_codes"]
    browser = application.test_client()
    assert browser.post("/login", data={"name": "nora", "password": PASSWORD}).location.startswith("/login/code")
    assert browser.get("/api/v1/me").status_code == 401
    assert come(browser, signed(browser, device)).status_code == 302
    assert browser.get("/api/v1/me").status_code == 200
    lost = application.test_client()
    lost.post("/login", data={"name": "nora", "password": PASSWORD})
    assert lost.post("/login/code", data={"code": codes[0]}).status_code == 302
    assert lost.post("/logout", data={"csrf_token": lost.get("/api/v1/me").json["csrf_token"]}).status_code == 302
    lost.post("/login", data={"name": "nora", "password": PASSWORD})
    assert lost.post("/login/code", data={"code": codes[0]}).status_code == 422, "a recovery code serves once"


WRONG = ("place", "owner", "replayed", "copied", "unknown", "nobody asked", "no passkey", "number", "deep", "long id")


@pytest.mark.parametrize("wrong", WRONG)
def test_what_proves_nothing_lets_nobody_in_and_each_is_told_alike(installation, application, nora, wrong):
    device = Device()
    add(nora, device)
    browser = application.test_client()
    credential = signed(
        browser, device, **{"place": {"origin": "https://orders.example.evil"}, "owner": {"knows_who": False}}.get(wrong, {})
    )
    match wrong:
        case "replayed":
            assert come(browser, credential).status_code == 302
            browser = application.test_client()
            browser.post("/login/passkey/options")
        case "copied":
            assert come(browser, credential).status_code == 302
            device.uses = 0
            browser = application.test_client()
            credential = signed(browser, device)
        case "unknown":
            credential = signed(browser, Device())
        case "nobody asked":
            browser = application.test_client()
        case "no passkey":
            credential = {"id": "AAAA", "response": {}}
        case "number":
            credential = 7
        case "long id":
            credential["id"] = credential["rawId"] = "A" * 10_000
    sent = "[" * 5_000 if wrong == "deep" else json.dumps(credential)
    answer = browser.post("/login/passkey", data={"credential": sent})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert browser.get("/api/v1/me").status_code == 401
    assert not re.search(r"Traceback|nora", answer.text)


def test_guessing_from_one_place_is_told_to_the_log_in_few_rows_and_pauses(installation, application, nora):
    browser = application.test_client()
    answers = {browser.post("/login/passkey", data={"credential": "{}"}).status_code for _ in range(70)}
    assert answers == {422, 429}
    rows = [detail for _, verb, detail in log_of(installation) if verb == "sign_in_refused"]
    assert [row["by"] for row in rows] == ["passkey"] * len(rows)
    assert 1 <= len(rows) <= 5


def test_who_asks_and_never_signs_pauses_and_whoever_signs_is_forgiven(application, nora):
    device = Device()
    add(nora, device)
    browser = application.test_client()
    assert {browser.post("/login/passkey/options").status_code for _ in range(50)} == {200}
    assert come(browser, signed(browser, device)).status_code == 302
    assert {browser.post("/login/passkey/options").status_code for _ in range(70)} == {200, 429}


def test_who_was_let_go_comes_in_by_no_passkey(installation, application, nora):
    device = Device()
    add(nora, device)
    with installation.database.transaction() as tx:
        deactivate(tx, "nora", Author("edith", "left"))
    browser = application.test_client()
    assert come(browser, signed(browser, device)).status_code == 422


def test_a_passkey_is_taken_away_by_its_owner_alone_and_with_the_last_one_the_codes(installation, application, people):
    nora, otto = browser_of(application, "nora"), browser_of(application, "otto")
    add(nora, Device())
    add(nora, Device(), "Tablet")
    first, second = (each["id"] for each in nora.get("/api/v1/me/passkeys").json["items"])
    assert otto.delete(f"/api/v1/me/passkeys/{first}").status_code == 404
    assert nora.delete(f"/api/v1/me/passkeys/{first}").status_code == 204
    assert nora.get("/api/v1/me/second-factor").json == {"enrolled": False, "since": None, "recovery_codes": 10, "passkeys": 1}
    assert nora.post(f"/profile/passkeys/{second}/remove").status_code == 303
    assert nora.get("/api/v1/me/second-factor").json == {"enrolled": False, "since": None, "recovery_codes": 0, "passkeys": 0}
    assert [detail["passkey"] for _, verb, detail in log_of(installation) if verb == "remove_passkey"] == ["Telephone", "Tablet"]


def test_an_administrator_takes_all_of_a_lost_device_away(installation, application, nora):
    device = Device()
    add(nora, device)
    with installation.database.transaction() as tx:
        second_factor.remove_all(tx, account_named(tx, "nora").id, Author("edith", "lost"))
    browser = application.test_client()
    assert come(browser, signed(browser, device)).status_code == 422
    assert browser.post("/login", data={"name": "nora", "password": PASSWORD}).location == "/"


def test_who_one_is_is_confirmed_by_one_s_own_passkey(installation, application, people):
    nora, otto = browser_of(application, "nora"), browser_of(application, "otto")
    device = Device()
    add(nora, device)
    answer = otto.post("/confirm/passkey", data={"credential": json.dumps(signed(otto, device))})
    assert answer.status_code == 422
    assert "passkey of nora" in answer.text
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE sign_in SET proved_at = now() - interval '2 hours'"))
    assert nora.put("/api/v1/me/passkeys/options").json["code"] == "proof_needed"
    proved = nora.post("/confirm/passkey", data={"credential": json.dumps(signed(nora, device)), "next": "/profile"})
    assert (proved.status_code, proved.location) == (303, "/profile")


def test_no_passkey_is_bound_to_an_address_of_numbers_or_made_by_a_token(application, nora):
    refused = nora.put("/api/v1/me/passkeys/options", base_url="http://127.0.0.1")
    assert refused.status_code in {401, 422}
    anonymous = application.test_client().post("/login/passkey/options", base_url="http://127.0.0.1:8080")
    assert (anonymous.status_code, anonymous.json["code"]) == (422, "passkey_place")


@pytest.mark.parametrize("label", ["", " ", "x" * 101, "tele\u202ephone"])
def test_a_passkey_has_a_name_that_can_be_read(nora, label):
    answer = add(nora, Device(), label)
    assert answer.status_code == 422
    assert answer.json["errors"]


def test_one_passkey_is_one_account_s(application, people):
    nora, otto = browser_of(application, "nora"), browser_of(application, "otto")
    device = Device()
    add(nora, device)
    answer = add(otto, device)
    assert (answer.status_code, answer.json["code"]) == (409, "passkey_known")
