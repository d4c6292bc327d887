"""A draft: begun from what is deployed, saved file by file, never overwritten unseen, deployed clean or not at all.

`ravi` may deploy, `sara` may only read.
"""

import base64
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from engine.models.bundle import Bundle
from tests import tiny_models as m


def approval(*, title: str = "Approve", files: dict[str, bytes] | None = None) -> Bundle:
    """A process that deploys: one step of a person."""
    elements = m.start() + m.user("approve", candidateGroups="sales", title=title) + m.end()
    return m.bundle("approval", elements, "start -> approve -> done", files=files)


@pytest.fixture
def put(ravi: FlaskClient) -> Callable[..., FlaskClient]:
    """Save a file of the draft `approval`; `seen` is the revision it was read at."""

    def save(path: str, content: bytes, seen: int | None = None, by: FlaskClient = ravi):
        headers = {} if seen is None else {"If-Match": f'"{seen}"'}
        return by.put(f"/api/v1/drafts/approval/files/{path}", data=content, headers=headers)

    return save


@pytest.fixture
def ravi(signed_in) -> FlaskClient:
    return signed_in("ravi")


@pytest.fixture
def deployed(ravi) -> Callable[[Bundle], int]:
    """Deploy a bundle behind the draft's back; answers its version."""

    def deploy(bundle: Bundle) -> int:
        files = {name: base64.b64encode(content).decode() for name, content in bundle.files.items()}
        answer = ravi.post("/api/v1/deployments", json={"name": bundle.name, "files": files})
        assert answer.status_code == 201, answer.json
        return answer.json["version"]

    return deploy


def files_of(browser) -> dict[str, tuple[str, int | None]]:
    return {file["path"]: (file["state"], file["revision"]) for file in browser.get("/api/v1/drafts/approval").json["files"]}


def begin(browser, **more):
    answer = browser.post("/api/v1/drafts", json={"bundle": "approval", **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def test_a_draft_begins_with_what_is_deployed_and_begun_twice_is_the_same_draft(ravi, deployed, put):
    version = deployed(approval(files={"README.md": b"# Approval"}))
    draft = begin(ravi)
    assert (draft["based_on_version"], draft["begun_by"], draft["newer"]) == (version, "ravi", None)
    assert {file["path"]: file["state"] for file in draft["files"]} == {"approval.bpmn": "unchanged", "README.md": "unchanged"}
    put("README.md", b"# Approvals", files_of(ravi)["README.md"][1])
    again = ravi.post("/api/v1/drafts", json={"bundle": "approval"})
    assert again.status_code == 200
    assert {file["path"]: file["state"] for file in again.json["files"]} == {"approval.bpmn": "unchanged", "README.md": "changed"}


def test_a_draft_of_nothing_begins_with_a_start_event_and_is_refused_until_it_leads_somewhere(ravi):
    begin(ravi)
    content = ravi.get("/api/v1/drafts/approval/files/approval.bpmn")
    assert b'<bpmn:process id="approval" name="Approval" isExecutable="true">' in content.data
    refused = ravi.post("/api/v1/drafts/approval/deploy", json={})
    assert (refused.status_code, refused.json["code"]) == (422, "model_refused")
    assert "dead-end" in {finding["rule"] for finding in refused.json["findings"]}
    assert ravi.get("/api/v1/drafts/approval").status_code == 200


def test_a_save_over_what_one_saw_is_a_new_revision_and_the_same_bytes_again_are_none(ravi, put):
    begin(ravi)
    read = ravi.get("/api/v1/drafts/approval/files/approval.bpmn")
    seen = int(read.headers["ETag"].strip('"'))
    saved = put("approval.bpmn", b"half a diagram", seen)
    assert (saved.status_code, saved.headers["ETag"]) == (200, f'"{saved.json["revision"]}"')
    assert saved.json["revision"] > seen
    again = put("approval.bpmn", b"half a diagram", seen)
    assert (again.status_code, again.json["revision"]) == (200, saved.json["revision"])
    assert ravi.get("/api/v1/drafts/approval/files/approval.bpmn").data == b"half a diagram"


def test_a_lost_race_overwrites_nothing_and_carries_what_the_other_one_wrote(ravi, signed_in, put):
    begin(ravi)
    edith, seen = signed_in("edith"), files_of(ravi)["approval.bpmn"][1]
    theirs = put("approval.bpmn", "Ediths Fassung ✓".encode(), seen, edith).json["revision"]
    lost = put("approval.bpmn", b"ravi's version", seen)
    assert (lost.status_code, lost.json["code"]) == (409, "edited_meanwhile")
    current = lost.json["current"]
    assert (current["revision"], current["changed_by"]) == (theirs, "edith")
    assert base64.b64decode(current["content"]).decode() == "Ediths Fassung ✓"
    assert current["changed_at"].endswith("Z")
    assert put("approval.bpmn", b"ravi's version", theirs).status_code == 200


def test_a_file_is_added_only_where_there_is_none_and_gone_is_said_as_gone(ravi, put):
    begin(ravi)
    added = put("forms/approve.form", b"{}")
    assert added.status_code == 200
    assert put("forms/approve.form", b"{ }").json["code"] == "edited_meanwhile"
    revision = added.json["revision"]
    assert ravi.delete("/api/v1/drafts/approval/files/forms/approve.form").json["code"] == "if_match"
    assert ravi.delete("/api/v1/drafts/approval/files/forms/approve.form", headers={"If-Match": '"1"'}).status_code == 409
    assert ravi.delete("/api/v1/drafts/approval/files/forms/approve.form", headers={"If-Match": f'"{revision}"'}).status_code == 204
    gone = put("forms/approve.form", b"{ }", revision)
    assert (gone.status_code, gone.json["current"]) == (409, None)


def test_a_removed_file_shows_as_removed_and_a_renamed_one_under_its_new_name(ravi, deployed):
    deployed(approval(files={"README.md": b"# Approval", "approve.form": b'{"type": "default", "components": []}'}))
    begin(ravi)
    before = files_of(ravi)
    ravi.delete("/api/v1/drafts/approval/files/README.md", headers={"If-Match": f'"{before["README.md"][1]}"'})
    renaming = {"path": "approve.form", "to": "forms/approve.form", "revision": before["approve.form"][1]}
    renamed = ravi.post("/api/v1/drafts/approval/rename", json=renaming)
    assert renamed.status_code == 200
    assert {path: state for path, (state, _) in files_of(ravi).items()} == {
        "approval.bpmn": "unchanged",
        "README.md": "removed",
        "approve.form": "removed",
        "forms/approve.form": "new",
    }
    assert ravi.post("/api/v1/drafts/approval/rename", json=renaming).status_code == 409
    taken = {"path": "forms/approve.form", "to": "approval.bpmn", "revision": renamed.json["revision"]}
    assert ravi.post("/api/v1/drafts/approval/rename", json=taken).json["code"] == "file_name_taken"


def test_names_and_sizes_that_no_bundle_holds_are_refused_and_change_nothing(ravi, put):
    begin(ravi)
    assert put("macro.xlsm", b"x").json["code"] == "file_kind"
    assert put("..%2Fsecret.md", b"x").json["code"] == "file_name"
    assert put(".hidden.md", b"x").json["code"] == "file_name"
    assert put("long.md", b"x" * 2_000_001).json["code"] == "bundle_too_large"
    assert put("note.md", b"x", 10**17).status_code == 409
    assert ravi.put("/api/v1/drafts/approval/files/note.md", data=b"x", headers={"If-Match": "now"}).json["code"] == "if_match"
    assert list(files_of(ravi)) == ["approval.bpmn"]


def test_a_clean_draft_is_deployed_with_its_note_and_is_gone(ravi, installation, put):
    begin(ravi)
    put("approval.bpmn", approval().files["approval.bpmn"], files_of(ravi)["approval.bpmn"][1])
    made = ravi.post("/api/v1/drafts/approval/deploy", json={"note": "First version"})
    assert (made.status_code, made.json["version"], made.json["processes"]) == (201, 1, ["approval"])
    assert ravi.get("/api/v1/drafts/approval").json["code"] == "draft_unknown"
    assert ravi.post("/api/v1/drafts/approval/deploy", json={}).status_code == 404
    with installation.database.transaction() as tx:
        acts = tx.execute(text("SELECT action, actor, detail FROM audit WHERE target = 'draft:approval' ORDER BY id")).all()
    assert [(row.action, row.actor) for row in acts] == [("begin_draft", "ravi"), ("deploy_draft", "ravi")]
    assert acts[-1].detail["note"] == "First version"


def test_somebody_who_deployed_meanwhile_is_shown_and_not_undone_unseen(ravi, deployed, put):
    deployed(approval(files={"README.md": b"# One", "NOTES.md": b"one"}))
    begin(ravi)
    put("NOTES.md", b"mine", files_of(ravi)["NOTES.md"][1])
    theirs = approval(title="Approve now", files={"README.md": b"# Two", "NOTES.md": b"theirs", "MORE.md": b"more"})
    assert deployed(theirs) == 2
    assert ravi.get("/api/v1/drafts/approval").json["newer"]["version"] == 2
    refused = ravi.post("/api/v1/drafts/approval/deploy", json={})
    assert (refused.status_code, refused.json["code"]) == (409, "draft_outdated")
    rebased = ravi.post("/api/v1/drafts/approval/rebase").json
    assert rebased == {"version": 2, "taken": ["MORE.md", "README.md", "approval.bpmn"], "kept": ["NOTES.md"]}
    assert {path: state for path, (state, _) in files_of(ravi).items()} == {
        "approval.bpmn": "unchanged",
        "MORE.md": "unchanged",
        "NOTES.md": "changed",
        "README.md": "unchanged",
    }
    assert ravi.post("/api/v1/drafts/approval/rebase").json == {"version": 2, "taken": [], "kept": []}
    assert ravi.post("/api/v1/drafts/approval/deploy", json={}).json["version"] == 3


def test_a_draft_is_thrown_away_with_its_files_and_its_revisions_never_come_back(ravi, put):
    begin(ravi)
    seen = files_of(ravi)["approval.bpmn"][1]
    assert ravi.delete("/api/v1/drafts/approval").status_code == 204
    assert ravi.delete("/api/v1/drafts/approval").status_code == 404
    begin(ravi)
    assert put("approval.bpmn", b"from an old tab", seen).status_code == 409


def test_who_may_not_deploy_reads_drafts_and_changes_none(ravi, signed_in, put):
    begin(ravi)
    sara = signed_in("sara")
    assert sara.get("/api/v1/drafts").json["items"][0]["bundle"] == "approval"
    assert sara.get("/api/v1/drafts/approval/files/approval.bpmn").status_code == 200
    assert put("approval.bpmn", b"", 1, sara).status_code == 403
    for refused in (
        sara.post("/api/v1/drafts", json={"bundle": "approval"}),
        sara.delete("/api/v1/drafts/approval"),
        sara.delete("/api/v1/drafts/approval/files/approval.bpmn"),
        sara.post("/api/v1/drafts/approval/rename", json={"path": "a.md", "to": "b.md", "revision": 1}),
        sara.post("/api/v1/drafts/approval/rebase"),
        sara.post("/api/v1/drafts/approval/deploy", json={}),
    ):
        assert refused.status_code == 403


def test_a_group_that_does_not_exist_is_refused_when_a_draft_is_deployed(ravi, put):
    begin(ravi)
    elements = m.start() + m.user("approve", candidateGroups="salez") + m.end()
    diagram = m.bundle("approval", elements, "start -> approve -> done").files["approval.bpmn"]
    put("approval.bpmn", diagram, files_of(ravi)["approval.bpmn"][1])
    refused = ravi.post("/api/v1/drafts/approval/deploy", json={})
    assert [finding["rule"] for finding in refused.json["findings"] if finding["severity"] == "error"] == ["unknown-group"]


def test_a_check_looks_at_what_the_editor_has_and_saves_nothing(ravi, signed_in):
    begin(ravi)
    before = files_of(ravi)
    broken = approval().files["approval.bpmn"].replace(b'targetRef="done"', b'targetRef="dome"')
    sara = signed_in("sara")
    found = sara.post("/api/v1/drafts/approval/check?path=approval.bpmn", data=broken).json
    assert not found["ok"]
    assert "dangling-flow" in {finding["rule"] for finding in found["findings"]}
    sound = sara.post("/api/v1/drafts/approval/check?path=approval.bpmn", data=approval().files["approval.bpmn"]).json
    assert (sound["ok"], files_of(ravi)) == (True, before)
    assert sara.post("/api/v1/drafts/approval/check").json["ok"] is False
    assert sara.post("/api/v1/drafts/approval/check?path=approval.bpmn", data=b"x" * 2_000_001).status_code == 413


def test_a_check_offers_certain_fixes_and_tells_the_variables_in_reach(ravi):
    begin(ravi)
    elements = m.start() + m.gateway("big") + m.user("approve", candidateGroups="salles", resultVariable="approval") + m.end()
    flows = "start -> big\nbig -> approve [amount > 100]\nbig -> done\napprove -> done"
    diagram = m.bundle("approval", elements, flows).files["approval.bpmn"]
    found = ravi.post("/api/v1/drafts/approval/check?path=approval.bpmn", data=diagram).json
    fixes = {finding["rule"]: finding["fix"] for finding in found["findings"] if finding["fix"]}
    assert fixes["flow-without-condition"] == {
        "label": "Make the flow to 'done' the default",
        "change": "set-default",
        "element_id": "big",
        "name": "",
        "value": "flow_big_done",
    }
    assert (fixes["unknown-group"]["change"], fixes["unknown-group"]["value"]) == ("set-setting", "sales")
    [reach] = found["variables"]
    assert reach["at"]["done"] == ["approval"]
    assert {each["name"]: (each["written_by"], each["read_by"]) for each in reach["variables"]} == {
        "amount": ([], ["flow_big_approve"]),
        "approval": (["approve"], []),
    }
    assert found["processes"] == ["approval"]


def test_the_vocabulary_names_the_settings_that_the_engine_reads_and_every_service_task(ravi, installation):
    found = ravi.get("/api/v1/modeling/vocabulary").json
    assert {"formKey", "candidateGroups", "dueIn"} <= {setting["name"] for setting in found["settings"]["userTask"]}
    assert "correlation" in {setting["name"] for setting in found["settings"]["intermediateCatchEvent:message"]}
    assert {task["name"] for task in found["service_tasks"]} == {task.name for task in installation.runtime.service_tasks}
    assert {setting["name"] for setting in found["settings"]["process"]} == {"inputs", "owner", "cancelMessage"}


@pytest.mark.parametrize(
    ("tag", "text", "times", "reads"),
    [
        ("timeCycle", "R/P1D", 3, False),
        ("timeCycle", "R2/PT1H", 2, False),
        ("timeDuration", "PT4H", 1, False),
        ("timeDate", "due_on", 0, True),
    ],
)
def test_a_timer_is_previewed_by_what_runs_it(ravi, tag, text, times, reads):
    found = ravi.post("/api/v1/modeling/timer", json={"tag": tag, "text": text}).json
    assert (len(found["times"]), found["reads_variables"], found["problem"]) == (times, reads, "")


@pytest.mark.parametrize("text", ["", "every day", "P1D/", "R0/PT1H", "=1 +"])
def test_a_timer_that_gives_no_time_says_why(ravi, text):
    found = ravi.post("/api/v1/modeling/timer", json={"tag": "timeCycle", "text": text}).json
    assert found["times"] == []
    assert found["problem"]
