"""Tampering with what we tell others."""

import pytest

from tests.integration.invariants.tampering import Tamper, noticed_by, unnoticed

_SENT = """
INSERT INTO effect (key, kind, target, payload, payload_hash)
SELECT '{kind}' || number, '{kind}', 'ap@mirror.example', {payload}, '' FROM generate_series(1, 2) AS number
"""
ONE_NUMBER = "jsonb_build_object('invoice_no', 'INV-000001', 'level', 1)"
TAMPERED = tuple(
    Tamper("INV-23", _SENT.format(kind=kind, payload=ONE_NUMBER)) for kind in ("invoice", "despatch_advice", "reminder", "payment")
)


def test_whoever_tampers_with_documents_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []


@pytest.mark.parametrize("name", ["invoice_no", "shipment_no", "level", "supplier_invoice_no", "credit_memo_no"])
def test_papers_of_several_things_or_levels_are_several_papers(lived_in, name):
    assert noticed_by(lived_in, Tamper("INV-23", _SENT.format(kind="reminder", payload=f"jsonb_build_object('{name}', number)"))) == set()
