"""What people say about cases and tasks: it stands on each page of the subject, who is called finds it, and papers are downloads."""

import base64
import io

import pytest
from sqlalchemy import text

from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m

QUOTE = "/api/v1/cases/quote/Q-000777/comments"


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def task(installation, company_database):
    """A task of the sales desk about quote Q-000777."""
    with company_database.transaction() as tx:
        values = "'Q-000777', 'C-1001', 'EUR', '{}', 1234.5"
        tx.execute(text(f"INSERT INTO quote (quote_no, customer_no, currency, ship_to, gross_total) VALUES ({values})"))
        model = m.start() + m.user("check", candidateGroups="sales") + m.end()
        deploy(installation.runtime, tx, m.bundle("checks", model, "start -> check -> done"), "ada")
        start(installation.runtime, tx, "checks", {}, StartOptions(business_key="Q-000777"))
        return tx.scalar(text("SELECT id FROM user_task"))


def test_what_is_said_beside_a_task_stands_on_the_page_of_its_case_and_who_is_called_finds_it(task, signed_in):
    sara, tom = signed_in("sara"), signed_in("tom")
    said = "Margin is thin, @tom: <b>why</b>? Not to a@b.example, nor @nobody-here."
    assert sara.post(f"/api/v1/user-tasks/{task}/comments", json={"text": said}).status_code == 201
    (there,) = tom.get(QUOTE).json["items"]
    assert (there["author"], there["mentions"], there["task_id"], there["text"]) == ("sara", ["tom"], str(task), said)
    page = tom.get("/quotes/Q-000777").text
    assert '<b class="mention">@tom</b>: &lt;b&gt;why&lt;/b&gt;?' in page
    assert "<b>why" not in page
    assert '<b class="mention">@nobody' not in page
    assert [each["id"] for each in tom.get("/api/v1/me/mentions").json["items"]] == [there["id"]]
    assert "Margin is thin" in tom.get("/worklist/mentions").text
    assert 'Mentions<span class="count">1</span>' in tom.get("/worklist").text
    assert tom.post("/api/v1/me/mentions/seen").json == {"seen": 1}
    assert tom.get("/api/v1/me/mentions").json["items"][0]["seen_at"] is not None
    assert "count" not in tom.get("/worklist").text.split("Mentions")[1][:20]


def test_a_comment_is_in_the_audit_log(task, signed_in, company_database):
    signed_in("sara").post(QUOTE, json={"text": "Checked with the customer."})
    with company_database.transaction() as tx:
        act = tx.execute(text("SELECT actor, action, target FROM audit ORDER BY id DESC LIMIT 1")).one()
    assert tuple(act) == ("sara", "comment", "quote:Q-000777")


def test_a_paper_is_attached_by_the_page_and_comes_back_as_a_download(task, signed_in):
    sara = signed_in("sara")
    paper = (io.BytesIO(b"%PDF-1.7 offer"), "..\\..\\their offer.PDF")
    answer = sara.post("/cases/quote/Q-000777/comments", data={"text": "See their offer.", "attachments": [paper]})
    assert (answer.status_code, answer.location) == (303, "/quotes/Q-000777#comments")
    (kept,) = sara.get(QUOTE).json["items"][0]["attachments"]
    assert kept["name"] == "their offer.PDF"
    for door in ("/comments", "/api/v1/comments"):
        got = sara.get(f"{door}/attachments/{kept['id']}")
        assert (got.data, got.mimetype) == (b"%PDF-1.7 offer", "application/pdf")
        assert got.headers["Content-Disposition"].startswith("attachment")
        assert got.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("page.html", b"<script>", "is of no kind that is taken"),
        ("fake.pdf", b"MZ\x90\x00", "is of no kind that is taken"),
        ("notes.txt", b"\xff\xfe", "is of no kind that is taken"),
        ("big.txt", b"x" * 3_000_001, "is too large"),
    ],
)
def test_what_may_not_be_attached_is_refused_and_nothing_is_said(task, signed_in, name, content, said):
    sara = signed_in("sara")
    body = {"text": "Look.", "attachments": [{"name": name, "content": base64.b64encode(content).decode()}]}
    answer = sara.post(QUOTE, json=body)
    assert (answer.status_code, answer.json["errors"]) == (422, {"attachments": [said]})
    assert sara.get(QUOTE).json["items"] == []


def test_a_comment_that_says_nothing_comes_back_beside_what_was_typed(task, signed_in):
    answer = signed_in("sara").post("/cases/quote/Q-000777/comments", data={"text": "  "}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "The comment cannot be kept." in answer.text


def test_nobody_comments_on_what_is_not_there_or_is_not_theirs_to_see(task, signed_in):
    jonas = signed_in("jonas")
    assert jonas.post("/api/v1/cases/quote/Q-999999/comments", json={"text": "Hello"}).status_code == 404
    assert jonas.post("/api/v1/cases/spaceship/1/comments", json={"text": "Hello"}).status_code == 404
    assert jonas.post(f"/api/v1/user-tasks/{task}/comments", json={"text": "Hello"}).status_code == 404
    assert jonas.get("/comments/attachments/4711").status_code == 404


def test_the_papers_beside_a_task_about_no_subject_are_for_those_who_see_the_task(installation, company_database, signed_in, task):
    with company_database.transaction() as tx:
        start(installation.runtime, tx, "checks", {}, StartOptions(business_key="free"))
        bare = tx.scalar(text("SELECT t.id FROM user_task t JOIN instance i ON i.id = t.instance_id WHERE i.business_key = 'free'"))
    sara = signed_in("sara")
    attached = [{"name": "a.txt", "content": base64.b64encode(b"salaries").decode()}]
    sara.post(f"/api/v1/user-tasks/{bare}/comments", json={"text": "Secret", "attachments": attached})
    (said,) = sara.get(f"/api/v1/user-tasks/{bare}/comments").json["items"]
    number = said["attachments"][0]["id"]
    assert sara.get(f"/comments/attachments/{number}").data == b"salaries"
    assert signed_in("jonas").get(f"/comments/attachments/{number}").status_code == 404
