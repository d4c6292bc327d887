"""Reads a UBL 2.1 Order, OrderChange or OrderCancellation (Peppol, T01, T114, T115) into plain values. Knows no database."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from lxml import etree

from api.canonical import canonical_xml
from engine.hardened_xml import parse_xml
from engine.lexical import read_decimal, read_xml_day
from engine.problems import Invalid

_ORDER = "urn:oasis:names:specification:ubl:schema:xsd:Order-2"
_CHANGE = "urn:oasis:names:specification:ubl:schema:xsd:OrderChange-2"
_CANCELLATION = "urn:oasis:names:specification:ubl:schema:xsd:OrderCancellation-2"
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

    The price is what one unit comes to after the allowances and charges of the line. Tax has a category (UNCL5305) and a rate in percent.
    `action` says in a change what becomes of the line: 1 added, 2 deleted, 3 changed, 4 nothing.
    """

    line_no: int
    buyer_line_no: str
    quantity: Decimal
    uom: str
    unit_price: Decimal | None
    seller_sku: str
    buyer_sku: str
    gtin: str
    name: str
    description: str
    tax_category: str
    tax_percent: Decimal
    requested_date: date | None
    may_come_in_parts: bool
    action: str


@dataclass(frozen=True, slots=True)
class UblOrder:
    """An order document. `note` is what it says in words: notes, terms and instructions of delivery."""

    document_no: str
    issue_date: date
    currency: str
    buyer: UblParty
    deliver_to: UblAddress | None
    requested_date: date | None
    payable: Decimal | None
    lines: tuple[UblLine, ...]
    incoterm: str
    note: str


@dataclass(frozen=True, slots=True)
class UblChange:
    """A change of an order (`order_no` is the buyer's number of it): only what it names changes."""

    document_no: str
    order_no: str
    buyer: UblParty
    deliver_to: UblAddress | None
    requested_date: date | None
    lines: tuple[UblLine, ...]
    note: str


@dataclass(frozen=True, slots=True)
class UblCancellation:
    """A cancellation of an order, by the buyer's number of it, and why."""

    document_no: str
    order_no: str
    buyer: UblParty
    note: str


def read_ubl_order(data: bytes) -> UblOrder:
    """Read an order. Raises Invalid naming the element that is missing or wrong, TooLarge beyond the limits."""
    root = _root(data, _ORDER, "Order")
    lines = _lines(root)
    if not lines:
        raise Invalid("The order has no lines.", code="ubl_no_lines", next_step="Send at least one cac:OrderLine.")
    return UblOrder(
        document_no=_must(root, "cbc:ID"),
        issue_date=_date(_must(root, "cbc:IssueDate"), "cbc:IssueDate"),
        currency=_must(root, "cbc:DocumentCurrencyCode"),
        buyer=_buyer(root),
        deliver_to=_deliver_to(root),
        requested_date=_optional_date(root, "cac:Delivery/cac:RequestedDeliveryPeriod/cbc:EndDate"),
        payable=_optional_number(root, "cac:AnticipatedMonetaryTotal/cbc:PayableAmount"),
        lines=_after_allowances(root, lines),
        incoterm=_text(root, "cac:DeliveryTerms/cbc:ID"),
        note=_notes(root, "cbc:Note", "cac:DeliveryTerms/cbc:SpecialTerms", "cac:Delivery/cac:Despatch/cbc:Instructions"),
    )


def read_ubl_change(data: bytes) -> UblChange:
    """Read a change of an order. Raises as `read_ubl_order`."""
    root = _root(data, _CHANGE, "OrderChange")
    return UblChange(
        document_no=_must(root, "cbc:ID"),
        order_no=_must(root, "cac:OrderReference/cbc:ID"),
        buyer=_buyer(root),
        deliver_to=_deliver_to(root),
        requested_date=_optional_date(root, "cac:Delivery/cac:RequestedDeliveryPeriod/cbc:EndDate"),
        lines=_after_allowances(root, _lines(root)),
        note=_notes(root, "cbc:Note"),
    )


def read_ubl_cancellation(data: bytes) -> UblCancellation:
    """Read a cancellation of an order. Raises as `read_ubl_order`."""
    root = _root(data, _CANCELLATION, "OrderCancellation")
    return UblCancellation(
        document_no=_must(root, "cbc:ID"),
        order_no=_must(root, "cac:OrderReference/cbc:ID"),
        buyer=_buyer(root),
        note=_notes(root, "cbc:CancellationNote", "cbc:Note"),
    )


def _root(data: bytes, namespace: str, name: str) -> etree._Element:
    root = parse_xml(data, f"UBL {name}")
    if root.tag == f"{{{namespace}}}{name}":
        return root
    if root.tag == name:
        raise Invalid(
            f"The root {name} lacks the namespace {namespace}.", code="ubl_namespace", next_step=f'Send <{name} xmlns="{namespace}"> ….'
        )
    raise Invalid(
        f"The document's root is {etree.QName(root).localname}, not a UBL 2.1 {name}.",
        code="ubl_not_an_order",
        next_step=f"Send a UBL 2.1 {name}.",
    )


def _lines(root: etree._Element) -> tuple[UblLine, ...]:
    return tuple(_line(element, number) for number, element in enumerate(_all(root, "cac:OrderLine/cac:LineItem"), start=1))


def _deliver_to(root: etree._Element) -> UblAddress | None:
    return _address(
        root.find("cac:Delivery/cac:DeliveryLocation/cac:Address", _NAMES),
        _text(root, "cac:Delivery/cac:DeliveryParty/cac:PartyName/cbc:Name"),
    )


def _notes(root: etree._Element, *paths: str) -> str:
    return "\n".join(text for path in paths for each in _all(root, path) if (text := _tokens(each.text)))


def _after_allowances(root: etree._Element, lines: tuple[UblLine, ...]) -> tuple[UblLine, ...]:
    """An allowance on the whole lowers what each line is to cost, in proportion: it is compared with our prices, not believed."""
    worth = sum((line.quantity * line.unit_price for line in lines if line.unit_price is not None), Decimal(0))
    allowed = sum((amount for amount in _allowances(root, "false")), Decimal(0))
    if not allowed or not 0 < allowed < worth:
        return lines
    rate = 1 - allowed / worth
    return tuple(line if line.unit_price is None else replace(line, unit_price=line.unit_price * rate) for line in lines)


def _allowances(element: etree._Element, indicator: str) -> list[Decimal]:
    return [
        _number(each.findtext("cbc:Amount", "", _NAMES), "cac:AllowanceCharge/cbc:Amount")
        for each in _all(element, "cac:AllowanceCharge")
        if _text(each, "cbc:ChargeIndicator") == indicator
    ]


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
        street=", ".join(filter(None, (_text(address, "cbc:StreetName"), _text(address, "cbc:AdditionalStreetName")))),
        city=_text(address, "cbc:CityName"),
        postal_code=_text(address, "cbc:PostalZone"),
        region=_text(address, "cbc:CountrySubentity"),
        country=_text(address, "cac:Country/cbc:IdentificationCode"),
    )


def _line(element: etree._Element, number: int) -> UblLine:
    quantity = _one(element, "cbc:Quantity")
    amount = _number(quantity.text, f"line {number} cbc:Quantity")
    return UblLine(
        line_no=number,
        buyer_line_no=_text(element, "cbc:ID"),
        quantity=amount,
        uom=quantity.get("unitCode", "EA"),
        unit_price=_unit_price(element, amount),
        seller_sku=_text(element, "cac:Item/cac:SellersItemIdentification/cbc:ID"),
        buyer_sku=_text(element, "cac:Item/cac:BuyersItemIdentification/cbc:ID"),
        gtin=_text(element, "cac:Item/cac:StandardItemIdentification/cbc:ID"),
        name=_must(element, "cac:Item/cbc:Name"),
        description=_text(element, "cac:Item/cbc:Description"),
        tax_category=_text(element, "cac:Item/cac:ClassifiedTaxCategory/cbc:ID") or "S",
        tax_percent=_optional_number(element, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent") or Decimal(0),
        requested_date=_optional_date(element, "cac:Delivery/cac:RequestedDeliveryPeriod/cbc:EndDate"),
        may_come_in_parts=_text(element, "cbc:PartialDeliveryIndicator") != "false",
        action=_text(element, "cbc:LineStatusCode"),
    )


def _unit_price(element: etree._Element, quantity: Decimal) -> Decimal | None:
    """What one unit comes to: its price, with the allowances and charges of the line."""
    price = _optional_number(element, "cac:Price/cbc:PriceAmount")
    if price is None:
        return None
    base = _optional_number(element, "cac:Price/cbc:BaseQuantity") or Decimal(1)
    extra = sum(_allowances(element, "true"), Decimal(0)) - sum(_allowances(element, "false"), Decimal(0))
    return price / base + (extra / quantity if extra and quantity else 0)


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
    number = read_decimal(text or "")
    if number is None:
        raise Invalid(f"{where} is {text!r}, which is no number.", code="ubl_number", next_step="Send a decimal number.")
    return number


def _date(text: str, where: str) -> date:
    day = read_xml_day(text)
    if day is None:
        raise Invalid(f"{where} is {text[:40]!r}, which is no date.", code="ubl_date", next_step="Send a date as YYYY-MM-DD.")
    return day


def _optional_date(element: etree._Element, path: str) -> date | None:
    text = _text(element, path)
    return _date(text, path) if text else None
