"""Accounts by page, API and command line: one verb each."""

import html
import json
import re

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from api import administration
from api.auth.refusals import tell_refusals
from api.commands import user
from engine.runtime.state.audit import first_broken

PASSWORD = "orchid-lantern-42"
BASE = "/administration/accounts"


def secret_on(answer):
    assert answer.headers["Cache-Control"] == "no-store"
    return html.unescape(re.search(r'id="secret">([^<]+)<', answer.text)[1])


def whole_log(database):
    with database.transaction() as tx:
        return tx.execute(text("SELECT string_agg(a::text, ' ') FROM audit a")).scalar() or ""


@pytest.fixture
def edith(signed_in):
    return signed_in("edith")


@pytest.fixture
def command(database, monkeypatch):
    """`ordercraft user …` on the database of the test: what it printed."""
    monkeypatch.setattr(user, "_database", lambda: database)

    def run(*words):
        done = CliRunner().invoke(user.command, words)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_somebody_is_added_chooses_a_password_signs_in_changes_it_and_is_let_go(edith, client, application, installation):
    form = {"name": "Nora", "full_name": "Nora Newcomer", "mail": "nora@example.com", "groups": ["sales", "credit"]}
    link = secret_on(edith.post(BASE, data=form))
    address, _, code = link.partition("#")
    assert address == "http://localhost/password"
    assert client.get("/password").status_code == 200
    weak = client.post("/password", data={"code": code, "password": "Nora.Newcomer.1"})
    assert (weak.status_code, "made of your name" in weak.text) == (422, True)
    assert "Nora.Newcomer.1" not in weak.text
    assert client.post("/password", data={"code": code, "password": PASSWORD}).headers["Location"] == "/login?chosen=nora"
    assert client.post("/login", data={"name": "Nora", "password": "wrong-password-1"}).status_code == 401
    assert client.post("/login", data={"name": "Nora", "password": PASSWORD}).status_code == 302
    assert client.get("/profile").status_code == 200
    csrf = {"X-CSRF-Token": client.get("/api/v1/me").json["csrf_token"]}
    wrong = client.post("/profile/password", data={"old": "no", "new": "walnut-ferry-cobalt-9"}, headers=csrf)
    assert (wrong.status_code, "Present password is wrong" in wrong.text) == (422, True)
    answer = client.put("/api/v1/me/password", json={"old": PASSWORD, "new": "walnut-ferry-cobalt-9"}, headers=csrf)
    assert (answer.status_code, client.get("/api/v1/me").status_code) == (204, 200)
    assert edith.post(f"{BASE}/nora/deactivate", data={"reason": ""}).status_code == 422
    assert edith.post(f"{BASE}/nora/deactivate", data={"reason": "has left"}).headers["Location"] == f"{BASE}/nora?done=deactivated"
    assert client.get("/api/v1/me").status_code == 401
    assert "has left" in edith.get(f"{BASE}/nora").text
    assert not re.search(f"{code}|{PASSWORD}|walnut", whole_log(installation.database))


def test_tasks_of_somebody_who_leaves_go_back_to_the_group_with_what_was_typed(edith, installation):
    with installation.database.transaction() as tx:
        tx.execute(text(TASK))
    answer = edith.post("/api/v1/accounts/clara/deactivate", json={"reason": "has left"})
    assert answer.json == {"id": "clara", "sessions": 0, "tokens": 0, "tasks": 1}
    with installation.database.transaction() as tx:
        row = tx.execute(text("SELECT assignee, candidate_groups, draft, version FROM user_task")).one()
    assert row == (None, ["credit"], {"limit": 3}, 2)


def test_a_change_is_refused_beside_its_field_with_what_was_typed(edith):
    answer = edith.post(f"{BASE}/tom", data={"full_name": "", "mail": "tom@", "title": "Desk", "groups": ["order-desk"]})
    assert answer.status_code == 422
    assert "Name is missing" in answer.text
    assert 'value="tom@"' in answer.text
    assert (
        edith.post(f"{BASE}/tom", data={"full_name": "Tom E.", "groups": ["warehouse"]}).headers["Location"] == f"{BASE}/tom?done=changed"
    )
    assert edith.get("/api/v1/accounts/tom").json["groups"] == ["warehouse"]


def test_the_list_finds_and_pages(edith):
    assert "Jonas Weber" in edith.get(f"{BASE}?search=JONAS").text
    assert "Tom Eriksen" not in edith.get(f"{BASE}?group=sales").text
    first = edith.get("/api/v1/accounts?limit=6").json
    second = edith.get(f"/api/v1/accounts?limit=6&cursor={first['next_cursor']}").json
    names = [row["name"] for page in (first, second) for row in page["items"]]
    assert names == sorted(names)
    assert len(names) == 11


def test_a_token_is_shown_once_counts_its_use_and_is_revoked(edith, client, installation):
    form = {"label": "Web shop", "days": "30", "roles": ["read", "order"]}
    token = secret_on(edith.post(f"{BASE}/tom/tokens", data=form))
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/me", headers=bearer).json["roles"] == ["order", "read", "see-bank", "see-costs", "see-credit", "see-data"]
    page = edith.get(f"{BASE}/tom").text
    assert token not in page
    (row,) = edith.get("/api/v1/accounts/tom/tokens").json["items"]
    assert row["last_used_at"]
    assert edith.post(f"/api/v1/tokens/{row['id']}/revoke").json["state"] == "revoked"
    assert client.get("/api/v1/me", headers=bearer).status_code == 401
    assert token not in whole_log(installation.database)
    for wrong in ({"days": "367"}, {"days": "٣"}, {"roles": []}, {"label": ""}):
        assert edith.post(f"{BASE}/tom/tokens", data={**form, **wrong}).status_code == 422


def test_a_secret_that_was_answered_is_kept_nowhere_and_a_repeated_key_says_so(edith, installation):
    body = {"label": "shop", "roles": ["read"]}
    made = edith.post("/api/v1/accounts/tom/tokens", json=body, headers={"Idempotency-Key": "k-1"})
    again = edith.post("/api/v1/accounts/tom/tokens", json=body, headers={"Idempotency-Key": "k-1"})
    assert (made.status_code, again.status_code, again.json["code"]) == (201, 409, "shown_once")
    with installation.database.transaction() as tx:
        kept = tx.execute(text("SELECT convert_from(body, 'UTF8') FROM idempotency_key")).scalar()
    assert made.json["token"] not in kept


def test_a_token_never_makes_another_nor_changes_its_owner_s_password(signed_in, client):
    sara = signed_in("sara")
    token = sara.post("/api/v1/me/tokens", json={"label": "mine", "roles": ["read"]}).json["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    for method, address, body in (
        ("POST", "/api/v1/me/tokens", {"label": "more", "roles": ["sell"]}),
        ("PUT", "/api/v1/me/password", {"old": "x", "new": "y"}),
        ("POST", "/api/v1/me/sessions/end-others", None),
        ("POST", "/profile/tokens", None),
    ):
        answer = client.open(address, method=method, json=body, headers=bearer)
        assert (answer.status_code, answer.json["code"]) == (403, "session_needed")


def test_one_ends_one_s_own_sessions_and_nobody_else_s(signed_in):
    here, there, tom = signed_in("sara"), signed_in("sara"), signed_in("tom")
    rows = here.get("/api/v1/me/sessions").json["items"]
    other = next(row["id"] for row in rows if not row["own"])
    assert len(rows) == 2
    assert tom.post(f"/profile/sessions/{other}/end").status_code == 422
    assert here.post(f"/profile/sessions/{other}/end").headers["Location"] == "/profile?done=session-ended"
    assert there.get("/api/v1/me").status_code == 401
    third = signed_in("sara")
    assert here.post("/api/v1/me/sessions/end-others").json["state"] == "1 ended"
    assert [third.get("/api/v1/me").status_code, here.get("/api/v1/me").status_code] == [401, 200]


def test_whoever_keeps_no_accounts_sees_none(signed_in):
    tom = signed_in("tom")
    for module in (administration.accounts, administration.roles):
        for rule, _, methods in module.ROUTES:
            address = rule.replace("<name>", "tom").replace("<int:session_id>", "1").replace("<int:token_id>", "1")
            assert tom.open(address, method=methods[0]).status_code == 403, rule
    assert "Administration" not in tom.get("/profile").text


def test_every_page_of_the_room_is_there(edith):
    for page in ("/administration/accounts", f"{BASE}/new", f"{BASE}/edith", "/administration/roles", "/profile"):
        assert edith.get(page).status_code == 200, page
    assert edith.get("/administration").headers["Location"] == BASE


def test_everything_is_done_by_the_command_line_as_well(command, database):
    assert "#" in command("add", "Ada", "--full-name", "Ada Admin", "--group", "admin")
    command("add", "nora", "--full-name", "Nora Newcomer", "--group", "sales", "--password", PASSWORD)
    assert [json.loads(line)["name"] for line in command("list", "--json", "--search", "newcomer").splitlines()] == ["nora"]
    assert "mail:  -> nora@example.com" in command("change", "nora", "--mail", "nora@example.com", "--reason", "asked")
    token = command("token", "nora", "--label", "shop", "--role", "read").strip()
    assert token.startswith("oc_")
    number = json.loads(command("tokens", "nora", "--json"))["id"]
    assert f"Token {number} is revoked" in command("tokens", "nora", "--revoke", str(number))
    assert "0 sessions ended" in command("sessions", "nora", "--end-all")
    assert "/password#" in command("password-link", "nora")
    assert "nora is inactive" in command("deactivate", "nora", "--reason", "left")
    assert "nora is active" in command("reactivate", "nora", "--reason", "came back")
    assert {"add", "change", "make_token", "revoke_token", "deactivate", "reactivate"} <= set(
        re.findall(r"command-line,(\w+),", whole_log(database))
    )


def test_more_sessions_than_a_page_holds_are_on_the_next_one(signed_in):
    browsers = [signed_in("sara") for _ in range(22)]
    first = browsers[0].get("/profile").text
    following = html.unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    assert first.count('/end"><input') == 20 + 1  # each of them, and the button that ends all
    assert browsers[0].get(following).text.count("This one") == 1


def test_refusals_are_counted_and_told_to_the_log_once_and_in_sum(signed_in, client, installation):
    tom = signed_in("tom")
    for _ in range(3):
        tom.get(BASE)
        client.get("/api/v1/me", headers={"Authorization": "Bearer oc_made-up"})
    client.get("/api/v1/me")  # who only has to sign in yet is refused nothing
    told = "SELECT actor, target, detail FROM audit WHERE action = 'refused' ORDER BY actor"
    with installation.database.transaction() as tx:
        assert [tuple(row)[:2] for row in tx.execute(text(told))] == [
            ("anonymous", "operation:GET /api/v1/me"),
            ("tom", f"operation:GET {BASE}"),
        ]
        tx.execute(text("UPDATE refused_act SET hour = hour - interval '1 hour'"))
    with installation.database.transaction() as tx:
        tell_refusals(tx)
    with installation.database.transaction() as tx:
        assert [row.detail.get("times") for row in tx.execute(text(f"{told}, id"))] == [None, 3, None, 3]
        assert first_broken(tx) is None
    assert "made-up" not in whole_log(installation.database)


#: A decision that Clara of the credit desk has taken for herself and begun to write.
TASK = """
WITH bundle AS (
  INSERT INTO deployment (name, version, sha256, deployed_by) VALUES ('x', 1, '', 'ada') RETURNING id
), process AS (
  INSERT INTO process_version (deployment_id, process_key, version, name, path) SELECT id, 'x', id, 'x', 'x.bpmn' FROM bundle RETURNING id
), begun AS (
  INSERT INTO instance (id, process_version_id, process_key, state) SELECT gen_random_uuid(), id, 'x', 'waiting' FROM process RETURNING id
)
INSERT INTO user_task (id, instance_id, element_id, name, title, assignee, claimed_at, candidate_groups, draft)
SELECT gen_random_uuid(), id, 'decide', 'Decide', 'Decide', 'clara', now(), '{credit}', '{"limit"\\:3}' FROM begun
"""
