import pytest
from sqlalchemy import text

from tests.unit.api.test_ubl_order import ORDER


@pytest.mark.parametrize("quantity", ["-1", "0", "0.00001"])
def test_a_wrong_quantity_is_named_as_the_body_names_it(signed_in, quantity):
    body = {"customer_no": "C-1001", "lines": [{"sku": "PUMP-40", "quantity": quantity}]}
    answer = signed_in("tom").post("/api/v1/orders", json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["lines.0.quantity"])
    assert "lines.0.quantity" in answer.json["detail"]
    assert ".qty" not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_a_body_that_is_no_json_object_is_said_so(signed_in, body):
    answer = signed_in("tom").post("/api/v1/orders", data=body, content_type="application/json")
    assert answer.json["detail"] == "The body is no JSON object."
    assert "application/json" in answer.json["next_step"]


def test_a_new_buyer_without_a_place_of_delivery_is_delivered_to_its_own_address(signed_in, installation):
    street = "<cbc:StreetName>Kai 1</cbc:StreetName><cbc:CityName>Bergen</cbc:CityName><cbc:PostalZone>5003</cbc:PostalZone>"
    country = "<cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country>"
    document = ORDER.format(quantity="3").replace("</cac:Party>", f"<cac:PostalAddress>{street}{country}</cac:PostalAddress></cac:Party>")
    sku = "<cac:SellersItemIdentification><cbc:ID>SAUCE</cbc:ID></cac:SellersItemIdentification></cac:Item>"
    document = document.replace("</cac:Item>", sku)
    answer = signed_in("tom").post("/api/v1/intake/ubl-orders?create_missing=true", data=document, content_type="application/xml")
    with installation.database.transaction() as tx:
        ship_to = tx.scalar(text("SELECT ship_to FROM sales_order WHERE order_no = :no"), {"no": answer.json["order_no"]})
    assert (ship_to["street"], ship_to["city"], ship_to["postal_code"], ship_to["country"]) == ("Kai 1", "Bergen", "5003", "NO")


COUNTRY = (
    "<cac:PostalAddress><cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country></cac:PostalAddress></cac:Party>"
)
SKU = "<cac:SellersItemIdentification><cbc:ID>SAUCE</cbc:ID></cac:SellersItemIdentification></cac:Item>"
SAUCE = ORDER.format(quantity="3").replace("</cac:Party>", COUNTRY).replace("</cac:Item>", SKU)


def post_ubl(client, document):
    return client.post("/api/v1/intake/ubl-orders?create_missing=true", data=document, content_type="application/xml")


def test_a_ubl_order_sent_again_in_another_layout_is_the_first_order(signed_in):
    first = post_ubl(signed_in("tom"), SAUCE)
    laid_out_anew = SAUCE.replace("\n", "\r\n   ").replace('"0088"', "'0088'").replace("<cbc:ID>PO-77", "<!-- again --><cbc:ID>PO-77")
    again = post_ubl(signed_in("edith"), laid_out_anew)
    assert (first.json["status"], again.status_code, again.json["status"]) == ("ACCEPTED", 202, "DUPLICATE")
    assert again.json["order_no"] == first.json["order_no"]


def test_another_ubl_order_under_the_same_number_is_a_clear_409(signed_in, installation):
    post_ubl(signed_in("tom"), SAUCE)
    other = post_ubl(signed_in("tom"), SAUCE.replace('unitCode="NAR">3<', 'unitCode="NAR">30<'))
    assert (other.status_code, other.json["code"]) == (409, "key_reused")
    assert "PO-77" in other.json["detail"]
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM sales_order WHERE customer_po = 'PO-77'")) == 1
