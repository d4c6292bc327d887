"""The page on which an analyst tries a process: begin, take the next step, step back, copy a real start, save the way as a scenario.

`ravi` may deploy, `sara` may only read.
"""

import base64
import html
import json
import re

import pytest

from engine.runtime.verbs.start import StartOptions, start
from tests import tiny_models as m
from tests.integration.api.test_dry_runs import NOW, approval, as_body

BOTH = {"process": "approval", "now": NOW}


@pytest.fixture
def ravi(signed_in):
    """An analyst; what is tried is deployed."""
    client = signed_in("ravi")
    client.post("/api/v1/deployments", json=as_body(approval()))
    return client


def press(client, act: str, page=None, **fields):
    """Press a button of the page: its form carries what was done before."""
    carried = {} if page is None else {"scenario": html.unescape(re.search(r'name="scenario" value="([^"]*)"', page.text)[1])}
    return client.post("/processes/approval/try", data={"act": act, **carried, **fields})


def begin(client, amount: int = 150, **fields):
    return press(client, "begin", **BOTH, given=json.dumps({"amount": amount}), **fields)


def test_the_page_offers_processes_scenarios_and_the_present_time_to_anybody_who_reads(ravi, signed_in):
    page = signed_in("sara").get("/processes/approval/try")
    assert page.status_code == 200
    assert "A large one is approved" in page.text
    assert "Really run" not in page.text
    assert "Try it" in ravi.get("/processes/approval").text


def test_one_begins_takes_a_step_and_takes_it_back(ravi):
    waiting = begin(ravi)
    assert "It waits at approve." in waiting.text
    ended = press(ravi, "person", waiting, element="approve", data='{"approved": true}', **{"as": "sam"})
    assert "The process has ended." in ended.text
    assert "sam does “approve”: approved yes." in html.unescape(ended.text)
    back = press(ravi, "back", ended)
    assert "It waits at approve." in back.text


def test_each_variable_it_begins_with_has_a_field_of_its_kind_and_any_other_comes_as_json(ravi):
    page = html.unescape(ravi.get("/processes/approval/try").text)
    assert re.search(r'name="kind.amount" value="number"', page)
    assert re.search(r'name="in.amount" type="text" value="150"', page)
    typed = {"kind.amount": "number", "kind.urgent": "flag", "kind.who": "text", "in.amount": "1e", "in.urgent": "on", "in.who": "Café"}
    refused = html.unescape(press(ravi, "begin", **BOTH, **typed).text)
    assert "amount must be a number" in refused
    assert 'value="Café"' in refused
    begun = press(ravi, "begin", **BOTH, **{**typed, "in.amount": "120.50"})
    told = json.loads(html.unescape(re.search(r'name="scenario" value="([^"]*)"', begun.text)[1]))
    assert told["given"] == {"amount": 120.50, "urgent": True, "who": "Café"}
    as_json = press(ravi, "begin-json", **BOTH, **typed, given='{"amount": 90, "more": []}')
    told = json.loads(html.unescape(re.search(r'name="scenario" value="([^"]*)"', as_json.text)[1]))
    assert told["given"] == {"amount": 90, "more": []}


def test_the_form_of_a_start_event_begins_the_process_and_is_judged_by_the_server(ravi):
    start = m.start("begin", f"<bpmn:extensionElements>{m.properties(formKey='ask')}</bpmn:extensionElements>")
    form = {"type": "default", "components": [{"type": "number", "key": "amount", "label": "Amount", "validate": {"max": 500}}]}
    bundle = m.bundle("asking", start + m.user("look", candidateGroups="sales") + m.end(), "begin -> look -> done",
                      files={"ask.form": json.dumps(form).encode()})  # fmt: skip
    assert ravi.post("/api/v1/deployments", json=as_body(bundle)).status_code == 201
    assert '<task-form into="start-data">' in ravi.get("/processes/asking/try").text
    given = {"act": "begin", "process": "asking", "now": NOW}
    refused = ravi.post("/processes/asking/try", data={**given, "form_data": '{"amount": 900}'})
    assert (refused.status_code, "The form refuses this." in refused.text) == (422, True)
    begun = ravi.post("/processes/asking/try", data={**given, "form_data": '{"amount": 300, "sneaked": 1}'})
    told = json.loads(html.unescape(re.search(r'name="scenario" value="([^"]*)"', begun.text)[1]))
    assert told["given"] == {"amount": 300}


def test_what_cannot_be_done_is_said_and_what_was_typed_stays(ravi):
    waiting = begin(ravi)
    broken = press(ravi, "person", waiting, element="approve", data="{approved")
    assert broken.status_code == 422
    assert "{approved" in html.unescape(broken.text)
    assert "It waits at approve." in broken.text
    wrong = press(ravi, "person", waiting, element="pay", data="{}")
    assert "pay is not to be done by anybody now" in html.unescape(wrong.text)
    assert "It waits at approve." in wrong.text
    start = press(ravi, "begin", process="approval", now="soon", given="{}")
    assert (start.status_code, "must be a time with its zone" in start.text) == (422, True)
    assert press(ravi, "dance", waiting).status_code == 422
    assert ravi.post("/processes/approval/try", data={"act": "back", "scenario": "{"}).status_code == 422
    assert ravi.get("/processes/nothing/try").status_code == 404


def test_a_scenario_of_the_bundle_is_played_and_compared(ravi):
    page = ravi.get("/processes/approval/try?scenario=large.scenario.json")
    assert "It comes out as expected" in page.text
    every = ravi.get("/processes/approval/try/all")
    assert "1 pass" in every.text
    assert "3 of 4 flows" in every.text
    assert "from large? to done" in every.text


def test_a_run_is_saved_as_a_scenario_of_a_draft_that_is_begun_for_it(ravi, signed_in):
    waiting = begin(ravi)
    ended = press(ravi, "person", waiting, element="approve", data='{"approved": true}')
    refused = press(ravi, "keep", ended, name=" ")
    assert (refused.status_code, "is missing" in refused.text) == (422, True)
    kept = press(ravi, "keep", ended, name="150 is approved")
    assert kept.status_code == 303
    page = ravi.get(kept.headers["Location"])
    assert "Saved: it is a scenario of the draft" in page.text
    assert "It comes out as expected" in page.text
    again = press(ravi, "keep", ended, name="150 is approved")
    assert "is taken" in again.text
    run = ravi.post("/api/v1/drafts/approval/scenarios/run").json
    assert {each["path"]: each["ok"] for each in run["scenarios"]} == {"150-is-approved.scenario.json": True, "large.scenario.json": True}
    assert ravi.get("/processes/approval/try/files/approval.bpmn?draft=1").data == approval().files["approval.bpmn"]
    sara = signed_in("sara")
    assert press(sara, "keep", begin(sara), name="Mine").status_code == 422


def test_a_draft_with_errors_says_what_to_mend_instead_of_running(ravi):
    ravi.post("/api/v1/drafts", json={"bundle": "approval"})
    seen = ravi.get("/api/v1/drafts/approval/files/approval.bpmn").headers["ETag"]
    broken = m.bundle("approval", m.start() + m.user("approve", candidateGroups="salez") + m.end(), "start -> approve -> done")
    ravi.put("/api/v1/drafts/approval/files/approval.bpmn", data=broken.files["approval.bpmn"], headers={"If-Match": seen})
    for address in ("try", "try/all"):
        page = ravi.get(f"/processes/approval/{address}?draft=1")
        assert page.status_code == 200
        assert "salez" in page.text


def test_external_calls_messages_and_timers_are_acts_of_the_page(signed_in):
    elements = (
        m.start()
        + m.service("void", "fulfillment.void_label", "voided", shipment_no="&quot;SH-1&quot;")
        + m.timer("rest", "P1D")
        + m.catch("paid", "claim_paid", "={claim_no: claim_no}")
        + m.end()
    )
    bundle = m.bundle("approval", elements, "start -> void -> rest -> paid -> done", outside=m.message("claim.paid"))
    ravi = signed_in("ravi")
    files = {name: base64.b64encode(content).decode() for name, content in bundle.files.items()}
    assert ravi.post("/api/v1/deployments", json={"name": "approval", "files": files}).status_code == 201
    calls = press(ravi, "begin", **BOTH, given='{"claim_no": 7}', really="on")
    assert "fulfillment.void_label" in calls.text
    rests = press(ravi, "answer", calls, element="void", answers="null", really="on")
    assert "Let time pass until then" in rests.text
    waits = press(ravi, "clock", rests, clock="PT24H", really="on")
    assert "The message claim.paid" in waits.text
    ended = press(ravi, "message", waits, name="claim.paid", correlation='{"claim_no": "7"}', payload="{}", really="on")
    assert "The process has ended." in ended.text


def test_a_copy_of_a_real_start_fills_the_start_data_and_an_unknown_number_is_said_beside_it(ravi, installation):
    with installation.database.transaction() as tx:
        start(installation.runtime, tx, "approval", {"amount": 4711}, StartOptions(business_key="A-1"))
    copied = press(ravi, "copy", **BOTH, business_key="A-1")
    assert (copied.status_code, "4711" in copied.text) == (200, True)
    unknown = press(ravi, "copy", **BOTH, business_key="A-2")
    assert (unknown.status_code, "is known to no instance of this process" in unknown.text) == (422, True)
