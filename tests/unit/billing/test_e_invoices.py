"""E-invoices of every category of tax are valid under EN 16931 and, between two Peppol addresses, under Peppol BIS Billing 3."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.billing.creation import EXEMPTION_REASONS
from handlers.billing.en16931 import Rules, validate_invoice
from handlers.billing.facts import TaxFacts
from handlers.billing.rules import Part, describe_instalments
from handlers.billing.ubl import write_ubl
from tests.unit.billing.test_paper import FACTS

D = Decimal
PEPPOL = Path(__file__).parents[4] / "shared" / "data" / "peppol-rules" / "PEPPOL-EN16931-UBL.xslt"
needs_peppol = pytest.mark.skipif(not PEPPOL.exists(), reason="needs the rules of Peppol in ../shared/data/peppol-rules")
SELLER = {**FACTS.seller, "gln": "9012345000004", "legal_id": "FN 123456a", "peppol_id": "9915:alpenkontor", "phone": "+43 1 234567"}
BUYER = {
    **FACTS.buyer, "name": "Berghaus OHG", "country": "DE", "vat_no": "DE123456788", "legal_id": "HRB 4711", "gln": "4012345000009",
    "peppol_id": "9930:DE123456788", "email": "ap@berghaus.example",
}  # fmt: skip
CATEGORIES = [("S", "20"), ("S", "10"), ("Z", "0"), ("E", "0"), ("AE", "0"), ("K", "0"), ("G", "0"), ("O", "0")]


def taxed(category, rate, **changes):
    """The invoice of 60 tables with carriage, taxed so, from one Peppol address to another."""
    tax = D("1390.00") * D(rate) / 100
    sums = {"tax_total": tax, "gross_total": D("1390.00") + tax, "freight_tax": (category, D(rate))}
    lines = tuple(replace(line, tax_category=category, tax_rate_pct=D(rate)) for line in FACTS.lines)
    group = TaxFacts(category, D(rate), D("1390.00"), tax, EXEMPTION_REASONS.get(category, ""))
    return replace(FACTS, seller=SELLER, buyer=BUYER, lines=lines, taxes=(group,), **sums, **changes)


def by_peppol(document):
    return [finding.rule for finding in Rules(PEPPOL).findings(document)]


@needs_peppol
@pytest.mark.parametrize("about", ["", "INV-000001"], ids=["invoice", "credit memo"])
@pytest.mark.parametrize(("category", "rate"), CATEGORIES)
def test_a_paper_of_any_category_passes_both_sets_of_rules(category, rate, about):
    document = write_ubl(taxed(category, rate, credits_invoice_no=about, kind="CM" if about else "INV"))
    assert (validate_invoice(document), by_peppol(document)) == ([], [])


@needs_peppol
@pytest.mark.parametrize(("category", "rate"), CATEGORIES)
def test_a_consolidated_invoice_names_the_order_and_the_delivery_of_each_line_and_passes_both_sets_of_rules(category, rate):
    month = {"billing_policy": "CONSOLIDATED", "order_no": "", "shipment_no": "", "customer_po": "", "delivered_from": date(2026, 3, 2)}
    parts = (Part(date(2026, 3, 10), D("668.00")), Part(date(2026, 4, 9), D("1000.00")))
    facts = taxed(category, rate, instalments=parts, terms=describe_instalments(parts, "EUR"), **month)
    (line,) = facts.lines
    half = replace(line, qty=D(30), amount=D("675.00"), delivered_on=date(2026, 3, 2))
    lines = (
        replace(half, order_no="SO-000001", customer_po="PO-7", shipment_no="SH-000001"),
        replace(half, line_no=2, order_no="SO-000002", shipment_no="SH-000005", delivered_on=date(2026, 3, 10)),
    )
    document = write_ubl(replace(facts, lines=lines))
    assert (validate_invoice(document), by_peppol(document)) == ([], [])
    for said in (b"Order SO-000001 (your order PO-7), delivery SH-000001 of 2026-03-02", b"<cbc:Value>SH-000005</cbc:Value>"):
        assert said in document
    assert b"OrderReference" not in document
    assert b"in 2 instalments: 668.00 EUR by 2026-03-10; 1000.00 EUR by 2026-04-09." in document


DOCTORED = {
    "a total that is a cent too high": ("PayableAmount", "1668.00", "1668.01", "BR-CO-16", ""),
    "a rate that does not give the tax": ("Percent", "20", "19", "BR-CO-17", ""),
    "an electronic address of no scheme": ("EndpointID", 'schemeID="9930"', 'schemeID="9999"', "BR-CL-25", "PEPPOL-EN16931-CL008"),
    "another process": ("ProfileID", "billing:01:1.0", "billing:01:9", "", "PEPPOL-EN16931-R007"),
}


@needs_peppol
@pytest.mark.parametrize(("tag", "true", "false", "core", "peppol"), DOCTORED.values(), ids=DOCTORED.keys())
def test_a_doctored_invoice_fails_with_the_rule_it_breaks(tag, true, false, core, peppol):
    lines = write_ubl(taxed("S", "20")).decode().splitlines()
    document = "\n".join(line.replace(true, false) if f"cbc:{tag}" in line else line for line in lines).encode()
    found = [finding.rule for finding in validate_invoice(document)]
    assert (not core or core in found, not peppol or peppol in by_peppol(document)) == (True, True), (found, by_peppol(document))


def test_an_invoice_to_who_has_no_electronic_address_claims_no_more_than_the_core():
    document = write_ubl(replace(taxed("S", "20"), buyer={**BUYER, "peppol_id": "", "gln": ""}))
    assert (b"poacc:billing" in document, b"ProfileID" in document, validate_invoice(document)) == (False, False, [])
