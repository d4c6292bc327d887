"""Dry runs by API: on what is deployed and on drafts, with the scenario's answers or really; nothing of them stays.

`ravi` may deploy, `sara` may only read, `tom` takes orders.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

import bpmn
from engine.models.archive import write_archive
from engine.models.bundle import Bundle, read_bundle
from engine.runtime.dry_run.really import undone
from engine.runtime.verbs import deploy
from engine.runtime.verbs.run_until_idle import run_until_idle
from handlers.documents.numbers import next_number
from tests import tiny_models as m

ORDER = {"customer_no": "C-1001", "customer_po": "PO-9", "lines": [{"sku": "PUMP-40", "quantity": "2"}]}
NOW = "2026-03-02T09:30:00Z"


@pytest.fixture
def deployed(installation) -> Callable[[str], Bundle]:
    """Deploy a folder of bpmn/."""

    def act(folder: str) -> Bundle:
        bundle = read_bundle(Path(bpmn.__path__[0]) / folder)
        with installation.database.transaction() as tx:
            deploy.deploy(installation.runtime, tx, bundle, "ada")
        return bundle

    return act


def approval(limit: str = "100") -> Bundle:
    """Somebody of sales approves; with a scenario whose amount must be above the limit."""
    elements = m.start() + m.gateway("large") + m.user("approve", candidateGroups="sales", resultVariable="answer") + m.end()
    scenario = {
        "name": "A large one is approved",
        "process": "approval",
        "now": NOW,
        "given": {"amount": 150},
        "steps": [{"person": "approve", "does": {"approved": True}}],
        "expect": {"path": ["start", "large", "approve", "done"]},
    }
    flows = f"start -> large\nlarge -> approve [amount > {limit}]\nlarge -> done [default]\napprove -> done"
    return m.bundle("approval", elements, flows, files={"large.scenario.json": json.dumps(scenario).encode()})


def as_body(bundle: Bundle, **more) -> dict:
    return {"name": bundle.name, "files": {name: base64.b64encode(content).decode() for name, content in bundle.files.items()}, **more}


def fingerprint(installation) -> dict[str, str]:
    """All rows of all tables, but for who is signed in and which requests were answered."""
    found = {}
    with installation.database.transaction() as tx:
        for name in tx.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ 'session|idempotency'")):
            found[name] = tx.scalar(text(f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{name}" AS t'))
    return found


def test_anybody_who_reads_plays_a_scenario_of_what_is_deployed_with_exact_amounts(signed_in, deployed):
    bundle = deployed("quote-to-order")
    scenario = json.loads(bundle.files["happy-path.scenario.json"])
    body = {"bundle": "quote-to-order", "scenario": scenario}
    whole = signed_in("sara").post("/api/v1/dry-runs", json=body).json
    assert (whole["state"], whole["ok"], whole["path"]) == ("completed", True, scenario["expect"]["path"])
    begun = signed_in("sara").post("/api/v1/dry-runs", json={**body, "scenario": {**scenario, "steps": [], "expect": None}})
    assert begun.json["waiting"]["people"][0]["form"] == "approve-quote"
    assert '"net_total":54600.0' in begun.text


def test_what_cannot_be_played_is_refused_with_a_word_and_a_step_that_does_not_fit_is_the_answer_s_fault(signed_in, deployed):
    deployed("quote-to-order")
    sara = signed_in("sara")
    scenario = {"process": "quote-to-order", "now": NOW, "given": {}}

    def play(**changed):
        return sara.post("/api/v1/dry-runs", json={"bundle": "quote-to-order", "scenario": scenario, **changed})

    assert play(bundle="nothing").status_code == 404
    assert play(scenario={**scenario, "process": "nothing"}).json["code"] == "process_unknown"
    assert play(scenario={**scenario, "now": "soon"}).json["errors"] == {
        "now": ["must be a time with its zone, such as 2026-03-02T08:00:00Z"]
    }
    assert play(draft=True).json["code"] == "draft_unknown"
    assert play(really=True).json["code"] == "role_missing"
    fault = play(scenario={**scenario, "steps": [{"person": "pay"}]}).json["fault"]
    assert (fault["step"], fault["code"]) == (1, "not_waiting")


def test_a_real_run_on_a_copy_of_a_real_order_s_start_data_leaves_nothing_and_is_heard_by_nobody(signed_in, deployed, installation):
    deployed("order-to-promise")
    beyond_the_limit = ORDER | {"lines": [{"sku": "PUMP-40", "quantity": "400"}]}  # so it is not promised yet
    order_no = signed_in("tom").post("/api/v1/orders", json=beyond_the_limit).json["order_no"]
    ravi = signed_in("ravi")
    example = ravi.get(f"/api/v1/dry-runs/start-data?process=order-to-promise&business_key={order_no}").json
    assert example["given"]["order_no"] == order_no
    assert ravi.get("/api/v1/dry-runs/start-data?process=order-to-promise&business_key=SO-999999").status_code == 404
    before = fingerprint(installation)
    scenario = {"process": "order-to-promise", "now": NOW, "given": example["given"], "business_key": order_no, "asks": True}
    run = ravi.post("/api/v1/dry-runs", json={"bundle": "order-to-promise", "really": True, "scenario": scenario}).json
    assert run["fault"] is None
    assert run["waiting"]["failed"] == []
    called = {line["called"]["handler"]: line["called"] for line in run["lines"] if line["called"]}
    assert {each["by"] for each in called.values()} == {"task"}
    assert called["orders.price_order"]["result"]["currency"] == "EUR"
    assert run["lines"][0]["at"] == NOW
    assert fingerprint(installation) == before
    run_until_idle(installation.runtime)  # what really happens afterwards is not disturbed
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM incident")) == 0


def test_a_legal_number_that_a_real_run_took_is_given_again(installation):
    """What a gap-free number comes from is a row; it goes back with everything else."""
    with installation.database.transaction() as tx:
        taken = undone(tx, lambda within: next_number(within, "INV"))
        assert next_number(tx, "INV") == taken


def test_external_calls_of_a_real_run_are_answered_from_the_scenario_or_refused_by_name(signed_in, installation):
    elements = m.start() + m.service("void", "fulfillment.void_label", "voided", shipment_no="&quot;SH-1&quot;") + m.end()
    bundle = m.bundle("voiding", elements, "start -> void -> done")
    ravi = signed_in("ravi")
    made = ravi.post("/api/v1/deployments", json=as_body(bundle))
    assert made.status_code == 201, made.json
    scenario = {"process": "voiding", "now": NOW, "given": {}}
    refused = ravi.post("/api/v1/dry-runs", json={"bundle": "voiding", "really": True, "scenario": scenario}).json
    assert refused["waiting"]["failed"][0]["kind"] == "no_answer"
    assert "fulfillment.void_label talks to the outside" in refused["waiting"]["failed"][0]["message"]
    asking = ravi.post("/api/v1/dry-runs", json={"bundle": "voiding", "really": True, "scenario": {**scenario, "asks": True}}).json
    assert asking["waiting"]["calls"][0]["handler"] == "fulfillment.void_label"


def test_all_scenarios_of_a_version_and_of_a_draft_are_played_with_what_they_cover(signed_in):
    ravi, sara = signed_in("ravi"), signed_in("sara")
    ravi.post("/api/v1/deployments", json=as_body(approval()))
    run = sara.post("/api/v1/bundles/approval/scenarios/run").json
    assert (run["ok"], [each["path"] for each in run["scenarios"]]) == (True, ["large.scenario.json"])
    assert {each["id"]: each["scenarios"] for each in run["coverage"]["flows"]} == {
        "flow_start_large": 1, "flow_large_approve": 1, "flow_large_done": 0, "flow_approve_done": 1,
    }  # fmt: skip
    ravi.post("/api/v1/drafts", json={"bundle": "approval"})
    seen = ravi.get("/api/v1/drafts/approval/files/approval.bpmn").headers["ETag"]
    harder = approval(limit="200").files["approval.bpmn"]
    ravi.put("/api/v1/drafts/approval/files/approval.bpmn", data=harder, headers={"If-Match": seen})
    drafted = sara.post("/api/v1/drafts/approval/scenarios/run").json
    assert (drafted["ok"], drafted["scenarios"][0]["says"][0]) == (False, "Step 1: approve is not to be done by anybody now; it has ended.")
    assert sara.post("/api/v1/bundles/approval/scenarios/run?version=7").status_code == 404


def test_a_deployment_that_asks_its_scenarios_is_refused_when_one_fails(signed_in):
    ravi = signed_in("ravi")
    refused = ravi.post("/api/v1/deployments", json=as_body(approval(limit="200"), scenarios=True))
    assert (refused.status_code, refused.json["code"]) == (422, "scenarios_failed")
    assert refused.json["scenarios"][0]["path"] == "large.scenario.json"
    assert ravi.get("/api/v1/bundles/approval").status_code == 404
    archive = write_archive(approval(limit="200"))
    zipped = ravi.post("/api/v1/bundles/approval/versions?scenarios=true", data=archive, content_type="application/zip")
    assert (zipped.status_code, zipped.json["code"]) == (422, "scenarios_failed")
    assert ravi.post("/api/v1/deployments", json=as_body(approval(), scenarios=True)).status_code == 201


def test_a_draft_whose_scenarios_fail_is_not_deployed_when_they_are_asked_and_stays_a_draft(signed_in):
    ravi = signed_in("ravi")
    ravi.post("/api/v1/deployments", json=as_body(approval()))
    ravi.post("/api/v1/drafts", json={"bundle": "approval"})
    seen = ravi.get("/api/v1/drafts/approval/files/approval.bpmn").headers["ETag"]
    harder = approval(limit="200").files["approval.bpmn"]
    ravi.put("/api/v1/drafts/approval/files/approval.bpmn", data=harder, headers={"If-Match": seen})
    refused = ravi.post("/api/v1/drafts/approval/deploy", json={"scenarios": True})
    assert (refused.status_code, refused.json["code"]) == (422, "scenarios_failed")
    assert ravi.get("/api/v1/bundles/approval").json["version"] == 1
    assert ravi.get("/api/v1/drafts/approval/files/approval.bpmn").data == harder
    assert ravi.post("/api/v1/drafts/approval/deploy", json={"scenarios": False}).json["version"] == 2


def test_what_turns_out_differently_is_told_by_api_in_the_dialog_and_when_it_is_deployed(signed_in, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    ravi, sara = signed_in("ravi"), signed_in("sara")
    ravi.post("/api/v1/deployments", json=as_body(approval()))
    ravi.post("/api/v1/drafts", json={"bundle": "approval"})
    seen = ravi.get("/api/v1/drafts/approval/files/approval.bpmn").headers["ETag"]
    stricter = approval().files["approval.bpmn"].replace(b'value="sales"', b'value="executive"')
    ravi.put("/api/v1/drafts/approval/files/approval.bpmn", data=stricter, headers={"If-Match": seen})
    sentence = "asks Executive instead of Sales: approve"
    compared = sara.post("/api/v1/drafts/approval/scenarios/compare").json
    assert (compared["ok"], compared["same"]) == (True, False)
    assert compared["outcomes"][0]["differences"] == [{"kind": "people", "says": sentence}]
    assert sentence in sara.get("/processes/approval/outcome?draft=1", headers={"HX-Request": "true"}).text
    made = ravi.post("/api/v1/drafts/approval/deploy", json={"note": "The board wants to see them"}).json
    assert (made["version"], made["outcome"]) == (2, [f"A large one is approved: {sentence}"])
    back = sara.post("/api/v1/bundles/approval/scenarios/compare?from=2&to=1").json
    assert back["outcomes"][0]["differences"] == [{"kind": "people", "says": "asks Sales instead of Executive: approve"}]
    assert sentence in sara.get("/processes/approval/outcome?from=1&to=2").text
    assert sara.post("/api/v1/bundles/approval/scenarios/compare?from=9&to=1").status_code == 404


def test_the_dialog_refuses_a_draft_whose_scenarios_fail_unless_it_is_told_not_to_mind(signed_in, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    ravi = signed_in("ravi")
    ravi.post("/api/v1/deployments", json=as_body(approval()))
    ravi.post("/api/v1/drafts", json={"bundle": "approval"})
    seen = ravi.get("/api/v1/drafts/approval/files/approval.bpmn").headers["ETag"]
    harder = approval(limit="200").files["approval.bpmn"]
    ravi.put("/api/v1/drafts/approval/files/approval.bpmn", data=harder, headers={"If-Match": seen})
    refused = ravi.post("/processes/approval/draft/deploy", data={"note": "Only very large ones"})
    assert refused.status_code == 422
    for told in ("1 of 1 scenarios failed.", "Step 1: approve is not to be done by anybody now; it has ended.", "Only very large ones"):
        assert told in refused.text
    assert ravi.get("/api/v1/bundles/approval").json["version"] == 1
    done = ravi.post("/processes/approval/draft/deploy", data={"note": "Only very large ones", "anyway": "on"})
    assert (done.status_code, ravi.get("/api/v1/bundles/approval").json["version"]) == (303, 2)
