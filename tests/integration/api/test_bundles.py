"""Bundles by API: versions, files, zips, comparison, rollback."""

import base64
from io import BytesIO
from zipfile import ZipFile

import pytest

from engine.models.archive import write_archive
from engine.models.bundle import Bundle
from engine.runtime.verbs.start import start
from tests import tiny_models as m

OLD = m.bundle(
    "checks", m.start() + m.user("check", candidateGroups="sales") + m.end(), "start -> check -> done", files={"README.md": b"# Checks\n"}
)
NEW = m.bundle(
    "checks", m.start() + m.user("check", candidateGroups="finance") + m.end(), "start -> check -> done", files={"README.md": b"# Checks\n"}
)


@pytest.fixture
def ravi(signed_in):
    """An analyst."""
    return signed_in("ravi")


def deployed(client, bundle, note=""):
    files = {path: base64.b64encode(content).decode() for path, content in bundle.files.items()}
    made = client.post("/api/v1/deployments", json={"name": bundle.name, "files": files, "note": note})
    assert made.status_code == 201, made.json
    return made.json


def test_a_deployment_keeps_its_note_and_every_file_of_every_version_comes_back(ravi, signed_in):
    deployed(ravi, OLD, "First")
    deployed(ravi, NEW, "Finance checks from now on")
    sara = signed_in("sara")
    versions = sara.get("/api/v1/bundles/checks/versions").json["items"]
    assert [(each["version"], each["note"], each["deployed_by"]) for each in versions] == [
        (2, "Finance checks from now on", "ravi"), (1, "First", "ravi"),
    ]  # fmt: skip
    first = sara.get("/api/v1/bundles/checks/versions/1").json
    assert (first["newest"], [(each["path"], each["kind"]) for each in first["files"]]) == (
        2,
        [("README.md", "md"), ("checks.bpmn", "bpmn")],
    )
    assert [(each["process_key"], each["latest"]) for each in first["processes"]] == [("checks", False)]
    assert sara.get("/api/v1/bundles/checks/versions/1/files/checks.bpmn").data == OLD.files["checks.bpmn"]
    assert sara.get("/api/v1/bundles/checks/versions/latest/files/checks.bpmn").data == NEW.files["checks.bpmn"]
    for address in ("nothing", "checks/versions/7", "checks/versions/1/files/nothing.bpmn"):
        assert sara.get(f"/api/v1/bundles/{address}").status_code == 404
    assert sara.get("/api/v1/bundles/checks/versions/first").status_code == 422


def test_bundles_are_listed_with_what_runs_and_what_is_stuck(ravi, installation):
    deployed(ravi, OLD)
    with installation.database.transaction() as tx:
        start(installation.runtime, tx, "checks", {})
    deployed(ravi, NEW, "Finance")
    (row,) = ravi.get("/api/v1/bundles?search=CHECK").json["items"]
    assert {"name": "checks", "title": "checks", "version": 2, "note": "Finance", "running": 1, "stuck": 0}.items() <= row.items()
    assert ravi.get("/api/v1/bundles?search=zzz").json["items"] == []


def test_a_version_goes_out_as_a_zip_and_comes_in_again(ravi, signed_in):
    deployed(ravi, OLD)
    packed = ravi.get("/api/v1/bundles/checks/versions/1/archive")
    assert packed.headers["Content-Disposition"] == 'attachment; filename="checks-1.zip"'
    assert sorted(ZipFile(BytesIO(packed.data)).namelist()) == ["README.md", "checks.bpmn"]
    headers = {"Content-Type": "application/zip"}
    made = ravi.post("/api/v1/bundles/checks/versions?note=By+zip", data=write_archive(NEW), headers=headers)
    assert (made.status_code, made.json["version"]) == (201, 2)
    assert signed_in("sara").post("/api/v1/bundles/checks/versions", data=packed.data, headers=headers).status_code == 403
    broken = ravi.post("/api/v1/bundles/checks/versions", data=write_archive(Bundle("checks", {"a.bpmn": b"<a/>"})), headers=headers)
    assert (broken.status_code, broken.json["code"]) == (422, "model_refused")
    hostile = ravi.post("/api/v1/bundles/checks/versions", data=write_archive(Bundle("checks", {"../a.bpmn": b"<a/>"})), headers=headers)
    assert (hostile.status_code, hostile.json["code"]) == (422, "archive_refused")
    assert ravi.get("/api/v1/bundles/checks").json["version"] == 2


def test_two_versions_are_compared_and_who_stands_on_what_changed_is_counted(ravi, installation):
    deployed(ravi, OLD)
    with installation.database.transaction() as tx:
        start(installation.runtime, tx, "checks", {})
        start(installation.runtime, tx, "checks", {})
    deployed(ravi, NEW)
    found = ravi.get("/api/v1/bundles/checks/diff?from=1&to=2").json
    (file,) = found["diff"]["files"]
    assert [(each["id"], each["setting"], each["old"], each["new"]) for each in file["changes"]] == [
        ("check", "Candidate groups", "sales", "finance")
    ]
    assert found["touched"] == [{"element_id": "check", "name": "check", "reason": "changed", "instances": 2, "by_version": {"1": 2}}]
    assert ravi.get("/api/v1/bundles/checks/diff?from=2").json["diff"]["files"] == []
    assert ravi.get("/api/v1/bundles/checks/diff").status_code == 422


def test_a_bundle_goes_back_to_an_earlier_version_in_one_act(ravi, signed_in):
    deployed(ravi, OLD)
    second = m.bundle("second", m.start("begin") + m.end("over"), "begin -> over").files["second.bpmn"]
    deployed(ravi, Bundle("checks", {**NEW.files, "second.bpmn": second}))
    address, wanted = "/api/v1/bundles/checks/rollback", {"version": 1, "newest": 2, "note": "Finance is away"}
    assert signed_in("sara").post(address, json=wanted).status_code == 403
    done = ravi.post(address, json=wanted)
    assert (done.status_code, done.json["version"], done.json["retired"]) == (201, 3, ["second"])
    now = ravi.get("/api/v1/bundles/checks").json
    assert (now["version"], now["note"]) == (3, "Rolled back to version 1: Finance is away")
    assert ravi.get("/api/v1/bundles/checks/versions/3/files/checks.bpmn").data == OLD.files["checks.bpmn"]
    (gone,) = ravi.get("/api/v1/process-versions?search=second").json["items"]
    assert (gone["latest"], gone["retired"]) == (True, True)
    assert ravi.post(address, json=wanted).json["code"] == "deployed_meanwhile"
    assert ravi.post(address, json={**wanted, "newest": 3}).json["code"] == "in_force_already"
    assert ravi.post(address, json={**wanted, "version": 9, "newest": 3}).status_code == 404
