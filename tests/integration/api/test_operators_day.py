"""What an operator looks at: causes with who is hit, one search for everything, the audit log as a file."""

import pytest
from sqlalchemy import text

from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m

INCIDENT = text("""
INSERT INTO incident (instance_id, element_id, kind, message, fingerprint, next_step, opened_at)
VALUES (:id, 'check', 'broken', :message, :cause, 'Retry it.', business_now() - CAST(:ago AS interval))
""")


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def failed(installation, company_database):
    """A quote whose process has failed twice by one cause, today and two days ago."""
    with company_database.transaction() as tx:
        values = "'Q-000777', 'C-1001', 'EUR', '{}', 1234.5"
        tx.execute(text(f"INSERT INTO quote (quote_no, customer_no, currency, ship_to, gross_total) VALUES ({values})"))
        model = m.bundle("checks", m.start() + m.user("check", candidateGroups="sales") + m.end(), "start -> check -> done")
        deploy(installation.runtime, tx, model, "ada")
        instance_id = start(installation.runtime, tx, "checks", {}, StartOptions(business_key="Q-000777"))
        for ago in ("0 days", "2 days"):
            tx.execute(INCIDENT, {"id": instance_id, "message": "The carrier is closed", "cause": "closed", "ago": ago})


def test_a_cause_says_who_is_hit_for_how_much_and_how_it_grows(failed, signed_in):
    page = signed_in("olga").get("/operations/incidents?cause=closed").text
    assert "1,234.50 EUR" in page
    assert "the last 7 days: 0, 0, 0, 0, 1, 0, 1" in page


def test_a_cause_is_acknowledged_with_a_note_that_others_read(failed, signed_in):
    olga = signed_in("olga")
    answer = olga.post("/operations/causes/closed/acknowledge", data={"note": "I am calling the carrier"})
    assert "you look after them" in olga.get(answer.headers["Location"]).text
    assert "I am calling the carrier" in olga.get("/operations/incidents").text
    assert signed_in("sara").post("/operations/causes/closed/acknowledge").status_code == 403


def test_one_search_finds_a_number_a_customer_and_the_words_of_a_failure(failed, signed_in, company_database):
    olga = signed_in("olga")
    assert olga.get("/search?q=q-000777").headers["Location"] == "/quotes/Q-000777"
    assert "Q-000777" in olga.get("/search?q=Q-0007").text
    assert "The carrier is closed" in olga.get("/search?q=carrier").text
    with company_database.transaction() as tx:
        name = tx.scalar(text("SELECT name FROM customer WHERE customer_no = 'C-1001'"))
    assert "C-1001" in olga.get("/search", query_string={"q": name[:6]}).text
    for nothing in ("", "%", "zzzz%_\\"):
        assert olga.get("/search", query_string={"q": nothing}).status_code == 200


def test_the_audit_log_is_exported_as_it_is_filtered_and_no_spreadsheet_runs_it(failed, signed_in):
    olga = signed_in("olga")
    olga.post("/operations/causes/closed/acknowledge", data={"note": "=1+1"})
    lines = olga.get("/operations/audit.csv?action=acknowledge").text.splitlines()
    assert len(lines) == 2
    assert "'=1+1" in lines[1]
