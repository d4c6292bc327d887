"""Writes our commercial answer as a UBL 2.1 OrderResponse (Peppol BIS Ordering 3, T76). Knows no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from handlers.units import unit_code

_CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
_CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_ROOT = "urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
_NAMES: Any = {None: _ROOT, "cac": _CAC, "cbc": _CBC}  # the stubs do not know that None names the default namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A party; `endpoint` is its electronic address, such as `0088:7300010000001`."""

    endpoint: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseLine:
    """An answered line: `code` is 5 accepted, 3 changed, 7 not accepted."""

    line_no: int
    #: The buyer's own number of the line it ordered; ours where it gave none.
    order_line_id: str
    code: str
    qty: Decimal
    uom: str
    name: str
    sku: str
    unit_net: Decimal
    promised: date | None
    backordered: Decimal = Decimal(0)
    #: Why it is not accepted, or what else is to be said of it.
    note: str = ""
    #: What the change asks of it (`handlers.orders.change_rules.Kind`); empty where it asks nothing.
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResponse:
    """The answer: `code` is AP accepted, CA accepted with changes, RE rejected."""

    response_no: str
    order_no: str
    customer_po: str
    issued_on: date
    code: str
    note: str
    currency: str
    seller: Party
    buyer: Party
    lines: Sequence[ResponseLine]
    #: It answers a change of the order: then it is one of advanced ordering (T116), whose lines are told only where they are changed.
    answers_change: bool = False
    #: The number under which the buyer knows the change.
    change_document: str = ""


def refused_line(line_id: str, reason: str, *, item: str = "", qty: Decimal | None = None, uom: str = "") -> ResponseLine:
    """A line that was asked for and that nobody can act on, as it was written."""
    return ResponseLine(
        line_no=0,
        order_line_id=line_id,
        code="7",
        qty=qty or Decimal(0),
        uom=uom,
        name="",
        sku=item,
        unit_net=Decimal(0),
        promised=None,
        note=reason,
    )


def write_order_response(response: OrderResponse) -> bytes:
    """The answer as XML."""
    root = etree.Element(f"{{{_ROOT}}}OrderResponse", nsmap=_NAMES)
    kind, profile = ("order_response_advanced", "advanced_ordering") if response.answers_change else ("order_response", "ordering")
    _add(root, "CustomizationID", f"urn:fdc:peppol.eu:poacc:trns:{kind}:3")
    _add(root, "ProfileID", f"urn:fdc:peppol.eu:poacc:bis:{profile}:3")
    _add(root, "ID", response.response_no)
    _add(root, "SalesOrderID", response.order_no)
    _add(root, "IssueDate", response.issued_on.isoformat())
    _add(root, "OrderResponseCode", response.code)
    if response.note:
        _add(root, "Note", response.note)
    _add(root, "DocumentCurrencyCode", response.currency)
    _add(_group(root, "OrderReference"), "ID", response.customer_po or response.order_no)
    _party(_group(root, "SellerSupplierParty"), response.seller)
    _party(_group(root, "BuyerCustomerParty"), response.buyer)
    for line in () if response.answers_change and response.code != "CA" else response.lines:
        _line(root, line, response.currency)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _line(root: etree._Element, line: ResponseLine, currency: str) -> None:
    outer = _group(root, "OrderLine")
    item_line = _group(outer, "LineItem")
    _add(item_line, "ID", str(line.line_no))
    _add(item_line, "LineStatusCode", line.code)
    _add(item_line, "Quantity", f"{line.qty.normalize():f}", unitCode=unit_code(line.uom))
    if line.backordered:
        _add(item_line, "MaximumBackorderQuantity", f"{line.backordered.normalize():f}", unitCode=unit_code(line.uom))
    if line.promised is not None and line.code != "7":
        period = _group(_group(item_line, "Delivery"), "PromisedDeliveryPeriod")
        _add(period, "StartDate", line.promised.isoformat())
        _add(period, "EndDate", line.promised.isoformat())
    _add(_group(item_line, "Price"), "PriceAmount", f"{line.unit_net.normalize():f}", currencyID=currency)
    item = _group(item_line, "Item")
    _add(item, "Name", line.name or line.sku)
    _add(_group(item, "SellersItemIdentification"), "ID", line.sku)
    _add(_group(outer, "OrderLineReference"), "LineID", line.order_line_id)


def _party(parent: etree._Element, party: Party) -> None:
    element = _group(parent, "Party")
    scheme, _, endpoint = party.endpoint.partition(":")
    if endpoint:
        _add(element, "EndpointID", endpoint, schemeID=scheme)
    _add(_group(element, "PartyLegalEntity"), "RegistrationName", party.name)


def _group(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_CAC}}}{name}")


def _add(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    element = etree.SubElement(parent, f"{{{_CBC}}}{name}", attrib=attributes)
    element.text = text
