"""The second factor: enrolled, asked for, never by the same code twice, replaced by a recovery code, required by role."""

import html
import re
from dataclasses import replace

import pyotp
import pytest
from sqlalchemy import text

from api.auth.accounts import NewAccount, add_account
from api.auth.roles import second_factor_roles
from api.auth.sealing import reseal, ring_of
from api.product import EXTENSION
from api.settings import Settings
from engine.problems import Invalid
from engine.runtime.state.audit import first_broken
from handlers.changes import Author
from handlers.sealing import Ring
from tests.integration.api.conftest import KEY as OLD

PASSWORD = "orchid-lantern-42"


@pytest.fixture
def nora(installation, application):
    """Nora of the sales desk in her browser, signed in with her password."""
    with installation.database.transaction() as tx:
        add_account(tx, NewAccount("nora", "Nora Newcomer", ("sales",), password=PASSWORD))
    browser = application.test_client()
    browser.post("/login", data={"name": "nora", "password": PASSWORD})
    browser.environ_base["HTTP_X_CSRF_TOKEN"] = browser.get("/api/v1/me").json["csrf_token"]
    return browser


@pytest.fixture
def code(installation):
    """The code of a secret, some steps from now, by the clock of the database."""

    def at(secret, steps=0):
        with installation.database.transaction() as tx:
            now = tx.scalar(text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS bigint)"))
        return pyotp.TOTP(secret).at(now + 30 * steps)

    return at


def enrol(browser, code):
    """The secret and the recovery codes."""
    secret = re.search(r">([A-Z2-7]{32})<", browser.post("/profile/second-factor", data={"password": PASSWORD}).text)[1]
    told = browser.post("/profile/second-factor/confirm", data={"code": code(secret, -1)}).text
    return secret, re.findall(r'<li class="mono">([^<]+)</li>', told)


def sign_in(browser, *, password=PASSWORD):
    return browser.post("/login", data={"name": "nora", "password": password, "next": "/orders"})


def log_of(installation):
    with installation.database.transaction() as tx:
        assert first_broken(tx) is None
        return tx.execute(text("SELECT string_agg(a::text, ' ') FROM audit a")).scalar()


def test_after_the_password_a_code_is_asked_for_and_none_serves_twice(nora, client, code, installation):
    secret, recovery = enrol(nora, code)
    assert len(set(recovery)) == 10
    assert sign_in(client).headers["Location"] == "/login/code?next=/orders"
    assert client.get("/orders").headers["Location"].startswith("/login")
    waiting = client.get_cookie("ordercraft_session").value
    assert "recovery code" in client.get("/login/code?next=/orders").text
    assert client.post("/login/code", data={"code": "000000"}).status_code == 422
    now = code(secret)
    assert client.post("/login/code", data={"code": f"{now[:3]} {now[3:]}", "next": "/orders"}).headers["Location"] == "/orders"
    assert client.get("/orders").status_code == 200
    assert client.get_cookie("ordercraft_session").value != waiting
    sign_in(client)
    assert client.post("/login/code", data={"code": now}).status_code == 422
    assert client.post("/login/code", data={"code": recovery[3].upper()}).status_code == 302
    sign_in(client)
    assert client.post("/login/code", data={"code": recovery[3]}).status_code == 422
    assert nora.get("/api/v1/me/second-factor").json["recovery_codes"] == 9
    told = log_of(installation)
    assert not re.search("|".join((secret, now, *recovery)), told)
    assert "password and recovery code" in told


def test_guessing_codes_pauses_and_the_right_one_waits_with_them(nora, client, code):
    secret, _ = enrol(nora, code)
    sign_in(client)
    for _ in range(5):
        assert client.post("/login/code", data={"code": "000000"}).status_code == 422
    answer = client.post("/login/code", data={"code": code(secret)})
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 20) == (429, True)


def test_who_has_not_given_the_password_is_asked_for_no_code(client):
    assert client.get("/login/code").headers["Location"] == "/login"
    assert client.post("/login/code", data={"code": "123456"}).headers["Location"] == "/login"
    assert client.get("/login/enrol").headers["Location"] == "/login"


def test_whose_role_needs_a_second_factor_adds_one_while_signing_in(installation, application, client, code, nora):
    application.extensions[EXTENSION] = replace(installation, settings=replace(installation.settings, second_factor_roles="sell"))
    assert sign_in(client).headers["Location"] == "/login/enrol?next=/orders"
    page = client.get("/login/enrol").text
    secret = re.search(r">([A-Z2-7]{32})<", page)[1]
    assert 'src="data:image/svg+xml' in page
    assert client.post("/login/enrol", data={"code": "000000"}).status_code == 422
    told = client.post("/login/enrol", data={"code": code(secret), "next": "/orders"})
    assert len(re.findall(r'<li class="mono">', told.text)) == 10
    assert client.get("/orders").status_code == 200


def test_a_second_factor_is_begun_by_the_password_and_taken_away_by_a_code_or_an_administrator(nora, code, signed_in, client):
    assert nora.put("/api/v1/me/second-factor", json={"password": "not-this-one"}).json["errors"] == {"password": ["is wrong"]}
    begun = nora.put("/api/v1/me/second-factor", json={"password": PASSWORD}).json
    assert "otpauth://totp/" in html.unescape(begun["address"])
    assert sign_in(client).headers["Location"] == "/orders"  # it does not count before a code of it was right
    wrong = nora.put("/api/v1/me/second-factor/confirmation", json={"code": "000000"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "code_wrong")
    codes = nora.put("/api/v1/me/second-factor/confirmation", json={"code": code(begun["secret"], -1)}).json["recovery_codes"]
    assert nora.put("/api/v1/me/second-factor", json={"password": PASSWORD}).status_code == 409
    more = nora.put("/api/v1/me/second-factor/recovery-codes", json={"code": codes[0]}).json["recovery_codes"]
    assert nora.put("/api/v1/me/second-factor/removal", json={"code": codes[1]}).status_code == 422
    assert nora.put("/api/v1/me/second-factor/removal", json={"code": more[0]}).status_code == 204
    enrol(nora, code)
    edith = signed_in("edith")
    assert edith.get("/api/v1/accounts/nora").json["second_factor"]
    lost = edith.post("/administration/accounts/nora/second-factor/remove", data={"reason": "lost telephone"})
    assert lost.headers["Location"].endswith("?done=factor-removed")
    assert edith.post("/api/v1/accounts/nora/second-factor/remove", json={"reason": "again"}).status_code == 409


def test_who_proved_long_ago_who_they_are_confirms_it_before_giving_rights(nora, code, installation):
    secret, recovery = enrol(nora, code)
    token = {"label": "mine", "roles": ["read"]}
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE sign_in SET proved_at = proved_at - interval '31 minutes'"))
        tx.execute(text("INSERT INTO user_group SELECT id, 'admin' FROM user_account WHERE name = 'nora'"))
    assert nora.get("/profile").status_code == 200
    assert nora.post("/api/v1/me/tokens", json=token).json["code"] == "proof_needed"
    asked = nora.get("/administration/accounts/tom")
    assert asked.headers["Location"] == "/confirm?next=/administration/accounts/tom"
    sent = nora.post("/profile/tokens", data={"label": "x"}, headers={"Referer": "http://localhost/profile?x=1"})
    assert sent.headers["Location"] == "/confirm?next=/profile"
    assert nora.get("/confirm").status_code == 200
    for wrong in ({"password": "no", "code": recovery[0]}, {"password": PASSWORD, "code": "000000"}):
        assert nora.post("/confirm", data=wrong).status_code == 422
    before = nora.get_cookie("ordercraft_session").value
    right = {"password": PASSWORD, "code": code(secret), "next": "/administration/accounts/tom"}
    assert nora.post("/confirm", data=right).headers["Location"] == "/administration/accounts/tom"
    assert nora.get_cookie("ordercraft_session").value != before
    nora.environ_base["HTTP_X_CSRF_TOKEN"] = nora.get("/api/v1/me").json["csrf_token"]
    assert nora.get("/administration/accounts/tom").status_code == 200
    assert nora.post("/api/v1/me/tokens", json=token).status_code == 201
    assert nora.put("/api/v1/me/confirmation", json={"password": PASSWORD, "code": recovery[0]}).status_code == 204


def test_a_role_that_there_is_not_is_refused_when_the_product_starts():
    assert second_factor_roles("administer, deploy,") == {"administer", "deploy"}
    with pytest.raises(Invalid, match="wizard"):
        second_factor_roles("wizard")


def test_what_is_kept_of_an_authenticator_is_sealed_opened_by_an_older_key_and_sealed_anew(nora, client, code, installation):
    secret, recovery = enrol(nora, code)
    old = ring_of(installation.settings)
    both, new = (ring_of(replace(installation.settings, secrets_key=keys)) for keys in (f"{'n' * 32},{OLD}", "n" * 32))
    with installation.database.transaction() as tx:
        kept = tx.scalar(text("SELECT secret FROM second_factor"))
        assert secret not in kept
        assert old.open(kept) == both.open(kept) == secret
        assert reseal(tx, both, Author("command-line")) == 1
        assert new.open(tx.scalar(text("SELECT secret FROM second_factor"))) == secret
    sign_in(client)
    refused = client.post("/login/code", data={"code": code(secret)})
    assert (refused.status_code, "use a recovery code" in refused.text) == (422, True)
    assert client.post("/login/code", data={"code": recovery[0]}).status_code in {302, 303}


def test_a_secret_that_was_kept_before_there_was_a_key_still_serves(installation):
    assert ring_of(installation.settings).open("JBSWY3DPEHPK3PXP") == "JBSWY3DPEHPK3PXP"


def test_without_a_setting_the_key_is_made_once_for_its_owner_s_eyes(tmp_path):
    sealed = ring_of(Settings(data=tmp_path)).seal("JBSWY3DPEHPK3PXP")
    assert (tmp_path / "secrets.key").stat().st_mode & 0o777 == 0o600
    assert Ring(((tmp_path / "secrets.key").read_text().strip(),)).open(sealed) == "JBSWY3DPEHPK3PXP"


def test_a_key_that_could_be_guessed_is_refused_and_not_said():
    with pytest.raises(Invalid) as refused:
        Settings.from_environment({"ORDERCRAFT_SECRETS_KEY": "hunter2"})
    assert "hunter2" not in refused.value.detail + refused.value.next_step
