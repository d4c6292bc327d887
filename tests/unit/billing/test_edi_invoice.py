"""What a paper is stands at the head of its 810: a plain invoice says nothing, everything else says what it is."""

from dataclasses import replace
from datetime import date

import pytest

from handlers.billing.edi_invoice import invoice_rows
from handlers.edi.model import EdiPartner
from tests.unit.billing.test_paper import FACTS

PLAIN = ("BIG", "20260310", "INV-000001", "20260302", "SO-000001")


@pytest.mark.parametrize(
    ("kind", "shipment_no", "said"),
    [
        ("INV", "SH-000001", ()),
        ("INV", "", ("", "", "PP")),
        ("CM", "SH-000001", ("", "", "CR")),
        ("CM", "", ("", "", "CR")),
        ("DM", "", ("", "", "DR")),
    ],
)
def test_an_810_says_what_it_is_unless_it_is_a_plain_invoice(kind, shipment_no, said):
    facts = replace(FACTS, kind=kind, shipment_no=shipment_no)
    assert invoice_rows(EdiPartner(syntax="X12"), facts, date(2026, 3, 2), {})[0] == PLAIN + said
