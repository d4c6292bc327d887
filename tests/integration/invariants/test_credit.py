"""Tampering with credit checks."""

from tests.integration.invariants.tampering import Tamper, unnoticed

TAMPERED = (Tamper("INV-14", "UPDATE credit_check SET exposure = exposure + 1"),)


def test_whoever_tampers_with_credit_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
