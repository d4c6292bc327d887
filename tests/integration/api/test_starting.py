"""A process is started by hand: its start form is judged by the server, whoever sends it, and sent twice it is one instance."""

import html
import json
import re

import pytest

from tests import tiny_models as m
from tests.integration.api.test_dry_runs import as_body

FORM = {
    "type": "default",
    "components": [
        {"type": "textfield", "key": "customer", "label": "Customer", "validate": {"required": True}},
        {"type": "number", "key": "amount", "label": "Amount", "validate": {"min": 1}},
        {"type": "textfield", "key": "shown", "label": "Shown", "readonly": True},
    ],
}
PAGE = "/processes/asking/start"


@pytest.fixture
def olga(signed_in):
    """An operator; a process with a start form is deployed, and one that begins by a message only."""
    settings = m.properties(formKey="ask", inputs="customer, amount, channel")
    start = m.start("begin", f"<bpmn:extensionElements>{settings}</bpmn:extensionElements>")
    asking = m.bundle(
        "asking",
        start + m.user("look", candidateGroups="sales") + m.end(),
        "begin -> look -> done",
        files={"ask.form": json.dumps(FORM).encode()},
    )
    told = m.bundle(
        "told",
        m.start("heard", '<bpmn:messageEventDefinition id="heard_paid" messageRef="paid"/>') + m.end(),
        "heard -> done",
        outside=m.message("paid"),
    )
    for bundle in (asking, told):
        answer = signed_in("ravi").post("/api/v1/deployments", json=as_body(bundle))
        assert answer.status_code == 201, answer.json
    return signed_in("olga")


def start_by_api(client, **variables):
    return client.post("/api/v1/instances", json={"process_key": "asking", "business_key": "A-1", "variables": variables})


def test_what_the_start_form_refuses_is_named_by_field_and_nothing_begins(olga):
    refused = start_by_api(olga, amount=0, custmer="Café Sol", shown="forged")
    assert (refused.status_code, refused.json["code"]) == (422, "form_invalid")
    assert {name: wrong[0] for name, wrong in refused.json["errors"].items()} == {
        "customer": "Field is required.",
        "amount": "Field must have minimum value of 1.",
        "custmer": "is no field of the form ask",
        "shown": "is no field of the form ask",
    }
    assert olga.get("/api/v1/instances").json["items"] == []


def test_it_begins_with_the_fields_of_the_form_and_what_the_event_declares_besides(olga):
    begun = start_by_api(olga, customer="Café Sol", amount=120.5, channel="phone")
    assert begun.status_code == 201, begun.json
    assert begun.json["variables"] == {"customer": "Café Sol", "amount": 120.5, "channel": "phone"}


def test_the_page_starts_one_instance_however_often_it_is_sent(olga):
    page = olga.get(PAGE)
    assert '<task-form into="start-data">' in page.text
    assert "Start…" in olga.get("/processes/asking").text
    once = re.search(r'name="once" value="([^"]+)"', page.text)[1]
    sent = {"act": "begin", "once": once, "business_key": "A-7", "process": "asking", "form_data": '{"customer": "Café Sol", "amount": 5}'}
    first, second = (olga.post(PAGE, data=sent) for _ in range(2))
    assert (first.status_code, first.location) == (303, second.location)
    assert "A-7" in olga.get(first.location).text
    refused = olga.post(PAGE, data={**sent, "once": "other"})
    assert refused.status_code == 422
    assert "A running asking has the business key" in html.unescape(refused.text)
    assert 'value="A-7"' in refused.text, "what was typed is still there"


def test_a_process_that_only_a_message_begins_says_so(olga, signed_in):
    assert "Nothing here is started by hand" in olga.get("/processes/told/start").text
    assert signed_in("sara").get(PAGE).status_code == 403
    assert "Start…" not in signed_in("sara").get("/processes/asking").text
