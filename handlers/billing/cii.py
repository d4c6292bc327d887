"""Writes an invoice or credit memo as UN/CEFACT Cross Industry Invoice in the core of EN 16931: what Factur-X and ZUGFeRD attach. Pure."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from handlers.billing.facts import InvoiceFacts, LineFacts
from handlers.billing.rules import outside_vat
from handlers.billing.ubl import (
    CORE,
    CREDIT_TRANSFER,
    EXEMPTIONS,
    delivery_of,
    endpoint_of,
    off_of_line,
    period_of,
    plain,
    references_of,
    type_code,
    written,
)
from handlers.units import unit_code

_UNCEFACT = "urn:un:unece:uncefact:data:"
_NAMESPACES = {
    "rsm": f"{_UNCEFACT}standard:CrossIndustryInvoice:100",
    "ram": f"{_UNCEFACT}standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{_UNCEFACT}standard:UnqualifiedDataType:100",
}
_RSM, _RAM, _UDT = (f"{{{_NAMESPACES[prefix]}}}" for prefix in ("rsm", "ram", "udt"))
_GLN, _GTIN, _VAT_NUMBER = "0088", "0160", "VA"
#: A date as it is written here (UN/EDIFACT 2379): CCYYMMDD.
_CCYYMMDD: Final = "102"


def write_cii(facts: InvoiceFacts) -> bytes:
    """The paper as CII; what is outside VAT names no VAT number (BR-O-02)."""
    root = etree.Element(f"{_RSM}CrossIndustryInvoice", nsmap=_NAMESPACES)
    context = etree.SubElement(root, f"{_RSM}ExchangedDocumentContext")
    _basic(_part(context, "GuidelineSpecifiedDocumentContextParameter"), "ID", CORE)
    document = etree.SubElement(root, f"{_RSM}ExchangedDocument")
    _basic(document, "ID", facts.invoice_no)
    _basic(document, "TypeCode", "381" if facts.is_credit_memo else type_code(facts))
    _day(_part(document, "IssueDateTime"), facts.invoice_date)
    trade = etree.SubElement(root, f"{_RSM}SupplyChainTradeTransaction")
    for line in facts.lines:
        _line(_part(trade, "IncludedSupplyChainTradeLineItem"), line, facts.currency)
    _agreement(_part(trade, "ApplicableHeaderTradeAgreement"), facts)
    _delivery(_part(trade, "ApplicableHeaderTradeDelivery"), facts)
    _settlement(_part(trade, "ApplicableHeaderTradeSettlement"), facts)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _line(item: etree._Element, line: LineFacts, currency: str) -> None:
    about = _part(item, "AssociatedDocumentLineDocument")
    _basic(about, "LineID", str(line.line_no))
    if line.order_no:
        _basic(_part(about, "IncludedNote"), "Content", delivery_of(line))
    product = _part(item, "SpecifiedTradeProduct")
    if line.gtin:
        _basic(product, "GlobalID", line.gtin, schemeID=_GTIN)
    if line.sku:
        _basic(product, "SellerAssignedID", line.sku)
    _basic(product, "Name", line.description)
    for name, value in references_of(line):
        named = _part(product, "ApplicableProductCharacteristic")
        _basic(named, "Description", name)
        _basic(named, "Value", value)
    agreement = _part(item, "SpecifiedLineTradeAgreement")
    if line.order_line_no:
        _basic(_part(agreement, "BuyerOrderReferencedDocument"), "LineID", line.order_line_no)
    _basic(_part(agreement, "NetPriceProductTradePrice"), "ChargeAmount", plain(line.unit_price))
    _basic(_part(item, "SpecifiedLineTradeDelivery"), "BilledQuantity", plain(line.qty), unitCode=unit_code(line.uom))
    settlement = _part(item, "SpecifiedLineTradeSettlement")
    _tax(_part(settlement, "ApplicableTradeTax"), line.tax_category, line.tax_rate_pct)
    if line.delivered_on:
        _period(_part(settlement, "BillingSpecifiedPeriod"), line.delivered_on, line.delivered_on)
    _allowances(settlement, line, currency)
    _money(_part(settlement, "SpecifiedTradeSettlementLineMonetarySummation"), "LineTotalAmount", line.amount, currency)


def _allowances(settlement: etree._Element, line: LineFacts, currency: str) -> None:
    for off, reason in off_of_line(line, currency):
        allowance = _part(settlement, "SpecifiedTradeAllowanceCharge")
        _indicator(allowance, charge=off < 0)
        _money(allowance, "ActualAmount", abs(off), currency)
        _basic(allowance, "Reason", reason)


def _agreement(agreement: etree._Element, facts: InvoiceFacts) -> None:
    taxed = not any(outside_vat(group.category) for group in facts.taxes)
    _basic(agreement, "BuyerReference", facts.customer_po or facts.buyer["customer_no"])
    _party(_part(agreement, "SellerTradeParty"), facts.seller, facts.seller, taxed=taxed)
    _party(_part(agreement, "BuyerTradeParty"), facts.buyer, facts.bill_to, taxed=taxed)
    if facts.order_no:
        _basic(_part(agreement, "SellerOrderReferencedDocument"), "IssuerAssignedID", facts.order_no)
    if facts.customer_po or facts.order_no:
        _basic(_part(agreement, "BuyerOrderReferencedDocument"), "IssuerAssignedID", facts.customer_po or facts.order_no)


def _party(element: etree._Element, party: Any, address: Any, *, taxed: bool) -> None:
    if party.get("gln"):
        _basic(element, "GlobalID", party["gln"], schemeID=_GLN)
    _basic(element, "Name", party["name"])
    if party.get("legal_id"):
        _basic(_part(element, "SpecifiedLegalOrganization"), "ID", party["legal_id"])
    _contact(element, party)
    _address(_part(element, "PostalTradeAddress"), address, party["country"])
    scheme, endpoint = endpoint_of(party) or ("", "")
    if endpoint:
        _basic(_part(element, "URIUniversalCommunication"), "URIID", endpoint, schemeID=scheme)
    if taxed and party.get("vat_no"):
        _basic(_part(element, "SpecifiedTaxRegistration"), "ID", party["vat_no"], schemeID=_VAT_NUMBER)


def _contact(element: etree._Element, party: Any) -> None:
    if party.get("phone") or party.get("email"):
        contact = _part(element, "DefinedTradeContact")
        _basic(contact, "PersonName", party["name"])
        if party.get("phone"):
            _basic(_part(contact, "TelephoneUniversalCommunication"), "CompleteNumber", party["phone"])
        if party.get("email"):
            _basic(_part(contact, "EmailURIUniversalCommunication"), "URIID", party["email"])


def _address(element: etree._Element, address: Any, country: str) -> None:
    for tag, name in (("PostcodeCode", "postal_code"), ("LineOne", "street"), ("CityName", "city")):
        if address.get(name):
            _basic(element, tag, address[name])
    _basic(element, "CountryID", address.get("country") or country)
    if address.get("region"):
        _basic(element, "CountrySubDivisionName", address["region"])


def _delivery(delivery: etree._Element, facts: InvoiceFacts) -> None:
    party = _part(delivery, "ShipToTradeParty")
    if facts.ship_to.get("name"):
        _basic(party, "Name", facts.ship_to["name"])
    _address(_part(party, "PostalTradeAddress"), facts.ship_to, facts.buyer["country"])
    if not facts.is_in_advance:
        _day(_part(_part(delivery, "ActualDeliverySupplyChainEvent"), "OccurrenceDateTime"), facts.delivery_date)
    if facts.shipment_no:
        _basic(_part(delivery, "DespatchAdviceReferencedDocument"), "IssuerAssignedID", facts.shipment_no)


def _settlement(settlement: etree._Element, facts: InvoiceFacts) -> None:
    pays = bool(facts.seller.get("iban")) and not facts.is_credit_memo
    if pays:
        _basic(settlement, "PaymentReference", facts.invoice_no)
    _basic(settlement, "InvoiceCurrencyCode", facts.currency)
    if pays:
        _means(_part(settlement, "SpecifiedTradeSettlementPaymentMeans"), facts)
    for group in facts.taxes:
        tax = _part(settlement, "ApplicableTradeTax")
        _money(tax, "CalculatedAmount", group.tax, facts.currency)
        _tax(tax, group.category, group.rate_pct, (group.exemption_reason, written(group.taxable, facts.currency)))
    starts_on = period_of(facts)
    if starts_on:
        _period(_part(settlement, "BillingSpecifiedPeriod"), starts_on, facts.delivery_date)
    if facts.freight_total:
        _carriage(_part(settlement, "SpecifiedTradeAllowanceCharge"), facts)
    terms = _part(settlement, "SpecifiedTradePaymentTerms")
    _basic(terms, "Description", facts.terms)
    if not facts.is_credit_memo:
        _day(_part(terms, "DueDateDateTime"), facts.due_date)
    _sums(_part(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation"), facts)
    for number in filter(None, (facts.credits_invoice_no, *facts.advances)):
        _basic(_part(settlement, "InvoiceReferencedDocument"), "IssuerAssignedID", number)


def _means(means: etree._Element, facts: InvoiceFacts) -> None:
    _basic(means, "TypeCode", CREDIT_TRANSFER)
    account = _part(means, "PayeePartyCreditorFinancialAccount")
    _basic(account, "IBANID", facts.seller["iban"].replace(" ", ""))
    _basic(account, "AccountName", facts.seller["name"])
    if facts.seller.get("bic"):
        _basic(_part(means, "PayeeSpecifiedCreditorFinancialInstitution"), "BICID", facts.seller["bic"])


def _carriage(charge: etree._Element, facts: InvoiceFacts) -> None:
    _indicator(charge, charge=True)
    _money(charge, "ActualAmount", facts.freight_total, facts.currency)
    _basic(charge, "ReasonCode", "FC")
    _basic(charge, "Reason", "Carriage")
    _tax(_part(charge, "CategoryTradeTax"), *facts.freight_tax)


def _sums(sums: etree._Element, facts: InvoiceFacts) -> None:
    _money(sums, "LineTotalAmount", facts.net_total, facts.currency)
    if facts.freight_total:
        _money(sums, "ChargeTotalAmount", facts.freight_total, facts.currency)
    _money(sums, "TaxBasisTotalAmount", facts.net_total + facts.freight_total, facts.currency)
    _basic(sums, "TaxTotalAmount", f"{written(facts.tax_total, facts.currency):f}", currencyID=facts.currency)
    _money(sums, "GrandTotalAmount", facts.gross_total, facts.currency)
    _money(sums, "DuePayableAmount", facts.gross_total, facts.currency)


def _tax(tax: etree._Element, category: str, rate_pct: Decimal, group: tuple[str, Decimal] | None = None) -> None:
    """The category and rate of a charge; of a group also why nothing is charged, and on what."""
    _basic(tax, "TypeCode", "VAT")
    if group and group[0]:
        _basic(tax, "ExemptionReason", group[0])
    if group:
        _basic(tax, "BasisAmount", f"{group[1]:f}")
    _basic(tax, "CategoryCode", category)
    if group and group[0] and category in EXEMPTIONS:
        _basic(tax, "ExemptionReasonCode", EXEMPTIONS[category])
    if not outside_vat(category):
        _basic(tax, "RateApplicablePercent", plain(rate_pct))


def _period(element: etree._Element, starts_on: date, ends_on: date) -> None:
    _day(_part(element, "StartDateTime"), starts_on)
    _day(_part(element, "EndDateTime"), ends_on)


def _indicator(element: etree._Element, *, charge: bool) -> None:
    etree.SubElement(_part(element, "ChargeIndicator"), f"{_UDT}Indicator").text = str(charge).lower()


def _day(element: etree._Element, day: date) -> None:
    etree.SubElement(element, f"{_UDT}DateTimeString", {"format": _CCYYMMDD}).text = f"{day:%Y%m%d}"


def _part(parent: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(parent, f"{_RAM}{tag}")


def _basic(parent: etree._Element, tag: str, value: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{_RAM}{tag}", attributes).text = value


def _money(parent: etree._Element, tag: str, amount: Decimal, currency: str) -> None:
    _basic(parent, tag, f"{written(amount, currency):f}")
