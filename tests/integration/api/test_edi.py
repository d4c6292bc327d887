"""EDI through the doors: partners by page and API, files by API and page, and the command that reads a file."""

import json
from io import BytesIO

from click.testing import CliRunner

from api.commands.edi import command
from tests.integration.edi.conftest import add_coyote
from tests.unit.edi.interchanges import ORDER_850, x12

PARTNER = {
    "partner_no": "ROAD-X12", "name": "Road Runner", "customer_no": "C-1001", "syntax": "X12", "their_qualifier": "ZZ",
    "their_id": "ROADRUN", "our_qualifier": "ZZ", "our_id": "BERGWERK",
}  # fmt: skip


def test_a_partner_is_added_by_api_and_what_is_wrong_is_said_by_field(signed_in):
    tom = signed_in("tom")
    wrong = tom.post("/api/v1/edi/partners", json={**PARTNER, "their_id": "road runner", "our_qualifier": "99", "message_version": "D96A"})
    assert wrong.status_code == 422
    assert sorted(wrong.json["errors"]) == ["message_version", "our_qualifier", "their_id"]
    assert tom.post("/api/v1/edi/partners", json=PARTNER).status_code == 201
    other = tom.post("/api/v1/edi/partners", json={**PARTNER, "partner_no": "ROAD-2"})
    assert (other.status_code, other.json["code"]) == (409, "edi_address_taken")
    shown = tom.get("/api/v1/edi/partners/ROAD-X12").json
    assert (shown["partner"]["message_version"], shown["partner"]["sends_invoice"]) == ("004010", True)
    changed = tom.patch("/api/v1/edi/partners/ROAD-X12", json={"changes": {"sends_invoice": False}, "version": shown["version"]})
    assert changed.json["changed"] == {"sends_invoice": {"from": True, "to": False}}
    assert tom.patch("/api/v1/edi/partners/ROAD-X12", json={"changes": {"their_id": "x"}}).status_code == 422
    assert [each["partner_no"] for each in tom.get("/api/v1/edi/partners?search=road").json["items"]] == ["ROAD-X12"]


def test_a_file_is_answered_at_once_and_shown_in_the_inbox(signed_in, installation):
    with installation.database.transaction() as tx:
        add_coyote(tx)
    tom = signed_in("tom")
    bad = ORDER_850.replace("*2*EA", "*two*EA")
    answer = tom.post("/api/v1/intake/edi", data=x12(ORDER_850, bad), content_type="application/edi-x12")
    assert answer.status_code == 202
    (told,) = answer.json["interchanges"]
    assert (told["status"], told["duplicate"], [each["acknowledged"] for each in told["transactions"]]) == (
        "PARTLY",
        False,
        ["ACCEPTED", "REJECTED"],
    )
    assert "AK9*P*2*2*1" in told["acknowledgement"]
    shown = tom.get(f"/api/v1/edi/interchanges/{told['interchange_id']}").json
    assert [each["state"] for each in shown["transactions"]] == ["RECEIVED", "REJECTED"]
    assert tom.get(f"/api/v1/edi/interchanges/{told['interchange_id']}/raw").data == x12(ORDER_850, bad).strip()
    assert [each["id"] for each in tom.get("/api/v1/edi/interchanges?status=PARTLY").json["items"]] == [told["interchange_id"]]
    page = tom.get(f"/operations/edi/{told['interchange_id']}").text
    assert "is no number" in page
    assert "COYOTE-X12" in tom.get("/operations/edi").text


def test_what_is_no_interchange_is_refused_and_kept(signed_in):
    tom = signed_in("tom")
    answer = tom.post("/api/v1/intake/edi", data=b"\x00hello", content_type="text/plain")
    assert (answer.status_code, answer.json["code"]) == (422, "edi_unreadable")
    assert [each["status"] for each in tom.get("/api/v1/edi/interchanges").json["items"]] == ["REJECTED"]
    assert tom.get("/api/v1/edi/interchanges/999").status_code == 404


def test_who_may_only_look_sends_no_file(signed_in):
    assert signed_in("jonas").post("/api/v1/intake/edi", data=x12(ORDER_850)).status_code == 403


def test_a_partner_and_a_place_are_kept_by_pages_and_a_file_is_taken_in(signed_in, installation):
    tom = signed_in("tom")
    token = tom.get("/api/v1/me").json["csrf_token"]
    flags = dict.fromkeys(("acknowledges", "sends_order_response"), "on")
    made = tom.post("/master-data/edi-partners", data={**PARTNER, **flags, "csrf_token": token})
    assert made.location == "/master-data/edi-partners/ROAD-X12?done=added"
    page = tom.get("/master-data/edi-partners/ROAD-X12").text
    number = page.split('id="address_id"')[1].partition('<option value="')[2].partition('"')[0]
    kept = tom.post("/master-data/edi-partners/ROAD-X12/places", data={"code": "0007", "address_id": number, "csrf_token": token})
    assert kept.location.endswith("done=place")
    assert "0007" in tom.get("/master-data/edi-partners/ROAD-X12").text
    data = x12(ORDER_850).replace(b"*ZZ*COYOTE ", b"*ZZ*ROADRUN")
    sent = tom.post("/operations/edi", data={"file": (BytesIO(data), "order.edi"), "csrf_token": token}, content_type="multipart/form-data")
    assert sent.status_code == 303
    assert "Our acknowledgement" in tom.get(sent.location).text
    assert "No file was chosen" in tom.post("/operations/edi", data={"csrf_token": token}).text


def test_the_command_says_what_a_file_holds_and_what_is_wrong(tmp_path):
    good, bad = tmp_path / "good.edi", tmp_path / "bad.edi"
    good.write_bytes(x12(ORDER_850))
    bad.write_bytes(x12(ORDER_850).replace(b"SE*11", b"SE*12"))
    said = CliRunner().invoke(command, [str(good)])
    assert (said.exit_code, "850 0001 (004010, 11 segments): ACCEPTED" in said.output) == (0, True)
    said = CliRunner().invoke(command, [str(bad), "--json"])
    assert said.exit_code == 1
    ((interchanges, left),) = json.loads(said.output).values()
    assert (interchanges[0]["transactions"][0]["findings"], left) == (["SE01 says 12, there are 11 segments."], [])
