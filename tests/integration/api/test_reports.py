"""Reports and periods have pages, CSV and an API."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from api.content import deploy_content
from handlers.ledger.posting import Entry, credit, debit, post
from handlers.reporting.reports import REPORTS


@pytest.fixture
def looks(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


def test_every_report_has_a_page_a_file_and_a_door(signed_in, installation, looks):
    with installation.database.transaction() as tx:
        for source, party in (("INV-1", "=cmd|' /C calc'!A0"), ("INV-2", "C-1001")):
            lines = [debit("1200", Decimal(100), party_no=party, reference=source), credit("4000", Decimal(100))]
            post(tx, Entry("invoice.posted", source, "EUR", lines))
    ines = signed_in("ines")
    for report in REPORTS:
        asked = "?account=1200" if report.key == "account" else ""
        assert ines.get(f"/reports/{report.key}{asked}").status_code == 200, report.key
        assert ines.get(f"/api/v1/reports/{report.key}{asked}").status_code == 200, report.key
    file = ines.get("/reports/account.csv?account=1200").text
    assert file.splitlines()[0].startswith("\ufeffDay,Journal,Line,Event")
    assert "\"'=cmd|' /C calc'!A0\"" in file or "'=cmd|' /C calc'!A0" in file
    answer = ines.get("/api/v1/reports/trial-balance").json
    assert answer["totals"]["balance"] == "0.0000"
    assert ines.get("/reports/account?account=1200&as_of=soon").status_code == 422
    assert ines.get("/api/v1/reports/nonsense").json["code"] == "report_unknown"
    with installation.database.transaction() as tx:
        exported = "SELECT count(*) FROM audit WHERE action = 'export' AND target = 'export:account'"
        assert tx.execute(text(exported)).scalar_one() == 1


def test_a_month_is_closed_on_its_page_and_opened_again_by_two(signed_in, installation, looks):
    deploy_content(installation, actor="the product")
    ines, amina = signed_in("ines"), signed_in("amina")
    refused = ines.post("/finance/periods", data={"period": "2999-01"})
    assert refused.status_code == 422
    assert "goes on until 2999-01-31" in refused.text
    assert ines.post("/finance/periods", data={"period": "2026-02"}).headers["Location"].endswith("done=closing")
    page = ines.get("/finance/periods").text
    (task,) = set(re.findall(r'/worklist/([0-9a-f-]{36})">Close 2026-02', page))
    assert "Confirm the close" in ines.get(f"/worklist/{task}").text or "Close 2026-02" in ines.get(f"/worklist/{task}").text
    again = ines.post("/api/v1/period-closes", json={"period": "2026-02"}, headers={"Idempotency-Key": uuid4().hex})
    assert again.status_code == 409
    assert ines.post(f"/api/v1/user-tasks/{task}/complete", json={"data": {"action": "close"}}).status_code == 200
    (close,) = ines.get("/api/v1/period-closes").json["items"]
    assert (close["period"], close["state"]) == ("2026-02", "CLOSED")
    assert "reason" in ines.post("/finance/periods/2026-02-01/reopen", data={"reason": " "}).text
    asked = ines.post("/finance/periods/2026-02-01/reopen", data={"reason": "A late bill"})
    change = re.search(r"/worklist/changes/(\d+)", asked.headers["Location"])[1]
    assert amina.post(f"/api/v1/pending-changes/{change}/confirm", json={}).status_code == 200
    (close,) = ines.get("/api/v1/period-closes").json["items"]
    assert (close["state"], close["round"]) == ("OPEN", 2)
    assert "Close 2026-02" in ines.get("/finance/periods").text
    assert ines.get("/api/v1/invariants").json["ok"]
