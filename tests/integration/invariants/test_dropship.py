"""Tampering with drop-ship."""

from tests.integration.invariants.tampering import Tamper, unnoticed

TAMPERED = (
    Tamper("INV-03", "UPDATE po_line SET qty_received = qty_received + 1"),
    Tamper("INV-03", "UPDATE journal_line SET account = '1410' WHERE account = '1450' AND debit > 0"),
    Tamper("INV-12", "UPDATE po_line SET qty_billed = 1"),
)


def test_whoever_tampers_with_dropship_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
