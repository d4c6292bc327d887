"""What an answer says to the browser, whom a proxy's word counts for, and what is said of a database that refuses."""

import threading
import urllib.request
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api.listening import take_address
from api.product import EXTENSION
from api.server import _listen
from api.settings import Settings
from engine.problems import Invalid
from engine.store.patience import USUAL, Patience

TLS = {"wsgi.url_scheme": "https"}


def test_by_tls_cookies_are_secure_under_a_name_that_no_neighbour_sets_and_the_browser_stays_with_tls(client):
    answer = client.post("/login", data={"persona": "sara"}, environ_overrides=TLS)
    cookies = answer.headers.getlist("Set-Cookie")
    (session,) = (each for each in cookies if each.startswith("__Host-ordercraft_session="))
    assert {part.strip() for part in session.split(";")[1:]} == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert client.get("/api/v1/me", environ_overrides=TLS, base_url="https://localhost").json["name"] == "sara"
    assert client.get("/api/v1/me").status_code == 401, "what was given by TLS does not count without"
    plain = client.get("/login")
    assert "Strict-Transport-Security" not in plain.headers


def test_nothing_personal_is_kept_and_what_is_no_page_of_ours_runs_in_a_sandbox(signed_in):
    sara = signed_in("sara")
    for address in ("/", "/api/v1/me", "/orders.csv", "/login"):
        assert sara.get(address).headers["Cache-Control"] == "no-store", address
    assert "max-age" in sara.get("/favicon.ico", buffered=True).headers["Cache-Control"]
    policy = sara.get("/api/v1/processes/none/versions/1/model").headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "sandbox" not in sara.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize(("trusted", "seen"), [("", "127.0.0.1 http"), ("127.0.0.1", "198.51.100.7 https")])
def test_only_the_proxy_that_the_settings_name_is_believed(installation, trusted, seen):
    def application(environ, begin):
        begin("200 OK", [])
        return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]

    product = replace(installation, settings=Settings(trusted_proxy=trusted))
    listening = take_address("127.0.0.1", 0)
    server = _listen(product, application, listening)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    asked = urllib.request.Request(address, headers={"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert answer.read().decode() == seen
    server.close()


def test_a_proxy_that_is_no_address_is_refused():
    with pytest.raises(Invalid, match="ORDERCRAFT_TRUSTED_PROXY"):
        Settings.from_environment({"ORDERCRAFT_TRUSTED_PROXY": "everybody"})


@pytest.mark.parametrize(("whom", "statuses"), [("signed-in", (401, 200)), ("everybody", (200, 200)), ("nobody", (404, 404))])
def test_metrics_are_for_whom_the_setting_says(application, installation, signed_in, whom, statuses):
    application.extensions[EXTENSION] = replace(installation, settings=Settings(metrics=whom))
    asked = (application.test_client(), signed_in("olga"))
    assert tuple(each.get("/metrics").status_code for each in asked) == statuses
    assert application.test_client().get("/openapi/openapi.json").status_code in {302, 401}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.errors.QueryCanceled("too long"), "database_too_slow"),
        (psycopg.errors.LockNotAvailable("locked"), "locked"),
        (psycopg.errors.DiskFull("full"), "disk_full"),
        (psycopg.errors.AdminShutdown("stops"), "database_restarts"),
        (psycopg.OperationalError("gone"), "database_unavailable"),
    ],
)
def test_a_refusal_of_the_database_says_which_it_is_and_what_to_do(signed_in, monkeypatch, error, code):
    def refuse(*_args, **_kwargs):
        raise OperationalError("SELECT", {}, error)

    sara = signed_in("sara")
    monkeypatch.setattr("api.v1.orders.list_orders", refuse)
    answer = sara.get("/api/v1/orders")
    assert (answer.status_code, answer.json["code"]) == (503, code)
    assert answer.json["next_step"]


def test_the_database_ends_what_lasts_too_long_and_what_says_so_before_may_last(database):
    short = Patience(idle=USUAL.idle, statement=USUAL.lock / 100, lock=USUAL.lock)
    with pytest.raises(OperationalError, match="statement timeout"), database.transaction(short) as tx:
        tx.execute(text("SELECT pg_sleep(20)"))
    with database.transaction() as tx:
        assert tx.scalar(text("SHOW statement_timeout")) == "1min"
        assert tx.scalar(text("SHOW lock_timeout")) == "20s"
        assert tx.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
