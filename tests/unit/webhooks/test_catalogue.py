"""The catalogue: its examples fit its schemas, it says nothing that not everybody may read, and its sources are there."""

import json
import re
from datetime import timedelta
from pathlib import Path

import jsonschema_rs
import pytest

from engine.problems import Invalid
from handlers.sight import SIGHTS
from handlers.webhooks.asyncapi import asyncapi, payload_schema
from handlers.webhooks.catalogue import BY_NAME, BY_SOURCE, EVENTS, chosen
from handlers.webhooks.rules import PAUSES, judge
from handlers.webhooks.telling import TRIGGERS

HOUSE = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_an_example_is_what_its_schema_says(event):
    jsonschema_rs.validator_for(payload_schema(event)).validate(json.loads(json.dumps(event.message)))


def test_no_event_says_what_is_behind_a_role():
    hidden = {name for sight in SIGHTS for name in sight.fields}
    said = {event.name: sorted(hidden & event.schema["properties"].keys()) for event in EVENTS}
    assert {name: fields for name, fields in said.items() if fields} == {}


def test_each_source_is_written_by_the_house():
    written = "".join(path.read_text() for path in (HOUSE / "handlers").rglob("*.py") if path.parent.name != "webhooks")
    kinds = [source.partition(":") for source in BY_SOURCE]
    missing = [kind for table, _, kind in kinds if table in {"order_event", "journal"} and f'"{kind}"' not in written]
    told = {source for trigger in TRIGGERS for source in re.findall(r"tell_of_turn\('([\w:]+)'", trigger)}
    assert missing == []
    assert told <= BY_SOURCE.keys()
    assert len(BY_NAME) == len(BY_SOURCE) == len(EVENTS)


def test_events_are_chosen_by_name_by_beginning_or_all():
    assert [event.name for event in chosen(["invoice.*", "quote.lost"])] == ["quote.lost", "invoice.posted", "invoice.paid"]
    assert len(chosen(["*"])) == len(EVENTS) - 1  # a test is for who asks for one
    with pytest.raises(Invalid) as refused:
        chosen([])
    assert refused.value.errors == {"events": ["is empty: choose at least one"]}


def test_each_operation_of_the_document_leads_to_the_message_of_its_event():
    document = asyncapi("https://orders.example")
    assert document["asyncapi"] == "3.0.0"
    messages = document["channels"]["webhooks"]["messages"]
    for operation in document["operations"].values():
        (name,) = (reference["$ref"].rpartition("/")[2] for reference in operation["messages"])
        assert messages[name]["$ref"] == f"#/components/messages/{name}"
        assert document["components"]["messages"][name]["payload"]["properties"]["type"]["const"] == name.replace("-", ".")


@pytest.mark.parametrize(
    ("status", "attempts", "wish", "pause"),
    [
        (500, 1, "", timedelta(seconds=5)),
        (None, 9, "", timedelta(hours=24)),
        (None, 10, "", None),
        (429, 1, "60", timedelta(seconds=60)),
        (503, 3, "60", timedelta(minutes=30)),
        (503, 1, "99999999999", timedelta(hours=6)),
        (503, 1, "soon", timedelta(seconds=5)),
        (503, 1, "9999999", timedelta(hours=6)),
        (301, 1, "", timedelta(seconds=5)),
    ],
)
def test_pauses_grow_and_a_wish_is_heard_up_to_six_hours(status, attempts, wish, pause):
    found = judge(status, attempts, wish)
    assert (found.delivered, found.gone, found.pause) == (False, False, pause)


def test_only_200_to_299_came_through_and_410_is_for_ever():
    assert [status for status in (199, 200, 299, 300) if judge(status, 1).delivered] == [200, 299]
    assert judge(410, 1).gone
    assert len(PAUSES) == 9
