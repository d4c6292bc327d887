"""UBL orders for the tests: the one of the Peppol BIS example where the shared data are there, and one we make ourselves."""

import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

_SHARED = "ORDERCRAFT_SHARED_DATA"
_EXAMPLE = "peppol-order/UC1_Order.xml"

_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</cbc:CustomizationID>
  <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:order_only:3</cbc:ProfileID>
  <cbc:ID>NLC-4711</cbc:ID>
  <cbc:IssueDate>2026-03-02</cbc:IssueDate>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:BuyerCustomerParty><cac:Party>
    <cbc:EndpointID schemeID="0088">7350053850019</cbc:EndpointID>
    <cac:PartyName><cbc:Name>Northern Light Clinic</cbc:Name></cac:PartyName>
    <cac:PartyLegalEntity>
      <cbc:RegistrationName>Northern Light Clinic AB</cbc:RegistrationName>
      <cac:RegistrationAddress><cac:Country><cbc:IdentificationCode>SE</cbc:IdentificationCode></cac:Country></cac:RegistrationAddress>
    </cac:PartyLegalEntity>
    <cac:Contact><cbc:ElectronicMail>orders@northernlight.example</cbc:ElectronicMail></cac:Contact>
  </cac:Party></cac:BuyerCustomerParty>
  <cac:SellerSupplierParty><cac:Party><cbc:EndpointID schemeID="0088">7350012340001</cbc:EndpointID></cac:Party></cac:SellerSupplierParty>
  <cac:Delivery><cac:DeliveryLocation><cac:Address>
    <cbc:StreetName>Polar street 9</cbc:StreetName><cbc:CityName>Kiruna</cbc:CityName><cbc:PostalZone>98131</cbc:PostalZone>
    <cac:Country><cbc:IdentificationCode>SE</cbc:IdentificationCode></cac:Country>
  </cac:Address></cac:DeliveryLocation></cac:Delivery>
  <cac:AnticipatedMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="EUR">51.43</cbc:LineExtensionAmount>
    <cbc:PayableAmount currencyID="EUR">64.29</cbc:PayableAmount>
  </cac:AnticipatedMonetaryTotal>
{lines}
</Order>
"""
_LINE = """  <cac:OrderLine><cac:LineItem>
    <cbc:ID>{number}</cbc:ID><cbc:Quantity unitCode="EA">{quantity}</cbc:Quantity>
    <cac:Price><cbc:PriceAmount currencyID="EUR">{price}</cbc:PriceAmount></cac:Price>
    <cac:Item><cbc:Name>{name}</cbc:Name>
      <cac:SellersItemIdentification><cbc:ID>{sku}</cbc:ID></cac:SellersItemIdentification>
      <cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item>
  </cac:LineItem></cac:OrderLine>"""


@dataclass(frozen=True)
class Document:
    """An order document and what it says."""

    content: bytes
    number: str
    buyer: str
    quantities: dict[str, int]
    net: Decimal
    gross: Decimal


def own_order() -> Document:
    """Three lamps and seven bandages for a clinic in Kiruna: 51.43 and a quarter of it as tax, 12.8575."""
    lines = [
        _LINE.format(number=1, quantity=3, price="12.50", name="Reading lamp", sku="LAMP-3"),
        _LINE.format(number=2, quantity=7, price="1.99", name="Bandage", sku="BAND-7"),
    ]
    content = _DOCUMENT.format(lines="\n".join(lines)).encode()
    return Document(content, "NLC-4711", "Northern Light Clinic", {"LAMP-3": 3, "BAND-7": 7}, Decimal("51.43"), Decimal("64.29"))


def shared(name: str) -> Path:
    """A file of the shared data. Skips where they are absent."""
    data = Path(os.environ.get(_SHARED) or Path(__file__).resolve().parents[2].parent / "shared" / "data")
    file = data / name
    if not file.exists():
        pytest.skip(f"{name} is not in {data}; {_SHARED} may name another folder.")
    return file


def peppol_example() -> Document:
    """The order of the Peppol BIS example, use case 1: sauces for a hospital. Skips where the shared data are absent."""
    quantities = {"SN-33": 10, "SN-34": 5, "SN-35": 15}
    content = shared(_EXAMPLE).read_bytes()
    return Document(content, "1", "City Hospital", quantities, Decimal("115.00"), Decimal("143.75"))


def large_order(lines: int) -> bytes:
    """An order of so many different goods."""
    told = (_LINE.format(number=n, quantity=1, price="1.00", name=f"Widget {n}", sku=f"WIDGET-{n}") for n in range(1, lines + 1))
    return _DOCUMENT.format(lines="\n".join(told)).encode()
