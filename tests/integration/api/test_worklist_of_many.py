"""The list of tasks: its filters, what it says of each, and what is done to several of them at once."""

import re

import pytest
from sqlalchemy import text

from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m

FORM = b"""{"type": "default", "id": "check", "schemaVersion": 19, "components": [
 {"type": "number", "key": "discount_pct", "label": "Discount", "readonly": true},
 {"type": "radio", "key": "decision", "label": "Decision", "values": [{"label": "Approve", "value": "approve"},
  {"label": "Refuse", "value": "refuse"}], "validate": {"required": true}}]}"""
SETTINGS = {"candidateGroups": "sales,order-desk", "formKey": "check", "formData": "={quote_no: quote_no, discount_pct: discount_pct}"}


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def begin(installation, company_database):
    """Begins checks that somebody of the sales or the order desk decides; answers the ids of their tasks by business key."""
    with company_database.transaction() as tx:
        model = m.start() + m.user("check", **SETTINGS) + m.end()
        deploy(installation.runtime, tx, m.bundle("checks", model, "start -> check -> done", files={"check.form": FORM}), "ada")
        deploy(installation.runtime, tx, m.bundle("looks", model, "start -> check -> done", files={"check.form": FORM}), "ada")

    def begin(*keys, process="checks", **variables):
        with company_database.transaction() as tx:
            for key in keys:
                given = {"quote_no": key, "discount_pct": 24, **variables}
                start(installation.runtime, tx, process, given, StartOptions(business_key=key))
            rows = tx.execute(text("SELECT i.business_key, t.id FROM user_task t JOIN instance i ON i.id = t.instance_id"))
            return {row.business_key: str(row.id) for row in rows}

    return begin


def test_ten_tasks_are_decided_at_once_and_each_has_its_own_result(begin, signed_in):
    tasks = begin(*(f"K-{number}" for number in range(10)))
    sara, tom = signed_in("sara"), signed_in("tom")
    tom.post(f"/api/v1/user-tasks/{tasks['K-3']}/claim")
    answer = sara.post("/api/v1/user-tasks/complete", json={"ids": list(tasks.values()), "data": {"decision": "approve"}})
    results = {each["id"]: each for each in answer.json["items"]}
    assert len(results) == 10
    assert [each["state"] for key, task in tasks.items() if key != "K-3" for each in [results[task]]] == ["completed"] * 9
    assert (results[tasks["K-3"]]["code"], results[tasks["K-3"]]["next_step"]) == ("claimed", "Ask tom to release it.")
    again = sara.post("/api/v1/user-tasks/complete", json={"ids": [tasks["K-0"]], "data": {"decision": "refuse"}}).json["items"]
    assert again[0]["code"] == "task_completed"


def test_an_answer_that_breaks_a_rule_changes_nothing_and_names_the_field(begin, signed_in):
    tasks = begin("K-1", "K-2")
    answer = signed_in("sara").post("/api/v1/user-tasks/complete", json={"ids": list(tasks.values()), "data": {}})
    assert [(each["code"], list(each["errors"])) for each in answer.json["items"]] == [("form_invalid", ["decision"])] * 2
    page = signed_in("sara").post("/worklist/decide", data={"task": list(tasks.values()), "data": "{}"})
    assert page.status_code == 422
    assert "Decide 2 tasks in one go" in page.text


def test_several_are_claimed_handed_on_and_given_back(begin, signed_in):
    ids = list(begin("K-1", "K-2").values())
    sara = signed_in("sara")
    assert {each["state"] for each in sara.post("/api/v1/user-tasks/claim", json={"ids": ids}).json["items"]} == {"claimed"}
    assert sara.get("/worklist?view=mine").text.count('name="task" value=') == 2
    handed = sara.post("/api/v1/user-tasks/assign", json={"ids": ids[:1], "to": "tom"}).json["items"]
    assert [each["state"] for each in handed] == ["assigned"]
    back = {each["id"]: each["state"] for each in sara.post("/api/v1/user-tasks/release", json={"ids": ids}).json["items"]}
    assert back == {ids[0]: "refused", ids[1]: "released"}


@pytest.mark.parametrize("ids", [[], ["7"], ["8c5d5c7a-5d0f-4d7e-9f53-0c1b7e2f9f10"] * 51], ids=["none", "no id", "too many"])
def test_what_is_no_choice_of_tasks_is_refused(begin, signed_in, ids):
    sara = signed_in("sara")
    assert sara.post("/api/v1/user-tasks/claim", json={"ids": ids}).status_code == 422
    assert sara.post("/worklist/claim", data={"task": ids[:1]}).status_code == (200 if len(ids) > 1 else 422)


def test_the_page_asks_once_for_tasks_of_one_kind_and_says_what_became_of_each(begin, signed_in):
    tasks = begin("K-1", "K-2")
    sara = signed_in("sara")
    ids = list(tasks.values())
    page = sara.post("/worklist/decide", data={"task": ids}).text
    assert "One answer for all of them" in page
    assert '"decision"' in page
    done = sara.post("/worklist/decide", data={"task": ids, "data": '{"decision": "approve"}'}).text
    assert "2 of 2 decided" in done
    assert "None of them is open any more" in sara.get("/worklist/decide", query_string={"task": ids}).text
    assert re.findall(r">(\w-\d)<", sara.get("/worklist?view=done").text)


def test_tasks_of_two_kinds_are_decided_kind_by_kind(begin, signed_in):
    begin("K-1")
    tasks = begin("L-1", process="looks")
    page = signed_in("sara").post("/worklist/decide", data={"task": list(tasks.values())}).text
    assert "They ask for different things" in page
    assert page.count("/worklist/decide?task=") == 2


def test_who_may_not_see_a_task_decides_it_neither_alone_nor_among_many(begin, signed_in):
    tasks = begin("K-1")
    jonas = signed_in("jonas")
    refused = jonas.post("/api/v1/user-tasks/complete", json={"ids": list(tasks.values()), "data": {"decision": "approve"}})
    assert [each["code"] for each in refused.json["items"]] == ["task_unknown"]
    assert "None of them is open any more" in jonas.post("/worklist/decide", data={"task": list(tasks.values())}).text


def test_the_list_says_whom_a_task_is_about_what_it_comes_to_and_why_it_is_asked(begin, signed_in, company_database):
    with company_database.transaction() as tx:
        values = "'Q-000777', 'C-1001', 'EUR', '{}', 1234.5"
        tx.execute(text(f"INSERT INTO quote (quote_no, customer_no, currency, ship_to, gross_total) VALUES ({values})"))
    begin("Q-000777", discount_pct=24)
    sara = signed_in("sara")
    page = sara.get("/worklist").text
    with company_database.transaction() as tx:
        name = tx.scalar(text("SELECT name FROM customer WHERE customer_no = 'C-1001'"))
    assert name.replace("&", "&amp;") in page
    assert "discount 24 %" in page
    assert "1,234.50 EUR" in page


def test_the_list_is_filtered_and_says_what_it_does_not_understand(begin, signed_in, company_database):
    begin("K-1", "K-2", "K-3")
    with company_database.transaction() as tx:
        due = "UPDATE user_task t SET due_at = business_now() + {} FROM instance i WHERE i.id = t.instance_id AND i.business_key = '{}'"
        tx.execute(text(due.format("interval '-1 day'", "K-1")))
        tx.execute(text(due.format("interval '5 days'", "K-2")))
        tx.execute(text("UPDATE user_task t SET priority = 80 FROM instance i WHERE i.id = t.instance_id AND i.business_key = 'K-3'"))
    sara = signed_in("sara")

    def shown(query):
        return sorted(set(re.findall(r"Tick check, (K-\d)", sara.get(f"/worklist?{query}").text)))

    assert shown("") == ["K-1", "K-2", "K-3"]
    assert shown("due=today") == shown("view=overdue") == ["K-1"]
    assert shown("due=week") == ["K-1", "K-2"]
    assert shown("due=none") == shown("priority=51") == ["K-3"]
    assert shown("group=order-desk") == ["K-1", "K-2", "K-3"]
    assert "left out: view=someday, due=soon" in sara.get("/worklist?view=someday&due=soon").text


def test_the_export_is_what_the_filter_shows_and_no_spreadsheet_runs_it(begin, signed_in):
    begin("=cmd()", "K-2")
    lines = signed_in("sara").get("/worklist.csv?q=cmd").text.splitlines()
    assert len(lines) == 2
    assert "'=cmd()" in lines[1]


def test_what_waits_is_counted_in_the_navigation(begin, signed_in):
    begin("K-1", "K-2")
    assert 'aria-label="2 waiting"' in signed_in("sara").get("/orders").text
    assert "waiting</span>" not in signed_in("jonas").get("/orders").text
