"""A UBL order of a customer nobody knows, driven to cash through the API of a Swedish company."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from api.demo.bank import Payment, statement_of
from handlers.billing.en16931 import validate_invoice
from tests.system.house import rows
from tests.system.site import Site
from tests.system.ubl_orders import Document, own_order, peppol_example

OURS = "SE4550000000058398257466"
INTAKE = "/api/v1/intake/ubl-orders"
COMPANY = {
    "name": "Malmö Varuhandel AB",
    "country": "SE",
    "currency": "EUR",
    "street": "Hamngatan 4",
    "city": "Malmö",
    "postal_code": "21122",
    "legal_id": "556036-0793",
    "vat_no": "SE556036079301",
    "gln": "7350012340001",
    "peppol_id": "0088:7350012340001",
    "email": "office@malmovaru.example",
    "iban": OURS,
    "bic": "ESSESESS",
    "bank_name": "Sundbanken",
}


@pytest.fixture
def site(database) -> Site:
    """A Swedish company with a warehouse and nothing to sell yet."""
    site = Site(database)
    edith = site.sign_in("edith")
    edith.put("/api/v1/company", COMPANY)
    edith.post("/api/v1/tax-rates", {"country": "SE", "category": "S", "rate_pct": "25"})
    edith.post("/api/v1/warehouses", {"code": "MMX", "name": "Malmö harbour", "country": "SE", "city": "Malmö", "postal_code": "21120"})
    return site


@pytest.mark.parametrize("make", [own_order, peppol_example])
def test_an_order_of_an_unknown_customer_goes_to_cash(site: Site, make: Callable[[], Document]):
    document = make()
    tom, clara, jonas, amina = (site.sign_in(name) for name in ("tom", "clara", "jonas", "amina"))
    order_no = tom.send(f"{INTAKE}?create_missing=true", document.content)["order_no"]
    order = tom.get(f"/api/v1/orders/{order_no}")
    assert (Decimal(order["net_total"]), Decimal(order["gross_total"])) == (document.net, document.gross)
    assert [each["hold_code"] for each in order["holds"] if each["released_at"] is None] == ["CREDIT_CHECK_FAILURE"]

    receipts = [
        {"sku": sku, "warehouse_code": "MMX", "qty": str(2 * qty), "unit_cost": "1.00", "reference": "LKW-1"}
        for sku, qty in document.quantities.items()
    ]
    jonas.post("/api/v1/stock/receipts", {"receipts": receipts})
    clara.decide(order_no, "decide_credit_hold", {"action": "release", "reason": "A public hospital pays."})
    (group,) = tom.get(f"/api/v1/orders/{order_no}")["groups"]
    group_no = group["group_no"]
    if any(each["mover"] == "timer" for each in jonas.get(f"/api/v1/open-things?key={group_no}")["items"]):  # its day is still to come
        jonas.post(f"/api/v1/groups/{group_no}/release")
    jonas.decide(group_no, "pick_and_pack", {"packages": 1, "weight_kg": 12})
    jonas.decide(group_no, "confirm_shipment", {"handed_over": True})

    (invoice,) = amina.get(f"/api/v1/invoices?order_no={order_no}")["items"]
    assert (Decimal(invoice["net_total"]), Decimal(invoice["gross_total"])) == (document.net, document.gross)
    ubl = amina.document(f"/api/v1/documents/{invoice['ubl_document_id']}?of={invoice['invoice_no']}")
    assert [finding for finding in validate_invoice(ubl) if finding.fatal] == []
    assert document.number.encode() in ubl
    assert amina.document(f"/api/v1/documents/{invoice['pdf_document_id']}?of={invoice['invoice_no']}").startswith(b"%PDF")

    payment = Payment(invoice["invoice_no"], document.gross, "EUR", payer=document.buyer)
    amina.send("/api/v1/statements", statement_of("SUND-1", [payment], iban=OURS))
    story = tom.get(f"/api/v1/orders/{order_no}/story")
    assert {(each["process_key"], each["state"]) for each in story["instances"]} == {
        ("order-to-promise", "completed"),
        ("fulfillment-to-invoice", "completed"),
        ("invoice-to-receipt", "completed"),
    }
    assert [Decimal(each["open_amount"]) for each in story["invoices"]] == [0]
    assert [Decimal(each["cash"]) for each in story["receipts"]] == [document.gross]
    assert {"ORDER_RESPONSE", "DESPATCH_ADVICE", "DELIVERY_NOTE", "INVOICE_PDF", "INVOICE_UBL"} <= {
        each["kind"] for each in story["documents"]
    }
    check = amina.get("/api/v1/invariants")
    assert [each for each in check["invariants"] if not each["ok"]] == []
    assert rows(site.database, "SELECT message FROM incident") == []
    _a_doctored_copy_is_caught(ubl, document)


def _a_doctored_copy_is_caught(ubl: bytes, document: Document) -> None:
    gross = f"{document.gross}".encode()
    assert gross in ubl
    dearer = ubl.replace(gross, f"{document.gross + 1}".encode(), 1)
    assert any(finding.rule.startswith("BR-CO-") for finding in validate_invoice(dearer))
    nameless = ubl.replace(b"<cbc:ID>", b"<cbc:Id>", 1).replace(b"</cbc:ID>", b"</cbc:Id>", 1)
    assert [finding.rule for finding in validate_invoice(nameless)][:1] == ["UBL-XSD"]


def test_the_same_document_again_answers_the_first_order(site: Site):
    tom = site.sign_in("tom")
    first = tom.send(f"{INTAKE}?create_missing=true", own_order().content)
    again = tom.call("POST", INTAKE, own_order().content, "application/xml")
    assert first["status"] == "ACCEPTED"
    assert (again.status_code, again.json["status"], again.json["order_no"]) == (202, "DUPLICATE", first["order_no"])
    assert rows(site.database, "SELECT count(*) FROM sales_order") == [(1,)]
    assert rows(site.database, "SELECT count(*) FROM instance") == [(1,)]


def test_the_same_number_with_other_content_is_a_conflict(site: Site):
    tom = site.sign_in("tom")
    tom.send(f"{INTAKE}?create_missing=true", own_order().content)
    other = own_order().content.replace(b">7</cbc:Quantity>", b">8</cbc:Quantity>")
    answer = tom.call("POST", f"{INTAKE}?create_missing=true", other, "application/xml")
    assert (answer.status_code, answer.json["code"]) == (409, "key_reused")
    assert "NLC-4711" in answer.json["detail"]
    assert answer.json["next_step"]
    assert rows(site.database, "SELECT qty_ordered FROM order_line ORDER BY line_no") == [(3,), (7,)]


def test_an_unknown_buyer_is_refused_by_name_and_the_document_kept(site: Site):
    answer = site.sign_in("tom").call("POST", INTAKE, own_order().content, "application/xml")
    assert (answer.status_code, answer.json["code"]) == (404, "customer_unknown")
    assert "Northern Light Clinic" in answer.json["detail"]
    assert "create_missing" in answer.json["next_step"]
    ((status, raw, errors),) = rows(site.database, "SELECT status, raw, errors FROM inbound_message")
    assert (status, bytes(raw)) == ("REJECTED", own_order().content)
    assert errors[0]["code"] == "customer_unknown"
    assert rows(site.database, "SELECT count(*) FROM customer") == [(0,)]


def test_what_was_refused_for_its_buyer_is_accepted_once_the_buyer_may_be_made(site: Site):
    tom = site.sign_in("tom")
    assert tom.call("POST", INTAKE, own_order().content, "application/xml").status_code == 404
    assert tom.send(f"{INTAKE}?create_missing=true", own_order().content)["status"] == "ACCEPTED"
    assert rows(site.database, "SELECT status FROM inbound_message") == [("ACCEPTED",)]
