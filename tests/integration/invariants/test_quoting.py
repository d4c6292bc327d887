"""Tampering with quotes."""

from tests.integration.invariants.tampering import Tamper, unnoticed, waits

TAMPERED = (
    Tamper("INV-20", "UPDATE quote SET requester = 'sam.manager'"),
    Tamper("INV-20", "UPDATE quote_approval SET amount_limit = 1"),
    Tamper("INV-20", "UPDATE quote SET snapshot_hash = 'other'"),
    Tamper("INV-22", f"{waits('quote-to-order', 'SELECT quote_no FROM quote')}; UPDATE quote SET state = 'LOST'"),
)


def test_whoever_tampers_with_quoting_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
