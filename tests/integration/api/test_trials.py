"""Trying a decision, a form and a FEEL text: what is answered, and what bad input is told. `ravi` may deploy, `sara` may not."""

import base64
import json

import pytest

from tests import tiny_models as m
from tests.unit.dmn.dmn_models import decision, model, table

LEVELS = model(decision(table([["> 1000", '"A"', '"director"'], ["-", "-", '"clerk"']], ("amount", "class"), hitPolicy="FIRST")))
FORM = json.dumps(
    {
        "type": "default",
        "components": [
            {"type": "number", "key": "discount", "validate": {"required": True, "max": "=limit"}},
            {"type": "textfield", "key": "customer", "readonly": True},
        ],
    }
).encode()
ENDLESS = "count(for a in 1..100000, b in 1..100000 return 1)"


def packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def ravi(signed_in):
    return signed_in("ravi")


def refused(answer, code: str) -> dict:
    assert (answer.status_code, answer.json["code"]) == (422, code), answer.json
    assert answer.json["next_step"]
    return answer.json


def test_a_decision_says_its_value_and_which_cell_of_each_silent_rule_said_no(ravi):
    body = {"content": packed(LEVELS), "decision": "answer", "inputs": {"amount": 5000.5, "class": "B"}}
    found = ravi.post("/api/v1/decisions/try", json=body).json
    assert (found["value"], found["text"], found["problem"]) == ("clerk", '"clerk"', None)
    assert found["matched"] == [{"decision_id": "d_answer", "rule_id": "r2", "index": 2}]
    [asked] = found["tables"]
    assert [each["value"] for each in asked["inputs"]] == ["5000.5", '"B"']
    assert [(each["index"], each["verdict"]) for each in asked["rules"]] == [(1, "refused"), (2, "matched")]
    assert asked["rules"][0]["cell"] == {"element_id": "c1.2", "label": "class", "test": '"A"', "value": '"B"'}


def test_a_file_of_a_draft_is_tried_as_it_is_saved(ravi):
    ravi.post("/api/v1/drafts", json={"bundle": "approval", "empty": True})
    ravi.put("/api/v1/drafts/approval/files/levels.dmn", data=LEVELS)
    named = {"bundle": "approval", "path": "levels.dmn"}
    assert ravi.post("/api/v1/decisions/inputs", json=named).json["decisions"][0]["inputs"] == [
        {"name": "amount", "type": "", "options": []},
        {"name": "class", "type": "", "options": []},
    ]
    assert ravi.post("/api/v1/decisions/try", json={**named, "decision": "d_answer"}).json["value"] == "clerk"
    assert ravi.post("/api/v1/decisions/inputs", json={**named, "path": "none.dmn"}).status_code == 404


def test_a_decision_that_breaks_its_promise_says_so_with_the_rules_that_matched(ravi):
    two = model(decision(table([["> 10", "1"], ["> 20", "2"]])))
    found = ravi.post("/api/v1/decisions/try", json={"content": packed(two), "decision": "answer", "inputs": {"amount": 30}}).json
    assert (found["value"], found["problem"]["code"], found["problem"]["element_id"]) == (None, "decision_violation", "t1")
    assert [each["verdict"] for each in found["tables"][0]["rules"]] == ["matched", "matched"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"<definitions", "not well-formed"), (b"<!DOCTYPE a><a/>", "DOCTYPE"), (b"<a/>", "no DMN"), (b"\xff\x00", "not well-formed")],
)
def test_a_model_that_cannot_be_read_is_refused(ravi, content, said):
    for path, more in (("inputs", {}), ("try", {"decision": "answer"})):
        assert said in refused(ravi.post(f"/api/v1/decisions/{path}", json={"content": packed(content), **more}), "dmn")["detail"]


def test_a_decision_that_is_not_there_or_never_ends_is_refused(ravi):
    assert "answer" in refused(ravi.post("/api/v1/decisions/try", json={"content": packed(LEVELS), "decision": "x"}), "dmn")["next_step"]
    endless = model(decision(table([["-", ENDLESS]])))
    refused(ravi.post("/api/v1/decisions/try", json={"content": packed(endless), "decision": "answer"}), "feel_limit")


@pytest.mark.parametrize("body", [{}, {"content": "no base64!"}, {"bundle": "approval"}])
@pytest.mark.parametrize("path", ["decisions/inputs", "forms/try"])
def test_without_a_file_it_says_how_to_send_one(ravi, path, body):
    assert refused(ravi.post(f"/api/v1/{path}", json=body), "trial_file")["errors"]


@pytest.mark.parametrize("path", ["decisions/inputs", "decisions/try", "forms/try"])
def test_five_megabytes_are_too_much(ravi, path):
    body = {"content": packed(b"x" * 5_000_000), **({"decision": "answer"} if path == "decisions/try" else {})}
    assert ravi.post(f"/api/v1/{path}", json=body).status_code == 413


def test_a_form_answers_errors_by_field_as_completing_the_task_would(ravi):
    given = {"limit": 10, "customer": "Hanna Huber"}

    def judged(**submitted):
        return ravi.post("/api/v1/forms/try", json={"content": packed(FORM), "given": given, "submitted": submitted}).json

    assert judged(discount=12) == {"ok": False, "data": {}, "errors": {"discount": ["Field must have maximum value of 10."]}}
    assert judged(discount=7.5, customer="Mallory") == {"ok": True, "data": {"discount": 7.5, "customer": "Hanna Huber"}, "errors": {}}


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"type": "default", "components": [{"type": "html", "content": "x"}]}',
        b'{"type": "default", "components": [{"type": "number", "key": "\\ud800"}]}',
    ],
)
def test_a_form_that_cannot_be_vouched_for_is_refused(ravi, content):
    assert refused(ravi.post("/api/v1/forms/try", json={"content": packed(content)}), "form_invalid")["errors"]


def test_a_form_whose_expressions_never_end_is_not_taken_over(ravi):
    endless = {"type": "default", "components": [{"type": "number", "key": "a", "validate": {"max": f"={ENDLESS}"}}]}
    found = ravi.post("/api/v1/forms/try", json={"content": packed(json.dumps(endless).encode()), "submitted": {"a": 1}}).json
    assert not found["ok"]
    assert "stopped" in found["errors"]["form"][0]


def test_a_feel_text_gives_its_value_type_and_what_was_null_where(signed_in):
    sara = signed_in("sara")
    found = sara.post("/api/v1/feel/try", json={"text": "= order.total * 2", "context": {"order": {"total": 10.05}}}).json
    assert (str(found["value"]), found["text"], found["type"], found["variables"]) == ("20.10", "20.10", "number", ["order"])
    found = sara.post("/api/v1/feel/try", json={"text": "1 +\n order.tax", "context": {"order": {"total": 1}}}).json
    assert (found["value"], found["type"]) == (None, "null")
    assert found["diagnostics"] == [
        {"text": "order.tax", "position": 5, "line": 2, "column": 2, "reason": "the context has no entry tax; it has total"}
    ]


@pytest.mark.parametrize(("text", "value", "holds"), [("> 5, 3", 3, True), ("> limit", 5, False), ("[1..5)", "a", None)])
def test_unary_tests_are_asked_of_a_value(ravi, text, value, holds):
    body = {"text": text, "kind": "unary tests", "value": value, "context": {"limit": 7}}
    assert ravi.post("/api/v1/feel/try", json=body).json["value"] is holds


@pytest.mark.parametrize("text", ["[1..3]", "function(a) a", 'date("2026-02-28")', "{a: 1.50}"])
def test_what_is_no_data_is_shown_as_text(ravi, text):
    found = ravi.post("/api/v1/feel/try", json={"text": text}).json
    assert found["text"]
    assert found["type"] in {"range", "function", "date", "context"}


def test_an_error_of_a_feel_text_says_its_place(ravi):
    found = refused(ravi.post("/api/v1/feel/try", json={"text": "1 +\n  * 2"}), "feel_syntax")
    assert (found["position"], found["line"], found["column"]) == (6, 2, 3)


@pytest.mark.parametrize("text", [ENDLESS, "(" * 10_000, 'matches("' + "a" * 50 + '", "(a+)+$") or ' * 50 + "true"])
def test_a_hostile_feel_text_is_stopped_or_answered(ravi, text):
    assert ravi.post("/api/v1/feel/try", json={"text": text}).status_code in {200, 422}


def test_a_feel_text_of_megabytes_is_refused(ravi):
    assert 400 <= ravi.post("/api/v1/feel/try", json={"text": "1+" * 2_000_000 + "1"}).status_code < 500


def test_only_who_may_deploy_tries_decisions_and_forms(signed_in):
    sara = signed_in("sara")
    assert sara.post("/api/v1/decisions/try", json={"content": packed(LEVELS), "decision": "answer"}).status_code == 403
    assert sara.post("/api/v1/forms/try", json={"content": packed(FORM)}).status_code == 403


def test_open_tasks_are_found_by_their_form(ravi, signed_in):
    steps = m.user("approve", candidateGroups="sales", formKey="approve") + m.user("look", candidateGroups="sales")
    bundle = m.bundle("approval", m.start() + steps + m.end(), "start -> approve -> look -> done", files={"approve.form": FORM})
    deployed = ravi.post(
        "/api/v1/deployments", json={"name": "approval", "files": {path: packed(content) for path, content in bundle.files.items()}}
    )
    assert deployed.status_code == 201, deployed.json
    assert signed_in("edith").post("/api/v1/instances", json={"process_key": "approval"}).status_code == 201
    sara = signed_in("sara")
    assert [task["element_id"] for task in sara.get("/api/v1/user-tasks?form_key=approve").json] == ["approve"]
    assert sara.get("/api/v1/user-tasks?form_key=another").json == []
