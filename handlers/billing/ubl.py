"""Writes an invoice or a credit memo as UBL 2.1 in the core of EN 16931. Pure: `en16931.py` says whether it is valid."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lxml import etree

from handlers.billing.facts import InvoiceFacts, LineFacts, TaxFacts
from handlers.billing.rules import outside_vat
from handlers.documents.seller import quantity
from handlers.units import unit_code
from handlers.values import decimals_of, round_currency

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC, _CBC = f"{{{_UBL}CommonAggregateComponents-2}}", f"{{{_UBL}CommonBasicComponents-2}}"
_COMMON = {"cac": _CAC[1:-1], "cbc": _CBC[1:-1]}
EXEMPTIONS = {"K": "VATEX-EU-IC", "G": "VATEX-EU-G", "AE": "VATEX-EU-AE", "O": "VATEX-EU-O"}
CREDIT_TRANSFER = "30"
#: Kinds of invoices (UNCL1001).
_INVOICE, _DEBIT_NOTE, _PREPAYMENT_INVOICE = "380", "383", "386"
CORE = "urn:cen.eu:en16931:2017"
#: Peppol BIS Billing 3.0: the specification and the process that a document between two Peppol addresses names.
_PEPPOL = f"{CORE}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_PEPPOL_PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_GLN = "0088"
_MOST_DECIMALS, _CENT = 2, Decimal("0.01")


def fits_e_invoice(facts: InvoiceFacts) -> bool:
    """Whether every amount has at most two decimals (EN 16931 BR-DEC-*); the dinars of Kuwait or Tunisia have three."""
    amounts = [facts.net_total, facts.freight_total, facts.tax_total, facts.gross_total, *(line.amount for line in facts.lines)]
    return all(amount == amount.quantize(_CENT) for amount in [*amounts, *(group.tax for group in facts.taxes)])


def write_ubl(facts: InvoiceFacts) -> bytes:
    """The invoice as a UBL Invoice, the credit memo as a UBL CreditNote.

    What is outside VAT names no VAT number (BR-O-02), and shares no invoice with what is not.
    """
    document = f"{_UBL}{'CreditNote' if facts.is_credit_memo else 'Invoice'}-2"
    tag = f"{{{document}}}{'CreditNote' if facts.is_credit_memo else 'Invoice'}"
    root = etree.Element(tag, nsmap={None: document, **_COMMON})  # type: ignore[dict-item]  # the stubs forget the default namespace
    _heading(root, facts)
    taxed = not any(outside_vat(group.category) for group in facts.taxes)
    _party(_part(root, "AccountingSupplierParty"), facts.seller, facts.seller, taxed=taxed)
    _party(_part(root, "AccountingCustomerParty"), facts.buyer, facts.bill_to, taxed=taxed)
    _delivery(_part(root, "Delivery"), facts)
    _payment(root, facts)
    if facts.freight_total:
        _carriage(_part(root, "AllowanceCharge"), facts)
    _tax_total(root, facts)
    _monetary_total(_part(root, "LegalMonetaryTotal"), facts)
    for line in facts.lines:
        _line(_part(root, "CreditNoteLine" if facts.is_credit_memo else "InvoiceLine"), line, facts)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _heading(root: etree._Element, facts: InvoiceFacts) -> None:
    if endpoint_of(facts.seller) and endpoint_of(facts.buyer):
        _basic(root, "CustomizationID", _PEPPOL)
        _basic(root, "ProfileID", _PEPPOL_PROCESS)
    else:
        _basic(root, "CustomizationID", CORE)
    _basic(root, "ID", facts.invoice_no)
    _basic(root, "IssueDate", facts.invoice_date.isoformat())
    if facts.is_credit_memo:
        _basic(root, "CreditNoteTypeCode", "381")
    else:
        _basic(root, "DueDate", facts.due_date.isoformat())
        _basic(root, "InvoiceTypeCode", type_code(facts))
    _basic(root, "DocumentCurrencyCode", facts.currency)
    _basic(root, "BuyerReference", facts.customer_po or facts.buyer["customer_no"])
    starts_on = period_of(facts)
    if starts_on:
        _period(_part(root, "InvoicePeriod"), starts_on, facts.delivery_date)
    _order(root, facts)
    for number in filter(None, (facts.credits_invoice_no, *facts.advances)):
        _basic(_part(_part(root, "BillingReference"), "InvoiceDocumentReference"), "ID", number)
    if facts.shipment_no:
        _basic(_part(root, "DespatchDocumentReference"), "ID", facts.shipment_no)


def _order(root: etree._Element, facts: InvoiceFacts) -> None:
    """The order, where it is one alone; its lines name the orders of a consolidated invoice."""
    if facts.customer_po or facts.order_no:
        order = _part(root, "OrderReference")
        _basic(order, "ID", facts.customer_po or facts.order_no)
        if facts.order_no:
            _basic(order, "SalesOrderID", facts.order_no)


def type_code(facts: InvoiceFacts) -> str:
    """What an invoice or debit note is (UNCL1001)."""
    if facts.kind == "DM":
        return _DEBIT_NOTE
    return _PREPAYMENT_INVOICE if facts.is_in_advance else _INVOICE


def period_of(facts: InvoiceFacts) -> date | None:
    """The first day of the time an invoice is about (BG-14), where it is about more than one day; the last one is the day of delivery."""
    return min(facts.invoice_date, facts.delivery_date) if facts.is_in_advance else facts.delivered_from


def _period(element: etree._Element, starts_on: date, ends_on: date) -> None:
    """The time an invoice is about (BG-14): of several deliveries, or in which goods billed in advance are to be delivered.

    There is no day of delivery of these yet, and BR-IC-11 asks for one of both.
    """
    _basic(element, "StartDate", starts_on.isoformat())
    _basic(element, "EndDate", ends_on.isoformat())


def _party(parent: etree._Element, party: Mapping[str, str], address: Mapping[str, str], *, taxed: bool) -> None:
    element = _part(parent, "Party")
    _identifiers(element, party)
    _basic(_part(element, "PartyName"), "Name", party["name"])
    _address(_part(element, "PostalAddress"), address, party["country"])
    if taxed and party.get("vat_no"):
        scheme = _part(element, "PartyTaxScheme")
        _basic(scheme, "CompanyID", party["vat_no"])
        _basic(_part(scheme, "TaxScheme"), "ID", "VAT")
    legal = _part(element, "PartyLegalEntity")
    _basic(legal, "RegistrationName", party["name"])
    if party.get("legal_id"):
        _basic(legal, "CompanyID", party["legal_id"])
    _contact(element, party)


def _identifiers(element: etree._Element, party: Mapping[str, str]) -> None:
    scheme, endpoint = endpoint_of(party) or ("", "")
    if endpoint:
        _basic(element, "EndpointID", endpoint, schemeID=scheme)
    if party.get("gln"):
        _basic(_part(element, "PartyIdentification"), "ID", party["gln"], schemeID=_GLN)


def endpoint_of(party: Mapping[str, str]) -> tuple[str, str] | None:
    """Where a party receives electronic documents, as scheme and identifier: its Peppol address, else its GLN."""
    scheme, _, identifier = party.get("peppol_id", "").partition(":")
    if identifier:
        return scheme, identifier
    return (_GLN, party["gln"]) if party.get("gln") else None


def _contact(element: etree._Element, party: Mapping[str, str]) -> None:
    known = [(tag, party[name]) for tag, name in (("Telephone", "phone"), ("ElectronicMail", "email")) if party.get(name)]
    if known:
        contact = _part(element, "Contact")
        _basic(contact, "Name", party["name"])
        for tag, value in known:
            _basic(contact, tag, value)


def _address(element: etree._Element, address: Mapping[str, str], country: str) -> None:
    for tag, name in (("StreetName", "street"), ("CityName", "city"), ("PostalZone", "postal_code"), ("CountrySubentity", "region")):
        if address.get(name):
            _basic(element, tag, address[name])
    _basic(_part(element, "Country"), "IdentificationCode", address.get("country") or country)


def _delivery(element: etree._Element, facts: InvoiceFacts) -> None:
    if not facts.is_in_advance:
        _basic(element, "ActualDeliveryDate", facts.delivery_date.isoformat())
    _address(_part(_part(element, "DeliveryLocation"), "Address"), facts.ship_to, facts.buyer["country"])
    if facts.ship_to.get("name"):
        _basic(_part(_part(element, "DeliveryParty"), "PartyName"), "Name", facts.ship_to["name"])


def _payment(root: etree._Element, facts: InvoiceFacts) -> None:
    if facts.seller.get("iban") and not facts.is_credit_memo:
        means = _part(root, "PaymentMeans")
        _basic(means, "PaymentMeansCode", CREDIT_TRANSFER)
        _basic(means, "PaymentID", facts.invoice_no)
        account = _part(means, "PayeeFinancialAccount")
        _basic(account, "ID", facts.seller["iban"].replace(" ", ""))
        _basic(account, "Name", facts.seller["name"])
        if facts.seller.get("bic"):
            _basic(_part(account, "FinancialInstitutionBranch"), "ID", facts.seller["bic"])
    _basic(_part(root, "PaymentTerms"), "Note", facts.terms)


def _carriage(element: etree._Element, facts: InvoiceFacts) -> None:
    category, rate_pct = facts.freight_tax
    _basic(element, "ChargeIndicator", "true")
    _basic(element, "AllowanceChargeReasonCode", "FC")
    _basic(element, "AllowanceChargeReason", "Carriage")
    _money(element, "Amount", facts.freight_total, facts.currency)
    _tax_category(element, "TaxCategory", category, rate_pct)


def _tax_total(root: etree._Element, facts: InvoiceFacts) -> None:
    element = _part(root, "TaxTotal")
    _money(element, "TaxAmount", facts.tax_total, facts.currency)
    for group in facts.taxes:
        _subtotal(_part(element, "TaxSubtotal"), group, facts.currency)


def _subtotal(element: etree._Element, group: TaxFacts, currency: str) -> None:
    _money(element, "TaxableAmount", group.taxable, currency)
    _money(element, "TaxAmount", group.tax, currency)
    category = _tax_category(element, "TaxCategory", group.category, group.rate_pct, scheme=False)
    if group.exemption_reason:
        if group.category in EXEMPTIONS:
            _basic(category, "TaxExemptionReasonCode", EXEMPTIONS[group.category])
        _basic(category, "TaxExemptionReason", group.exemption_reason)
    _basic(_part(category, "TaxScheme"), "ID", "VAT")


def _monetary_total(element: etree._Element, facts: InvoiceFacts) -> None:
    net = facts.net_total + facts.freight_total
    _money(element, "LineExtensionAmount", facts.net_total, facts.currency)
    _money(element, "TaxExclusiveAmount", net, facts.currency)
    _money(element, "TaxInclusiveAmount", facts.gross_total, facts.currency)
    if facts.freight_total:
        _money(element, "ChargeTotalAmount", facts.freight_total, facts.currency)
    _money(element, "PayableAmount", facts.gross_total, facts.currency)


def _line(element: etree._Element, line: LineFacts, facts: InvoiceFacts) -> None:
    currency = facts.currency
    _basic(element, "ID", str(line.line_no))
    if line.order_no:
        _basic(element, "Note", delivery_of(line))
    _basic(element, "CreditedQuantity" if facts.is_credit_memo else "InvoicedQuantity", quantity(line.qty), unitCode=unit_code(line.uom))
    _money(element, "LineExtensionAmount", line.amount, currency)
    if line.delivered_on:
        _period(_part(element, "InvoicePeriod"), line.delivered_on, line.delivered_on)
    if line.order_line_no:
        _basic(_part(element, "OrderLineReference"), "LineID", line.order_line_no)
    for off, reason in off_of_line(line, currency):
        _allowance(element, off, reason, currency)
    _item(_part(element, "Item"), line)
    _basic(_part(element, "Price"), "PriceAmount", plain(line.unit_price), currencyID=currency)


def _item(item: etree._Element, line: LineFacts) -> None:
    _basic(item, "Name", line.description)
    if line.sku:
        _basic(_part(item, "SellersItemIdentification"), "ID", line.sku)
    if line.gtin:
        _basic(_part(item, "StandardItemIdentification"), "ID", line.gtin, schemeID="0160")
    _tax_category(item, "ClassifiedTaxCategory", line.tax_category, line.tax_rate_pct)
    for name, value in references_of(line):
        named = _part(item, "AdditionalItemProperty")
        _basic(named, "Name", name)
        _basic(named, "Value", value)


def references_of(line: LineFacts) -> list[tuple[str, str]]:
    """What a line of a consolidated invoice is of, for programs: EN 16931 has one order a document, and attributes of a line (BG-32)."""
    named = (("Purchase order", line.customer_po), ("Sales order", line.order_no), ("Despatch advice", line.shipment_no))
    return [(name, value) for name, value in named if value] if line.order_no else []


def delivery_of(line: LineFacts) -> str:
    """What a line of a consolidated invoice is of, in words."""
    theirs = f" (your order {line.customer_po})" if line.customer_po else ""
    sent = f", delivery {line.shipment_no} of {line.delivered_on}" if line.shipment_no else ""
    return f"Order {line.order_no}{theirs}{sent}"


def off_of_line(line: LineFacts, currency: str) -> list[tuple[Decimal, str]]:
    """What a line is less (below zero: more) than quantity times price, and why."""
    off = written(line.qty * line.unit_price, currency) - line.restocking_fee - line.amount
    parts = [(line.restocking_fee, "Restocking fee"), (off, "Share of the order's discount, and rounding" if off > 0 else "Rounding")]
    return [(amount, reason) for amount, reason in parts if amount]


def _allowance(line: etree._Element, off: Decimal, reason: str, currency: str) -> None:
    """What a line is less (below zero: more) than quantity times price."""
    allowance = _part(line, "AllowanceCharge")
    _basic(allowance, "ChargeIndicator", "false" if off > 0 else "true")
    _basic(allowance, "AllowanceChargeReason", reason)
    _money(allowance, "Amount", abs(off), currency)


def _tax_category(parent: etree._Element, tag: str, category: str, rate_pct: Decimal, *, scheme: bool = True) -> etree._Element:
    element = _part(parent, tag)
    _basic(element, "ID", category)
    if category != "O":
        _basic(element, "Percent", plain(rate_pct))
    if scheme:
        _basic(_part(element, "TaxScheme"), "ID", "VAT")
    return element


def _part(parent: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(parent, f"{_CAC}{tag}")


def _basic(parent: etree._Element, tag: str, value: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{_CBC}{tag}", attributes).text = value


def _money(parent: etree._Element, tag: str, amount: Decimal, currency: str) -> None:
    _basic(parent, tag, f"{written(amount, currency):f}", currencyID=currency)


def written(amount: Decimal, currency: str) -> Decimal:
    """With the currency's decimals, but never more than two."""
    return round_currency(amount, currency) if decimals_of(currency) <= _MOST_DECIMALS else amount.quantize(_CENT, ROUND_HALF_UP)


def plain(value: Any) -> str:
    """A number without trailing zeros."""
    return quantity(value)
