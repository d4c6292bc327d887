"""Tampering with receipts."""

from tests.integration.invariants.tampering import Tamper, unnoticed

TAMPERED = (
    Tamper("INV-03", "UPDATE receipt SET amount = amount + 1"),
    Tamper("INV-03", "DELETE FROM application"),
    Tamper("INV-10", "UPDATE receipt SET on_account = 1 WHERE receipt_no = 'RC-000001'"),
    Tamper("INV-11", "UPDATE application SET cash = cash - 1"),
)


def test_whoever_tampers_with_receivables_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
