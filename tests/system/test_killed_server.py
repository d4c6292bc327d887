"""The only server is killed in the middle of the story and started again: nothing is lost and nothing happens twice."""

import random
import time
import urllib.request
from subprocess import Popen

import pytest

from api.demo.client import Person
from tests.system.house import House, rows
from tests.system.told_story import ToldStory, shape_of
from tests.waiting import until

#: After each of these sentences the engine is at work on what they began.
MOMENTS = ("accepts with a purchase order", "and promised", "ships it to the customer and bills us")
#: Short, so that what a killed server held is taken over within the test's time.
LEASE = "10"

TWICE = {
    "effects of one kind about one thing": "SELECT kind, element_id, business_key FROM effect GROUP BY 1, 2, 3 HAVING count(*) > 1",
    "effects with the same content": "SELECT kind, target, payload_hash FROM effect GROUP BY 1, 2, 3 HAVING count(*) > 1",
    "shipments of a group": "SELECT group_no FROM shipment GROUP BY 1 HAVING count(*) > 1",
    "invoices of a shipment": "SELECT shipment_no FROM invoice GROUP BY 1 HAVING count(*) > 1",
    "orders of a quote": "SELECT source_ref FROM sales_order GROUP BY 1 HAVING count(*) > 1",
    "purchase orders of a group": "SELECT group_no FROM purchase_order GROUP BY 1 HAVING count(*) > 1",
    "papers of a kind": "SELECT kind, number FROM document GROUP BY 1, 2 HAVING count(*) > 1",
    "journals of an event": "SELECT event_type, source_id, sequence FROM journal GROUP BY 1, 2, 3 HAVING count(*) > 1",
    "instances of a business key": "SELECT process_key, business_key FROM instance GROUP BY 1, 2 HAVING count(*) > 1",
}
SENT = {
    "despatch_advice": "SELECT count(*) FROM shipment WHERE kind = 'STOCK'",
    "purchase_order": "SELECT count(*) FROM purchase_order",
    "invoice": "SELECT count(*) FROM invoice",
    "payment": "SELECT count(*) FROM supplier_invoice",
}


@pytest.mark.timeout(900)
def test_a_server_killed_three_times_finishes_the_story_once_and_one_asked_to_stop_goes_on_where_it_was(house, undisturbed):
    chance = random.Random(20260317)
    ours: House = house(ORDERCRAFT_LEASE_SECONDS=LEASE)
    serving = ours.serve("--demo")
    story = ToldStory(ours.address)
    for moment in MOMENTS:
        story.until(moment)
        time.sleep(chance.uniform(0.0, 0.8))
        ours.kill(serving)
        serving = ours.serve("--demo")
    report = story.end()
    assert shape_of(report) == shape_of(undisturbed)
    assert ours.broken() == []
    _nothing_happened_twice(ours)
    assert ours.stop(_stopped_at_work(ours, serving)) == 0
    assert not ours.postgres_runs()


def _nothing_happened_twice(ours: House) -> None:
    database = ours.postgres()
    assert {what: found for what, query in TWICE.items() if (found := rows(database, query))} == {}
    sent = dict(rows(database, "SELECT kind, count(*) FROM effect GROUP BY kind"))
    assert {kind: sent.get(kind) for kind in SENT} == {kind: rows(database, query)[0][0] for kind, query in SENT.items()}
    assert rows(database, "SELECT key, attempts FROM effect WHERE attempts > 1") == []
    assert rows(database, "SELECT kind, message FROM incident") == []
    database.close()


def _stopped_at_work(ours: House, serving: Popen[bytes]) -> Popen[bytes]:
    """Asked to stop right after a quote was accepted, and started again; gives the new server."""
    sara, marcus = (Person(ours.address, name, "stop") for name in ("sara", "marcus"))
    quote_no = sara.post("/api/v1/quotes", QUOTE)["quote_no"]
    (task,) = marcus.get(f"/api/v1/user-tasks?business_key={quote_no}")
    marcus.post(f"/api/v1/user-tasks/{task['id']}/complete", {"data": {"approved": True}})
    until(lambda: sara.get(f"/api/v1/quotes/{quote_no}")["state"] == "SENT")
    sara.post(f"/api/v1/quotes/{quote_no}/accept", {"customer_po": "4500-77"})
    assert ours.stop(serving) == 0
    assert "Traceback" not in ours.log()
    assert not ours.postgres_runs()

    again = ours.serve("--demo")
    order_no = until(lambda: sara.get(f"/api/v1/quotes/{quote_no}")["order_no"])
    assert until(lambda: sara.get(f"/api/v1/orders/{order_no}")["groups"])
    assert ours.broken() == []
    with urllib.request.urlopen(ours.address + "/metrics") as answer:
        assert b"ordercraft_open_incidents 0.0" in answer.read()
    return again


QUOTE = {"customer_no": "C-1001", "lines": [{"sku": "PUMP-40", "quantity": "4", "discount_pct": "25"}]}
