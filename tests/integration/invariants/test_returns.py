"""Tampering with returns and with what is owed back to customers."""

from tests.integration.invariants.tampering import Tamper, unnoticed

TAMPERED = (
    Tamper("INV-12", "UPDATE fulfil_line SET qty_credited = 0"),
    Tamper("INV-41", "UPDATE invoice SET settled_total = settled_total - 1 WHERE kind = 'CM'"),
    Tamper("INV-42", "UPDATE fulfil_line SET qty_returned = 0"),
    Tamper("INV-42", "UPDATE return_authorization SET inspected_at = NULL"),
    Tamper("INV-42", "UPDATE return_line SET qty_restocked = 0"),
)


def test_whoever_tampers_with_returns_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
