from decimal import Decimal

import pytest

from api.intake.ubl_order import UblAddress, read_ubl_order
from engine.problems import Invalid, TooLarge

ORDER = """<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>PO-77</cbc:ID><cbc:IssueDate>2026-03-02</cbc:IssueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:BuyerCustomerParty><cac:Party><cbc:EndpointID schemeID="0088">7300010000001</cbc:EndpointID>
    <cac:PartyName><cbc:Name>Fjord Clinic</cbc:Name></cac:PartyName></cac:Party></cac:BuyerCustomerParty>
  <cac:AnticipatedMonetaryTotal><cbc:PayableAmount currencyID="EUR">0.30</cbc:PayableAmount></cac:AnticipatedMonetaryTotal>
  <cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:Quantity unitCode="NAR">{quantity}</cbc:Quantity>
    <cac:Price><cbc:PriceAmount currencyID="EUR">0.20</cbc:PriceAmount><cbc:BaseQuantity unitCode="NAR">2</cbc:BaseQuantity></cac:Price>
    <cac:Item><cbc:Name>Brown sauce</cbc:Name></cac:Item></cac:LineItem></cac:OrderLine>
</Order>"""


def test_a_price_for_two_pieces_becomes_the_price_of_one():
    line = read_ubl_order(ORDER.format(quantity="3").encode()).lines[0]
    assert line.unit_price == Decimal("0.10")
    assert line.unit_price * line.quantity == Decimal("0.30")


def test_the_buyer_is_known_by_its_electronic_address():
    assert read_ubl_order(ORDER.format(quantity="3").encode()).buyer.endpoint == "0088:7300010000001"


@pytest.mark.parametrize("quantity", ["NaN", "ten", "", "Infinity"])
def test_a_quantity_that_is_no_number_is_refused_naming_the_line(quantity):
    with pytest.raises(Invalid, match="line 1 cbc:Quantity"):
        read_ubl_order(ORDER.format(quantity=quantity).encode())


def test_an_entity_bomb_is_refused():
    bomb = b'<!DOCTYPE Order [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Order>&b;</Order>'
    with pytest.raises(Invalid, match="document type"):
        read_ubl_order(bomb)


def test_a_document_type_hidden_by_another_encoding_is_refused():
    with pytest.raises(Invalid):
        read_ubl_order('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE Order><Order/>'.encode("utf-16"))


def test_an_order_nested_too_deep_is_refused():
    with pytest.raises(TooLarge):
        read_ubl_order(b"<a>" * 100 + b"</a>" * 100)


def test_an_invoice_is_not_taken_for_an_order():
    with pytest.raises(Invalid, match="root is Invoice, not a UBL 2.1 Order"):
        read_ubl_order(b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>')


def test_an_order_without_its_namespace_is_told_which():
    with pytest.raises(Invalid, match="urn:oasis:names:specification:ubl:schema:xsd:Order-2"):
        read_ubl_order(b"<Order/>")


def test_a_buyer_s_own_address_is_read_and_is_not_where_the_order_says_to_deliver():
    street = "<cbc:StreetName>Kai 1</cbc:StreetName><cbc:CityName>Bergen</cbc:CityName><cbc:PostalZone>5003</cbc:PostalZone>"
    country = "<cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country>"
    address = f"<cac:PostalAddress>{street}{country}</cac:PostalAddress></cac:Party>"
    order = read_ubl_order(ORDER.format(quantity="3").replace("</cac:Party>", address).encode())
    assert order.buyer.address == UblAddress("Fjord Clinic", "Kai 1", "Bergen", "5003", "", "NO")
    assert order.deliver_to is None


def test_an_order_without_an_issue_date_names_what_is_missing():
    with pytest.raises(Invalid, match="cbc:IssueDate"):
        read_ubl_order(ORDER.format(quantity="3").replace("<cbc:IssueDate>2026-03-02</cbc:IssueDate>", "").encode())
