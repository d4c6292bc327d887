"""Asking a colleague, sending back and planning a task, by API and by its page."""

import pytest

from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m

BACK = '<bpmn:error id="back" errorCode="BACK_TO_SALES"/>'


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def task(installation, company_database, signed_in):
    """A task that sara has claimed, with a way back to sales."""
    model = m.start() + m.user("check", candidateGroups="sales,order-desk") + m.user("revise", candidateGroups="sales") + m.end()
    model += m.boundary("Back_to_sales", "check", '<bpmn:errorEventDefinition errorRef="back"/>')
    flows = "start -> check -> done\nBack_to_sales -> revise -> done"
    with company_database.transaction() as tx:
        deploy(installation.runtime, tx, m.bundle("checks", model, flows, outside=BACK), "ada")
        start(installation.runtime, tx, "checks", {}, StartOptions(business_key="K-1"))
    sara = signed_in("sara")
    (found,) = sara.get("/api/v1/user-tasks").json
    sara.post(f"/api/v1/user-tasks/{found['id']}/claim")
    return found["id"]


def test_a_colleague_is_asked_and_answers_on_the_page_and_the_owner_sees_both(task, signed_in):
    sara, tom = signed_in("sara"), signed_in("tom")
    page = sara.get(f"/worklist/{task}?sort=priority").text
    assert "<option>tom</option>" in page.split('id="ask-whom"')[1]
    asked = sara.post(f"/worklist/{task}/ask?sort=priority", data={"to": "tom", "question": "Can we deliver on Friday?"})
    assert asked.location == f"/worklist/{task}?sort=priority&done=ask"
    assert "Asked: it is back with you" in sara.get(asked.location).text
    assert 'With others<span class="count">1</span>' in sara.get("/worklist?view=asked").text
    theirs = tom.get(f"/worklist/{task}").text
    assert "Can we deliver on Friday?" in theirs
    assert "Your answer" in theirs
    assert 'data-action="complete"' not in theirs
    tom.post(f"/worklist/{task}/answer", data={"answer": "By noon."})
    mine = sara.get(f"/worklist/{task}").text
    assert "By noon." in mine
    assert 'data-action="complete"' in mine
    assert "Answer <span" in mine.split("Who did what")[1]


def test_an_empty_question_comes_back_with_what_is_wrong(task, signed_in):
    answer = signed_in("sara").post(f"/worklist/{task}/ask", data={"to": "tom", "question": ""})
    assert answer.status_code == 422
    assert "The comment cannot be kept" in answer.text


def test_a_task_is_sent_back_by_the_way_its_diagram_has(task, signed_in):
    sara = signed_in("sara")
    assert sara.get(f"/api/v1/user-tasks/{task}/ways-back").json == {"items": [{"code": "BACK_TO_SALES", "name": "Back_to_sales"}]}
    assert "Back_to_sales…" in sara.get(f"/worklist/{task}").text
    refused = sara.post(f"/api/v1/user-tasks/{task}/send-back", json={"code": "TO_MARS", "reason": "Far"})
    assert (refused.status_code, refused.json["code"]) == (409, "no_way_back")
    assert (
        sara.post(f"/api/v1/user-tasks/{task}/send-back", json={"code": "BACK_TO_SALES", "reason": "No date."}).json["state"] == "sent_back"
    )
    assert [each["name"] for each in sara.get("/api/v1/user-tasks").json] == ["revise"]
    assert "“No date.”" in sara.get(f"/worklist/{task}").text


def test_priority_and_dates_are_planned_and_the_list_sorts_and_filters_by_them(task, signed_in):
    sara = signed_in("sara")
    planned = sara.patch(f"/api/v1/user-tasks/{task}", json={"priority": 80, "follow_up_at": "2031-01-07T08:00:00Z"}).json
    assert (planned["priority"], planned["follow_up_at"]) == (80, "2031-01-07T08:00:00Z")
    page = sara.post(
        f"/worklist/{task}/plan", data={"due_at": "2031-02-01", "was_due_at": "", "priority": "80"}, follow_redirects=True
    ).text
    assert "Saved." in page
    assert "put off until" in sara.get("/worklist?due=rest&sort=follow_up").text
    assert "No task fits this filter" in sara.get("/worklist?due=now").text
    assert sara.get(f"/api/v1/user-tasks/{task}").json["task"]["due_at"] == "2031-02-01T23:59:00Z"
    assert sara.patch(f"/api/v1/user-tasks/{task}", json={"priority": 101}).status_code == 422
    assert sara.post(f"/worklist/{task}/plan", data={"priority": "soon"}).status_code == 422


def test_a_question_is_taken_back_and_a_task_is_handed_on_by_api(task, signed_in):
    sara = signed_in("sara")
    sara.post(f"/api/v1/user-tasks/{task}/delegate", json={"to": "tom", "question": "Fine?"})
    assert sara.post(f"/api/v1/user-tasks/{task}/take-back").json["assignee"] == "sara"
    assert sara.post(f"/api/v1/user-tasks/{task}/assign", json={"to": "tom"}).json["assignee"] == "tom"
    assert sara.post(f"/api/v1/user-tasks/{task}/answer", json={"answer": "Yes"}).status_code == 409


def test_who_has_begun_something_sees_where_it_is_and_who_has_it(task, installation, company_database, signed_in):
    with company_database.transaction() as tx:
        start(installation.runtime, tx, "checks", {}, StartOptions(business_key="K-2", actor="tom"))
    tom, sara = signed_in("tom"), signed_in("sara")
    (mine,) = tom.get("/api/v1/me/requests").json["items"]
    assert (mine["business_key"], mine["state"], mine["desks"][0]["groups"]) == ("K-2", "waiting", ["sales", "order-desk"])
    assert "Sales, Order desk may take it" in tom.get("/worklist/requests").text
    second = next(each for each in sara.get("/api/v1/user-tasks").json if each["business_key"] == "K-2")
    sara.post(f"/api/v1/user-tasks/{second['id']}/claim")
    assert "sara has it" in tom.get("/worklist/requests").text
    sara.post(f"/api/v1/user-tasks/{second['id']}/complete", json={})
    assert tom.get("/api/v1/me/requests").json["items"] == []
    assert tom.get("/api/v1/me/requests?ended=true").json["items"][0]["state"] == "completed"
    assert sara.get("/api/v1/me/requests?ended=true").json["items"] == []
