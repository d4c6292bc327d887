"""The page of a draft without a browser: begun, shown file by file, refused beside its form, deployed, thrown away."""

import base64
import re
from html import unescape

import pytest
from sqlalchemy import text

from tests import tiny_models as m

PAGE = "/processes/approval/draft"


def approval(files: dict[str, bytes] | None = None):
    elements = m.start() + m.user("approve", candidateGroups="sales") + m.end()
    return m.bundle("approval", elements, "start -> approve -> done", files=files)


@pytest.fixture
def ravi(signed_in):
    return signed_in("ravi")


def deploy(browser, bundle):
    files = {name: base64.b64encode(content).decode() for name, content in bundle.files.items()}
    assert browser.post("/api/v1/deployments", json={"name": bundle.name, "files": files}).status_code == 201


def shown(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def revision(browser, path: str) -> int:
    return next(file["revision"] for file in browser.get("/api/v1/drafts/approval").json["files"] if file["path"] == path)


def test_a_draft_is_begun_on_its_page_by_who_may_deploy(ravi, signed_in):
    deploy(ravi, approval())
    assert "Nobody works on approval" in shown(ravi.get(PAGE))
    sara = signed_in("sara")
    assert "Begin with" not in shown(sara.get(PAGE))
    assert sara.post(PAGE).status_code == 403
    assert ravi.post(PAGE).headers["Location"] == PAGE
    page = shown(sara.get(PAGE))
    assert "Draft of approval based on version 1, by ravi" in page
    assert "approval.bpmn Diagram Unchanged none" in page
    assert "Deploy…" not in page


def test_a_name_that_no_bundle_has_is_refused(ravi):
    assert ravi.post("/processes/Not%20a%20name/draft", headers={"Accept": "text/html"}).status_code == 422


def test_what_is_wrong_is_said_by_file_and_refuses_the_deployment_beside_its_form(ravi):
    ravi.post(PAGE, data={"empty": "yes"})
    page = ravi.get(PAGE)
    assert "approval.bpmn Diagram New 1 error" in shown(page)
    assert f'href="{PAGE}/approval.bpmn#begin"' in page.text
    refused = ravi.post(f"{PAGE}/deploy", data={"note": "too early"})
    assert refused.status_code == 422
    assert "data-opened" in refused.text
    assert "The model has 1 error(s)" in shown(refused)
    assert "too early" in refused.text


def test_files_are_added_renamed_and_removed(ravi):
    deploy(ravi, approval())
    ravi.post(PAGE)
    assert ravi.post(f"{PAGE}/add", data={"path": "approve.form"}).headers["Location"] == f"{PAGE}/approve.form"
    assert "is no kind of file" in shown(ravi.post(f"{PAGE}/add", data={"path": "approve.exe"}))
    assert "Rename approve.form" in ravi.get(PAGE).text
    to = {"path": "approve.form", "to": "forms/approve.form", "revision": revision(ravi, "approve.form")}
    assert ravi.post(f"{PAGE}/rename", data=to).status_code == 303
    gone = {"path": "forms/approve.form", "revision": revision(ravi, "forms/approve.form")}
    assert ravi.post(f"{PAGE}/remove", data={**gone, "revision": "7x"}).status_code == 422
    assert ravi.post(f"{PAGE}/remove", data=gone).status_code == 303
    assert "approve.form" not in ravi.get(PAGE).text


def test_what_was_changed_or_removed_is_brought_back_as_it_was_deployed(ravi):
    deploy(ravi, approval({"README.md": b"# One", "NOTES.md": b"notes"}))
    ravi.post(PAGE)
    ravi.put("/api/v1/drafts/approval/files/README.md", data=b"# Mine", headers={"If-Match": f'"{revision(ravi, "README.md")}"'})
    ravi.post(f"{PAGE}/remove", data={"path": "NOTES.md", "revision": revision(ravi, "NOTES.md")})
    assert "NOTES.md Text Removed Bring back" in shown(ravi.get(PAGE))
    stale = {"path": "README.md", "revision": revision(ravi, "README.md") - 1}
    assert ravi.post("/api/v1/drafts/approval/restore", json=stale).json["code"] == "edited_meanwhile"
    ravi.post(f"{PAGE}/restore", data={"path": "README.md", "revision": revision(ravi, "README.md")})
    ravi.post(f"{PAGE}/restore", data={"path": "NOTES.md"})
    assert {file["state"] for file in ravi.get("/api/v1/drafts/approval").json["files"]} == {"unchanged"}
    assert ravi.post("/api/v1/drafts/approval/restore", json={"path": "MORE.md"}).json["code"] == "draft_file_unknown"


def test_a_new_process_is_begun_in_the_list_of_drafts(ravi, signed_in):
    assert "Nobody works on a process" in shown(ravi.get("/processes/drafts"))
    assert ravi.post("/processes/drafts", data={"bundle": "approval"}).headers["Location"] == PAGE
    assert "approval nothing: it is new" in shown(signed_in("sara").get("/processes/drafts"))
    assert signed_in("sara").post("/processes/drafts", data={"bundle": "more"}).status_code == 403
    for taken in ("drafts", "Big", ""):
        assert ravi.post("/processes/drafts", data={"bundle": taken}).status_code == 422


@pytest.mark.parametrize("path", ["a.bpmn", "a.dmn", "a.form", "a.scenario.json", "a.md"])
def test_a_new_file_of_each_kind_opens_in_its_editor(ravi, path, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: island})())
    ravi.post(PAGE, data={"empty": "yes"})
    made = ravi.post(f"{PAGE}/add", data={"path": path})
    page = ravi.get(made.headers["Location"])
    assert page.status_code == 200
    assert ("<diagram-editor" in page.text) is (path == "a.bpmn")
    assert "<text-editor" in ravi.get(made.headers["Location"] + "?as=text").text
    assert ravi.get(f"{PAGE}/missing.md").status_code == 404


def test_who_may_not_change_reads_the_text_of_a_file(ravi, signed_in):
    ravi.post(PAGE, data={"empty": "yes"})
    page = signed_in("sara").get(f"{PAGE}/approval.bpmn").text
    assert "&lt;bpmn:startEvent" in page
    assert "<diagram-editor" not in page


def test_somebody_who_deployed_meanwhile_is_shown_and_what_both_changed_is_named(ravi):
    deploy(ravi, approval({"README.md": b"# One"}))
    ravi.post(PAGE)
    ravi.put("/api/v1/drafts/approval/files/README.md", data=b"# Mine", headers={"If-Match": f'"{revision(ravi, "README.md")}"'})
    deploy(ravi, approval({"README.md": b"# Theirs"}))
    assert "ravi has deployed version 2 since this draft was begun" in shown(ravi.get(PAGE))
    assert "since this draft was begun" in shown(ravi.post(f"{PAGE}/deploy", data={}))
    after = ravi.get(ravi.post(f"{PAGE}/rebase").headers["Location"])
    assert "Changed on both sides, and as you drafted it: README.md" in shown(after)
    deployed = ravi.get(ravi.post(f"{PAGE}/deploy", data={"note": "Both"}).headers["Location"])
    assert "Version 3 is deployed" in shown(deployed)


def test_what_a_deployment_would_change_is_told_with_the_instances_it_touches(ravi, signed_in):
    deploy(ravi, approval())
    assert signed_in("olga").post("/api/v1/instances", json={"process_key": "approval", "variables": {}}).status_code == 201
    ravi.post(PAGE)
    assert "Nothing differs" in shown(ravi.get(PAGE))
    diagram = approval().files["approval.bpmn"].replace(b'value="sales"', b'value="finance"')
    ravi.put("/api/v1/drafts/approval/files/approval.bpmn", data=diagram, headers={"If-Match": f'"{revision(ravi, "approval.bpmn")}"'})
    page = shown(ravi.get(PAGE))
    assert "What changes Against version 1" in page
    assert re.search(r"Changed approve User task \S[^.]* sales finance", page)
    assert "1 at approve." in page
    told = ravi.get("/api/v1/drafts/approval/changes").json
    assert [(each["element_id"], each["instances"]) for each in told["touched"]] == [("approve", 1)]
    assert told["diff"]["files"][0]["changes"][0]["new"] == "finance"


def test_a_draft_is_thrown_away(ravi):
    ravi.post(PAGE, data={"empty": "yes"})
    after = ravi.get(ravi.post(f"{PAGE}/discard").headers["Location"])
    assert "The draft is thrown away." in shown(after)
    assert ravi.post(f"{PAGE}/discard").status_code == 404


def test_comments_outlive_the_draft_and_follow_a_renamed_file(ravi, signed_in, installation):
    ravi.post(PAGE, data={"empty": "yes"})
    sara = signed_in("sara")
    said = {"path": "approval.bpmn", "element_id": "begin", "text": "Who begins it?"}
    made = sara.post("/api/v1/drafts/approval/comments", json=said)
    assert made.status_code == 201
    assert sara.post("/api/v1/drafts/approval/comments", json={**said, "text": "  "}).json["errors"] == {"text": ["is missing"]}
    assert sara.post("/api/v1/drafts/nobodys/comments", json=said).status_code == 404
    seen = {"path": "approval.bpmn", "to": "approve.bpmn", "revision": revision(ravi, "approval.bpmn")}
    ravi.post("/api/v1/drafts/approval/rename", json=seen)
    number = made.json["id"]
    assert ravi.post(f"/api/v1/drafts/approval/comments/{number}/resolve").status_code == 204
    assert sara.post(f"/api/v1/drafts/approval/comments/{number}/resolve").status_code == 204
    assert ravi.post(f"/api/v1/drafts/nobodys/comments/{number}/resolve").status_code == 404
    ravi.delete("/api/v1/drafts/approval")
    [comment] = ravi.get("/api/v1/drafts/approval/comments?path=approve.bpmn").json["items"]
    assert (comment["author"], comment["text"], comment["resolved_by"]) == ("sara", "Who begins it?", "ravi")
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM element_comment WHERE path = 'approval.bpmn'")) == 0
