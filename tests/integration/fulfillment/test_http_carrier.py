"""A carrier over HTTP: a server on loopback that keeps to the contract in docs, and one that does not."""

import base64
import json
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import jsonschema_rs
import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid
from engine.service_tasks import Broken
from handlers.fulfillment import commands, tracking
from handlers.fulfillment.http_carrier import CarrierAway, HttpCarrier
from handlers.fulfillment.ports import AddressRefused, Carrier, Consignment, Parcel, Place
from tests.integration.fulfillment.test_cancelling import do, ordered, pack, runtime  # noqa: F401  # fixtures
from tests.integration.golden.builders import one

CONTRACT = json.loads((Path(__file__).resolve().parents[3] / "docs/carrier.openapi.json").read_text())
LINZ, GRAZ = Place("We", "Hafen 1", "Linz", "4020", "AT"), Place("They", "Ring 2", "Graz", "8010", "AT")
PARCEL = Consignment("SH-1", LINZ, GRAZ, Decimal("2.50"), (Parcel("340123450000000018", Decimal("2.50")),))
PDF = base64.b64encode(b"%PDF-1.7 label").decode()
BOOKING = {
    "carrier": "SWIFT", "service": "DAY", "tracking_no": "SW 1", "cost": "7.35", "currency": "EUR",
    "label": {"media_type": "application/pdf", "content": PDF},
}  # fmt: skip


def schema(name):
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]})


class Depot:
    """What the carrier's server was asked, and its answers: (status, body), or None to hang up; the last one stays."""

    def __init__(self):
        self.asked, self.answers = [], []

    def answer(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def depot():
    kept = Depot()

    class Handler(BaseHTTPRequestHandler):
        def serve(self):
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.asked.append((self.command, self.path, self.headers.get("Idempotency-Key"), json.loads(raw) if raw else None))
            given = kept.answer()
            if given is None:
                self.connection.close()
                return
            status, body = given
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = serve  # noqa: N815  # the library's own words

        def log_message(self, *_):
            """Say nothing."""

        def handle(self):
            try:
                super().handle()
            except (OSError, ValueError):
                return  # hung up

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    kept.carrier = HttpCarrier(f"http://127.0.0.1:{server.server_port}/v1/", "secret")
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_booking_keeps_to_the_contract_and_a_lost_connection_is_tried_again_under_the_same_key(depot):
    depot.answers = [None, (201, BOOKING)]
    booked = depot.carrier.book(PARCEL, "key-1")
    assert (booked.tracking_no, booked.cost, booked.label) == ("SW 1", Decimal("7.35"), b"%PDF-1.7 label")
    assert [(method, path, key) for method, path, key, _ in depot.asked] == [("POST", "/v1/shipments", "key-1")] * 2
    schema("Consignment").validate(depot.asked[0][3])
    schema("Booking").validate(BOOKING)
    assert depot.asked[0][3]["weight_kg"] == "2.50"


@pytest.mark.parametrize("answer", [None, (503, {}), (429, {"detail": "slowly"})])
def test_what_may_heal_is_raised_to_be_tried_later(depot, answer):
    depot.answers = [answer]
    with pytest.raises(CarrierAway):
        depot.carrier.book(PARCEL, "key-1")


@pytest.mark.parametrize(
    "answer",
    [
        (401, {}),
        (400, {"detail": "no"}),
        (201, b"<html>"),
        (201, {**BOOKING, "cost": "seven"}),
        (201, {**BOOKING, "cost": "-1"}),
        (201, {**BOOKING, "tracking_no": ""}),
        (201, {**BOOKING, "label": {"media_type": "x", "content": "?"}}),
        (302, {}),
    ],
)
def test_what_will_not_heal_is_an_incident_that_says_what_to_do(depot, answer):
    depot.answers = [answer]
    with pytest.raises(Broken) as broken:
        depot.carrier.book(PARCEL, "key-1")
    assert broken.value.next_step


def test_an_address_that_is_not_served_goes_to_the_order_desk_in_the_carrier_s_words(depot):
    depot.answers = [(422, {"detail": "No service to 8010."})]
    for ask in (lambda: depot.carrier.book(PARCEL, "k"), lambda: depot.carrier.rates(PARCEL)):
        with pytest.raises(AddressRefused, match=r"No service to 8010\."):
            ask()


def test_a_booking_that_is_gone_is_given_back_and_one_that_was_picked_up_is_not(depot):
    for status in (204, 404, 410):
        depot.answers = [(status, b"")]
        depot.carrier.void("SH-1", "SW 1")
    assert depot.asked[0][:3] == ("DELETE", "/v1/shipments/SW%201", "void:SH-1:SW 1")
    depot.answers = [(409, {"detail": "It was picked up."})]
    with pytest.raises(Broken, match="picked up"):
        depot.carrier.void("SH-1", "SW 1")


def test_rates_come_cheapest_first_or_say_why_not(runtime, depot):  # noqa: F811
    asking = replace(runtime, ports={**runtime.ports, Carrier: depot.carrier})
    costs = [{"service": service, "cost": cost, "currency": "EUR"} for service, cost in (("NOW", "20"), ("DAY", "7.35"))]
    depot.answers = [(200, {"rates": costs})]
    assert [(offer.service, offer.days) for offer in commands.ask_rates(asking, PARCEL)] == [("DAY", None), ("NOW", None)]
    depot.answers = [(503, {})]
    with pytest.raises(Conflict, match="cannot say now"):
        commands.ask_rates(asking, PARCEL)
    depot.answers = [(422, {"detail": "No."})]
    with pytest.raises(Invalid):
        commands.ask_rates(asking, PARCEL)


def test_what_left_is_followed_until_it_is_there_with_who_signed_and_the_proof(runtime, ordered, depot):  # noqa: F811
    asking = replace(runtime, ports={**runtime.ports, Carrier: depot.carrier})
    depot.answers = [(201, BOOKING)]
    pack(asking)
    assert tracking.track(asking) == 0, "it has not left"
    do(asking, "Hand over", handed_over=True)
    depot.answers = [(503, {})]
    assert tracking.track(asking) == 0
    depot.answers = [(200, {"status": "in_transit"})]
    assert tracking.track(asking) == 0, "asked a moment ago"
    asked_again(asking)
    assert tracking.track(asking) == 1
    proof = {"media_type": "image/png", "content": PDF}
    arrived = {"status": "delivered", "delivered_at": "2026-12-02T09:30:00Z", "signed_by": "E. Huber", "proof": proof}
    schema("Tracking").validate(arrived)
    depot.answers = [(200, arrived)]
    asked_again(asking)
    assert tracking.track(asking) == 1
    asked_again(asking)
    assert tracking.track(asking) == 0, "it is there"
    with runtime.database.transaction() as tx:
        row = tx.execute(text("SELECT tracking_no, track_status, signed_by, delivered_at FROM shipment")).one()
        assert (row.tracking_no, row.track_status, row.signed_by, row.delivered_at.day) == ("SW 1", "delivered", "E. Huber", 2)
        assert one(tx, "SELECT content FROM document WHERE kind = 'PROOF_OF_DELIVERY'") == b"%PDF-1.7 label"
        assert one(tx, "SELECT qty_delivered FROM fulfil_line") == 60


def asked_again(asking):
    with asking.database.transaction() as tx:
        tx.execute(text("UPDATE shipment SET tracked_at = now() - interval '1 hour'"))
