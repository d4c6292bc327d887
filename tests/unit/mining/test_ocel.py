"""The event log: what is an event, what an object, and who has to do with what."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.mining.ocel import Happened, Ran, Relation, Thing, relate, write
from engine.store import json_text
from tests.unit.mining.ocel_rules import breaches

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUOTE, ORDER = UUID(int=1), UUID(int=2)
TYPES = {"quote_no": "quote", "order_no": "order", "invoice_no": "invoice"}
Q45, SO112, C1 = Thing("quote", "Q-45"), Thing("order", "SO-112"), Thing("customer", "C-1")


def ran(identity: UUID, process: str, **more: Any) -> Ran:
    given = {"business_key": None, "state": "completed", "ended_at": NINE + timedelta(hours=9), "started_by": None, **more}
    return Ran(identity, process, 3, started_at=NINE, **given)


def happened(number: int, instance: UUID, name: str, changed: dict[str, Any] | None = None, actor: str | None = None) -> Happened:
    at = NINE + timedelta(hours=number)
    return Happened(number, instance, name.lower().replace(" ", "_"), name, actor, at - timedelta(minutes=20), at, changed)


def log() -> dict[str, Any]:
    instances = [
        ran(ORDER, "order-to-promise", started_by=QUOTE),
        ran(QUOTE, "quote-to-order", business_key="Q-45", state="running", ended_at=None),
    ]
    events = [
        happened(1, QUOTE, "Quote ready", {"quote_no": "Q-45", "lines": [{"sku": "HW-1042"}]}),
        happened(2, QUOTE, "Approve quote", {"approved": True}, actor="sam.manager"),
        happened(3, QUOTE, "Create order", {"order": {"order_no": "SO-112"}}),
        happened(4, ORDER, "Order received", {"order_no": "SO-112"}),
        happened(5, ORDER, "Bill", {"settled": [{"invoice_no": "INV-1"}, {"invoice_no": "INV-2"}]}),
        happened(6, ORDER, "Close"),
    ]
    return write(relate(instances, events, TYPES), [Relation(SO112, C1, "ordered by")])


def relations(node: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["objectId"], each["qualifier"]) for each in node["relationships"]}


def test_the_log_keeps_every_rule_of_the_standard_and_the_checks_find_what_does_not():
    made = log()
    assert breaches(made) == []
    made["events"][0]["relationships"][0]["objectId"] = "nobody"
    made["objects"][0]["attributes"][0]["value"] = 7
    made["eventTypes"].append(made["eventTypes"][0])
    assert len(breaches(made)) == 3


def test_an_event_has_to_do_with_its_instance_with_what_it_introduces_and_with_what_is_known_by_then():
    events = {each["type"]: each for each in log()["events"]}
    quote, order = (str(QUOTE), "happened in"), (str(ORDER), "happened in")
    assert relations(events["Quote ready"]) == {quote, (Q45.id, "introduces")}
    assert relations(events["Approve quote"]) == {quote, (Q45.id, "concerns")}
    assert relations(events["Create order"]) == {quote, (Q45.id, "concerns"), (SO112.id, "introduces"), (C1.id, "ordered by")}
    assert {"name": "actor", "value": "sam.manager"} in events["Approve quote"]["attributes"]
    assert events["Approve quote"]["time"] == "2026-03-02T11:00:00Z"
    assert order in relations(events["Close"])


def test_numbers_in_a_list_have_to_do_with_the_event_that_wrote_them_alone():
    events = {each["type"]: each for each in log()["events"]}
    invoices = {("invoice:INV-1", "introduces"), ("invoice:INV-2", "introduces")}
    assert invoices <= relations(events["Bill"])
    assert not {name for name, _ in relations(events["Close"])} & {"invoice:INV-1", "invoice:INV-2"}


def test_objects_are_related_and_what_is_only_related_is_an_object_too():
    objects = {each["id"]: each for each in log()["objects"]}
    assert relations(objects[SO112.id]) == {(C1.id, "ordered by")}
    assert objects[C1.id]["type"] == "customer"
    assert (str(QUOTE), "started by") in relations(objects[str(ORDER)])
    state = [each for each in objects[str(ORDER)]["attributes"] if each["name"] == "state"]
    assert state == [{"name": "state", "time": "2026-03-02T18:00:00Z", "value": "completed"}]


def test_pm4py_opens_it(tmp_path):
    pm4py = pytest.importorskip("pm4py")
    (tmp_path / "log.json").write_bytes(json_text.encode(log()))
    read = pm4py.read_ocel2_json(str(tmp_path / "log.json"))
    assert (len(read.events), len(read.objects)) == (6, 7)
    assert set(pm4py.ocel_get_object_types(read)) == {"process instance", "quote", "order", "invoice", "customer"}
