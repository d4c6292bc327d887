"""The table of amounts: set by page and API, by two where it lets somebody decide more, and shown to whoever decides."""

import pytest
from click.testing import CliRunner

from api.cli import main
from api.commands import limits as limits_command
from api.content import deploy_content
from engine.runtime.verbs.run_until_idle import run_until_idle

LIMIT = {"kind": "quote", "who": "group:sales-manager", "currency": "EUR", "amount": "10000"}
BASE = "/api/v1/decision-limits"


@pytest.fixture
def edith(signed_in, installation):
    deploy_content(installation, actor="test")
    return signed_in("edith")


def limits(browser, **query):
    return [(row["kind"], row["who"], row["currency"], row["amount"]) for row in browser.get(BASE, query_string=query).json["items"]]


def test_the_first_limit_of_a_kind_and_a_lower_one_take_one_person_and_more_takes_two(edith, signed_in):
    assert "quote" in edith.get(f"{BASE}/kinds").json["kinds"]
    assert edith.put(BASE, json=LIMIT).status_code == 200
    assert edith.put(BASE, json={**LIMIT, "amount": "9000.50"}).status_code == 200
    assert limits(edith) == [("quote", "group:sales-manager", "EUR", "9000.50")]
    more = edith.put(BASE, json={**LIMIT, "amount": "9000.51", "reason": "Larger deals"})
    assert (more.status_code, more.json["rule"]) == (202, "It lets somebody decide more than before.")
    assert limits(edith)[0][3] == "9000.50"
    assert edith.post(f"{more.headers['Location']}/confirm", json={}).status_code == 403
    assert signed_in("ines").post(f"{more.headers['Location']}/confirm", json={}).status_code == 200
    assert limits(edith)[0][3] == "9000.51"
    told = edith.get("/api/v1/audit", query_string={"target": "decision_limit:quote:EUR:group:sales-manager"}).json["items"]
    assert {row["action"] for row in told} == {"set_limit"}


def test_nobody_confirms_that_they_themselves_decide_more(edith, signed_in):
    edith.put(BASE, json=LIMIT)
    own = edith.put(BASE, json={**LIMIT, "who": "user:ines", "amount": "1"})
    assert own.status_code == 202, "another row lets somebody decide who did not"
    refused = signed_in("ines").post(f"{own.headers['Location']}/confirm", json={})
    assert (refused.status_code, refused.json["code"]) == (403, "four_eyes")


def test_taking_away_the_last_limit_or_one_s_own_takes_two_a_group_s_one(edith, signed_in):
    edith.put(BASE, json=LIMIT)
    key = {name: LIMIT[name] for name in ("kind", "who", "currency")}
    assert edith.post(f"{BASE}/removal", json=key).status_code == 202
    pending = edith.get("/api/v1/pending-changes").json["items"][0]["id"]
    signed_in("ines").post(f"/api/v1/pending-changes/{pending}/refuse", json={"reason": "It stays"})
    more = edith.put(BASE, json={**LIMIT, "who": "group:finance"})
    signed_in("ines").post(f"{more.headers['Location']}/confirm", json={})
    assert edith.post(f"{BASE}/removal", json=key).status_code == 200
    assert limits(edith, kind="quote") == [("quote", "group:finance", "EUR", "10000")]
    assert edith.post(f"{BASE}/removal", json=key).json["code"] == "limit_unknown"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "qoute"}, "kind"),
        ({"who": "group:moon"}, "who"),
        ({"who": "nobody-here"}, "who"),
        ({"who": "user:"}, "who"),
        ({"currency": "eur"}, "currency"),
        ({"amount": "-1"}, "amount"),
    ],
)
def test_a_limit_that_would_never_count_is_refused_by_field(edith, changed, field):
    refused = edith.put(BASE, json={**LIMIT, **changed})
    assert (refused.status_code, list(refused.json["errors"])) == (422, [field])
    page = edith.post("/administration/limits", data={**LIMIT, **changed})
    assert page.status_code == 422
    assert limits(edith) == []


def test_only_administrators_keep_the_table(edith, signed_in):
    tom = signed_in("tom")
    assert tom.put(BASE, json=LIMIT).status_code == 403
    assert tom.get("/administration/limits").status_code == 403


def test_the_page_sets_removes_and_says_what_waits_for_a_second_person(edith):
    assert "No amount is limited" in edith.get("/administration/limits").text
    assert edith.post("/administration/limits", data=LIMIT).headers["Location"] == "/administration/limits?done=changed"
    page = edith.get("/administration/limits").text
    assert "10,000.00" in page
    asked = edith.post("/administration/limits", data={**LIMIT, "amount": "20000"})
    assert asked.headers["Location"].startswith("/worklist/changes/")
    assert "is no number" in edith.post("/administration/limits", data={**LIMIT, "amount": "1_0"}).text


def test_whoever_decides_is_told_how_much_they_may(edith, signed_in, installation):
    quote = {"customer_no": "C-1001", "lines": [{"sku": "PUMP-40", "quantity": "500", "discount_pct": "30"}]}
    made = signed_in("sara").post("/api/v1/quotes", json=quote)
    assert made.status_code in {200, 201, 202}, made.json
    run_until_idle(installation.runtime)
    (task,) = edith.get("/api/v1/user-tasks", query_string={"element_id": "approve_quote"}).json
    decides = edith.get(f"/api/v1/user-tasks/{task['id']}").json["decides"]
    assert (decides["kind"], decides["currency"], decides["limit"]) == ("quote", "EUR", None)
    group = task["candidate_groups"][0]
    edith.put(BASE, json={**LIMIT, "who": f"group:{group}", "amount": decides["amount"]})
    assert edith.get(f"/api/v1/user-tasks/{task['id']}").json["decides"]["limit"] == decides["amount"]
    assert "You decide up to" in edith.get(f"/worklist/{task['id']}").text
    edith.put(BASE, json={**LIMIT, "who": f"group:{group}", "amount": "1"})
    assert [row["id"] for row in edith.get(f"{BASE}/out-of-reach").json["items"]] == [task["id"]]
    assert task["title"] in edith.get("/administration/limits").text
    refused = edith.post(f"/api/v1/user-tasks/{task['id']}/complete", json={"data": {"approved": True}})
    assert (refused.status_code, refused.json["code"]) == (403, "limit_exceeded")


def test_the_command_line_sets_a_lower_limit_and_keeps_a_higher_one_for_a_second_person(edith, installation, signed_in, monkeypatch):
    monkeypatch.setattr(limits_command, "build", lambda _settings: installation)

    def run(*words):
        return CliRunner().invoke(main, ["limits", *words])

    key = ("quote", "group:sales-manager", "EUR")
    assert run("set", *key, "10000", "--as", "edith").output == "Done.\n"
    assert run("set", *key, "9000.50", "--as", "edith").output == "Done.\n"
    more = run("set", *key, "20000", "--as", "edith", "--reason", "Larger deals")
    assert "waits for a second person" in more.output
    assert run("list").output.splitlines() == ["quote            group:sales-manager              up to 9,000.50 EUR"]
    pending = edith.get("/api/v1/pending-changes").json["items"][0]
    assert edith.post(f"/api/v1/pending-changes/{pending['id']}/confirm", json={}).status_code == 403
    assert signed_in("ines").post(f"/api/v1/pending-changes/{pending['id']}/confirm", json={}).status_code == 200
    assert '"amount":20000' in run("list", "--kind", "quote", "--json").output.replace('"20000"', "20000")
    for words, told in (
        (("set", *key, "1e9", "--as", "edith"), "is no number"),
        (("set", "quota", *key[1:], "5", "--as", "edith"), "is named by no deployed diagram"),
        (("set", *key, "5", "--as", "nobody"), "nobody"),
        (("remove", "quote", "user:nobody", "EUR", "--as", "edith"), "has no limit"),
    ):
        refused = run(*words)
        assert refused.exit_code == 1
        assert told in refused.output
