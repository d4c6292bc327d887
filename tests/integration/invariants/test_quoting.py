"""Tampering with quotes."""

from tests.integration.invariants.tampering import Tamper, unnoticed

TAMPERED = (
    Tamper("INV-20", "UPDATE quote SET requester = 'sam.manager'"),
    Tamper("INV-20", "UPDATE quote_approval SET amount_limit = 1"),
    Tamper("INV-20", "UPDATE quote SET snapshot_hash = 'other'"),
)


def test_whoever_tampers_with_quoting_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
