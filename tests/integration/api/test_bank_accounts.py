"""Our bank accounts and their statements over the API."""

from decimal import Decimal

from api.content import deploy_content
from api.demo.bank import Payment, statement_of
from engine.runtime.verbs.run_until_idle import run_until_idle

GERMAN = "DE89370400440532013000"
ACCOUNT = {"iban": "de89 3704 0044 0532 0130 00", "currency": "EUR", "ledger_account": "1001", "name": "Second bank"}


def send(browser, name, iban=GERMAN):
    content = statement_of(name, [Payment("thanks", Decimal("5.00"), "EUR")], iban=iban)
    return browser.post("/api/v1/statements", data=content, content_type="application/xml")


def test_a_statement_is_taken_once_its_account_is_ours_and_shows_what_became_of_each_line(installation, signed_in):
    deploy_content(installation, actor="test")
    amina, edith = signed_in("amina"), signed_in("edith")
    refused = send(amina, "S1")
    assert (refused.status_code, refused.json["code"]) == (422, "bank_account_unknown")
    assert "/api/v1/bank-accounts" in refused.json["next_step"]
    assert amina.post("/api/v1/bank-accounts", json=ACCOUNT).status_code == 403
    assert edith.post("/api/v1/bank-accounts", json=ACCOUNT | {"iban": "DE00370400440532013000"}).status_code == 422
    added = edith.post("/api/v1/bank-accounts", json=ACCOUNT)
    assert (added.status_code, added.json["state"]) == (202, "pending")
    assert send(amina, "S1").json["code"] == "bank_account_unknown"
    assert amina.post(f"{added.headers['Location']}/confirm", json={}).status_code == 200
    listed = amina.get("/api/v1/bank-accounts").json["items"]
    assert [(each["iban"], each["ledger_account"]) for each in listed] == [("AT611904300234573201", "1000"), (GERMAN, "1001")]
    taken = send(amina, "S1")
    assert (taken.status_code, taken.json["statement_no"], taken.json["statement_nos"]) == (202, "BS-000001", ["BS-000001"])
    assert (taken.json["format"], taken.json["notice_nos"], taken.json["refused"]) == ("camt", [], [])
    run_until_idle(installation.runtime)
    statement = amina.get("/api/v1/statements/BS-000001").json
    assert [(line["position"], line["outcome"], line["document_no"]) for line in statement["lines"]] == [(1, "RECEIPT", "RC-000001")]
    assert amina.get("/api/v1/statements/BS-000404").status_code == 404
