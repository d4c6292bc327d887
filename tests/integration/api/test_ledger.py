"""Exchange rates, periods and journals by hand have doors, and who used them is on record."""

import re
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from api.content import deploy_content
from engine.problems import Conflict, Forbidden
from engine.store.clock import business_today
from handlers.ledger import manual, posting
from handlers.ledger.books import close_period

KEPT = "is kept by the business itself and cannot be booked by hand"


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
    asked = post(finance, "/periods/2025-01-01/reopen", reason="A late bill")
    assert asked.json["state"] == "pending"
    assert [row["starts_on"] for row in finance.get("/api/v1/periods").json["items"]] == ["2025-01-01"]
    assert signed_in("amina").post(f"{asked.headers['Location']}/confirm", json={}).status_code == 200
    assert finance.get("/api/v1/periods").json["items"] == []
    assert post(finance, "/periods/2025-01-01/reopen", reason="Once more").status_code == 404


def test_days_in_which_something_was_posted_or_is_open_are_closed_by_the_month_alone(signed_in, installation):
    finance = signed_in("edith")
    going_on = post(finance, "/periods", starts_on="2025-01-01", ends_on=today(installation))
    assert (going_on.status_code, going_on.json["code"]) == (422, "period_goes_on")
    with installation.database.transaction() as tx:
        lines = [posting.debit("6400", Decimal(5)), posting.credit("7200", Decimal(5))]
        posting.post(tx, posting.Entry("test", "T-1", "EUR", lines, gl_date=date(2025, 6, 1)))
    for days in ({"starts_on": "2025-01-01", "ends_on": "2025-06-01"}, {"starts_on": "2025-06-01", "ends_on": "2025-07-31"}):
        refused = post(finance, "/periods", **days)
        assert (refused.status_code, refused.json["code"]) == (409, "period_not_empty")
        assert "journals that are posted in it: 1" in refused.json["detail"]
        assert "/api/v1/period-closes" in refused.json["next_step"]
    assert (
        "earlier months with journals that are not closed: 1"
        in post(finance, "/periods", starts_on="2025-07-01", ends_on="2025-07-31").json["detail"]
    )
    assert finance.get("/api/v1/periods").json["items"] == []
    assert post(finance, "/periods", starts_on="2025-01-01", ends_on="2025-05-31").status_code == 201


JOURNAL = {"reference": "ACCRUAL-1", "currency": "EUR", "narration": "Bank charges", "lines": LINES}


@pytest.fixture
def deployed(installation):
    deploy_content(installation, actor="the product")


def task_of(browser):
    (task,) = browser.get("/api/v1/user-tasks?process_key=manual-journal").json
    return task["id"]


def complete(browser, **data):
    return browser.post(f"/api/v1/user-tasks/{task_of(browser)}/complete", json={"data": data})


def test_a_journal_by_hand_is_posted_when_a_second_person_agrees(deployed, signed_in, installation):
    ines, amina = signed_in("ines"), signed_in("amina")
    first, again = post(ines, "/manual-journals", **JOURNAL), post(ines, "/manual-journals", **JOURNAL)
    assert (first.status_code, first.json) == (202, {"id": "ACCRUAL-1", "state": "written"})
    assert again.json == first.json
    assert ines.get("/api/v1/journals?source_id=ACCRUAL-1").json["items"] == []
    assert ines.get("/api/v1/user-tasks?process_key=manual-journal").json == []
    assert complete(amina, approved=True).status_code == 200
    (journal,) = ines.get("/api/v1/journals?source_id=ACCRUAL-1").json["items"]
    assert [(line["account"], Decimal(line["accounted"])) for line in journal["lines"]] == [
        ("6400", Decimal("12.5")),
        ("7200", Decimal("-12.5")),
    ]
    (entry,) = ines.get("/api/v1/manual-journals?state=POSTED").json["items"]
    assert (entry["authors"], entry["approved_by"], entry["journal_id"]) == (["ines"], "amina", journal["id"])
    assert ines.get("/api/v1/invariants").json["ok"]
    other = post(ines, "/manual-journals", **JOURNAL | {"lines": [LINES[0] | {"debit": "1.00"}, LINES[1] | {"credit": "1.00"}]})
    assert (other.status_code, other.json["code"]) == (409, "journal_differs")


def test_nobody_agrees_to_a_journal_they_wrote_or_corrected(deployed, signed_in, installation):
    ines, amina = signed_in("ines"), signed_in("amina")
    post(ines, "/manual-journals", **JOURNAL)
    mine = task_of(amina)
    assert ines.post(f"/api/v1/user-tasks/{mine}/complete", json={"data": {"approved": True}}).status_code == 404
    assert complete(amina, approved=False, comment="Which bank?").status_code == 200
    corrected = {"action": "revise", "gl_date": today(installation), "narration": "Charges of our bank", "lines": LINES}
    assert complete(amina, **corrected).status_code == 200
    assert ines.get("/api/v1/user-tasks?process_key=manual-journal").json == []
    assert amina.get("/api/v1/user-tasks?process_key=manual-journal").json == []
    with installation.database.transaction() as tx, pytest.raises(Forbidden):
        manual.post(tx, "ACCRUAL-1", "amina")


def test_a_correction_that_does_not_balance_comes_back_with_what_is_wrong_and_can_be_withdrawn(deployed, signed_in, installation):
    ines, amina = signed_in("ines"), signed_in("amina")
    post(ines, "/manual-journals", **JOURNAL)
    complete(amina, approved=False, comment="Which bank?")
    wrong = [LINES[0], LINES[1] | {"credit": "12.00"}]
    complete(ines, action="revise", gl_date=today(installation), narration="Charges", lines=wrong)
    opened = ines.get(f"/api/v1/user-tasks/{task_of(ines)}").json
    assert opened["form_data"]["reason"].startswith("It does not balance: debits 12.50 and credits 12.00 EUR")
    complete(ines, action="withdraw")
    assert [entry["state"] for entry in ines.get("/api/v1/manual-journals").json["items"]] == ["WITHDRAWN"]
    with installation.database.transaction() as tx, pytest.raises(Conflict):
        manual.post(tx, "ACCRUAL-1", "amina")


def test_a_day_that_was_closed_meanwhile_sends_the_journal_back(deployed, signed_in, installation):
    ines, amina = signed_in("ines"), signed_in("amina")
    post(ines, "/manual-journals", **JOURNAL)
    with installation.database.transaction() as tx:
        close_period(tx, date.fromisoformat(today(installation)), date.fromisoformat(today(installation)), "ines")
    complete(amina, approved=True)
    opened = ines.get(f"/api/v1/user-tasks/{task_of(ines)}").json
    assert "closed" in opened["form_data"]["reason"]
    assert ines.get("/api/v1/journals?source_id=ACCRUAL-1").json["items"] == []


def test_accounts_that_are_unknown_and_accounts_of_the_business_are_told_apart(deployed, signed_in):
    lines = [{"account": "1200", "debit": "12.50"}, {"account": "9999", "credit": "12.50"}]
    refused = post(signed_in("ines"), "/manual-journals", **JOURNAL | {"lines": lines})
    assert (
        refused.json["detail"]
        == "Account 1200 is kept by the business itself and cannot be booked by hand. Account 9999 is not in the chart."
    )


def test_lines_that_are_no_list_are_refused_in_the_words_of_json(deployed, signed_in):
    refused = post(signed_in("ines"), "/manual-journals", **JOURNAL | {"lines": {"account": "1200"}})
    assert refused.json["errors"] == {"lines": ["Input should be a valid list"]}


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        (
            {"lines": [LINES[0], {"account": "1200", "credit": "12.50"}]},
            {"lines.1.account": [KEPT]},
        ),
        ({"lines": [LINES[0], {"account": "9999", "credit": "12.50"}]}, {"lines.1.account": ["is not in the chart"]}),
        ({"lines": [LINES[0], LINES[1] | {"credit": "12.49"}]}, {"lines": ["do not balance by 0.01"]}),
        ({"lines": [LINES[0] | {"credit": "12.50"}, LINES[1]]}, {"lines.0.debit": ["or a credit must be given, not both"]}),
        ({"lines": [{"account": "6400"}, LINES[1]]}, {"lines.0.debit": ["or a credit must be given, not both"]}),
        ({"lines": [LINES[0] | {"debit": "12.505"}, LINES[1] | {"credit": "12.505"}]}, None),
        ({"lines": [LINES[0] | {"debit": "-12.50"}, LINES[1]]}, {"lines.0.debit": ["may not be negative"]}),
        ({"lines": []}, {"lines": ["must be between 1 and 200"]}),
        ({"gl_date": "2025-06-01"}, {"gl_date": ["lies in a closed period"]}),
        ({"currency": "SEK"}, {}),
    ],
)
def test_a_journal_that_could_not_be_posted_is_refused_at_the_door(deployed, signed_in, change, errors):
    ines = signed_in("ines")
    post(ines, "/periods", starts_on="2025-01-01", ends_on="2025-12-31")
    refused = post(ines, "/manual-journals", **JOURNAL | change)
    assert refused.status_code == 422, refused.json
    if errors is not None:
        assert refused.json["errors"] == errors
    assert ines.get("/api/v1/manual-journals").json["items"] == []


def test_a_journal_is_written_on_its_page_and_what_is_wrong_stands_beside_the_field(deployed, signed_in, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    ines, amina = signed_in("ines"), signed_in("amina")
    typed = {"reference": "ACCRUAL-1", "currency": "EUR", "gl_date": "", "narration": "Bank charges"}
    lines = {"lines.0.account": "6400", "lines.0.debit": "12.50", "lines.3.account": "7200", "lines.3.credit": "12.50"}
    wrong = ines.post("/finance/journals", data={**typed, **lines, "lines.3.credit": "much"})
    assert wrong.status_code == 422
    assert re.search(r'id="lines.3.credit-note">Credit must be a number', wrong.text)
    wrong = ines.post("/finance/journals", data={**typed, **lines, "lines.3.credit": "-12.50"})
    assert re.search(r'id="lines.3.credit-note">Credit may not be negative', wrong.text)
    wrong = ines.post("/finance/journals", data={**typed, **lines, "lines.3.credit": "12"})
    assert "The lines do not balance by 0.50" in wrong.text
    assert "Reference is missing" in ines.post("/finance/journals", data={**typed, **lines, "reference": ""}).text
    written = ines.post("/finance/journals", data={**typed, **lines})
    assert written.headers["Location"].endswith("?done=written"), written.text
    page = amina.get("/finance/journals").text
    assert re.search(r'href="/worklist/[^"]+">Approve journal ACCRUAL-1', page)
    assert "a second person" in ines.get("/finance/journals").text
    complete(amina, approved=True)
    assert "Journal manual" in ines.get("/finance/journals?kind=by-hand").text
    assert signed_in("tom").get("/finance/journals/new").status_code == 403


def today(installation):
    with installation.database.transaction() as tx:
        return business_today(tx).isoformat()


def test_the_order_desk_may_not_touch_the_books(signed_in):
    assert post(signed_in("tom"), "/exchange-rates", currency="USD", valid_from="2026-03-01", rate="1").status_code == 403
