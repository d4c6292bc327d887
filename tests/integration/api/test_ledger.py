"""Exchange rates, periods and journals by hand have doors, and who used them is on record."""

from uuid import uuid4

from sqlalchemy import text


def post(browser, path, **body):
    return browser.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": uuid4().hex})


LINES = [{"account": "6400", "debit": "12.50"}, {"account": "7200", "credit": "12.50"}]


def test_an_exchange_rate_is_filed_listed_and_audited(signed_in, installation):
    finance = signed_in("edith")
    filed = post(finance, "/exchange-rates", currency="USD", valid_from="2026-03-01", rate="0.92")
    assert (filed.status_code, filed.json["id"]) == (201, "USD/2026-03-01")
    rows = finance.get("/api/v1/exchange-rates").json["items"]
    assert {"currency": "USD", "valid_from": "2026-03-01"}.items() <= rows[0].items()
    with installation.database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM audit WHERE target LIKE 'fx_rate:USD/%'")).scalar_one() == 1


def test_a_rate_of_nothing_is_refused(signed_in):
    refused = post(signed_in("edith"), "/exchange-rates", currency="USD", valid_from="2026-03-01", rate="0")
    assert (refused.status_code, refused.json["code"]) == (422, "fx_rate")


def test_a_period_is_closed_and_opened_again_with_a_reason(signed_in):
    finance = signed_in("edith")
    assert post(finance, "/periods", starts_on="2025-01-01", ends_on="2025-12-31").status_code == 201
    assert post(finance, "/periods", starts_on="2025-06-01", ends_on="2025-06-30").json["code"] == "period_closed"
    assert [row["starts_on"] for row in finance.get("/api/v1/periods").json["items"]] == ["2025-01-01"]
    assert post(finance, "/periods/2025-01-01/reopen", reason="A late bill").json["state"] == "open"
    assert finance.get("/api/v1/periods").json["items"] == []
    assert post(finance, "/periods/2025-01-01/reopen", reason="Once more").status_code == 404


def test_a_journal_by_hand_is_posted_once_and_never_on_a_control_account(signed_in):
    finance = signed_in("edith")
    journal = {"reference": "ACCRUAL-1", "currency": "EUR", "narration": "Bank charges", "lines": LINES}
    first, again = post(finance, "/journals", **journal), post(finance, "/journals", **journal)
    assert (first.status_code, again.json) == (201, first.json)
    other = post(finance, "/journals", **journal | {"lines": [LINES[0] | {"debit": "1.00"}, LINES[1] | {"credit": "1.00"}]})
    assert (other.status_code, other.json["code"]) == (409, "journal_differs")
    control = post(finance, "/journals", **journal | {"reference": "X", "lines": [LINES[0], {"account": "1200", "credit": "12.50"}]})
    assert (control.status_code, control.json["errors"]) == (422, {"lines.1.account": ["is a control account"]})
    assert finance.get("/api/v1/invariants").json["ok"]


def test_the_order_desk_may_not_touch_the_books(signed_in):
    assert post(signed_in("tom"), "/exchange-rates", currency="USD", valid_from="2026-03-01", rate="1").status_code == 403
