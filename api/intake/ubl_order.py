"""Reads a UBL 2.1 Order (Peppol BIS Ordering 3, transaction T01) into plain values. Knows no database."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from lxml import etree

from api.canonical import canonical_xml
from engine.hardened_xml import parse_xml
from engine.problems import Invalid

_ORDER = "urn:oasis:names:specification:ubl:schema:xsd:Order-2"
_NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


#: What an order carries beside what is ordered: its envelope, the version it is written in, its signature, and who is to be rung up.
_NOT_ORDERED = (
    "{urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2}UBLExtensions",
    *(f"{{{_NAMES['cbc']}}}{name}" for name in ("UBLVersionID", "CustomizationID", "ProfileID", "ProfileExecutionID")),
    *(f"{{{_NAMES['cbc']}}}{name}" for name in ("CopyIndicator", "UUID", "IssueTime")),
    *(f"{{{_NAMES['cac']}}}{name}" for name in ("Signature", "Contact", "AccountingContact", "BuyerContact", "SellerContact")),
)


@dataclass(frozen=True, slots=True)
class UblAddress:
    """A postal address."""

    name: str
    street: str
    city: str
    postal_code: str
    region: str
    country: str


@dataclass(frozen=True, slots=True)
class UblParty:
    """A buyer as the order names it; `endpoint` is its electronic address, such as `0088:7300010000001`."""

    endpoint: str
    name: str
    legal_id: str
    country: str
    email: str
    address: UblAddress | None


@dataclass(frozen=True, slots=True)
class UblLine:
    """A line: its place and the number the buyer gave it, its quantity in `uom` (UN/ECE Rec 20), the price for one unit.

    Tax has a category (UNCL5305) and a rate in percent.
    """

    line_no: int
    buyer_line_no: str
    quantity: Decimal
    uom: str
    unit_price: Decimal | None
    seller_sku: str
    gtin: str
    name: str
    description: str
    tax_category: str
    tax_percent: Decimal


@dataclass(frozen=True, slots=True)
class UblOrder:
    """An order document."""

    document_no: str
    issue_date: date
    currency: str
    buyer: UblParty
    deliver_to: UblAddress | None
    requested_date: date | None
    payable: Decimal | None
    lines: tuple[UblLine, ...]


def read_ubl_order(data: bytes) -> UblOrder:
    """Read an order. Raises Invalid naming the element that is missing or wrong, TooLarge beyond the limits."""
    root = parse_xml(data, "UBL order")
    if root.tag != f"{{{_ORDER}}}Order":
        if root.tag == "Order":
            raise Invalid(
                f"The root Order lacks the namespace {_ORDER}.", code="ubl_namespace", next_step=f'Send <Order xmlns="{_ORDER}"> ….'
            )
        raise Invalid(
            f"The document's root is {etree.QName(root).localname}, not a UBL 2.1 Order.",
            code="ubl_not_an_order",
            next_step="Send a UBL 2.1 Order.",
        )
    lines = tuple(_line(element, number) for number, element in enumerate(_all(root, "cac:OrderLine/cac:LineItem"), start=1))
    if not lines:
        raise Invalid("The order has no lines.", code="ubl_no_lines", next_step="Send at least one cac:OrderLine.")
    return UblOrder(
        document_no=_must(root, "cbc:ID"),
        issue_date=_date(_must(root, "cbc:IssueDate"), "cbc:IssueDate"),
        currency=_must(root, "cbc:DocumentCurrencyCode"),
        buyer=_buyer(root),
        deliver_to=_address(
            root.find("cac:Delivery/cac:DeliveryLocation/cac:Address", _NAMES),
            _text(root, "cac:Delivery/cac:DeliveryParty/cac:PartyName/cbc:Name"),
        ),
        requested_date=_optional_date(root, "cac:Delivery/cac:RequestedDeliveryPeriod/cbc:EndDate"),
        payable=_optional_number(root, "cac:AnticipatedMonetaryTotal/cbc:PayableAmount"),
        lines=lines,
    )


def content_of(data: bytes) -> bytes:
    """What makes two orders of one number the same: all they say but envelope and clerk. Raises Invalid, TooLarge."""
    return canonical_xml(data, _NOT_ORDERED)


def _buyer(root: etree._Element) -> UblParty:
    party = _one(root, "cac:BuyerCustomerParty/cac:Party")
    endpoint = _one(party, "cbc:EndpointID")
    scheme = endpoint.get("schemeID", "")
    legal_name = _text(party, "cac:PartyLegalEntity/cbc:RegistrationName")
    name = _text(party, "cac:PartyName/cbc:Name") or legal_name or _must(party, "cac:PartyName/cbc:Name")
    return UblParty(
        endpoint=f"{scheme}:{(endpoint.text or '').strip()}",
        name=name,
        legal_id=_text(party, "cac:PartyLegalEntity/cbc:CompanyID"),
        country=_text(party, "cac:PartyLegalEntity/cac:RegistrationAddress/cac:Country/cbc:IdentificationCode")
        or _text(party, "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
        email=_text(party, "cac:Contact/cbc:ElectronicMail"),
        address=_address(party.find("cac:PostalAddress", _NAMES), name),
    )


def _address(address: etree._Element | None, name: str) -> UblAddress | None:
    if address is None:
        return None
    return UblAddress(
        name=name,
        street=_text(address, "cbc:StreetName"),
        city=_text(address, "cbc:CityName"),
        postal_code=_text(address, "cbc:PostalZone"),
        region=_text(address, "cbc:CountrySubentity"),
        country=_text(address, "cac:Country/cbc:IdentificationCode"),
    )


def _line(element: etree._Element, number: int) -> UblLine:
    quantity = _one(element, "cbc:Quantity")
    base = _optional_number(element, "cac:Price/cbc:BaseQuantity") or Decimal(1)
    price = _optional_number(element, "cac:Price/cbc:PriceAmount")
    return UblLine(
        line_no=number,
        buyer_line_no=_text(element, "cbc:ID"),
        quantity=_number(quantity.text, f"line {number} cbc:Quantity"),
        uom=quantity.get("unitCode", "EA"),
        unit_price=None if price is None else price / base,
        seller_sku=_text(element, "cac:Item/cac:SellersItemIdentification/cbc:ID"),
        gtin=_text(element, "cac:Item/cac:StandardItemIdentification/cbc:ID"),
        name=_must(element, "cac:Item/cbc:Name"),
        description=_text(element, "cac:Item/cbc:Description"),
        tax_category=_text(element, "cac:Item/cac:ClassifiedTaxCategory/cbc:ID") or "S",
        tax_percent=_optional_number(element, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent") or Decimal(0),
    )


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    return element.findall(path, _NAMES)


def _one(element: etree._Element, path: str) -> etree._Element:
    found = element.find(path, _NAMES)
    if found is None:
        raise Invalid(f"The order lacks {path}.", code="ubl_element_missing", next_step="Send an order valid under Peppol BIS Ordering 3.")
    return found


def _must(element: etree._Element, path: str) -> str:
    text = _tokens(_one(element, path).text)
    if not text:
        raise Invalid(f"{path} is empty.", code="ubl_element_empty", next_step="Send an order valid under Peppol BIS Ordering 3.")
    return text


def _text(element: etree._Element, path: str) -> str:
    return _tokens(element.findtext(path, "", _NAMES))


def _tokens(text: str | None) -> str:
    """Text of one line, as XML Schema's `token` has it: how the document is broken into lines says nothing."""
    return " ".join((text or "").split())


def _optional_number(element: etree._Element, path: str) -> Decimal | None:
    text = _text(element, path)
    return _number(text, path) if text else None


def _number(text: str | None, where: str) -> Decimal:
    try:
        number = Decimal((text or "").strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Invalid(f"{where} is {text!r}, which is no number.", code="ubl_number", next_step="Send a decimal number.")
    return number


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Invalid(f"{where} is {text!r}, which is no date.", code="ubl_date", next_step="Send a date as YYYY-MM-DD.") from None


def _optional_date(element: etree._Element, path: str) -> date | None:
    text = _text(element, path)
    return _date(text, path) if text else None
