"""Diagrams of Camunda, and pictures of the business, come into a draft by the API, by the page and by the command line."""

import io
import json
import re
from html import unescape

import pytest
from click.testing import CliRunner

from api.commands.convert import command
from tests.camunda_models import CAMUNDA_7, CAMUNDA_8

PICTURE = b"""<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
 <bpmn:collaboration id="c"><bpmn:participant id="customer" name="Customer"/></bpmn:collaboration>
 <bpmn:process id="p"><bpmn:task id="think" name="Think"/></bpmn:process></bpmn:definitions>"""
LISTENER = CAMUNDA_7.replace(b'camunda:asyncBefore="true">', b'camunda:asyncBefore="true" camunda:caseRef="claim">')


@pytest.fixture
def ravi(signed_in):
    browser = signed_in("ravi")
    assert browser.post("/api/v1/drafts", json={"bundle": "order"}).status_code == 201
    return browser


def shown(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_a_diagram_of_camunda_takes_the_place_of_the_empty_one_and_may_be_deployed(ravi):
    made = ravi.post("/api/v1/drafts/order/import/order.bpmn", data=CAMUNDA_8)
    assert (made.status_code, made.json["files"]) == (201, ["checkForm.form", "order.import.md"])
    assert "nothing is left to decide" in made.json["summary"]
    pack = next(note for note in made.json["notes"] if note["what"].startswith("zeebe:taskDefinition") and note["element_id"] == "pack")
    assert (pack["fate"], pack["became"].split(":")[0]) == ("translated", "It calls topic")
    checked = ravi.post("/api/v1/drafts/order/check").json
    assert [each["message"] for each in checked["findings"] if each["severity"] == "error"] == []
    again = ravi.post("/api/v1/drafts/order/import/order.bpmn", data=CAMUNDA_8.replace(b"Check the order", b"Look at it"))
    assert (again.status_code, again.json["code"]) == (409, "edited_meanwhile")
    seen = {"If-Match": f'"{made.json["revision"]}"'}
    assert (
        ravi.post("/api/v1/drafts/order/import/order.bpmn", data=CAMUNDA_8.replace(b"Check the order", b"Look"), headers=seen).status_code
        == 201
    )


def test_a_picture_is_taken_as_it_is_and_what_is_no_diagram_is_refused(ravi):
    assert ravi.post("/api/v1/drafts/order/import/big-picture.bpmn", data=PICTURE).json["notes"] == []
    assert ravi.get("/api/v1/drafts/order/files/big-picture.bpmn").data == PICTURE
    for name, content, code in (
        ("x.bpmn", b"<html/>", "diagram_unreadable"),
        ("x.bpmn", b"\xff", "diagram_unreadable"),
        ("x.dmn", PICTURE, "file_kind"),
    ):
        refused = ravi.post(f"/api/v1/drafts/order/import/{name}", data=content)
        assert (refused.status_code, refused.json["code"]) == (422, code)


def test_a_form_that_is_there_is_not_written_over(ravi):
    ravi.put("/api/v1/drafts/order/files/checkForm.form", data=b'{"type": "default", "components": []}')
    refused = ravi.post("/api/v1/drafts/order/import/order.bpmn", data=CAMUNDA_8)
    assert (refused.status_code, refused.json["code"]) == (409, "file_name_taken")
    assert b"zeebe" not in ravi.get("/api/v1/drafts/order/files/order.bpmn").data


def test_the_page_of_a_draft_imports_a_file_and_shows_the_report(ravi, signed_in, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    page = "/processes/order/draft"
    sent = ravi.post(f"{page}/import", data={"file": (io.BytesIO(LISTENER), "invoice draft.bpmn")})
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{page}?done=imported&report=invoice-draft.import.md")
    report = shown(ravi.get(sent.headers["Location"]))
    assert "To be decided" in report
    assert 'camunda:caseRef="claim" Draw the case as a process, and call that.' in report
    assert "1 needs a decision" in report
    refused = ravi.post(f"{page}/import", data={})
    assert (refused.status_code, "No file is chosen" in shown(refused)) == (422, True)
    assert signed_in("sara").post(f"{page}/import", data={}).status_code == 403


def test_the_command_line_converts_files_and_says_what_is_to_be_decided(tmp_path):
    (tmp_path / "order.bpmn").write_bytes(CAMUNDA_8)
    (tmp_path / "invoice.bpmn").write_bytes(LISTENER)
    out = tmp_path / "out"
    done = CliRunner().invoke(command, [str(tmp_path / "order.bpmn"), "--to", str(out)])
    assert (done.exit_code, sorted(each.name for each in out.iterdir())) == (0, ["checkForm.form", "order.bpmn", "order.import.md"])
    told = CliRunner().invoke(command, [str(tmp_path / "order.bpmn"), str(tmp_path / "invoice.bpmn")])
    assert (told.exit_code, "to decide  Archive (archive): camunda:caseRef" in told.output) == (1, True)
    (tmp_path / "broken.bpmn").write_bytes(b"<html/>")
    both = CliRunner().invoke(command, [str(tmp_path / "broken.bpmn"), str(tmp_path / "order.bpmn"), "--json"])
    answer = json.loads(both.output)
    assert (both.exit_code, "not BPMN" in answer[str(tmp_path / "broken.bpmn")]["error"]) == (1, True)
    assert answer[str(tmp_path / "order.bpmn")]["files"] == ["checkForm.form"]
