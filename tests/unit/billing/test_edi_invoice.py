"""What a paper is stands at the head of its 810: a plain invoice says nothing, everything else says what it is."""

from dataclasses import replace
from datetime import date

import pytest

from handlers.billing.edi_invoice import invoice_rows
from handlers.edi.model import EdiPartner
from tests.unit.billing.test_paper import FACTS

PLAIN = ("BIG", "20260310", "INV-000001", "20260302", "SO-000001")


@pytest.mark.parametrize(
    ("kind", "policy", "said"),
    [
        ("INV", "ON_SHIP", ()),
        ("INV", "DEPOSIT", ("", "", "PP")),
        ("CM", "ON_SHIP", ("", "", "CR")),
        ("CM", "DEPOSIT", ("", "", "CR")),
        ("DM", "DEPOSIT", ("", "", "DR")),
    ],
)
def test_an_810_says_what_it_is_unless_it_is_a_plain_invoice(kind, policy, said):
    facts = replace(FACTS, kind=kind, billing_policy=policy)
    assert invoice_rows(EdiPartner(syntax="X12"), facts, date(2026, 3, 2), {})[0] == PLAIN + said


@pytest.mark.parametrize(("syntax", "said"), [("X12", ("REF", "PO", "PO-7")), ("EDIFACT", ("RFF", ("ON", "PO-7")))])
def test_each_line_of_a_consolidated_invoice_names_its_order(syntax, said):
    line = replace(FACTS.lines[0], order_no="SO-000001", customer_po="PO-7", shipment_no="SH-000001", delivered_on=date(2026, 3, 2))
    month = {"billing_policy": "CONSOLIDATED", "order_no": "", "shipment_no": "", "delivered_from": date(2026, 3, 2)}
    facts = replace(FACTS, lines=(line,), buyer={**FACTS.buyer, "gln": ""}, **month)
    rows = invoice_rows(EdiPartner(syntax=syntax, our_qualifier="14", their_qualifier="14"), facts, None, {})
    assert said in rows
    assert rows[0][:5] in {("BIG", "20260310", "INV-000001", "", ""), ("BGM", "380", "INV-000001", "9")}
